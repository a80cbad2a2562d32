"""The one search loop: nothing else evaluates, waits or writes."""

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import numpy as np

from nascast.core.errors import InvalidSettingError, StoreError, UnsupportedError
from nascast.core.evaluator import Evaluator, checked
from nascast.core.executor import Executor
from nascast.core.setup import Setup
from nascast.core.store import Store
from nascast.core.strategy import Strategy
from nascast.core.types import Candidate, Evaluation, Objective, Trial
from nascast.core.versions import versions

__all__ = ["Budget", "Step", "run", "steps"]


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of a run, which ends at the first that it reaches; stored trials count.

    From then on no evaluation is begun; those that are running are finished, and go beyond
    `seconds` or `clock`.

    Attributes:
        evaluations: number of trials, failed ones included.
        seconds: cost of the evaluations, added up over all workers: processor or GPU time, or the
            recorded training time of a benchmark.
        clock: seconds since the run began on the executor's clock, pauses left out: those of a
            watch, or the virtual ones of a simulation. The strategy's thinking is part of them.
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
    """What happened in a run since the step before, for a view of it.

    Attributes:
        trials: new trials since the step before, already stored.
        pending: number of candidates that wait or are being evaluated.
        clock: seconds since the run began, pauses left out.
        running: seconds on that clock when each pending candidate was given to a worker, by number.
    """

    trials: list[Trial]
    pending: int
    clock: float
    running: Mapping[int, float] = field(default_factory=dict)


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
    Where several workers are free the strategy is asked once for all of them, with the seed of the
    first; trials then depend on the order in which evaluations end, which the store keeps. What was
    being evaluated when a run was stopped is asked for again under the same numbers, so that the
    trials of a finished run are 0, 1, 2 … without gaps.

    The seconds of `ask` and `tell` are measured with `Executor.busy`. They are on the executor's
    clock, also a virtual one, and each trial keeps its part: the seconds of asking for it, shared
    by the candidates that were asked for together, and of telling the trials that ended since the
    time before. Telling stored trials when a run goes on is not charged again.

    Args:
        strategy: fresh strategy, or one that knows the first of the stored trials; it is told the
            others first.
        evaluator: evaluator of the candidates; trial k gets the seed k.
        executor: executor of the evaluations.
        store: store of the trials and of the run's `Setup`, which must be the same when the run is
            continued.
        name: name of the run in the store.
        budget: limits of the run, stored trials included; they and the executor may change when a
            run is continued.
        seed: seed of the run, from which all draws of the strategy come.

    Returns:
        All trials of the run, in the order in which they finished.

    Raises:
        StoreError: the run was begun with other settings, or by an earlier nascast.
        UnsupportedError: the budget is in seconds or by a simulated clock, and an evaluation took
            unknown seconds; without such a budget its trial and the later ones have `finished` NaN.
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
) -> Generator[Step, None, None]:
    """Does what `run` does, and yields each step: first the stored trials, then as they come.

    Stopping early, by an interrupt or by asking for no more steps, keeps every trial that finished,
    and closes the executor, since nobody waits for what it is running.
    """
    _begin(store, name, Setup.of(strategy, evaluator, seed))
    if (task := getattr(evaluator, "task", None)) is not None:  # else the usual one
        strategy.task = task
    trials = store.read(name)
    strategy.tell(trials[len(strategy.history) :])
    loop = _Loop(strategy, evaluator, executor, budget, seed, trials, store.reached(name))
    try:
        loop.go_on()
        yield Step(trials, len(loop.pending), loop.clock(), dict(loop.running))
        while loop.pending:
            finished = loop.collect()
            store.append(name, finished)
            loop.go_on(finished)
            yield Step(finished, len(loop.pending), loop.clock(), dict(loop.running))
        if budget.clock <= loop.clock() < math.inf:
            store.reach(name, loop.clock())  # thinking until the limit belongs to no trial
    finally:
        if loop.pending:
            executor.close()


def _begin(store: Store, name: str, setup: Setup) -> None:
    if name in store.runs():
        try:
            Setup.from_json(store.info(name))
        except StoreError as error:
            raise StoreError(
                f"the run {name!r} cannot go on, for it was begun by another version of nascast: "
                f"{error}; go on with that version, or begin a run of another name"
            ) from error
    store.begin(name, {**setup.json(), "versions": versions()})


class _Loop:
    """A run as it goes on: the pending candidates, and the budget spent so far."""

    def __init__(
        self,
        strategy: Strategy,
        evaluator: Evaluator,
        executor: Executor,
        budget: Budget,
        seed: int,
        trials: list[Trial],
        reached: float,
    ) -> None:
        self.pending: dict[int, Candidate] = {}
        self.running: dict[int, float] = {}
        self._strategy, self._executor = strategy, executor
        self._evaluate = partial(_evaluate, evaluator, tuple(strategy.objectives))
        self._budget, self._seed = budget, seed
        known = {trial.id for trial in trials}
        self._numbers = (k for k in count() if k not in known)
        self._next = next(self._numbers)
        self._finished = len(trials)
        self._spent = sum(trial.evaluation.seconds for trial in trials)
        ends = [reached, *(trial.finished for trial in trials)]
        self._before = math.nan if any(map(math.isnan, ends)) else max(ends)
        self._began = executor.now()
        self._thought = 0.0  # seconds that no candidate was charged for yet
        self._thinking: dict[int, float] = {}  # seconds for each pending candidate

    def clock(self) -> float:
        """Returns the seconds since the run began, pauses left out."""
        return self._before + self._executor.now() - self._began

    def go_on(self, told: Sequence[Trial] = ()) -> None:
        """Tells the strategy trials, and gives every free worker a candidate within the budget.

        Asking and telling are timed together, since reading a clock of processor time is slow.
        """
        candidates = self._think(told)
        while candidates:
            share, self._thought = self._thought / len(candidates), 0.0
            for candidate in candidates:
                number, self._next = self._next, next(self._numbers)
                self.pending[number], self._thinking[number] = candidate, share
                self.running[number] = self.clock()
                self._executor.submit(number, partial(self._evaluate, candidate, number))
            candidates = self._think()

    def _think(self, told: Sequence[Trial] = ()) -> list[Candidate]:
        """Returns candidates for the free workers; none if asking took until the clock's limit.

        None also if no worker is free, or the strategy waits or is at its end.
        """
        free = self._free()
        if free <= 0 and not told:
            return []
        candidates: list[Candidate] = []
        rng, pending = np.random.default_rng([self._seed, self._next]), tuple(self.pending.values())
        began = self._executor.busy()
        if told:
            self._strategy.tell(told)
        if free > 0:
            candidates = self._strategy.ask(free, rng, pending)[:free]
        seconds = self._executor.busy() - began
        self._thought += seconds
        self._executor.spend(seconds)
        return [] if self._is_late() else candidates

    def _is_late(self) -> bool:
        return self._budget.clock < math.inf and self.clock() >= self._budget.clock

    def _free(self) -> int:
        """Returns the number of evaluations that may begin now."""
        free = self._executor.workers - len(self.pending)
        if free <= 0:
            return 0
        budget = self._budget
        limits = (budget.seconds, self._spent), (budget.clock, self.clock())
        if any(limit < math.inf and math.isnan(spent) for limit, spent in limits):
            raise UnsupportedError(
                "a budget in time needs evaluations that say what they cost, and one did not; "
                "give a number of evaluations instead"
            )
        if (not math.isinf(budget.seconds) and self._spent >= budget.seconds) or self._is_late():
            return 0
        if budget.evaluations is None:
            return free
        return min(free, budget.evaluations - self._finished - len(self.pending))

    def collect(self) -> list[Trial]:
        """Waits until evaluations end; stores their trials and returns them."""
        trials = []
        for done in self._executor.collect():
            assert isinstance(done.task, int)
            value = done.value or Evaluation({}, done.seconds, done.error or "nothing came back")
            finished = self._before + done.finished - self._began
            candidate, thinking = self.pending.pop(done.task), self._thinking.pop(done.task)
            del self.running[done.task]
            trials.append(Trial(done.task, candidate, value, finished, thinking))
        self._finished += len(trials)
        self._spent += sum(trial.evaluation.seconds for trial in trials)
        return trials


def _evaluate(
    evaluator: Evaluator, objectives: Sequence[Objective], candidate: Candidate, seed: int
) -> Evaluation:
    """Evaluates a candidate where it is run, so that an executor sees evaluations only."""
    return checked(evaluator.evaluate(candidate, seed), objectives)
