"""The number of threads that the numerical libraries of a process use.

One call a core is faster than one call over all cores, and small operations take many times longer
if they wait for threads on cores that others use: eigenvalues of a 64×64 matrix 33 ms instead of
.8. So whatever is timed, and every worker, has one thread in PyTorch, in BLAS and in OpenMP.
"""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

__all__ = ["hold_to_one_thread", "one_thread"]

# Read by the libraries when they are loaded; the first is read by nearly all of them.
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_NUMERICAL = ("numpy", "torch")  # without them no library with threads is worth a search


def hold_to_one_thread() -> None:
    """Holds all libraries of this process to one thread, also those loaded later; for workers."""
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
    if any(name in sys.modules for name in _NUMERICAL):
        _pools(len(sys.modules)).limit(limits=1)
        _set_torch(1)


@contextmanager
def one_thread(*modules: str) -> Iterator[None]:
    """Holds the libraries that are loaded to one thread inside a ``with``, or a decorated function.

    A library that is first loaded inside is not held, except in a worker.

    Args:
        modules: imported before, where they are installed, so that they are held too.
    """
    for module in modules:
        with suppress(ModuleNotFoundError):
            importlib.import_module(module)
    before = _set_torch(1)
    try:
        with _pools(len(sys.modules)).limit(limits=1):
            yield
    finally:
        _set_torch(before)


def _set_torch(threads: int | None) -> int | None:
    """Sets PyTorch's threads, if it is loaded; returns those it had. None changes nothing."""
    torch = sys.modules.get("torch")
    if torch is None or threads is None:
        return None
    before: int = torch.get_num_threads()
    torch.set_num_threads(threads)
    return before


@lru_cache(maxsize=1)
def _pools(modules: int) -> Any:
    """Returns the thread pools of this process; looked for again when more modules are loaded."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
