"""Non-dominated sorting and crowding distance (Deb et al. 2002)."""

from bisect import bisect_left
from functools import partial

import numpy as np
import numpy.typing as npt

from nascast.core.types import Bools, Floats

__all__ = ["crowding", "pareto", "ranks"]


def ranks(scores: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Returns ``(n,)`` ranks: 0 for rows nobody dominates, 1 for rows only those dominate, ….

    A row dominates another if it is nowhere smaller and somewhere larger. Section III-A. Of equal
    rows all have the same rank. It takes about n log n steps for two objectives, and n times the
    size of some fronts for more (Zhang et al. 2015, https://doi.org/10.1109/TEVC.2014.2308305).

    Args:
        scores: ``(n, objectives)``, larger is better; NaN is the worst there is.
    """
    values = np.asarray(scores, dtype=np.float64)
    return _ranks(values, len(values))


def pareto(points: npt.ArrayLike) -> Bools:
    """Returns ``(n,)``: whether no row dominates it, so that it has rank 0.

    Args:
        points: ``(n, objectives)``, larger is better; NaN is the worst there is.
    """
    return np.asarray(_ranks(np.asarray(points, dtype=np.float64), 1) == 0)


def _ranks(scores: Floats, most: int) -> npt.NDArray[np.intp]:
    """Returns ``(n,)`` ranks below `most`, and `most` for all rows behind those.

    Rows come in descending order, so that none dominates one before it. A row that some row of a
    front dominates is dominated by one of each front before, too; so the first front that holds
    none is found by bisection.
    """
    losses = np.where(np.isnan(scores), np.inf, -scores)
    rows, place = np.unique(losses + 0.0, axis=0, return_inverse=True)  # + 0.0: there is no −0
    rank = np.empty(len(rows), dtype=np.intp)
    fronts: list[_Front] = []
    for i, row in enumerate(rows[:, 1:]):
        rank[i] = bisect_left(fronts, True, key=partial(_clear_of, row))
        if rank[i] == most:
            continue
        if rank[i] == len(fronts):
            fronts.append(_Front(len(row)))
        fronts[rank[i]].add(row)
    return rank[place.reshape(-1)]


def _clear_of(row: Floats, front: "_Front") -> bool:
    return not front.dominates(row)


class _Front:
    """Losses of the rows of a front, without the first one, in which they came in order."""

    def __init__(self, columns: int) -> None:
        self._rows = np.empty((1, columns))
        self._count = 0

    def add(self, row: Floats) -> None:
        # With one column left the last row has the least loss of all, and stands for them.
        if self._count == len(self._rows) and len(row) > 1:
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._count = self._count + 1 if len(row) > 1 else 1
        self._rows[self._count - 1] = row

    def dominates(self, row: Floats) -> bool:
        """Returns whether a row of the front is nowhere worse; rows of the front came earlier."""
        return bool((self._rows[: self._count] <= row).all(axis=1).any())


def crowding(scores: Floats, rank: npt.NDArray[np.intp]) -> Floats:
    """Returns ``(n,)`` crowding distances: those between a row's two neighbours in its front.

    They are summed over objectives, each divided by its range in the front; rows at the ends of a
    front have infinity. Section III-B.

    Args:
        scores: ``(n, objectives)``, larger is better.
        rank: ``(n,)`` ranks of the rows, as `ranks` returns them.
    """
    distance = np.zeros(len(scores))
    for level in np.unique(rank):
        front = np.flatnonzero(rank == level)
        for values in scores[front].T:
            order = np.argsort(values, kind="stable")
            width = values[order[-1]] - values[order[0]]
            distance[front[order[[0, -1]]]] = np.inf
            if width > 0:
                gaps = values[order[2:]] - values[order[:-2]]
                distance[front[order[1:-1]]] += gaps / width
    return distance
