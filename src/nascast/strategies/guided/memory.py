"""The trials that a process is conditioned on, where there are too many for all of them."""

import numpy as np
import numpy.typing as npt

from nascast.core.types import Floats

__all__ = ["ALL", "remembered"]

_STEP = 500  # trials between two selections, and in each; chosen, an ask then takes below .1 s
ALL = 2 * _STEP  # trials up to which none is forgotten


def remembered(scores: Floats) -> tuple[int, npt.NDArray[np.intp]]:
    """Returns how many of the first trials were selected from, and ``(k,)`` indices, ascending.

    Up to 1,000 are all remembered. Of more, those since the last multiple of 500 are, and of those
    before it 500: the better half of these are the best, and the others evenly from the rest.

    Args:
        scores: ``(n, objectives)`` scores, larger is better, NaN for a failure.
    """
    n = len(scores)
    if n <= ALL:
        return 0, np.arange(n)
    before = (n - 1) // _STEP * _STEP
    old = np.nan_to_num(scores[:before], nan=-np.inf)
    from scipy.stats import rankdata  # a second to load, and few searches have as many trials

    order = np.argsort(-rankdata(old, axis=0).sum(1), kind="stable")
    even = np.linspace(_STEP // 2, before - 1, _STEP - _STEP // 2).round().astype(np.intp)
    few = np.sort(np.concatenate([order[: _STEP // 2], order[even]]))
    return before, np.concatenate([few, np.arange(before, n)])
