"""The search space: which networks there are."""

import math
from collections.abc import Callable, Mapping
from functools import cached_property
from operator import lt
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError, UnsupportedError
from nascast.core.graph import Graph
from nascast.core.texts import Texts
from nascast.core.types import Architecture, Bools, Floats, Genes, Task

if TYPE_CHECKING:
    from torch import nn

__all__ = ["SearchSpace"]

_Kind = TypeVar("_Kind", bound=Task)
_ROUNDS = 1000  # rejection rounds before sampling gives up; chosen
_LISTED = 2**20  # rows of genes of a space that `all` lists at most; chosen
_LONG = 100  # genes of a row, of which more are faster checked as an array; measured
_FIRST_PLACE = np.zeros(1, dtype=np.intp)
_NO_PLACE = _FIRST_PLACE[:0]
Ints = npt.NDArray[np.int64]


class SearchSpace(Texts):
    """A set of architectures, each a row of small integers.

    A subclass gives `name` and `cardinalities`; the rest has defaults for a space in which every
    combination of genes is valid, distinct, and without networks or graphs. Methods take and return
    batches; none changes its input. Rows are int16.

    Attributes:
        name: registered name.
        cardinalities: ``(length,)``; gene i takes the values 0 … cardinalities[i] − 1.
        links: ranges of the genes that are skip connections between parts 0, 1, … of the network:
            entry k has the k genes, 0 or 1, that say which of the parts 0 to k − 1 part k reads.
            They follow the other genes of the part; the entry of part 0 is an empty range.
        tasks: kinds of task that it builds networks for, such as ``(ImageTask,)``; empty if it has
            no networks.
        scales: names of the settings of its skeleton for the repeats of cells, N in NASNet, and for
            their filters, F; None where there is no such setting.
    """

    links: tuple[range, ...] = ()
    tasks: tuple[type[Task], ...] = ()
    scales: tuple[str | None, str | None] = (None, None)

    def is_valid(self, genes: Genes) -> Bools:
        """Returns ``(n,)``: whether each row is an architecture of this space."""
        if genes.ndim != 2 or genes.shape[1] != self.length:
            return np.zeros(len(genes), dtype=bool)
        if genes.dtype == np.int16:  # as unsigned numbers, those below 0 are the largest
            inside = genes.view(np.uint16) < self._bounds
        else:
            inside = (genes >= 0) & (genes < self._limits)
        if np.logical_and.reduce(inside, axis=None):  # several times as fast as row by row
            return np.ones(len(genes), dtype=bool)
        return np.asarray(np.logical_and.reduce(inside, axis=1))

    def _is_row(self, row: list[int]) -> bool:
        """Whether one row of genes within their ranges is valid, as `is_valid` says of many.

        A space that knows a faster way for one row, without arrays, says so here.
        """
        return self._free or bool(self.is_valid(np.asarray([row], dtype=np.int16))[0])

    def _is_within(self, row: list[int]) -> bool:
        return all(map(lt, row, self.cardinalities)) and min(row) >= 0

    # What is computed from the cardinalities once, since calls for one row last microseconds.

    @cached_property
    def _limits(self) -> Ints:
        return np.asarray(self.cardinalities, dtype=np.int64)

    @cached_property
    def _bounds(self) -> npt.NDArray[np.uint16]:
        return np.asarray(self.cardinalities, dtype=np.uint16)

    @cached_property
    def _open(self) -> npt.NDArray[np.intp]:
        """The positions of the genes with more than one value."""
        return np.flatnonzero(self._limits > 1)

    @cached_property
    def _places(self) -> Ints:
        """The weight of each gene in `codes`: the number of rows of the genes behind it."""
        return np.append(self._limits[:0:-1].cumprod()[::-1], 1)

    @cached_property
    def _steps(self) -> tuple[npt.NDArray[np.intp], Genes]:
        """Every gene with every value, one after the other."""
        columns = np.repeat(np.arange(self.length), self.cardinalities)
        values = np.concatenate([np.arange(c, dtype=np.int16) for c in self.cardinalities])
        return columns, values

    @property
    def _free(self) -> bool:
        """Whether every row of genes within their ranges is an architecture."""
        return type(self).is_valid is SearchSpace.is_valid

    def allowed(self, prefix: Genes) -> Bools:
        """Returns ``(n, c)``: whether gene i may have each of its c values after ``(n, i)`` genes.

        For strategies that decide gene by gene. A value with which a valid row goes on is always
        allowed, and after allowed values some value is; but only where a space says so do allowed
        values alone make a row valid. Here all are allowed.
        """
        return np.ones((len(prefix), self.cardinalities[prefix.shape[1]]), dtype=bool)

    def canonical(self, genes: Genes) -> Genes:
        """Returns ``(n, length)`` canonical rows: one valid row for all that are equivalent."""
        self.check(genes)
        return genes.copy()

    def sample(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns ``(n, length)`` valid rows, drawn uniformly over genes, with replacement."""
        genes = self._draw(n, rng)
        if self._free:
            return genes
        bad = self._invalid(genes)
        for _ in range(_ROUNDS):
            if not len(bad):
                return genes
            genes[bad] = self._draw(len(bad), rng)
            bad = bad[self._invalid(genes[bad])]
        raise UnsupportedError(f"{self.name}: no valid rows found by rejection; override sample")

    def _invalid(self, genes: Genes) -> npt.NDArray[np.intp]:
        """Returns the places of the rows, of genes within their ranges, that are not valid."""
        if len(genes) == 1:
            return _NO_PLACE if self._is_row(genes[0].tolist()) else _FIRST_PLACE
        return np.flatnonzero(~self.is_valid(genes))

    def _draw(self, n: int, rng: np.random.Generator) -> Genes:
        if len(set(self.cardinalities)) == 1:  # one call is several times faster than a broadcast
            size = (n, self.length)
            return rng.integers(self.cardinalities[0], size=size, dtype=np.int16)
        if n == 1:  # the same numbers as with a size, in half the time
            return rng.integers(self._limits)[None].astype(np.int16)
        return rng.integers(self._limits, size=(n, self.length)).astype(np.int16)

    def mutate(self, genes: Genes, rng: np.random.Generator) -> Genes:
        """Returns ``(n, length)``: each row with exactly one decision changed, still valid.

        The decision is drawn by `_decisions`, its new value uniformly; what is not valid is drawn
        again.

        Raises:
            UnsupportedError: a row has no valid neighbour.
        """
        self.check(genes)
        if len(genes) == 1:
            return self._mutate_one(genes, rng)
        cards = self._limits
        out = genes.copy()
        todo = np.arange(len(genes))
        for _ in range(_ROUNDS if len(self._open) else 0):
            if not len(todo):
                return out
            columns = self._decisions(genes[todo], rng)
            shift = rng.integers(1, cards[columns])
            out[todo] = genes[todo]
            out[todo, columns] = (genes[todo, columns] + shift) % cards[columns]
            if self._free:
                return out
            todo = todo[self._invalid(out[todo])]
        raise self._stuck()

    def _mutate_one(self, genes: Genes, rng: np.random.Generator) -> Genes:
        """Mutates one row, ``(1, length)``, with the numbers that a batch of one would draw."""
        row, decide = genes[0].tolist(), self._decide(genes)
        for _ in range(_ROUNDS if len(self._open) else 0):
            column = decide(rng)
            gene, cardinality = row[column], self.cardinalities[column]
            row[column] = (gene + int(rng.integers(1, cardinality))) % cardinality
            if self._is_row(row):
                out = genes.copy()
                out[0, column] = row[column]
                return out
            row[column] = gene
        raise self._stuck()

    def _decide(self, genes: Genes) -> Callable[[np.random.Generator], int]:
        """Returns what draws the gene of one row that a mutation changes, as `_decisions` does."""
        return lambda rng: int(self._decisions(genes, rng)[0])

    def _stuck(self) -> UnsupportedError:
        return UnsupportedError(f"{self.name}: a row has no valid neighbour by one gene")

    def _decisions(self, genes: Genes, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        """Returns ``(n,)``: the gene of each row that a mutation changes."""
        if len(genes) == 1:  # the same number as with a size, in a quarter of the time
            drawn = int(rng.integers(len(self._open)))
            return self._open[drawn : drawn + 1]
        return self._open[rng.integers(len(self._open), size=len(genes))]

    def odds(self, row: Genes, near: Genes) -> Floats:
        """Returns ``(m,)`` odds with which `mutate` makes ``(m, length)`` neighbours of a row.

        They are in proportion to the probabilities; their sum means nothing.
        """
        changed = (near != row).argmax(axis=1)
        return np.asarray(1 / (self._limits[changed] - 1))

    def neighbors(self, row: Genes) -> Genes:
        """Returns ``(m, length)``: all valid rows one decision away from `row`, shape (length,)."""
        self.check(row[None])
        columns, values = self._steps
        other = row[columns] != values
        columns = columns[other]
        out = np.repeat(row[None], len(columns), axis=0)
        out[np.arange(len(columns)), columns] = values[other]
        return out if self._free else out[self.is_valid(out)]

    def check(self, genes: Genes) -> None:
        """Raises unless every row is an architecture of this space.

        Raises:
            InvalidArchitectureError: a row is none; the message names the first such row, and what
                is allowed.
        """
        array = isinstance(genes, np.ndarray)
        if not array or genes.ndim != 2 or genes.shape[1] != self.length:
            got = f"shape {genes.shape}" if array else f"a {type(genes).__name__}, no array"
            raise InvalidArchitectureError(
                f"{self.name}: expected rows of {self.length} genes, shape (n, {self.length}); "
                f"got {got}"
            )
        if genes.dtype.kind not in "iu":
            raise InvalidArchitectureError(
                f"{self.name}: genes are integers; got an array of {genes.dtype}"
            )
        alone = len(genes) == 1 and self.length <= _LONG
        if alone and self._is_within(row := genes[0].tolist()) and self._is_row(row):
            return
        valid = self.is_valid(genes)
        if not np.logical_and.reduce(valid):  # a third of the time of valid.all()
            index = int(np.flatnonzero(~valid)[0])
            raise InvalidArchitectureError(self._explain(index, genes[index]))

    def _explain(self, index: int, row: Genes) -> str:
        for i, (gene, cardinality) in enumerate(zip(row, self.cardinalities, strict=True)):
            if not 0 <= gene < cardinality:
                allowed = f"allowed are 0 to {cardinality - 1}"
                return f"{self.name}: row {index}, gene {i} is {gene}; {allowed}"
        return f"{self.name}: row {index} {row.tolist()} is not a valid architecture"

    def codes(self, genes: Genes) -> npt.NDArray[np.int64]:
        """Returns ``(n,)``: each row as one integer, for spaces of fewer than 2**63 rows.

        Raises:
            UnsupportedError: the space is larger.
        """
        if self.size() >= 2**63:
            raise UnsupportedError(f"{self.name}: too many architectures for integer codes")
        return np.asarray(genes @ self._places)

    def size(self) -> int:
        """The number of rows, valid or not: the product of the cardinalities."""
        return math.prod(self.cardinalities)

    def all(self) -> Genes:
        """Returns ``(m, length)``: every architecture, in ascending order.

        Here these are all valid rows; a space with many equivalent rows may list canonical ones.

        Raises:
            UnsupportedError: there are too many.
        """
        if self.size() > _LISTED:
            raise UnsupportedError(f"{self.name} has too many architectures to list them")
        every = np.indices(self.cardinalities, dtype=np.int16).reshape(self.length, -1).T.copy()
        return every if self._free else every[self.is_valid(every)]

    def distinct(self, genes: Genes) -> npt.NDArray[np.intp]:
        """Returns ``(m,)`` indices of the first of each of the m different rows, rows ascending."""
        return np.unique(self._keys(genes), return_index=True)[1]

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys, equal where rows compute the same function as far as is known.

        Rows of one canonical row have one key. Studies split by it; records are by canonical rows.
        """
        return self._keys(self.canonical(genes))

    def counted_alike(self, genes: Genes) -> Genes:
        """Returns ``(n, k)``, equal where networks have the same parameters and multiply-adds.

        As built, for any task and skeleton, and as far as is known; here the rows themselves.
        """
        return genes

    def _keys(self, genes: Genes) -> npt.NDArray[Any]:
        if self.size() < 2**63:
            return self.codes(genes)
        big = np.ascontiguousarray(genes, dtype=">i2")  # big-endian bytes compare like numbers
        return np.asarray(big.view(f"S{2 * self.length}")[:, 0])

    def graphs(self, genes: Genes) -> Graph:
        """Returns the rows as a batch of labelled DAGs.

        Raises:
            UnsupportedError: the space has no graphs.
        """
        raise UnsupportedError(f"the space {self.name} has no graph form")

    def architecture(self, row: Genes) -> Architecture:
        """Returns the architecture of one row, shape ``(length,)``."""
        return Architecture(self.name, tuple(row.tolist()))

    def row(self, arch: Architecture) -> Genes:
        """Returns an architecture of this space as a row, shape ``(1, length)``.

        Raises:
            InvalidArchitectureError: it is of another space, or not valid.
        """
        if arch.space != self.name:
            raise InvalidArchitectureError(
                f"expected an architecture of {self.name}; got one of {arch.space}"
            )
        row = arch.row()
        self.check(row)
        return row

    def scaled(self, repeats: int | None = None, filters: int | None = None) -> dict[str, int]:
        """Returns the settings of the skeleton for networks of another depth and width.

        Args:
            repeats: number N of equal cells in each stage, or of layers; None leaves it as it is.
            filters: number F of filters in the first of them; None leaves it as it is.

        Raises:
            UnsupportedError: the space has no such setting.
            InvalidSettingError: a number is below 1.
        """
        asked = (("repeats", repeats, self.scales[0]), ("filters", filters, self.scales[1]))
        for word, value, own in asked:
            if value is not None and own is None:
                raise UnsupportedError(f"networks of {self.name} have no {word} to choose")
            if value is not None and value < 1:
                raise InvalidSettingError(f"{word} is a whole number from 1; got {value}")
        return {own: value for _, value, own in asked if value is not None and own is not None}

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        """Returns the settings of the skeleton for a kind of task, with their defaults."""
        return {}

    def expect_task(self, task: Task, kind: type[_Kind]) -> _Kind:
        """Returns the task, checked to be of a kind; for `build` of a space of that kind alone.

        Raises:
            UnsupportedError: it is of another kind; the message names those of the space.
        """
        if isinstance(task, kind):
            return task
        raise self._has_no_networks(task)

    def _has_no_networks(self, task: Task) -> UnsupportedError:
        if not self.tasks:
            return UnsupportedError(f"the space {self.name} has no networks")
        kinds = " and ".join(kind.kind for kind in self.tasks)
        return UnsupportedError(
            f"{self.name} has networks for {kinds}, and none for {task.kind}; choose other data, "
            "or a space whose networks are for them"
        )

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the network of one architecture, freshly initialised from torch's generator.

        For images it maps ``(n, *task.input_shape)`` to ``(n, task.classes)`` logits. For text it
        is a `nascast.networks.language.LanguageNetwork`, which maps ``(t, n)`` words and the states
        before them to ``(t, n, task.words)`` logits and the states after them.

        Raises:
            UnsupportedError: the space has no networks for this kind of task.
            InvalidSettingError: the skeleton has a setting that is unknown or out of range.
            InvalidArchitectureError: the architecture is of another space.
        """
        raise self._has_no_networks(task)

    def supernet(self, task: Task) -> "nn.Module":
        """Returns a network that holds the weights of all architectures, freshly initialised.

        It is a `nascast.networks.supernet.supernet.Supernet`, whose `choose` says which of them it
        is.

        Raises:
            UnsupportedError: the space has no supernet, or none for this kind of task.
            InvalidSettingError: the skeleton has a setting that is unknown or out of range.
        """
        raise UnsupportedError(
            f"the space {self.name} has no supernet, in which its architectures share weights"
        )
