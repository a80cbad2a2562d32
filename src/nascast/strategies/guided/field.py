"""The rows among which a search chooses, as points of a Euclidean space."""

from dataclasses import dataclass

import numpy as np

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.feature import Encoding
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes

__all__ = ["Coordinates", "encoding_for", "some_rows"]

_ROWS = 2000  # rows by which columns are scaled where not all are known; chosen


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """Columns of an encoding, scaled so that squared distances are 1 in the mean.

    Every column has deviation 1 among the rows that it is scaled by; one that is constant there
    counts for nothing.
    """

    space: SearchSpace
    encoding: Encoding
    center: Floats
    factor: Floats

    @classmethod
    def by(cls, space: SearchSpace, encoding: Encoding, rows: Genes) -> "Coordinates":
        """Returns coordinates scaled by ``(m, length)`` rows."""
        columns = np.asarray(encoding.encode(space, rows), dtype=np.float64)
        spread = columns.std(0)
        factor = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
        # Two independent draws of a column of deviation 1 have a mean squared distance of 2.
        return cls(
            space, encoding, columns.mean(0), factor / np.sqrt(2 * max((spread > 0).sum(), 1))
        )

    def __call__(self, genes: Genes) -> Floats:
        """Returns ``(n, d)`` coordinates of rows."""
        return (self.encoding.encode(self.space, genes) - self.center) * self.factor


def encoding_for(space: SearchSpace) -> Encoding:
    """Returns neural graph features, or one-hot genes where the space has no graphs."""
    try:
        space.graphs(space.sample(1, np.random.default_rng(0)))
    except UnsupportedError:
        return plugins.load("encoding", "adjacency_one_hot")  # type: ignore[no-any-return]
    return plugins.load("encoding", "graf")  # type: ignore[no-any-return]


def some_rows(space: SearchSpace) -> Genes:
    """Returns ``(m, length)`` rows of the space, without its limits, always the same ones."""
    while isinstance(space, Restricted):
        space = space.inner
    return space.sample(_ROWS, np.random.default_rng(0))
