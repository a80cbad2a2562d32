"""Executors run calls and own the clock."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any

from nascast.core.clock import processor_seconds

__all__ = ["Done", "Executor"]


@dataclass(frozen=True, slots=True)
class Done:
    """A finished call.

    Attributes:
        task: name under which the call was submitted.
        value: value that the call returned, or None.
        error: description of the error that ended the call, or None.
        finished: time on the executor's clock, in seconds, when the call ended.
        seconds: seconds that a worker was busy with the call; 0 where the executor cannot know.
    """

    task: Hashable
    value: Any
    error: str | None
    finished: float
    seconds: float = 0.0


class Executor(ABC):
    """Runs submitted calls on some workers, each exactly once unless its worker dies.

    Attributes:
        workers: number of calls that run at a time.
    """

    workers: int

    @cached_property
    def _incidents(self) -> list[str]:
        """What befell workers since `incidents` was asked; executors append to it."""
        return []

    @abstractmethod
    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        """Queues a call under a name that no other has; a call for another process must pickle."""

    @abstractmethod
    def collect(self) -> list[Done]:
        """Waits until calls are finished and returns them; returns none if none is queued.

        A call that raises, or whose worker dies, comes back with `error` and does not raise here.
        """

    def now(self) -> float:
        """Returns the seconds on this executor's clock, which never goes back."""
        return time.monotonic()

    def busy(self) -> float:
        """Returns the seconds that this process was at work, by which thinking is measured.

        They are `processor_seconds`, and miss what a strategy computes on a GPU: for such a
        strategy, override this with a monotonic clock, as ``Simulated(clock=time.monotonic)`` does.
        """
        return processor_seconds()

    def spend(self, seconds: float) -> None:
        """Puts the seconds that a strategy thought on the clock, where the clock is virtual.

        Here nothing is done, since a real clock went on meanwhile.
        """
        return

    def incidents(self) -> list[str]:
        """Returns in words what befell workers since the last call, such as a node that was lost.

        It is for people to read: what ran there runs again, or comes back with an error.
        """
        found = [*self._incidents]
        self._incidents.clear()
        return found

    def close(self) -> None:
        """Drops the queued calls and stops the workers; may be called twice."""
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
