"""Cells made of blocks that combine two states, as those of DARTS and NASNet are.

The states of a cell are its two inputs, 0 and 1, and the results of its blocks, 2 onwards. A block
applies one operation to each of two earlier states and combines the results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from nascast.core.graph import Graph, UInts
from nascast.core.types import Bools
from nascast.spaces._functions import Kind, function_keys

__all__ = [
    "Blocks",
    "Vocabulary",
    "cell_pair_functions",
    "cell_pair_graphs",
    "smallest_relabelling",
]

Ints = npt.NDArray[np.int64]
_Block = tuple[int, list[int], list[int], int]  # its state, inputs, operations and combination


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """A batch of n cells of b blocks.

    Attributes:
        inputs: ``(n, b, 2)`` states that the two sides of each block read.
        operations: ``(n, b, 2)`` operations that are applied to them.
        combines: ``(n, b)`` ways in which the two results are combined.
    """

    inputs: Ints
    operations: Ints
    combines: Ints


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The labels of a space's vertices.

    Attributes:
        inputs: labels of the two inputs of a cell, states 0 and 1.
        cells: labels of the outputs of the normal and the reduction cell.
        combines: labels by value of `Blocks.combines`.
        operations: labels by value of `Blocks.operations`.
    """

    inputs: tuple[str, str]
    cells: tuple[str, str]
    combines: tuple[str, ...]
    operations: tuple[str, ...]


def smallest_relabelling(blocks: Blocks) -> Blocks:
    """Returns one and the same cell for all cells that differ in the order of parts only.

    These parts are the two sides of a block, and blocks of which neither reads the other. Of all
    orders the lexicographically smallest is taken: always the smallest block that reads none of
    those still to come. Where two blocks are equally small, all b! orders are compared.
    """
    if len(blocks.combines) <= _FEW:
        return _blocks(_in_lists(blocks))
    keys, tied = _one_by_one(blocks)
    if tied.any():
        keys[tied] = _of_all_orders(
            Blocks(blocks.inputs[tied], blocks.operations[tied], blocks.combines[tied])
        )
    return _blocks(keys)


def _in_lists(blocks: Blocks) -> Ints:
    """Returns ``(n, b)`` keys of the smallest order, cell by cell in Python."""
    found = []
    cells = zip(
        blocks.inputs.tolist(), blocks.operations.tolist(), blocks.combines.tolist(), strict=True
    )
    for inputs, operations, combines in cells:
        names = [0, 1] + [_UNNAMED] * len(combines)  # new by old
        left = [*zip(range(2, len(names)), inputs, operations, combines, strict=True)]
        found += _ordered(left, names)
    return np.asarray(found, dtype=np.int64).reshape(blocks.combines.shape)


def _ordered(left: list[_Block], names: list[int]) -> list[int]:
    """Returns the keys of the blocks that are left, in their smallest order; changes both lists."""
    found = []
    for place in range(len(names) - len(left), len(names)):
        keys = [_key(names, block) for block in left]
        smallest = min(keys)
        found.append(smallest)
        if keys.count(smallest) > 1:
            tied = [i for i, key in enumerate(keys) if key == smallest]
            return found + min(_ordered(*_without(left, names, i, place)) for i in tied)
        names[left.pop(keys.index(smallest))[0]] = place
    return found


def _without(
    left: list[_Block], names: list[int], taken: int, place: int
) -> tuple[list[_Block], list[int]]:
    """Returns copies of both lists after one of the blocks got its place."""
    named = names.copy()
    named[left[taken][0]] = place
    return left[:taken] + left[taken + 1 :], named


def _key(names: list[int], block: _Block) -> int:
    """Returns the key of one block, as `_keys` does for many."""
    _, (a, b), (on_a, on_b), combine = block
    first, second = names[a] * _BASE + on_a, names[b] * _BASE + on_b
    low, high = (first, second) if first < second else (second, first)
    key: int = low << 3 * _BITS | high << _BITS | combine
    return key


def _one_by_one(blocks: Blocks) -> tuple[Ints, Bools]:
    """Returns ``(n, b)`` keys of the smallest order, and ``(n,)`` whether two blocks tied."""
    n, b = blocks.combines.shape
    rows = np.arange(n)
    names = np.full((n, 2 + b), _UNNAMED)  # new by old
    names[:, :2] = 0, 1
    chosen = np.empty((n, b), dtype=np.int64)
    tied = np.zeros(n, dtype=bool)
    for place in range(b):
        inputs = names[rows[:, None, None], blocks.inputs]
        keys = _keys(Blocks(inputs, blocks.operations, blocks.combines))
        keys[names[:, 2:] != _UNNAMED] = np.iinfo(np.int64).max
        smallest = keys.argmin(axis=1)
        chosen[:, place] = keys[rows, smallest]
        tied |= (keys == chosen[:, place, None]).sum(axis=1) > 1
        names[rows, 2 + smallest] = 2 + place
    return chosen, tied


def _of_all_orders(blocks: Blocks) -> Ints:
    """Returns ``(n, b)`` keys of the smallest of all orders."""
    best = _keys(blocks)
    for order in permutations(range(best.shape[1])):
        keys, possible = _relabelled(blocks, order)
        differs = keys != best
        first = differs.argmax(axis=1)[:, None]
        smaller = np.take_along_axis(keys, first, 1) < np.take_along_axis(best, first, 1)
        best = np.where(possible[:, None] & smaller, keys, best)
    return best


def _relabelled(blocks: Blocks, order: Sequence[int]) -> tuple[Ints, Bools]:
    """Returns keys with block ``order[i]`` at place i; ``(n,)`` whether none reads a later one."""
    old = np.asarray(order)
    names = np.concatenate([[0, 1], 2 + np.argsort(old)])  # new name by old
    inputs = names[blocks.inputs[:, old]]
    possible = np.all(inputs < 2 + np.arange(len(old))[:, None], axis=(1, 2))
    keys = _keys(Blocks(inputs, blocks.operations[:, old], blocks.combines[:, old]))
    return keys, np.asarray(possible)


_FEW = 4  # cells that are faster one by one; chosen
_BITS = 6
_BASE = 2**_BITS  # more than any space has states, operations or ways to combine
_UNNAMED = _BASE**3  # so much that a block that reads such a state has a larger key than any other


def _keys(blocks: Blocks) -> Ints:
    """Returns ``(n, b)`` keys: each block as one integer, its sides sorted."""
    sides = blocks.inputs * _BASE + blocks.operations
    low, high = sides.min(axis=2), sides.max(axis=2)
    keys: Ints = (low * _BASE**2 + high) * _BASE + blocks.combines
    return keys


def _blocks(keys: Ints) -> Blocks:
    sides = np.empty((*keys.shape, 2), dtype=np.int64)
    sides[:, :, 0], sides[:, :, 1] = keys >> 3 * _BITS, keys >> _BITS & _BASE**2 - 1
    return Blocks(sides >> _BITS, sides & _BASE - 1, keys & _BASE - 1)


def cell_pair_graphs(
    cells: tuple[Blocks, Blocks], outputs: tuple[Bools, Bools], names: Vocabulary
) -> Graph:
    """Returns one graph of ``6 b + 8`` vertices for each pair of normal and reduction cell.

    The vertex ``input`` feeds the inputs of both cells, which have labels of their own. A block is
    three vertices: its two operations, in the order of the genes, and what combines them. The
    output of a cell is a vertex too, and both feed ``output``. Two graphs are isomorphic exactly if
    `smallest_relabelling` returns the same cells for both.

    Args:
        cells: n normal and n reduction cells.
        outputs: ``(n, 2 + b)`` for each: whether its output concatenates a state.
        names: labels of the vertices.
    """
    n, b = cells[0].combines.shape
    size = 3 * b + 3
    adjacency = np.zeros((n, 2 * size + 2, 2 * size + 2), dtype=bool)
    labels = np.zeros((n, 2 * size + 2), dtype=np.int16)
    for i, (blocks, output) in enumerate(zip(cells, outputs, strict=True)):
        part = slice(1 + i * size, 1 + (i + 1) * size)
        _draw(blocks, output, adjacency[:, part, part])
        adjacency[:, 0, part.start : part.start + 2] = True
        adjacency[:, part.stop - 1, -1] = True
        labels[:, part] = _labels(blocks, 4 + i, 6, 6 + len(names.combines))
    labels[:, -1] = 1
    vocabulary = (
        *("input", "output"),
        *names.inputs,
        *names.cells,
        *names.combines,
        *names.operations,
    )
    return Graph(adjacency, labels, vocabulary, names.inputs, names.cells, names.combines)


def cell_pair_functions(
    graph: Graph, kinds: Mapping[str, Kind], weighted: Mapping[str, str] = MappingProxyType({})
) -> UInts:
    """Returns ``(n,)`` keys of what pairs of cells compute, see `function_keys`.

    An operation that halves the image, in the reduction cell, is another than where it does not; an
    identity then has weights, and so has whatever brings a concatenation back to its filters.

    Args:
        graph: what `cell_pair_graphs` returns.
        kinds: kinds of combinations and of operations without weights, by name.
        weighted: names of the operations that others are where these need weights.
    """
    known = {**dict.fromkeys(graph.vocabulary, Kind.OWN), **kinds, "input": Kind.SUM}
    known |= dict.fromkeys((graph.vocabulary[1], *graph.vocabulary[4:6]), Kind.JOIN)
    table = np.array([known[name] for name in graph.vocabulary], dtype=np.int8)
    found, labels = table[graph.labels], graph.labels.astype(np.int64)
    joined = found == Kind.JOIN
    second = 1 + (labels.shape[1] - 2) // 2  # where the reduction cell begins
    halves = graph.adjacency[:, second : second + 2].any(axis=1) & ~joined
    narrows = (graph.adjacency & joined[:, :, None]).any(axis=1) & ~joined
    own = (halves & (found == Kind.SUM)) | narrows
    found[own] = Kind.OWN
    for name, other in weighted.items():
        labels[own & (labels == graph.vocabulary.index(name))] = graph.vocabulary.index(other)
    return function_keys(graph, found, labels + 1000 * halves + 2000 * narrows)


def _draw(blocks: Blocks, output: Bools, adjacency: Bools) -> None:
    """Writes the edges of n cells into `adjacency`, ``(n, 3 b + 3, 3 b + 3)``."""
    n, b = blocks.combines.shape
    vertices = np.concatenate([[0, 1], 4 + 3 * np.arange(b)])  # by state
    rows = np.arange(n)
    for block in range(b):
        combine = vertices[2 + block]
        for side in range(2):
            operation = combine - 2 + side
            adjacency[rows, vertices[blocks.inputs[:, block, side]], operation] = True
            adjacency[:, operation, combine] = True
    adjacency[:, vertices, -1] = output


def _labels(blocks: Blocks, cell: int, combine: int, operation: int) -> npt.NDArray[np.int16]:
    """Returns ``(n, 3 b + 3)`` labels, given the first label of each kind."""
    n, b = blocks.combines.shape
    parts = np.concatenate(
        [blocks.operations + operation, blocks.combines[:, :, None] + combine], axis=2
    )
    edge = np.ones((n, 1), dtype=np.int64)
    columns = [2 * edge, 3 * edge, parts.reshape(n, 3 * b), cell * edge]
    return np.concatenate(columns, axis=1).astype(np.int16)
