"""Non-dominated sorting and crowding distance (Deb et al. 2002)."""

import numpy as np
import numpy.typing as npt

from nascast.core.types import Floats

__all__ = ["crowding", "ranks"]


def ranks(scores: Floats) -> npt.NDArray[np.intp]:
    """Returns ``(n,)``: 0 for rows nobody dominates, 1 for those dominated by these alone, ….

    A row dominates another if it is nowhere smaller and somewhere larger. Section III-A.

    Args:
        scores: ``(n, objectives)``, larger is better, without NaN.
    """
    at_least = np.asarray((scores[:, None] >= scores).all(axis=2))
    dominates = at_least & ~at_least.T  # (n, n): row over column
    rank = np.full(len(scores), -1, dtype=np.intp)
    above = dominates.sum(axis=0)
    level = 0
    while (rank < 0).any():
        front = (above == 0) & (rank < 0)
        rank[front] = level
        above = above - dominates[front].sum(axis=0)
        level += 1
    return rank


def crowding(scores: Floats, rank: npt.NDArray[np.intp]) -> Floats:
    """Returns ``(n,)``: how far apart a row's neighbours in its front are, summed over objectives.

    Differences are divided by the range of the objective in the front; the ends are infinitely
    far. Section III-B.

    Args:
        scores: ``(n, objectives)``.
        rank: ``(n,)``, of the fronts.
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
