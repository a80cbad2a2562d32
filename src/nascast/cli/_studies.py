"""The studies that ``nascast compare`` is asked for: one for each benchmark."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nascast.cli._budgets import BudgetOptions

if TYPE_CHECKING:
    from nascast.core.spec import Spec
    from nascast.studies.predictors.design import Study

__all__ = ["READS_TARGET", "USUAL", "Asked", "folders", "score_cache", "specs", "tables"]

USUAL = "xgboost,jacov,synflow,sotl_e,early_stop_accuracy,auto"
_ALL = "all"
READS_TARGET = "* reads the very trainings that it is judged by, and shares their noise"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, whatever the benchmark.

    Attributes:
        predictors: text of the predictors.
        trials: number of trials.
        seed: seed of the study.
        test_size: number of test architectures; None chooses it by the benchmark.
        test_set: design of test and training sets.
        metric: metric to predict; None chooses it by the benchmark.
        images: source of images, or None.
        batch_size: number of inputs in a batch.
    """

    predictors: str
    trials: int
    seed: int
    test_size: int | None
    test_set: str
    metric: str | None
    images: str | None
    batch_size: int

    def on(self, benchmark: str, budgets: BudgetOptions) -> "Study":
        """Returns the study on a benchmark.

        Of predictors that were not named one by one, proxies whose scores are not recorded beside
        the benchmark are left out, unless there is a source of images: they would take hours.
        """
        from nascast.studies.predictors.design import RECORDED, Study
        from nascast.studies.predictors.grids import size_of_tests
        from nascast.studies.predictors.split import with_scores
        from nascast.studies.records import open_benchmark, usual_metric

        known, found = open_benchmark(benchmark), specs(self.predictors)
        named = self.predictors.strip() not in (USUAL, _ALL)
        study = Study(
            benchmark,
            found,
            budgets.usual(found),
            trials=self.trials,
            seed=self.seed,
            test_set=self.test_set,
            metric=self.metric or usual_metric(known),
            images=self.images or (None if named else RECORDED),
            batch_size=self.batch_size,
        )
        size = self.test_size
        if size is None:
            size = size_of_tests(known, study.metric, study.test_size, with_scores(study, known))
        return budgets.of_benchmark(replace(study, test_size=size))


def score_cache() -> Path | None:
    """Returns the file that keeps zero-cost scores for all studies and searches, made if needed.

    None where it cannot be written, which is no reason to stop.
    """
    import nascast
    from nascast.core.cache import cache_folder

    home = cache_folder()
    path = home / f"proxies-{nascast.__version__}.jsonl"
    try:
        home.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return None
    return path


def tables() -> list[str]:
    """Returns the names of the benchmarks whose tables are in the package."""
    from nascast.cli.official import state
    from nascast.core import plugins

    return [name for name in plugins.names("benchmark") if state(name)["state"] == "embedded"]


def specs(text: str) -> "tuple[Spec, ...]":
    """Returns the specs in a text; ``all`` are those of every family, and ``auto``.

    The other combinators do nothing of their own without the predictors that they are given.
    """
    from nascast.core import plugins
    from nascast.core.spec import Spec

    if text.strip() != _ALL:
        return Spec.parse_list("predictor", text)
    names = [name for name in plugins.names("predictor") if plugins.family("predictor", name)]
    return tuple(Spec(name) for name in (*names, "auto"))


def folders(names: Sequence[str], out: Path) -> list[Path]:
    """Returns the folder of each study: `out`, or for several studies one inside of it for each.

    Raises:
        InvalidSettingError: two benchmarks would have the same folder.
    """
    from nascast.core.errors import InvalidSettingError

    if len(names) < 2:
        return [out]
    found = [re.sub(r"[^\w]+", "-", name.removesuffix(".nascast")).strip("-") for name in names]
    if len({name.replace("-", "_") for name in found}) < len(found) or not all(found):
        raise InvalidSettingError(f"--benchmark: give each of several once; got {', '.join(names)}")
    return [out / name for name in found]
