"""What a search begins with: trials of earlier searches, records, or a prior of the user."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nascast.cli._options import NUMBER

if TYPE_CHECKING:
    from nascast.core.evaluator import Benchmark
    from nascast.core.space import SearchSpace
    from nascast.core.types import Floats, Genes, Objective, Task
    from nascast.strategies.guided.prior import Prior

__all__ = ["KNOWN", "is_untrained", "prior_of", "space_of"]

KNOWN = "known"  # written where a folder or a benchmark could be

_WEIGHT = re.compile(rf"\s*([\w.-]+)\s*=\s*({NUMBER})\s*")  # nor_conv_3x3=1


def prior_of(
    space: "SearchSpace",
    sources: Sequence[str],
    text: str | None,
    *,
    aim: "Objective",
    judge: "Benchmark | None" = None,
    task: "Task | None" = None,
) -> "Prior | None":
    """Returns what a search of a space begins with; None if nothing is given.

    Args:
        space: search space.
        sources: folders of searches, or benchmarks and tables, of the same space; `KNOWN` is what
            the package knows of it. Or zero-cost predictors, by which random networks are scored.
        text: architecture in any notation of the space, or weights of operations.
        aim: objective of the search.
        judge: benchmark on which the search runs, whose own records are no earlier trials.
        task: task of the search; None is not known yet, and leaves out what networks are scored by.

    Raises:
        InvalidSettingError: a source is of another space or objective, or has the very trainings
            that the search will look up; there is no such operation, or it has two weights.
        InvalidArchitectureError: the text is no architecture.
        MissingDataError, UnknownComponentError: there is no such source.
    """
    import numpy as np

    from nascast.core.errors import InvalidSettingError
    from nascast.strategies.guided.prior import Prior

    if not sources and text is None:
        return None
    groups = [
        group
        for source in sources
        for group in (
            _scored(source, space, task, judge)
            if is_untrained(source)
            else _groups(source, space, aim, judge)
        )
    ]
    if text is None:
        return Prior.of(space, groups)
    weights = [_WEIGHT.fullmatch(part) for part in text.split(",")]
    if all(weights):
        named = {found[1]: float(found[2]) for found in weights if found}
        if len(named) < len(weights):
            raise InvalidSettingError(f"--prior: give each operation one weight; got {text!r}")
        return Prior.of(space, groups, operations=named)
    return Prior.of(space, groups, np.asarray([space.read(text).genes], dtype=np.int16))


def is_untrained(source: str) -> bool:
    """Whether what a search begins with is a zero-cost predictor, and no file or folder."""
    from nascast.studies.searches.untrained import is_zero_cost

    return not Path(source).exists() and is_zero_cost(source)


def _scored(
    source: str, space: "SearchSpace", task: "Task | None", judge: "Benchmark | None"
) -> "list[tuple[Genes, Floats]]":
    """Returns random networks with their zero-cost scores, which are kept for the next search."""
    from nascast.cli._progress import bars, stages
    from nascast.cli._studies import score_cache
    from nascast.core.spec import Spec
    from nascast.report.words import duration
    from nascast.studies.journal import Journal
    from nascast.studies.records import recorded_scores
    from nascast.studies.searches.untrained import untrained

    spec = Spec.parse("predictor", source)
    spec.check("predictor")
    if task is None:
        return []
    path = score_cache()
    with bars() as shown:
        found = untrained(
            spec,
            space,
            task,
            recorded=None if judge is None else recorded_scores(judge),
            kept=None if path is None else Journal(path),
            progress=stages(shown),
        )
    words = f"{len(found.rows):,} untrained networks by {spec}, {duration(found.seconds)}"
    typer.echo(f"scored: {words}, which count as none of the search", err=True)
    return [(found.rows, found.scores)]


def space_of(source: str) -> str:
    """Returns the name of the space of a folder of a search, or of a benchmark or table.

    Raises:
        NascastError: there is no such source, or it cannot be read.
    """
    from nascast.studies.searches.results import SEARCH, read_search

    folder = Path(source)
    found = read_search(folder) if (folder / SEARCH).is_file() else _benchmark(source)
    return found.space.name


def _groups(
    source: str, space: "SearchSpace", aim: "Objective", judge: "Benchmark | None"
) -> "list[tuple[Genes, Floats]]":
    from nascast.studies.searches.known import known
    from nascast.studies.searches.results import SEARCH

    if source == KNOWN:
        return [known(space, aim, judge)]
    found = _told(Path(source), space, aim) if (Path(source) / SEARCH).is_file() else None
    return _recorded(source, space, aim, judge) if found is None else found


def _told(folder: Path, space: "SearchSpace", aim: "Objective") -> "list[tuple[Genes, Floats]]":
    """Returns the trials of a search, those of as many epochs in a group."""
    import numpy as np

    from nascast.core.errors import InvalidSettingError
    from nascast.studies.searches.results import read_search

    found = read_search(folder)
    _expect(space, found.space.name, str(folder))
    theirs = found.objectives[0]
    if (theirs.metric, theirs.minimize) != (aim.metric, aim.minimize):
        raise InvalidSettingError(
            f"--from {folder}: that search was to {theirs.aim} {theirs.metric}, and this one is to "
            f"{aim.aim} {aim.metric}; what was best there says nothing here"
        )
    pairs = [
        (trial, score)
        for run in found.runs
        for trial, score in zip(run.trials, run.scores[:, 0], strict=True)
    ]
    if not pairs:
        raise InvalidSettingError(f"--from {folder}: the search has no trial yet")
    groups = []
    for epochs in dict.fromkeys(trial.candidate.epochs for trial, _ in pairs):
        own = [(t.candidate.arch.genes, s) for t, s in pairs if t.candidate.epochs == epochs]
        rows = np.asarray([genes for genes, _ in own], dtype=np.int16)
        groups.append((rows, np.asarray([score for _, score in own], dtype=np.float64)))
    return groups


def _recorded(
    source: str, space: "SearchSpace", aim: "Objective", judge: "Benchmark | None"
) -> "list[tuple[Genes, Floats]]":
    """Returns the records of a benchmark or a table, by the metric of the search."""
    from nascast.core.errors import InvalidSettingError
    from nascast.core.evaluator import alike

    bench = _benchmark(source)
    _expect(space, bench.space.name, source)
    if aim.metric not in bench.metrics:
        raise InvalidSettingError(
            f"--from {source}: it did not record {aim.metric!r}, which this search is to "
            f"{aim.aim}; it has {', '.join(bench.metrics)}"
        )
    if judge is not None and alike(judge, bench, aim.metric):
        raise InvalidSettingError(
            f"--from {source} has the very trainings that are looked up in {judge.name}: the "
            "search would begin with its answers; name another benchmark"
        )
    rows = bench.measured(aim.metric)
    values = bench.query(rows, aim.metric)
    return [(rows, -values if aim.minimize else values)]


def _benchmark(source: str) -> "Benchmark":
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.records import open_benchmark

    if Path(source).is_dir():
        raise InvalidSettingError(f"--from {source}: the folder holds no search")
    return open_benchmark(source)


def _expect(space: "SearchSpace", name: str, source: str) -> None:
    from nascast.core.errors import InvalidSettingError

    if name != space.name:
        raise InvalidSettingError(
            f"--from {source} is of the space {name}, and this search is of {space.name}; what was "
            "learned in one space says nothing of another"
        )
