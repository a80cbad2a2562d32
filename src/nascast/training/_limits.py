"""Limits that end a training of too much time or memory, without ending its process."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from nascast.core.errors import NascastError, UnsupportedError
from nascast.core.memory import more_memory

__all__ = ["MemoryLimitError", "TimeLimitError", "limited_memory", "time_guard"]

_MIB = 2**20
_NO_MEMORY = (  # in the messages of PyTorch's and oneDNN's RuntimeError
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "could not create a primitive",
    "could not execute a primitive",
)


class TimeLimitError(NascastError):
    """A training took longer than it may."""


class MemoryLimitError(NascastError):
    """A training needed more memory than it may have, or than there is."""


def time_guard(seconds: float | None) -> Callable[[], None] | None:
    """Returns a function that raises once `seconds` wall seconds have passed from now."""
    if seconds is None:
        return None
    ends = time.monotonic() + seconds

    def guard() -> None:
        if time.monotonic() > ends:
            raise TimeLimitError(f"it took more than {seconds:g} seconds")

    return guard


@contextmanager
def limited_memory(mib: float | None, device: str) -> Iterator[None]:
    """Lets the process take `mib` MiB more than it has; None is as much as there is.

    On a CPU an allocation beyond it fails (``RLIMIT_DATA``, which counts private memory as it is
    asked for), on CUDA one in PyTorch's allocator.

    Raises:
        MemoryLimitError: memory ran out.
        UnsupportedError: there is a limit on a CPU, and the system is not Linux.
    """
    limit = _gpu_limit if device.startswith("cuda") else _cpu_limit
    try:
        if mib is None:
            yield
        else:
            with limit(mib, device):
                yield
    except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
        text = str(error)
        if isinstance(error, MemoryError) or any(words in text.lower() for words in _NO_MEMORY):
            allowed = "" if mib is None else f" (limit {mib:g} MiB)"
            first = text.splitlines()[0] if text else "allocation failed"
            raise MemoryLimitError(f"out of memory{allowed}: {first}") from error
        raise


@contextmanager
def _cpu_limit(mib: float, device: str) -> Iterator[None]:
    if sys.platform != "linux":
        raise UnsupportedError("a memory limit for trainings on a CPU needs Linux; leave it out")
    with more_memory(mib):
        yield


@contextmanager
def _gpu_limit(mib: float, device: str) -> Iterator[None]:
    index = torch.device(device).index
    place = torch.cuda.current_device() if index is None else index
    held = torch.cuda.memory_reserved(place)
    total = torch.cuda.get_device_properties(place).total_memory
    torch.cuda.set_per_process_memory_fraction(min((held + mib * _MIB) / total, 1.0), place)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, place)
