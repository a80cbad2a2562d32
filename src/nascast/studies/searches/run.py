"""Runs of a search.

On a benchmark every run is simulated: recorded seconds drive a virtual clock, and runs share the
cores. By training, runs follow one another, and their children share the workers.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from nascast.core import plugins
from nascast.core.errors import StoreError
from nascast.core.evaluator import Evaluator
from nascast.core.executor import Executor
from nascast.core.setup import Setup
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.store import Store
from nascast.core.strategy import Strategy
from nascast.core.types import Trial
from nascast.runner import Step, steps
from nascast.studies.limits import Networks, TaskNetworks, limited
from nascast.studies.progress import finished
from nascast.studies.records import open_benchmark, recorded_space
from nascast.studies.searches.design import Search, run_name, strategy_of
from nascast.studies.searches.learned import Learned
from nascast.studies.searches.results import Diagnostics, keep_diagnostics

__all__ = [
    "GIVE_UP",
    "Simulation",
    "Trainer",
    "simulate",
    "simulations",
    "train_children",
]

_SAVED = 1.0  # seconds after which a simulation stores what is new; chosen, a commit takes some ms
GIVE_UP = 10  # equal failures from the start after which a search stops; chosen
Watch = Callable[[str, Step], None]  # told the run's name and what is new


class _Hopeless:
    """Whether all children so far failed in one way."""

    def __init__(self, enough: int) -> None:
        self._enough, self._failures, self._ways = enough, 0, set[str]()
        self._fine = False

    def after(self, trials: Sequence[Trial]) -> bool:
        """Returns whether to give up after these trials, too."""
        errors = [trial.evaluation.error for trial in trials]
        self._fine = self._fine or None in errors
        self._failures += len(errors)
        self._ways |= {re.sub(r"[0-9.]+", "#", error) for error in errors if error}
        return not self._fine and len(self._ways) == 1 and self._failures >= self._enough


class Trainer(Evaluator, Networks, Protocol):
    """An evaluator that trains networks, on which there may be limits."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """A run on a benchmark.

    Attributes:
        name: name of the run.
        info: settings of the run as a store keeps them.
        trials: trials in the order in which they finished.
        diagnostics: series that describe the strategy's state, by name.
        reached: clock at which it ended, see `Store.reach`; 0 if a trial tells it.
    """

    name: str
    info: dict[str, Any]
    trials: list[Trial]
    diagnostics: Diagnostics
    reached: float = 0.0


def simulate(
    search: Search,
    strategy: Spec,
    seed: int,
    store: Store | None = None,
    out: Path | None = None,
) -> Simulation:
    """Returns the run of one strategy with one seed on the benchmark.

    Args:
        search: settings of the search.
        strategy: spec of one of its strategies.
        seed: seed of the run.
        store: store with the trials from which the run goes on, which gets the new ones about once
            a second; None begins a run that is not stored.
        out: folder for what the strategy learned; None keeps none.

    Raises:
        StoreError: the store has the run with other settings.
    """
    assert search.benchmark is not None
    benchmark = open_benchmark(search.benchmark)
    networks = TaskNetworks(benchmark.space, benchmark.task)
    wanted = [objective.metric for objective in search.objectives]
    space = limited(recorded_space(benchmark, wanted), networks, search.limits)
    name = run_name(strategy, seed)
    kept: Store = plugins.load("store", "memory")
    if store is not None and name in store.runs():
        kept.begin(name, store.info(name))
        kept.append(name, store.read(name))
        kept.reach(name, store.reached(name))
    fresh = _fresh(search, strategy, space, seed, kept)
    learned = _recalled(out, name, fresh, benchmark, seed, kept)
    saved = time.monotonic()
    for _ in steps(
        fresh,
        benchmark,
        executor=plugins.load("executor", "simulated", workers=search.workers),
        store=kept,
        name=name,
        budget=search.budget(),
        seed=seed,
    ):
        if store is not None and time.monotonic() - saved > _SAVED:
            _save(store, name, kept.info(name), kept.read(name))
            saved = time.monotonic()
        learned.keep()
    learned.keep(last=True)
    return Simulation(
        name, kept.info(name), kept.read(name), fresh.diagnostics(), kept.reached(name)
    )


def _fresh(search: Search, strategy: Spec, space: SearchSpace, seed: int, store: Store) -> Strategy:
    """Returns the strategy of a run; one that was begun keeps the lengths that it began with.

    They were chosen by the kind of its budget, which may be another one now.
    """
    name = run_name(strategy, seed)
    began = store.info(name).get("strategy") if name in store.runs() else None
    if isinstance(began, Mapping):
        lengths = Spec.from_json(began).settings.get("fidelities")
        search = replace(search, fidelities=())
        if lengths is not None:
            strategy = Spec(strategy.name, {"fidelities": lengths, **strategy.settings})
    return strategy_of(search, strategy, space, seed)


def _recalled(
    out: Path | None, name: str, fresh: Strategy, evaluator: Evaluator, seed: int, store: Store
) -> Learned:
    """Returns what the strategy of a run learned, with that of the stored trials given to it."""
    fresh.task = evaluator.task  # before `steps` sets it, since trials are told here
    learned = Learned(out, name, fresh, Setup.of(fresh, evaluator, seed))
    learned.recall(store.read(name) if name in store.runs() else [])
    return learned


def _save(store: Store, name: str, info: dict[str, Any], trials: list[Trial]) -> None:
    """Stores the trials that are not stored yet."""
    store.begin(name, info)
    store.append(name, trials[len(store.read(name)) :])


def simulations(
    search: Search, store: Store, executor: Executor, out: Path | None = None
) -> Iterator[tuple[str, list[Trial]]]:
    """Simulates the runs not in the store; yields name and trials of each run that is there.

    Runs that `store` knows are continued. A worker that is killed costs what a run did in about the
    last second, if the store is a file.

    Args:
        search: settings of the search.
        store: store of the trials.
        executor: executor of the simulations.
        out: folder for diagnostics, and for what strategies learned; None keeps none.

    Raises:
        StoreError: a run could not be simulated; the others are kept.
    """
    todo = []
    for strategy, seed in search.jobs():
        name = run_name(strategy, seed)
        stored = store.read(name) if name in store.runs() else []
        if search.evaluations is not None and len(stored) >= search.evaluations:
            yield name, stored
        else:
            todo.append(name)
            executor.submit(name, partial(simulate, search, strategy, seed, store, out))
    failed = []
    for done in finished(executor, len(todo)):
        if done.error:
            failed.append(f"{done.task}: {done.error}")
            continue
        found: Simulation = done.value
        _save(store, found.name, found.info, found.trials)
        if found.reached > store.reached(found.name):
            store.reach(found.name, found.reached)
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
    give_up: int = GIVE_UP,
) -> bool:
    """Runs the search by training; runs that `store` knows are continued.

    Where the first `give_up` children of the search all fail with one error, numbers in it left
    out, the others would too: the search stops.

    Args:
        search: settings of the search.
        evaluator: evaluator that trains children.
        store: store of the trials.
        executor: executor of the trainings.
        watch: function called with every step of a run.
        out: folder for diagnostics, and for what strategies learned; None keeps none.
        give_up: number of equal failures from the start after which the search stops.

    Returns:
        Whether it went to its end.
    """
    whole: SearchSpace = plugins.load("space", search.space)
    space = limited(whole, evaluator, search.limits)
    hopeless = _Hopeless(give_up)
    for strategy, seed in search.jobs():
        fresh = _fresh(search, strategy, space, seed, store)
        name = run_name(strategy, seed)
        learned = _recalled(out, name, fresh, evaluator, seed, store)
        stepping = steps(
            fresh,
            evaluator,
            executor=executor,
            store=store,
            name=name,
            budget=search.budget(),
            seed=seed,
        )
        with closing(stepping):
            for i, step in enumerate(stepping):
                watch(name, step)
                if i and hopeless.after(step.trials):  # the first has what was stored before
                    return False
                learned.keep()
        learned.keep(last=True)
        if out is not None:
            keep_diagnostics(out, name, fresh.diagnostics())
    return True
