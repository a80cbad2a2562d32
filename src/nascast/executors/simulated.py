"""Many workers on a virtual clock, driven by recorded seconds."""

import heapq
import itertools
import math
from collections.abc import Callable, Hashable
from typing import Any

from nascast.core.clock import processor_seconds
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.executor import Done, Executor
from nascast.core.types import Evaluation

__all__ = ["Simulated"]


class Simulated(Executor):
    """Runs calls at once, and returns them when they would have ended with so many workers.

    A call runs in this process when it is submitted. The ``seconds`` of its result, an
    `Evaluation`, are the virtual time that one worker is busy with it; any other result, or a call
    that raises, takes none. Tasks go to workers in the order in which they were submitted.
    Collecting advances the clock to the next end of a task, and returns all tasks that end then,
    in the order in which they were submitted. The clock begins at 0.

    The strategy's thinking goes on the clock too: it begins tasks later, while workers that are
    busy go on. Since it is measured, it differs from run to run; so it does not decide which worker
    has which task, nor which task ends first. Those are as if thinking took no time: the same seed
    gives the same order. A task that would by the clock have ended before one that this order has
    first is returned with that one's time.

    Records without seconds have no clock to simulate: from the first result whose seconds are NaN
    the clock is NaN and stays so. Such a task takes no time in the order, so that the workers go on
    in rounds: all tasks of a round end together.
    """

    def __init__(self, workers: int = 1, clock: Callable[[], float] = processor_seconds) -> None:
        """Begins with free workers.

        Args:
            workers: number of workers, each with one call at a time.
            clock: function that returns the seconds by which thinking is measured, see `busy`.
        """
        if workers < 1:
            raise InvalidSettingError(f"expected at least 1 worker; got {workers}")
        self.workers = workers
        self._clock = clock
        self._now = 0.0
        self._ends = [0.0] * workers  # when each worker will be free, by the clock
        # The same without thinking, which decides the order:
        self._now_ordered = 0.0
        self._free = [(0.0, worker) for worker in range(workers)]  # a heap
        self._order = itertools.count()
        self._running: list[tuple[float, int, Done]] = []  # a heap by end and order

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        try:
            value, error = call(), None
        except Exception as failure:  # a failed call is data; the caller decides
            value, error = None, f"{type(failure).__name__}: {failure}"
        seconds = float(value.seconds) if isinstance(value, Evaluation) else 0.0
        if seconds < 0 or math.isinf(seconds):
            raise UnsupportedError(
                f"a virtual clock needs evaluations that took some seconds, or NaN where nobody "
                f"knows; {task!r} took {seconds}"
            )
        known = 0.0 if math.isnan(seconds) else seconds
        # Tasks start in their order, so that a task's worker is known before the task starts.
        free, worker = self._free[0]
        place = max(self._now_ordered, free) + known
        heapq.heapreplace(self._free, (place, worker))
        end = self._ends[worker] = _later(self._now, self._ends[worker]) + seconds
        done = Done(task, value, error, end, seconds)
        heapq.heappush(self._running, (place, next(self._order), done))

    def collect(self) -> list[Done]:
        if self._running:
            self._now_ordered = self._running[0][0]
        finished = []
        while self._running and self._running[0][0] == self._now_ordered:
            done = heapq.heappop(self._running)[2]
            if not done.finished >= self._now:
                end = _later(self._now, done.finished)
                done = Done(done.task, done.value, done.error, end, done.seconds)
            self._now = done.finished
            finished.append(done)
        return finished

    def now(self) -> float:
        return self._now

    def busy(self) -> float:
        return self._clock()

    def spend(self, seconds: float) -> None:
        self._now += seconds

    def close(self) -> None:
        self._running.clear()
        self._free = [(self._now_ordered, worker) for worker in range(self.workers)]
        self._ends = [self._now] * self.workers


def _later(one: float, other: float) -> float:
    """Returns the later of two times, NaN where one is unknown."""
    return math.nan if math.isnan(one) or math.isnan(other) else max(one, other)
