"""A bound on the memory of this process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["more_memory"]

_MIB = 2**20


@contextmanager
def more_memory(mib: float) -> Iterator[None]:
    """Lets this process take `mib` MiB more than it has; allocations beyond that fail.

    The bound is ``RLIMIT_DATA``, which counts private memory as it is asked for. On systems other
    than Linux there is no bound.
    """
    if sys.platform != "linux":
        yield
        return
    import resource

    kib = next(
        int(line.split()[1])
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmData")
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = int(kib * 1024 + mib * _MIB)
    least = min([wanted, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)])
    resource.setrlimit(resource.RLIMIT_DATA, (least, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
