"""Calls one at a time, in this process."""

import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from nascast.core.executor import Done, Executor

__all__ = ["Serial"]


class Serial(Executor):
    """Runs each call when its result is collected."""

    workers = 1

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._queue: deque[tuple[Hashable, Callable[[], Any]]] = deque()

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        self._queue.append((task, call))

    def collect(self) -> list[Done]:
        if not self._queue:
            return []
        task, call = self._queue.popleft()
        began = self._clock()
        try:
            value, error = call(), None
        except Exception as failure:  # a failed call is data; the caller decides
            value, error = None, f"{type(failure).__name__}: {failure}"
        end = self._clock()
        return [Done(task, value, error, end, end - began)]

    def now(self) -> float:
        return self._clock()

    def close(self) -> None:
        self._queue.clear()
