"""A search space restricted to the rows that some test accepts."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import UnsupportedError
from nascast.core.graph import Graph
from nascast.core.notation import Notation
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Floats, Genes, Task

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Restricted"]

_ROUNDS = 200  # tries before a row is given up; chosen
_SMALL = 2**14  # rows of a space that is looked at as a whole where draws find none; chosen
_KEPT = 10_000  # rows whose neighbours are remembered; chosen
_STEPS = 20  # decisions changed at most where no single one leads to an accepted row; chosen


class Restricted(SearchSpace):
    """A search space of which only accepted rows are valid.

    With it strategies keep to a limit, or to the rows of a table, without knowing of it.
    Architectures keep the name of the whole space.

    Mutation changes one decision where that leads to an accepted row, each with the odds that it
    has in the whole space; otherwise as few more as it finds, or as are needed if all accepted rows
    are known. So it ends also where no accepted row is a neighbour of another.
    """

    def __init__(
        self,
        space: SearchSpace,
        accepts: Callable[[Genes], Bools],
        what: str,
        rows: Genes | None = None,
    ) -> None:
        """Restricts a space.

        Args:
            space: whole space.
            accepts: function from ``(n, length)`` valid rows to ``(n,)``: whether each is accepted.
            what: rule in words, for messages, such as ``at most 1,000,000 parameters``.
            rows: ``(m, length)`` accepted rows, if all are known; samples are drawn from them.
        """
        self.name = space.name  # type: ignore[misc]
        self.cardinalities = space.cardinalities
        self.links = space.links
        self.tasks, self.scales = space.tasks, space.scales
        self.inner = space
        self.what = what
        self._accepts = accepts
        self._rows = rows
        self._met: dict[bytes, tuple[Genes, Floats]] = {}  # what `_near` found

    def is_valid(self, genes: Genes) -> Bools:
        fine = self.inner.is_valid(genes)
        if fine.any():
            fine[fine] = self._accepts(genes[fine])
        return fine

    @property
    def is_listed(self) -> bool:
        """Whether all accepted rows are known, so that `all` asks about none."""
        return self._rows is not None

    def allowed(self, prefix: Genes) -> Bools:
        """Returns ``(n, c)``: as the whole space, or as the accepted rows if all are known."""
        if self._rows is None:
            return self.inner.allowed(prefix)
        n, i = prefix.shape
        ends = np.arange(self.cardinalities[i] + 1, dtype=np.int16)
        longer = np.empty((n, len(ends), i + 1), dtype=np.int16)
        longer[:, :, :i], longer[:, :, i] = prefix[:, None], ends
        place = np.searchsorted(self._sorted, _keys(longer.reshape(-1, i + 1)))
        return np.asarray(np.diff(place.reshape(n, len(ends)), axis=1) > 0)

    @cached_property
    def _sorted(self) -> npt.NDArray[np.bytes_]:
        assert self._rows is not None
        return np.sort(_keys(self._rows))

    def canonical(self, genes: Genes) -> Genes:
        return self.inner.canonical(genes)

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        return self.inner.networks(genes)

    def counted_alike(self, genes: Genes) -> Genes:
        return self.inner.counted_alike(genes)

    def sample(self, n: int, rng: np.random.Generator) -> Genes:
        if self._rows is not None:
            return np.asarray(self._rows[rng.integers(len(self._rows), size=n)], dtype=np.int16)
        out = self.inner.sample(n, rng)
        todo = np.flatnonzero(~self._accepts(out))
        for _ in range(_ROUNDS):
            if not len(todo):
                return out
            out[todo] = self.inner.sample(len(todo), rng)
            todo = todo[~self._accepts(out[todo])]
        if len(few := self._few):
            out[todo] = few[rng.integers(len(few), size=len(todo))]
            return out
        raise UnsupportedError(
            f"{self.name}: {_ROUNDS} draws found no architecture with {self.what}; "
            "the limit leaves (nearly) nothing"
        )

    @cached_property
    def _few(self) -> Genes:
        """All accepted rows of a space that is small enough to ask about each; else none."""
        if self.inner.size() > _SMALL:
            return np.empty((0, self.length), dtype=np.int16)
        return self.all()

    def mutate(self, genes: Genes, rng: np.random.Generator) -> Genes:
        if self._rows is None:
            return self._mutate_blindly(genes, rng)
        self.inner.check(genes)
        return np.stack([self._child(row, rng) for row in genes]) if len(genes) else genes.copy()

    def _child(self, row: Genes, rng: np.random.Generator) -> Genes:
        """Returns an accepted neighbour of a row, or else a nearest accepted row, ``(length,)``."""
        near, steps = self._near(row)
        if not len(steps):
            return np.asarray(near[rng.integers(len(near))], dtype=row.dtype)
        place = steps.searchsorted(rng.random() * steps[-1], side="right")
        return np.asarray(near[min(int(place), len(near) - 1)], dtype=row.dtype)

    def _near(self, row: Genes) -> tuple[Genes, Floats]:
        """Returns the neighbours of a row and the running sum of their odds in the whole space.

        Where there is none, these are the nearest rows, and no odds.
        """
        key = row.tobytes()
        if key not in self._met:
            near = self.neighbors(row)
            odds = self.inner.odds(row, near).cumsum() if len(near) else np.empty(0)
            if len(self._met) >= _KEPT:
                self._met.clear()
            self._met[key] = (near if len(near) else self._nearest(row)), odds
        return self._met[key]

    def _nearest(self, row: Genes) -> Genes:
        """Returns the accepted rows that differ from a row in the fewest genes, but in some."""
        assert self._rows is not None
        apart = (self._rows != row).sum(axis=1)
        apart[apart == 0] = self.length + 1
        return np.asarray(self._rows[apart == apart.min()], dtype=np.int16)

    def _mutate_blindly(self, genes: Genes, rng: np.random.Generator) -> Genes:
        """Returns ``(n, length)``: rows mutated in the whole space until they are accepted."""
        self.inner.check(genes)
        out = genes.copy()
        todo = np.arange(len(genes))
        for steps in range(1, _STEPS + 1):
            for _ in range(_ROUNDS // 4):
                if not len(todo):
                    return out
                new = genes[todo]
                for _ in range(steps):
                    new = self.inner.mutate(new, rng)
                fine = self._accepts(new) & (new != genes[todo]).any(1)
                out[todo[fine]] = new[fine]
                todo = todo[~fine]
        out[todo] = self.sample(len(todo), rng)
        return out

    def odds(self, row: Genes, near: Genes) -> Floats:
        return self.inner.odds(row, near)

    def neighbors(self, row: Genes) -> Genes:
        rows = self.inner.neighbors(row)
        return rows[self._accepts(rows)] if len(rows) else rows

    def all(self) -> Genes:
        """Returns the accepted rows that are known, or else those of the whole space, ascending."""
        if self._rows is not None:
            return np.asarray(self._rows[self.distinct(self._rows)], dtype=np.int16)
        rows = self.inner.all()
        return rows[self._accepts(rows)]

    def _explain(self, index: int, row: Genes) -> str:
        if self.inner.is_valid(row[None])[0]:
            return f"{self.name}: row {index} {row.tolist()} does not have {self.what}"
        return self.inner._explain(index, row)

    def size(self) -> int:
        return self.inner.size()

    def graphs(self, genes: Genes) -> Graph:
        return self.inner.graphs(genes)

    def to_text(self, genes: Genes) -> list[str]:
        return self.inner.to_text(genes)

    def notations(self) -> tuple[Notation, ...]:
        return self.inner.notations()

    def _read(self, texts: list[str]) -> Genes:
        return self.inner._read(texts)

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return self.inner.skeleton(kind)

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        return self.inner.build(arch, task)

    def supernet(self, task: Task) -> "nn.Module":
        return self.inner.supernet(task)


def _keys(genes: Genes) -> npt.NDArray[np.bytes_]:
    """Returns ``(n,)`` bytes that sort like the rows; a prefix sorts as if zeros followed it."""
    big = np.ascontiguousarray(genes, dtype=">i2")  # big-endian: bytes compare like the numbers
    return big.view(f"S{2 * genes.shape[1]}")[:, 0]
