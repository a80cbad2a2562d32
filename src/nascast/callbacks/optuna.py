"""Studies of Optuna, which its dashboard and its own analyses open."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from nascast.callbacks._facts import known, name_among, space_of, text_of, values_of
from nascast.core.callback import Begun, Callback
from nascast.core.extras import check_extra
from nascast.core.types import Objective, Trial

__all__ = ["Optuna"]

_NUMBER = "nascast:trial"  # attribute of an Optuna trial: the number of ours
_LARGEST = 2**15 - 1  # gene of a space that is not registered, since genes are int16


class Optuna(Callback):
    """Keeps each run as a study, which ``optuna-dashboard sqlite:///FOLDER/optuna.db`` shows.

    A decision of an architecture is a categorical parameter ``gene_00``, ``gene_01`` …; the text of
    the architecture, other metrics, costs and the error are attributes; the curve of a single
    objective is the intermediate values. A trial without a finite value of every objective has
    failed. Times of day are such that the last trial stored so far finished when the callback
    began: durations and gaps are those of the run's clock, which on a benchmark is virtual.
    The training of one network is no study, and nothing is kept of it.
    """

    def __init__(self, storage: str = "") -> None:
        """Names the storage.

        Args:
            storage: URL of the data base, as Optuna takes it, or the path of an SQLite file; empty
                is ``optuna.db`` in the folder of the search. In a storage that is named, which
                searches may share, a study's name also tells the folder.

        Raises:
            MissingExtraError: optuna is not installed.
        """
        check_extra("optuna", "optuna", "the callback optuna")
        self.storage = storage
        self._opened: Any = None

    def begun(self, begun: Begun) -> None:
        if not begun.objectives:
            return
        import optuna

        path = self.storage or str(begun.folder / "optuna.db")
        url = path if "://" in path else f"sqlite:///{path}"
        self._objectives = begun.objectives
        name = name_among(begun) if self.storage else begun.run
        aims = ["minimize" if one.minimize else "maximize" for one in self._objectives]
        with _silent():
            self._opened = optuna.storages.RDBStorage(url)
            self._study = optuna.create_study(
                study_name=name, storage=self._opened, directions=aims, load_if_exists=True
            )
            self._study.set_metric_names([one.metric for one in self._objectives])
            self._study.set_user_attr("nascast:setup", dict(begun.setup))
        there = {one.user_attrs.get(_NUMBER) for one in self._study.get_trials(deepcopy=False)}
        ends = [one.finished for one in begun.trials if math.isfinite(one.finished)]
        self._zero = datetime.now() - timedelta(seconds=max(ends, default=0.0))
        self._study.add_trials([self._frozen(t) for t in begun.trials if t.id not in there])

    def trial(self, run: str, trial: Trial) -> None:
        self._study.add_trial(self._frozen(trial))

    def finished(self, run: str, whole: bool) -> None:
        if self._opened is not None:  # Optuna leaves its connections open
            self._opened.remove_session()
            self._opened.engine.dispose()

    def _frozen(self, trial: Trial) -> Any:
        """Returns a trial in Optuna's form."""
        from optuna.trial import FrozenTrial, TrialState

        evaluation, numbers = trial.evaluation, values_of(trial)
        metrics = [one.metric for one in self._objectives]
        fine = evaluation.error is None and all(metric in numbers for metric in metrics)
        ended = self._zero + timedelta(seconds=numbers.pop("finished", 0.0))
        others = {name: value for name, value in numbers.items() if name not in metrics}
        attributes = {_NUMBER: trial.id, "architecture": text_of(trial.candidate.arch), **others}
        if not fine:
            attributes["error"] = evaluation.error or f"no finite {', '.join(metrics)}"
        params, distributions = _parameters(trial)
        return FrozenTrial(
            number=-1,  # Optuna numbers it
            trial_id=-1,
            state=TrialState.COMPLETE if fine else TrialState.FAIL,
            value=None,
            values=[numbers[metric] for metric in metrics] if fine else None,
            datetime_start=ended - timedelta(seconds=numbers.get("seconds", 0.0)),
            datetime_complete=ended,
            params=params,
            distributions=distributions,
            user_attrs=attributes,
            system_attrs={},
            intermediate_values=_curve(trial, self._objectives),
        )


def _parameters(trial: Trial) -> tuple[dict[str, int], dict[str, Any]]:
    """Returns the decisions of a trial's architecture, and what each could have been."""
    from optuna.distributions import CategoricalDistribution, IntDistribution

    arch = trial.candidate.arch
    names = [f"gene_{i:02}" for i in range(len(arch.genes))]
    space = space_of(arch.space)
    if space is None:
        choices = [IntDistribution(0, _LARGEST) for _ in names]
    else:
        choices = [CategoricalDistribution(tuple(range(size))) for size in space.cardinalities]
    return dict(zip(names, arch.genes, strict=True)), dict(zip(names, choices, strict=True))


def _curve(trial: Trial, objectives: tuple[Objective, ...]) -> dict[int, float]:
    if len(objectives) != 1:  # Optuna has intermediate values for one objective alone
        return {}
    curve = trial.evaluation.curves.get(objectives[0].metric, ())
    found = known({str(i + 1): value for i, value in enumerate(curve)})
    return {int(epoch): value for epoch, value in found.items()}


@contextmanager
def _silent() -> Iterator[None]:
    """Holds back what Optuna says of studies that it makes, and of what is new in it."""
    import warnings

    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)
