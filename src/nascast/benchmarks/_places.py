"""The places of rows in a table."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.graph import mix
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Genes

__all__ = ["Places", "keys"]

_LISTED = 2**16  # rows of genes of a space for which every one gets a place; chosen
_NOWHERE = -1

Indices = npt.NDArray[np.intp]


class Places:
    """Finds rows in a table, as they stand or by their canonical rows.

    A small space has a list of the places of all rows of genes; others have sorted keys.
    """

    def __init__(self, space: SearchSpace, genes: Genes, canonical: bool) -> None:
        """Takes the rows of a table, ``(m, length)``.

        Args:
            space: search space of the rows.
            genes: valid rows.
            canonical: whether all are canonical, and stand for all rows equivalent to them;
                otherwise the first of them stands for an equivalent one that is not there.
        """
        self._space = space
        self._genes = genes
        self._canonical = canonical
        self._first: Places | None = None  # the canonical rows, made when one is asked for
        self._listed: npt.NDArray[np.int32] | None = None
        found = keys(space, genes)
        self._order = np.argsort(found, kind="stable")  # of equal rows the first is found
        self._keys = found[self._order]

    def of(self, genes: Genes) -> tuple[Indices, Bools]:
        """Returns ``(n,)`` places of integer rows in the table, and whether each is there."""
        rows, found = self._match(genes)
        if not found.all():
            missed = np.flatnonzero(~found)
            missed = missed[self._space.is_valid(genes[missed])]
            canonical = self._space.canonical(genes[missed])
            look_up = self._match if self._canonical else self._equivalent
            rows[missed], found[missed] = look_up(canonical)
        return rows, found

    def of_one(self, genes: tuple[int, ...]) -> int | None:
        """Returns the place of one row, or None where only `of` finds it."""
        if self._space.size() > _LISTED or len(genes) != self._space.length or min(genes) < 0:
            return None
        if self._listed is None:
            self._listed = self._list()
        try:
            place = self._listed.item(*genes)
        except (IndexError, TypeError):  # a gene out of range, or of another type
            return None
        return None if place == _NOWHERE else place

    def _list(self) -> npt.NDArray[np.int32]:
        """Returns the places of all rows of the space, in an array with an axis for each gene."""
        every = self._space.all()
        rows, found = self.of(every)
        listed = np.full(self._space.cardinalities, _NOWHERE, dtype=np.int32)
        listed[(*every.T,)] = np.where(found, rows, _NOWHERE)
        return listed

    def _equivalent(self, canonical: Genes) -> tuple[Indices, Bools]:
        """Returns places of the first equivalent rows, where rows have records of their own."""
        if self._first is None:
            self._first = Places(self._space, self._space.canonical(self._genes), canonical=True)
        return self._first._match(canonical)

    def _match(self, genes: Genes) -> tuple[Indices, Bools]:
        wanted = keys(self._space, genes)
        place = np.searchsorted(self._keys, wanted).clip(max=len(self._genes) - 1)
        rows = self._order[place]
        # Keys may be shared: hashes by other rows, codes by rows with genes out of range.
        return np.asarray(rows), np.asarray((self._genes[rows] == genes).all(1))


def keys(space: SearchSpace, genes: Genes) -> npt.NDArray[Any]:
    """Returns ``(n,)`` integers by which rows are found: int64 codes, or uint64 hashes."""
    if space.size() < 2**63:
        return space.codes(genes)
    found = np.zeros(len(genes), dtype=np.uint64)
    for column in genes.T:
        found = mix(found ^ column.astype(np.uint64))
    return found
