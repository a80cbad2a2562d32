"""Agreement of two orders."""

import math

import numpy as np

from nascast.core.types import Floats

__all__ = ["kendall"]

_FEW = 1000  # values, chosen: so many are compared pair by pair in a tenth of a second


def kendall(a: Floats, b: Floats) -> float:
    """Returns Kendall's τ-b of ``(n,)`` values; 0 if one side is constant and so ranks nothing.

    Infinities are the largest and the smallest of values; with a NaN on either side it is NaN.
    """
    if np.isnan(a).any() or np.isnan(b).any():
        return math.nan
    if a.min() == a.max() or b.min() == b.max():
        return 0.0
    if len(a) > _FEW:
        from scipy.stats import kendalltau

        return float(kendalltau(a, b).statistic)
    # Every pair, since importing SciPy's statistics takes a second.
    first, second = _signs(a), _signs(b)
    agreeing = float((first * second).sum()) / 2  # pairs in the same order less those in the other
    untied = (float((signs**2).sum()) / 2 for signs in (first, second))
    tau = agreeing / math.sqrt(next(untied)) / math.sqrt(next(untied))
    return max(-1.0, min(1.0, tau))


def _signs(values: Floats) -> Floats:
    """Returns ``(n, n)``: 1 where the first of a pair is larger, −1 where it is smaller, else 0."""
    larger = np.greater.outer(values, values)
    return larger.astype(np.float64) - larger.T
