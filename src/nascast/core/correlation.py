"""Agreement of two orders."""

import math

import numpy as np

from nascast.core.types import Floats

__all__ = ["kendall"]

_FEW = 1000  # values, chosen: so many are compared pair by pair in a tenth of a second


def kendall(a: Floats, b: Floats) -> float:
    """Returns Kendall's τ-b of ``(n,)`` values; 0 if one side is constant and so ranks nothing."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    if len(a) > _FEW:
        from scipy.stats import kendalltau

        return float(kendalltau(a, b).statistic)
    # Every pair, since importing SciPy's statistics takes a second.
    first, second = np.sign(np.subtract.outer(a, a)), np.sign(np.subtract.outer(b, b))
    agreeing = float((first * second).sum()) / 2  # pairs in the same order less those in the other
    untied = (float((signs**2).sum()) / 2 for signs in (first, second))
    tau = agreeing / math.sqrt(next(untied)) / math.sqrt(next(untied))
    return max(-1.0, min(1.0, tau))
