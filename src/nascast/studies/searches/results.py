"""The folder of a search: begun, and read back with facts of its benchmark.

``search.json`` has the `Setup` of the search and the versions that began it, ``trials.sqlite`` its
runs, and ``diagnostics.json`` what strategies tell about themselves.
"""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, MissingDataError, NascastError, StoreError
from nascast.core.evaluator import Benchmark
from nascast.core.metric import quantity
from nascast.core.setup import Setup
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.store import Store, changed_settings, way_out
from nascast.core.types import Floats, Objective, Trial
from nascast.core.versions import versions
from nascast.studies.limits import Limits
from nascast.studies.records import open_benchmark
from nascast.studies.searches.design import Search, check_prior, check_records, labels, strategy_of
from nascast.training.files import read_record, write_record

__all__ = [
    "SEARCH",
    "TRIALS",
    "Diagnostics",
    "Run",
    "Searched",
    "begin",
    "best_trials",
    "check_out",
    "keep_diagnostics",
    "read_search",
]

TRIALS = "trials.sqlite"  # the store in a search's folder
Diagnostics = Mapping[str, list[float]]  # series of numbers by name
SEARCH, _SERIES = "search.json", "diagnostics.json"
_BEFORE = ("setup", "settings", "versions")  # keys of a head without a checksum
_AGAIN = "expected what `nascast search` writes; search again with another --out"
_DELETE = "delete it: the trials are whole without it"


def begin(search: Search, out: Path, resume: bool) -> None:
    """Makes the folder of a search, or finds the same search in it.

    Raises:
        InvalidSettingError: a strategy does not have a setting.
        UnsupportedError: the benchmark has not what a strategy reads.
        StoreError: as of `check_out`; it holds another search, or cannot be written.
        CorruptDataError: the description of the search that it holds cannot be read.
    """
    space: SearchSpace = plugins.load("space", search.space)
    check_out(out, resume)
    fresh = [strategy_of(search, strategy, space, seed=0) for strategy in search.specs]
    if resume:
        _check_same(search, out)
        check_prior(search, fresh, plugins.load("store", "sqlite", out / TRIALS))
        return
    check_records(search, fresh)
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_record(out / SEARCH, {"setup": search.setup().json(), "versions": versions()})
    except OSError as error:
        raise StoreError(f"cannot write to {out}: {error.strerror}; choose --out") from error


def check_out(out: Path, resume: bool) -> None:
    """Raises StoreError for a folder of a search where one begins, or of none where one goes on."""
    # A folder without trials counts as new.
    if not resume and all((out / name).exists() for name in (SEARCH, TRIALS)):
        raise StoreError(f"{out} holds a search; add --resume to go on, or choose another --out")
    if resume and not (out / SEARCH).exists():
        raise StoreError(f"{out} holds no search to resume; leave out --resume to begin one")


def _check_same(search: Search, out: Path) -> None:
    head = read_record(out / SEARCH, _BEFORE, _AGAIN)
    if "setup" not in head and "settings" in head:
        version = _mapping(head.get("versions")).get("nascast", "of that time")
        raise StoreError(
            f"{out} holds a search that an earlier nascast ({version}) began, whose runs this one "
            "cannot go on with; finish it with that version, or begin again with another --out. "
            "Its networks can still be trained and exported"
        )
    old, *_ = _head(out / SEARCH)
    if changed := changed_settings(old.json(), search.setup().json()):
        raise StoreError(f"{out} holds another search: {changed}; {way_out(changed)}")


def keep_diagnostics(out: Path, run: str, values: Diagnostics) -> None:
    """Adds a run's diagnostics to ``diagnostics.json``, which can be made again from the trials.

    So a power cut may take them, and no run waits for the disk.
    """
    if not values:
        return
    file = out / _SERIES
    old: dict[str, Any] = {}
    if file.exists():
        with suppress(CorruptDataError):
            old = read_record(file, None, _AGAIN)
    write_record(file, {**old, run: values}, lasting=False)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run of a search: one strategy with one seed.

    Attributes:
        name: name of the run in the store.
        strategy: name of the strategy, with the settings in which others of that name differ.
        spec: name and all settings of the strategy that are not its defaults.
        seed: seed of the run.
        info: settings of the run as the store keeps them.
        trials: n trials in the order in which they finished.
        scores: ``(n, objectives)`` scores, larger is better, NaN for a failure.
        clock: ``(n,)`` seconds since the run began, ascending; NaN where they are not known.
        epochs: ``(n,)`` epochs that the trials were asked for; infinity is a full training.
    """

    name: str
    strategy: str
    spec: Spec
    seed: int
    info: Mapping[str, Any]
    trials: Sequence[Trial]
    scores: Floats
    clock: Floats
    epochs: Floats

    @property
    def judged(self) -> Floats:
        """The ``(n,)`` scores of the first objective by which trials compare.

        They are those of the longest trainings that have a value, and NaN for others: these are
        judged by less.
        """
        first = self.scores[:, 0]
        longest = self.epochs[~np.isnan(first)].max(initial=0.0)
        return np.where(self.epochs >= longest, first, np.nan)

    def best(self) -> int | None:
        """Returns the place of the first trial of the best `judged` score; None if all failed."""
        judged = self.judged
        return None if np.isnan(judged).all() else int(np.nanargmax(judged))


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """The content of a search's folder.

    Attributes:
        setup: setup of the search; the first objective decides which trial is best.
        versions: versions of the packages that began it.
        runs: runs sorted by strategy and seed.
        diagnostics: series of numbers by run and by name; empty for strategies that have none.
        space: search space of the architectures.
        unit: unit of the first objective; empty if unknown.
        optimum: best value of the first objective that the benchmark recorded after full training;
            None if it has no list of architectures, or the search was limited to some.
        joined: setup of each search, by its name, where several are joined; `setup` is the first.
    """

    setup: Setup
    versions: Mapping[str, Any]
    runs: tuple[Run, ...]
    diagnostics: Mapping[str, Mapping[str, Floats]]
    space: SearchSpace
    unit: str
    optimum: float | None
    joined: Mapping[str, Setup] = field(default_factory=dict)

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives of the search."""
        return self.setup.objectives

    @property
    def benchmark(self) -> str | None:
        """The name or path of the benchmark; None if children were trained."""
        found: str | None = self.setup.evaluator.get("benchmark")
        return found

    def differing(self) -> dict[str, Setup]:
        """Returns the setups by search, where the joined ones evaluated on different evidence."""
        evaluators = [setup.evaluator for setup in self.joined.values()]
        alike = all(each == self.setup.evaluator for each in evaluators)
        return {} if alike else dict(self.joined)

    @property
    def training(self) -> Mapping[str, Any] | None:
        """The settings of the evaluator that trained the children; None where nascast did not."""
        evaluator = self.setup.evaluator
        return None if evaluator.keys() & {"benchmark", "evaluator"} else evaluator

    def by_strategy(self) -> dict[str, list[Run]]:
        """Returns the runs of every strategy, sorted by seed."""
        groups: dict[str, list[Run]] = {}
        for run in self.runs:
            groups.setdefault(run.strategy, []).append(run)
        return groups

    def measured(self, score: float) -> float:
        """Returns the value of the metric for a score of the first objective."""
        return -score if self.objectives[0].minimize else score


def read_search(folder: Path) -> Searched:
    """Returns the content of a search's folder.

    Raises:
        MissingDataError: there is no search in `folder`.
        CorruptDataError: a file is not one that a search writes.
        StoreError: the trials cannot be read.
        UnknownComponentError: the space of the search is not installed.
    """
    setup, began, plan = _head(folder / SEARCH)
    store: Store = plugins.load("store", "sqlite", folder / TRIALS)
    benchmark = _benchmark(setup.evaluator.get("benchmark"))
    try:
        runs = _runs(store, setup.objectives, _full(setup, benchmark, plan))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CorruptDataError(
            f"{folder / TRIALS} has a run that cannot be read ({error}); {_AGAIN}"
        ) from error
    return Searched(
        setup=setup,
        versions=began,
        runs=runs,
        diagnostics=_diagnostics(folder / _SERIES),
        space=benchmark.space if benchmark else plugins.load("space", setup.space),
        unit=_unit(benchmark, setup.objectives[0].metric),
        optimum=None if setup.limits else _optimum(benchmark, setup.objectives[0]),
    )


def best_trials(
    found: Searched, n: int | None = None, *, distinct: int = 3
) -> list[tuple[Run, int]]:
    """Returns the n best trials, as runs and places in them; of equal ones the first.

    Longer trainings come before shorter ones, which are judged by less.

    Args:
        found: content of the search's folder.
        n: number of trials; None is one for each of the best distinct architectures.
        distinct: number of architectures, if n is None.
    """
    scores = np.concatenate([np.empty(0), *(run.scores[:, 0] for run in found.runs)])
    owners = np.repeat(np.arange(len(found.runs)), [len(run.trials) for run in found.runs])
    begins = np.searchsorted(owners, np.arange(len(found.runs)))
    epochs = np.concatenate([np.empty(0), *(run.epochs for run in found.runs)])
    order = np.lexsort((-scores, -epochs))  # stable
    order = order[np.isfinite(scores[order])]
    pairs = ((found.runs[owners[i]], int(i - begins[owners[i]])) for i in order)
    if n is not None:
        return list(islice(pairs, n))
    best: dict[bytes, tuple[Run, int]] = {}
    for run, place in pairs:
        row = found.space.canonical(found.space.row(run.trials[place].candidate.arch))
        best.setdefault(row.tobytes(), (run, place))
        if len(best) == distinct:
            break
    return list(best.values())


def _head(file: Path) -> tuple[Setup, dict[str, Any], Mapping[str, Any]]:
    """Returns setup, versions and plan of a search, if it is asked; raises if they are no use."""
    if not file.is_file():
        raise MissingDataError(
            f"{file.parent} has no {SEARCH}; expected a folder written by `nascast search --out`"
        )
    head = read_record(file, _BEFORE, _AGAIN)
    value, began = head.get("setup"), head.get("versions")
    if value is None:
        value = _earlier(_mapping(head.get("settings")))
    if not isinstance(value, dict) or not isinstance(began, dict):
        raise CorruptDataError(f"{file} lacks setup or versions; {_AGAIN}")
    try:
        setup = Setup.from_json(value)
    except StoreError as error:
        raise CorruptDataError(f"{file} is garbled: {error}; {_AGAIN}") from error
    if not isinstance(setup.evaluator.get("benchmark"), str | None):
        raise CorruptDataError(f"{file} garbles the benchmark's name; {_AGAIN}")
    return setup, began, _mapping(head.get("plan"))


def _earlier(settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns the setup in settings that nascast wrote before it had one; None if unknown."""
    if not settings.keys() >= {"space", "objectives", "benchmark"}:
        return None
    try:
        limits = Limits(**_mapping(settings.get("limits"))).words()
    except TypeError:
        return None
    named = {"benchmark": settings["benchmark"]}
    evaluator = settings.get("training") if named["benchmark"] is None else named
    shared = {key: settings[key] for key in ("space", "objectives")}
    return {**shared, "evaluator": evaluator, "limits": limits}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _diagnostics(file: Path) -> dict[str, dict[str, Floats]]:
    """Returns the diagnostics by run and name; none if there is no such file."""
    if not file.exists():
        return {}
    found = read_record(file, None, _DELETE)
    try:
        return {
            run: {name: np.asarray(v, dtype=np.float64).ravel() for name, v in own.items()}
            for run, own in found.items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise CorruptDataError(
            f"{file} should have series of numbers by run and name ({error}); {_DELETE}"
        ) from error


def _full(setup: Setup, benchmark: Benchmark | None, plan: Mapping[str, Any]) -> float:
    """Returns the epochs of a full training; infinity if they are not known."""
    metric, recipe = setup.objectives[0].metric, _mapping(setup.evaluator.get("recipe"))
    if asked := plan.get("full_epochs"):
        return float(asked)
    if benchmark is not None and metric in benchmark.metrics:
        return float(max(benchmark.metrics[metric].epochs, default=math.inf))
    return float(recipe.get("epochs", math.inf))


def _runs(store: Store, objectives: Sequence[Objective], full: float) -> tuple[Run, ...]:
    """Returns all runs, sorted by strategy and seed; trainings of `full` epochs are full."""
    infos = {name: store.info(name) for name in store.runs()}
    which = {name: _strategy(info) for name, info in infos.items()}
    names = labels(which.values())
    runs = []
    for name, info in infos.items():
        trials = store.read(name)
        scores = [[o.score(trial.evaluation) for o in objectives] for trial in trials]
        clock = np.array([trial.finished for trial in trials], dtype=np.float64)
        asked = [trial.candidate.epochs or math.inf for trial in trials]
        run = Run(
            name=name,
            strategy=names[which[name]],
            spec=which[name],
            seed=int(info["seed"]),
            info=info,
            trials=trials,
            scores=np.array(scores, dtype=np.float64).reshape(-1, len(objectives)),
            clock=np.where(np.isnan(clock), np.nan, np.fmax.accumulate(clock)),
            epochs=np.array([math.inf if n >= full else n for n in asked], dtype=np.float64),
        )
        runs.append(run)
    return tuple(sorted(runs, key=lambda run: (run.strategy, run.seed, run.name)))


def _strategy(info: Mapping[str, Any]) -> Spec:
    """Returns the strategy of a run; an earlier nascast kept the name of its class."""
    found = info["strategy"]
    return Spec(found) if isinstance(found, str) else Spec.from_json(found)


def _benchmark(name: str | None) -> Benchmark | None:
    """Returns the benchmark, or None if it cannot be opened: a report then says less."""
    try:
        return None if name is None else open_benchmark(name)
    except (NascastError, OSError):
        return None


def _unit(benchmark: Benchmark | None, metric: str) -> str:
    if benchmark is not None and metric in benchmark.metrics:
        return benchmark.metrics[metric].unit
    known = quantity(metric)
    return "percent" if known is not None and known.unit == "percent" else ""


def _optimum(benchmark: Benchmark | None, objective: Objective) -> float | None:
    if benchmark is None:
        return None
    try:
        # What a search can be told: the first training of all that have one.
        values = benchmark.query(benchmark.measured(objective.metric), objective.metric)
    except NascastError:  # a function, not a table, or a metric of another kind
        return None
    fine = values[np.isfinite(values)]
    if not len(fine):
        return None
    return float(fine.min() if objective.minimize else fine.max())
