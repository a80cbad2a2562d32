"""The progress of a study: steps as they are done, results as they come."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from nascast.core.executor import Done, Executor

__all__ = ["Progress", "finished"]


@dataclass
class Progress:
    """Functions called with the progress of a study, which the command line draws.

    Attributes:
        start: function called with a description and the number of steps of a stage.
        advance: function called with the number of steps done since.
    """

    start: Callable[[str, int], None] = field(default=lambda name, steps: None)
    advance: Callable[[int], None] = field(default=lambda steps: None)


def finished(executor: Executor, count: int) -> Iterator[Done]:
    """Yields `count` finished calls as they come."""
    while count > 0:
        for done in executor.collect():
            count -= 1
            yield done
