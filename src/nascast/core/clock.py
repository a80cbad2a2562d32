"""The clock of costs: processor time, which what else a machine does leaves alone.

Recorded trainings on a CPU and measured compute are both counted by it, so that they can be added.
"""

import time
from collections.abc import Callable

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

__all__ = ["clock_of", "processor_seconds"]


def processor_seconds() -> float:
    """Returns processor seconds of all threads of this process and of the children it waited for.

    User and system time. Left out is what a GPU computes, and what processes do that still run.
    """
    seconds = time.process_time()
    if resource is not None:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds += children.ru_utime + children.ru_stime
    return seconds


def clock_of(device: str) -> Callable[[], float]:
    """Returns the clock of work on a device: processor seconds, on a GPU those of the wall."""
    return processor_seconds if device == "cpu" else time.perf_counter
