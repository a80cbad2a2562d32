"""The search study: strategies × seeds, on a benchmark or by training children.

On a benchmark every run is simulated: recorded seconds drive a virtual clock, and runs share the
cores. By training, runs follow one another, and their children share the workers.
"""

import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, StoreError, UnsupportedError
from nascast.core.evaluator import Benchmark, Evaluator
from nascast.core.executor import Executor
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.store import Store, changed_settings
from nascast.core.strategy import Strategy
from nascast.core.types import Bools, Genes, Objective, Trial
from nascast.runner import Budget, Step, run, steps
from nascast.studies.limits import Limits, Networks, TaskNetworks, limited
from nascast.studies.progress import finished
from nascast.studies.records import open_benchmark
from nascast.studies.versions import versions

__all__ = [
    "TRIALS",
    "Search",
    "Simulation",
    "Trainer",
    "begin",
    "keep_diagnostics",
    "recorded",
    "run_name",
    "simulate",
    "simulations",
    "strategy_of",
    "train_children",
]

TRIALS = "trials.sqlite"  # the store in a search's folder
Watch = Callable[[str, Step], None]  # told the run's name and what is new
Diagnostics = Mapping[str, list[float]]  # series of numbers by name


class Trainer(Evaluator, Networks, Protocol):
    """An evaluator that trains networks, which limits are about."""


@dataclass(frozen=True, slots=True)
class Search:
    """Everything that decides the result of a search.

    Attributes:
        space: registered name.
        strategies: registered names.
        benchmark: registered name or path of a table; None if children are trained.
        training: settings of the evaluator that trains, as JSON values; None on a benchmark.
        objectives: what counts, the first one above all.
        evaluations: budget of each run in trials, or None.
        seconds: budget of each run on the executor's clock.
        seeds: one run of every strategy for each.
        workers: children at a time.
        limits: on what a network may cost.
        settings: of the strategies, by their names.
        full_epochs: of a full training, where the strategies choose the epochs; None if unknown.
    """

    space: str
    strategies: tuple[str, ...]
    benchmark: str | None = None
    training: Mapping[str, Any] | None = None
    objectives: tuple[Objective, ...] = (Objective("val_accuracy"),)
    evaluations: int | None = None
    seconds: float = math.inf
    seeds: tuple[int, ...] = (0,)
    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    full_epochs: int | None = None

    def __post_init__(self) -> None:
        if (self.benchmark is None) == (self.training is None):
            raise InvalidSettingError("a search needs either a benchmark or data to train on")
        if not self.strategies or len(set(self.strategies)) != len(self.strategies):
            raise InvalidSettingError("name at least one strategy, and each only once")
        if not self.seeds or self.workers < 1:
            raise InvalidSettingError("a search needs at least one seed and one worker")
        self.budget()
        for name in self.strategies:
            plugins.resolve("strategy", name)

    def budget(self) -> Budget:
        """Returns the budget of one run."""
        return Budget(self.evaluations, clock=self.seconds)

    def described(self) -> dict[str, Any]:
        """Returns the settings that must be equal when a run goes on, as JSON values.

        Budgets and workers may change.
        """
        return {
            "space": self.space,
            "benchmark": self.benchmark,
            "training": None if self.training is None else dict(self.training),
            "objectives": [asdict(objective) for objective in self.objectives],
            "limits": self.limits.given(),
        }


def begin(search: Search, out: Path, resume: bool) -> None:
    """Makes the folder of a search, or finds the same search in it.

    A folder without trials counts as new.

    Raises:
        InvalidSettingError: a setting that a strategy does not have.
        StoreError: it holds a search and `resume` is false, or another search; it holds none and
            `resume` is true; it cannot be written.
    """
    space: SearchSpace = plugins.load("space", search.space)
    for name in search.strategies:
        strategy_of(search, name, space, seed=0)
    file = out / "search.json"
    settings = json.loads(json.dumps(search.described()))
    if file.exists() and (out / TRIALS).exists() and not resume:
        raise StoreError(f"{out} holds a search; add --resume to go on, or choose another --out")
    if resume and not file.exists():
        raise StoreError(f"{out} holds no search to resume; leave out --resume to begin one")
    try:
        if resume:
            old = json.loads(file.read_text())["settings"]
            if changed := changed_settings(old, settings):
                raise StoreError(
                    f"{out} holds another search: {changed}; choose another --out, or the same "
                    "settings"
                )
            return
        out.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(json.dumps({"settings": settings, "versions": versions()}, indent=1))
        part.replace(file)
    except OSError as error:
        raise StoreError(f"cannot write to {out}: {error.strerror}; choose --out") from error
    except (ValueError, KeyError) as error:
        raise StoreError(f"{file} is damaged: {error}; choose another --out") from error


def run_name(strategy: str, seed: int) -> str:
    """Returns the name a run has in the store."""
    return f"{strategy}-{seed}"


def strategy_of(search: Search, name: str, space: SearchSpace, seed: int) -> Strategy:
    """Returns a fresh strategy with its settings of the search.

    A strategy with many settings takes them as one mapping, called ``settings``.

    Raises:
        InvalidSettingError: a setting that the strategy does not have.
    """
    known = inspect.signature(plugins.resolve("strategy", name)).parameters
    given = dict(search.settings.get(name, {}))
    if "max_epochs" in known and search.full_epochs is not None:
        given.setdefault("max_epochs", search.full_epochs)
    own = {key: value for key, value in given.items() if key in known}
    rest = {key: value for key, value in given.items() if key not in known}
    if "settings" in known:
        own["settings"] = rest
    elif rest:
        there = ", ".join(sorted(set(known) - {"space", "objectives", "seed"})) or "none"
        raise InvalidSettingError(f"{name} has no setting {', '.join(rest)}; it has {there}")
    strategy: Strategy = plugins.load("strategy", name, space, search.objectives, seed=seed, **own)
    return strategy


def recorded(benchmark: Benchmark) -> SearchSpace:
    """Returns the space of a benchmark, restricted to what it recorded if that is not all.

    It counts as all if a thousand draws are all recorded.
    """
    space = benchmark.space
    try:
        rows = benchmark.genes()
    except UnsupportedError:
        return space
    known = {row.tobytes() for row in space.canonical(rows)}

    def accepts(genes: Genes) -> Bools:
        found = [row.tobytes() in known for row in space.canonical(genes)]
        return np.asarray(found, dtype=bool)

    if accepts(space.sample(1000, np.random.default_rng(0))).all():
        return space
    return Restricted(space, accepts, f"a record in {benchmark.name}", rows)


@dataclass(frozen=True, slots=True)
class Simulation:
    """A run on a benchmark.

    Attributes:
        name: of the run.
        settings: as a store keeps them.
        trials: in the order in which they finished.
        diagnostics: what the strategy tells about itself, such as a controller's entropy.
    """

    name: str
    settings: dict[str, Any]
    trials: list[Trial]
    diagnostics: Diagnostics


def keep_diagnostics(out: Path, run: str, values: Diagnostics) -> None:
    """Adds a run's diagnostics to ``diagnostics.json``, which can be made again from the trials."""
    if not values:
        return
    file = out / "diagnostics.json"
    try:
        old = json.loads(file.read_text()) if file.exists() else {}
    except ValueError:
        old = {}
    part = file.with_suffix(".part")
    part.write_text(json.dumps({**old, run: values}))
    part.replace(file)


def _diagnostics(strategy: Strategy) -> Diagnostics:
    own = getattr(strategy, "diagnostics", None)
    found: Diagnostics = own() if own else {}
    return found


def simulate(search: Search, name: str, seed: int) -> Simulation:
    """Runs one strategy with one seed on the benchmark."""
    assert search.benchmark is not None
    benchmark = open_benchmark(search.benchmark)
    networks = TaskNetworks(benchmark.space, benchmark.task)
    space = limited(recorded(benchmark), networks, search.limits)
    strategy = strategy_of(search, name, space, seed)
    store: Store = plugins.load("store", "memory")
    executor: Executor = plugins.load("executor", "simulated", workers=search.workers)
    own = run_name(name, seed)
    trials = run(
        strategy,
        benchmark,
        executor=executor,
        store=store,
        name=own,
        budget=search.budget(),
        seed=seed,
    )
    return Simulation(own, store.info(own), trials, _diagnostics(strategy))


def simulations(
    search: Search, store: Store, executor: Executor, out: Path | None = None
) -> Iterator[tuple[str, list[Trial]]]:
    """Simulates what is not in the store yet; yields name and trials of each run that is there.

    A run is stored as a whole, since nothing is lost by simulating it again.

    Args:
        search: the settings.
        store: keeps the trials.
        executor: runs the simulations.
        out: folder for diagnostics; None keeps none.

    Raises:
        StoreError: a run could not be simulated; the others are kept.
    """
    todo = []
    for name, seed in _jobs(search):
        stored = _stored(store, run_name(name, seed))
        if search.evaluations is not None and len(stored) >= search.evaluations:
            yield run_name(name, seed), stored
        else:
            todo.append((name, seed))
            executor.submit((name, seed), partial(simulate, search, name, seed))
    failed = []
    for done in finished(executor, len(todo)):
        if done.error:
            failed.append(f"{run_name(*done.task)}: {done.error}")  # type: ignore[misc]
            continue
        found: Simulation = done.value
        store.begin(found.name, found.settings)
        store.append(found.name, found.trials[len(store.read(found.name)) :])
        if out is not None:
            keep_diagnostics(out, found.name, found.diagnostics)
        yield found.name, found.trials
    if failed:
        raise StoreError("; ".join(failed))


def train_children(
    search: Search,
    evaluator: Trainer,
    *,
    store: Store,
    executor: Executor,
    watch: Watch,
    out: Path | None = None,
) -> None:
    """Runs the search by training; runs that `store` knows are continued.

    Args:
        search: the settings.
        evaluator: trains one child.
        store: keeps the trials.
        executor: runs the children.
        watch: told what goes on.
        out: folder for diagnostics; None keeps none.
    """
    whole: SearchSpace = plugins.load("space", search.space)
    space = limited(whole, evaluator, search.limits)
    for name, seed in _jobs(search):
        strategy = strategy_of(search, name, space, seed)
        own = run_name(name, seed)
        for step in steps(
            strategy,
            evaluator,
            executor=executor,
            store=store,
            name=own,
            budget=search.budget(),
            seed=seed,
        ):
            watch(own, step)
        if out is not None:
            keep_diagnostics(out, own, _diagnostics(strategy))


def _jobs(search: Search) -> list[tuple[str, int]]:
    return [(name, seed) for name in search.strategies for seed in search.seeds]


def _stored(store: Store, run: str) -> list[Trial]:
    return store.read(run) if run in store.runs() else []
