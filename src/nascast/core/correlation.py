"""Agreement of two orders."""

import math

import numpy as np
import numpy.typing as npt

from nascast.core.types import Floats

__all__ = ["kendall"]

_FEW = 120  # values that are faster compared pair by pair; measured


def kendall(a: Floats, b: Floats) -> float:
    """Returns Kendall's τ-b of ``(n,)`` values; 0 if one side is constant and so ranks nothing.

    Infinities are the largest and the smallest of values; with a NaN on either side it is NaN.
    """
    if np.isnan(a).any() or np.isnan(b).any():
        return math.nan
    if a.min() == a.max() or b.min() == b.max():
        return 0.0
    # Not SciPy's, since importing its statistics takes most of a second.
    agreeing, *untied = _counted(a, b) if len(a) > _FEW else _compared(a, b)
    tau = agreeing / math.sqrt(untied[0]) / math.sqrt(untied[1])
    return max(-1.0, min(1.0, tau))


def _compared(a: Floats, b: Floats) -> tuple[int, int, int]:
    """Returns what `_counted` does, from every pair."""
    first, second = _signs(a), _signs(b)
    agreeing, *untied = (
        (x * y).sum() for x, y in ((first, second), (first, first), (second, second))
    )
    return int(agreeing) // 2, int(untied[0]) // 2, int(untied[1]) // 2


def _counted(a: Floats, b: Floats) -> tuple[int, int, int]:
    """Returns the pairs in the same order less those in the other, and those not tied on each side.

    Knight's way (1966), https://doi.org/10.1080/01621459.1966.10480879: in n·log n steps.
    """
    x, y = (np.unique(values, return_inverse=True)[1].astype(np.int64) for values in (a, b))
    every = len(a) * (len(a) - 1) // 2
    tied = [_pairs(values) for values in (x, y, x * len(a) + y)]
    other = _inversions(y[np.lexsort((y, x))])
    same = every - tied[0] - tied[1] + tied[2] - other
    return same - other, every - tied[0], every - tied[1]


def _pairs(values: npt.NDArray[np.int64]) -> int:
    """Returns how many pairs of values are equal."""
    counts = np.unique(values, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def _inversions(values: npt.NDArray[np.int64]) -> int:
    """Returns how many pairs of values from 0 have the larger one first.

    Bit by bit from the highest: of two that differ in it, and in none before, it says which is
    larger. Those that are equal so far stand together, in the order given.
    """
    found = 0
    for bit in reversed(range(int(values.max()).bit_length())):
        ones = values >> bit & 1
        before = np.append(0, ones.cumsum())  # ones before each place
        groups = values >> bit + 1
        first = groups.searchsorted(groups)  # the first place of the group
        found += int(((before[:-1] - before[first]) * (1 - ones)).sum())
        values = values[(values >> bit).argsort(kind="stable")]
    return found


def _signs(values: Floats) -> Floats:
    """Returns ``(n, n)``: 1 where the first of a pair is larger, −1 where it is smaller, else 0."""
    larger = np.greater.outer(values, values)
    return larger.astype(np.float64) - larger.T
