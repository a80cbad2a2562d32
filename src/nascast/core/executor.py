"""Executors run calls and own the clock."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from nascast.core.clock import processor_seconds

__all__ = ["Done", "Executor"]


@dataclass(frozen=True, slots=True)
class Done:
    """A finished task.

    Attributes:
        task: the name it was submitted under.
        value: what the call returned, or None.
        error: what ended the call, or None.
        finished: seconds on the executor's clock.
        seconds: how long a worker was busy with the call; 0 where the executor cannot know.
    """

    task: Hashable
    value: Any
    error: str | None
    finished: float
    seconds: float = 0.0


class Executor(ABC):
    """Runs submitted calls on some workers, each exactly once unless its worker dies.

    Attributes:
        workers: how many calls run at a time.
    """

    workers: int

    @abstractmethod
    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        """Queues a call under a name of its own; a call for another process must pickle."""

    @abstractmethod
    def collect(self) -> list[Done]:
        """Waits until something is finished and returns it; empty if nothing is queued.

        A call that raises, or whose worker dies, comes back with `error` and does not raise here.
        """

    def now(self) -> float:
        """Returns the seconds on this executor's clock, which never goes back."""
        return time.monotonic()

    def busy(self) -> float:
        """Returns the seconds that this process was at work; the runner measures thinking by it.

        See `processor_seconds`, which miss what a strategy computes on a GPU: for such a one,
        override this with a monotonic clock, as ``Simulated(clock=time.monotonic)`` does.
        """
        return processor_seconds()

    def spend(self, seconds: float) -> None:
        """Takes that the strategy thought for so long, and puts it on a clock that is virtual.

        A clock that goes by itself went on meanwhile.
        """
        return

    def close(self) -> None:
        """Drops what is queued and stops the workers; may be called twice."""
        return

    def __enter__(self) -> "Executor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
