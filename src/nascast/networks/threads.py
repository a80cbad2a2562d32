"""How many cores PyTorch takes."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets PyTorch work on one core.

    One training a core is faster than one over all cores, and small operations take many times
    longer if they wait for threads on cores that others use.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
