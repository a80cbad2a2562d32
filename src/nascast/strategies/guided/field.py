"""The rows among which a search chooses, as points of a Euclidean space."""

from dataclasses import dataclass

import numpy as np

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.feature import Encoding
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes
from nascast.strategies._listing import LISTED

__all__ = ["Coordinates", "encoding_for", "some_rows"]

_CONSTANT = 1e-9  # deviation below which a column is constant but for rounding; chosen
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
        columns = columns_of(space, encoding, rows)
        spread = columns.std(0)
        varied = spread > _CONSTANT
        factor = np.divide(1, spread, out=np.zeros_like(spread), where=varied)
        # Two independent draws of a column of deviation 1 have a mean squared distance of 2.
        factor /= np.sqrt(2 * (int(np.count_nonzero(varied)) or 1))
        return cls(space, encoding, columns.mean(0), factor)

    def __call__(self, genes: Genes) -> Floats:
        """Returns ``(n, d)`` coordinates of rows."""
        return (columns_of(self.space, self.encoding, genes) - self.center) * self.factor


def columns_of(space: SearchSpace, encoding: Encoding, genes: Genes) -> Floats:
    """Returns ``(n, d)`` columns of an encoding, the same for equivalent rows of a small space.

    There they are the means over all rows that are equivalent, since which of them stands for a
    network says nothing of it. On nb201-mini the search needs a tenth fewer trainings with them.
    """
    whole = without_limits(space)
    if whole.size() > LISTED:
        return np.asarray(encoding.encode(space, genes), dtype=np.float64)
    every = whole.all()
    networks, place = np.unique(whole.codes(whole.canonical(every)), return_inverse=True)
    columns = np.asarray(encoding.encode(whole, every), dtype=np.float64)
    means = np.zeros((len(networks), columns.shape[1]))
    np.add.at(means, place, columns)
    means /= np.bincount(place)[:, None]
    return np.asarray(means[np.searchsorted(networks, whole.codes(whole.canonical(genes)))])


def encoding_for(space: SearchSpace) -> Encoding:
    """Returns neural graph features, or one-hot genes where the space has no graphs."""
    try:
        space.graphs(space.sample(1, np.random.default_rng(0)))
    except UnsupportedError:
        return plugins.load("encoding", "adjacency_one_hot")  # type: ignore[no-any-return]
    return plugins.load("encoding", "graf")  # type: ignore[no-any-return]


def some_rows(space: SearchSpace) -> Genes:
    """Returns ``(m, length)`` rows of the space, without its limits, always the same ones."""
    return without_limits(space).sample(_ROWS, np.random.default_rng(0))


def without_limits(space: SearchSpace) -> SearchSpace:
    """Returns the whole space of which a space may be a part."""
    while isinstance(space, Restricted):
        space = space.inner
    return space
