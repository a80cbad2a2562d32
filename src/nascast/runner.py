"""The one search loop: nothing else evaluates, waits or writes."""

import inspect
import math
import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Evaluator
from nascast.core.executor import Executor
from nascast.core.store import Store
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Trial

__all__ = ["Budget", "Step", "run", "steps"]


@dataclass(frozen=True, slots=True)
class Budget:
    """When a run ends: at the first limit it reaches, stored trials included.

    From then on nothing is begun; what is running is finished, and goes beyond `seconds` or
    `clock`.

    Attributes:
        evaluations: trials, failed ones too.
        seconds: what the evaluations cost, added up over all workers: the processor or GPU time,
            or the recorded training time of a benchmark.
        clock: time since the run began on the executor's clock, pauses left out: what a watch
            shows, or the virtual time of a simulation.
    """

    evaluations: int | None = None
    seconds: float = math.inf
    clock: float = math.inf

    def __post_init__(self) -> None:
        if self.evaluations is None and math.isinf(self.seconds) and math.isinf(self.clock):
            raise InvalidSettingError(
                "a budget needs a number of evaluations, their seconds, or seconds by the clock"
            )


@dataclass(frozen=True, slots=True)
class Step:
    """What a view of a run is shown.

    Attributes:
        trials: that are new since the last step, already stored.
        pending: candidates that wait or are being evaluated.
        clock: seconds since the run began, pauses left out.
    """

    trials: list[Trial]
    pending: int
    clock: float


def run(
    strategy: Strategy,
    evaluator: Evaluator,
    *,
    executor: Executor,
    store: Store,
    name: str,
    budget: Budget,
    seed: int = 0,
) -> list[Trial]:
    """Searches until the budget is spent; a run that `store` knows is continued.

    A candidate whose evaluation fails is a trial with an error. With one worker, the same seed
    gives the same trials, also after a resume: candidate k is drawn with the seed ``(seed, k)``.
    What was being evaluated when a run was stopped is asked for again under the same numbers, so
    that the trials of a finished run are 0, 1, 2 … without gaps.

    Args:
        strategy: fresh; told the stored trials first.
        evaluator: gives trial k the seed k.
        executor: runs the evaluations.
        store: keeps the trials, and the settings that are the same when a run is continued: the
            strategy with what it was made with, the space, the objectives, the evaluator (its
            ``settings()``, or its name) and the seed.
        name: of the run.
        budget: counts stored trials too; it and the executor may change when a run is continued.
        seed: of the run.

    Returns:
        All trials of the run, in the order in which they finished.

    Raises:
        StoreError: the run was begun with other settings.
        UnsupportedError: the budget is in seconds, and an evaluation took unknown ones.
    """
    trials: list[Trial] = []
    for step in steps(
        strategy,
        evaluator,
        executor=executor,
        store=store,
        name=name,
        budget=budget,
        seed=seed,
    ):
        trials += step.trials
    return trials


def steps(
    strategy: Strategy,
    evaluator: Evaluator,
    *,
    executor: Executor,
    store: Store,
    name: str,
    budget: Budget,
    seed: int = 0,
) -> Iterator[Step]:
    """Does what `run` does, and yields what is new: first the trials on record, then as they come.

    Stopping early, by an interrupt or by asking for no more, keeps every trial that finished, and
    closes the executor, since what it is running is nobody's any more.
    """
    store.begin(name, {**_settings(strategy, evaluator, seed), "versions": _versions()})
    trials = store.read(name)
    strategy.tell(trials)
    loop = _Loop(strategy, evaluator, executor, budget, seed, trials)
    try:
        loop.fill()
        yield Step(trials, len(loop.pending), loop.clock())
        while loop.pending:
            finished = loop.collect()
            store.append(name, finished)
            strategy.tell(finished)
            loop.fill()
            yield Step(finished, len(loop.pending), loop.clock())
    finally:
        if loop.pending:
            executor.close()


class _Loop:
    """What is pending, and what has been spent."""

    def __init__(
        self,
        strategy: Strategy,
        evaluator: Evaluator,
        executor: Executor,
        budget: Budget,
        seed: int,
        trials: list[Trial],
    ) -> None:
        self.pending: dict[int, Candidate] = {}
        self._strategy, self._evaluator, self._executor = strategy, evaluator, executor
        self._budget, self._seed = budget, seed
        known = {trial.id for trial in trials}
        self._numbers = (k for k in count() if k not in known)
        self._next = next(self._numbers)
        self._finished = len(trials)
        self._spent = sum(trial.evaluation.seconds for trial in trials)
        self._before = max((trial.finished for trial in trials), default=0.0)
        self._began = executor.now()

    def clock(self) -> float:
        """Seconds since the run began, pauses left out."""
        return self._before + self._executor.now() - self._began

    def fill(self) -> None:
        """Gives every free worker a candidate, as far as budget and strategy go."""
        for _ in range(self._executor.workers - len(self.pending)):
            if self._is_spent():
                return
            rng = np.random.default_rng([self._seed, self._next])
            candidates = self._strategy.ask(1, rng, tuple(self.pending.values()))
            if not candidates:  # it waits for those that are pending, or is at its end
                return
            (candidate,) = candidates
            number, self._next = self._next, next(self._numbers)
            self.pending[number] = candidate
            self._executor.submit(number, partial(self._evaluator.evaluate, candidate, number))

    def _is_spent(self) -> bool:
        budget = self._budget
        if math.isnan(self._spent) and not math.isinf(budget.seconds):
            raise UnsupportedError(
                "a budget in seconds needs evaluations that say what they cost, and one did not; "
                "give a number of evaluations"
            )
        begun = self._finished + len(self.pending)
        return (
            begun >= (math.inf if budget.evaluations is None else budget.evaluations)
            or self._spent >= budget.seconds
            or self.clock() >= budget.clock
        )

    def collect(self) -> list[Trial]:
        """Waits for trials."""
        trials = []
        for done in self._executor.collect():
            assert isinstance(done.task, int)
            value = done.value or Evaluation({}, done.seconds, done.error)
            finished = self._before + done.finished - self._began
            trials.append(Trial(done.task, self.pending.pop(done.task), value, finished))
        self._finished += len(trials)
        self._spent += sum(trial.evaluation.seconds for trial in trials)
        return trials


def _settings(strategy: Strategy, evaluator: Evaluator, seed: int) -> dict[str, Any]:
    """What must be the same when a run is continued, as plain JSON values."""
    own = {}
    for name in inspect.signature(type(strategy)).parameters:
        for attribute in (name, f"_{name}"):
            if name not in ("space", "objectives") and hasattr(strategy, attribute):
                own[name] = _plain(getattr(strategy, attribute))
                break
    described = getattr(evaluator, "settings", None)
    return {
        "strategy": type(strategy).__name__,
        "strategy_settings": own,
        "space": strategy.space.name,
        "space_rule": getattr(strategy.space, "what", None),
        "objectives": [asdict(objective) for objective in strategy.objectives],
        "evaluator": _plain(described() if callable(described) else evaluator),
        "seed": seed,
    }


def _plain(value: Any) -> Any:
    """Writes a setting as JSON values; of an object without fields only its name."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(getattr(value, "name", type(value).__name__))


def _versions() -> dict[str, str]:
    """The versions of what is in use; nothing is imported for it."""
    there = [name for name in ("nascast", "numpy", "torch") if name in sys.modules]
    return {
        "python": platform.python_version(),
        **{name: str(sys.modules[name].__version__) for name in there},
    }
