"""Many workers on a virtual clock, driven by recorded seconds."""

import heapq
import itertools
from collections.abc import Callable, Hashable
from typing import Any

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.executor import Done, Executor

__all__ = ["Simulated"]


class Simulated(Executor):
    """Answers at once, and tells when the answer would have come from so many workers.

    A call runs in this process when it is submitted. The ``seconds`` of its result, an
    `Evaluation`, are the virtual time that one worker is busy with it; a result without them, or a
    call that raises, takes none. Tasks go to workers in the order in which they were submitted.
    Collecting advances the clock to the next end of a task, and returns all tasks that end then,
    in the order in which they were submitted. The clock begins at 0.
    """

    def __init__(self, workers: int = 1) -> None:
        if workers < 1:
            raise InvalidSettingError(f"expected at least 1 worker; got {workers}")
        self.workers = workers
        self._now = 0.0
        self._order = itertools.count()
        self._free = [0.0] * workers  # a heap: when each worker will be free
        self._running: list[tuple[float, int, Done]] = []  # a heap by end and order

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        try:
            value, error = call(), None
        except Exception as failure:  # a failed call is data; the caller decides
            value, error = None, f"{type(failure).__name__}: {failure}"
        seconds = float(getattr(value, "seconds", 0.0))
        if not 0 <= seconds < float("inf"):
            raise UnsupportedError(
                f"a virtual clock needs evaluations that took a known time; {task!r} took "
                f"{seconds} seconds. Records without seconds go with the executor serial"
            )
        # Tasks start in their order, so that a task's worker is known before the task starts.
        end = max(self._now, self._free[0]) + seconds
        heapq.heapreplace(self._free, end)
        done = Done(task, value, error, end, seconds)
        heapq.heappush(self._running, (end, next(self._order), done))

    def collect(self) -> list[Done]:
        if self._running:
            self._now = self._running[0][0]
        finished = []
        while self._running and self._running[0][0] == self._now:
            finished.append(heapq.heappop(self._running)[2])
        return finished

    def now(self) -> float:
        return self._now

    def close(self) -> None:
        self._running.clear()
        self._free = [self._now] * self.workers
