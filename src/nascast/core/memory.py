"""A bound on the memory of this process."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["more_memory"]

_MIB = 2**20


@contextmanager
def more_memory(mib: float) -> Iterator[None]:
    """Lets this process take `mib` MiB more than it has; allocations beyond that fail.

    The bound is ``RLIMIT_DATA``, which counts private memory as it is asked for. Where several
    threads set one at once, the least of them holds. On systems other than Linux there is no bound.
    """
    if sys.platform != "linux":
        yield
        return
    mark = _LIMITS.add(int(_held() + mib * _MIB))
    try:
        yield
    finally:
        _LIMITS.remove(mark)


class _Limits:
    """The limits that hold at a moment, and what held before the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[object, int] = {}
        self._before = 0

    def add(self, limit: int) -> object:
        """Sets a limit, and returns what `remove` takes."""
        mark = object()
        with self._lock:
            if not self._held:
                self._before = _soft()
            self._held[mark] = limit
            self._apply()
        return mark

    def remove(self, mark: object) -> None:
        """Takes a limit away."""
        with self._lock:
            del self._held[mark]
            self._apply()

    def _apply(self) -> None:
        import resource

        free = resource.RLIM_INFINITY
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        known = [limit for limit in (self._before, hard) if limit != free]
        least = min([*self._held.values(), *known]) if self._held else self._before
        resource.setrlimit(resource.RLIMIT_DATA, (least, hard))


_LIMITS = _Limits()


def _soft() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_DATA)[0]


def _held() -> int:
    """Returns the private memory of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData"))
