"""The folder of a search, read back: settings, runs, and what its benchmark knows."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, MissingDataError, NascastError
from nascast.core.evaluator import Benchmark
from nascast.core.space import SearchSpace
from nascast.core.store import Store
from nascast.core.types import Floats, Objective, Trial
from nascast.studies.records import open_benchmark

__all__ = ["Run", "Searched", "read_search"]

_AGAIN = "expected what `nascast search` writes; search again with another --out"


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One strategy with one seed.

    Attributes:
        name: in the store.
        strategy: registered name.
        seed: of the run.
        info: settings it was begun with.
        trials: n, in the order in which they finished.
        scores: ``(n, objectives)``, larger is better, NaN for a failure.
        clock: ``(n,)`` seconds since the run began, ascending; NaN where nobody knows.
    """

    name: str
    strategy: str
    seed: int
    info: Mapping[str, Any]
    trials: Sequence[Trial]
    scores: Floats
    clock: Floats

    def best(self) -> int | None:
        """Returns the place of the first trial with the best score; None if all failed."""
        first = self.scores[:, 0]
        return None if np.isnan(first).all() else int(np.nanargmax(first))


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """Everything that a search left in its folder.

    Attributes:
        settings: of the search.
        versions: of the packages that began it.
        objectives: the first one decides what is best.
        runs: sorted by strategy and seed.
        diagnostics: series of numbers by name, by run; empty for strategies that have none.
        space: of the architectures.
        unit: of the first objective; empty if unknown.
        optimum: the best value of the first objective that the benchmark recorded after full
            training; None if it has no list of architectures, or the search was limited to some.
    """

    settings: Mapping[str, Any]
    versions: Mapping[str, Any]
    objectives: tuple[Objective, ...]
    runs: tuple[Run, ...]
    diagnostics: Mapping[str, Mapping[str, Floats]]
    space: SearchSpace
    unit: str
    optimum: float | None

    def by_strategy(self) -> dict[str, list[Run]]:
        """Returns the runs of every strategy, sorted by seed."""
        groups: dict[str, list[Run]] = {}
        for run in self.runs:
            groups.setdefault(run.strategy, []).append(run)
        return groups

    def measured(self, score: float) -> float:
        """Turns a score of the first objective back into the metric."""
        return -score if self.objectives[0].minimize else score


def read_search(folder: Path) -> Searched:
    """Reads the folder of a search.

    Raises:
        MissingDataError: no search in `folder`.
        CorruptDataError: a file that is not what a search writes.
        StoreError: the trials cannot be read.
        UnknownComponentError: the space of the search is not installed.
    """
    settings, versions = _head(folder / "search.json")
    objectives = tuple(Objective(**item) for item in settings["objectives"])
    store: Store = plugins.load("store", "sqlite", folder / "trials.sqlite")
    try:
        runs = [_run(store, name, objectives) for name in store.runs()]
    except (ValueError, TypeError, AttributeError) as error:
        raise CorruptDataError(
            f"{folder / 'trials.sqlite'} has a trial that cannot be read ({error}); {_AGAIN}"
        ) from error
    benchmark = _benchmark(settings["benchmark"])
    space = benchmark.space if benchmark else plugins.load("space", settings["space"])
    return Searched(
        settings=settings,
        versions=versions,
        objectives=objectives,
        runs=tuple(sorted(runs, key=lambda run: (run.strategy, run.seed, run.name))),
        diagnostics=_diagnostics(folder / "diagnostics.json"),
        space=space,
        unit=_unit(benchmark, objectives[0].metric),
        optimum=None if settings.get("limits") else _optimum(benchmark, objectives[0]),
    )


def _head(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads settings and versions, and refuses what the report could not use."""
    if not file.is_file():
        raise MissingDataError(
            f"{file.parent} has no search.json; expected a folder written by `nascast search --out`"
        )
    head = _json(file)
    settings, versions = head.get("settings"), head.get("versions")
    if not isinstance(settings, dict) or not isinstance(versions, dict):
        raise CorruptDataError(f"{file} lacks settings or versions; {_AGAIN}")
    objectives = settings.get("objectives")
    fine = isinstance(objectives, list) and all(
        isinstance(item, dict)
        and item.keys() == {"metric", "minimize"}
        and isinstance(item["metric"], str)
        and isinstance(item["minimize"], bool)
        for item in objectives
    )
    named = isinstance(settings.get("space"), str)
    if not objectives or not fine or not named or "benchmark" not in settings:
        raise CorruptDataError(f"{file} lacks or garbles objectives, space or benchmark; {_AGAIN}")
    if not isinstance(settings["benchmark"], str | None):
        raise CorruptDataError(f"{file} garbles the benchmark's name; {_AGAIN}")
    return settings, versions


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptDataError(f"{file} is not JSON ({error}); {_AGAIN}") from error
    except OSError as error:
        raise MissingDataError(f"cannot read {file}: {error.strerror}") from error
    if not isinstance(value, dict):
        raise CorruptDataError(f"{file} is not a JSON object; {_AGAIN}")
    return value


def _diagnostics(file: Path) -> dict[str, dict[str, Floats]]:
    """Returns series by run and name; none if there is no such file."""
    if not file.exists():
        return {}
    try:
        return {
            run: {
                name: np.asarray(values, dtype=np.float64).ravel() for name, values in own.items()
            }
            for run, own in _json(file).items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise CorruptDataError(
            f"{file} should have series of numbers by run and name ({error}); {_AGAIN}"
        ) from error


def _run(store: Store, name: str, objectives: Sequence[Objective]) -> Run:
    """Reads one run; its name is that of the strategy and the seed."""
    match = re.fullmatch(r"(.+)-(\d+)", name)
    strategy, seed = (match[1], int(match[2])) if match else (name, 0)
    trials = store.read(name)
    scores = [[o.score(trial.evaluation) for o in objectives] for trial in trials]
    clock = np.array([trial.finished for trial in trials], dtype=np.float64)
    return Run(
        name=name,
        strategy=strategy,
        seed=seed,
        info=store.info(name),
        trials=trials,
        scores=np.array(scores, dtype=np.float64).reshape(-1, len(objectives)),
        clock=np.where(np.isnan(clock), np.nan, np.fmax.accumulate(clock)),
    )


def _benchmark(name: str | None) -> Benchmark | None:
    """Opens the benchmark; without it, such as after its file was moved, a report says less."""
    try:
        return None if name is None else open_benchmark(name)
    except (NascastError, OSError):
        return None


def _unit(benchmark: Benchmark | None, metric: str) -> str:
    if benchmark is not None and metric in benchmark.metrics:
        return benchmark.metrics[metric].unit
    return "percent" if metric.endswith("accuracy") else ""


def _optimum(benchmark: Benchmark | None, objective: Objective) -> float | None:
    if benchmark is None:
        return None
    try:
        values = benchmark.query(benchmark.genes(), objective.metric)
    except NascastError:  # a function, not a table, or a metric of another kind
        return None
    fine = values[np.isfinite(values)]
    if not len(fine):
        return None
    return float(fine.min() if objective.minimize else fine.max())
