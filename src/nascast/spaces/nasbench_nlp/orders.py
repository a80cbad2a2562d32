"""Canonical rows of many recipes at once, where colours alone tell nodes apart; see `order`.

A node's colour, what it reads and who reads it make one integer, so that a refinement is a sort of
integers in each row. Recipes with ties left, about one in a hundred, are ordered one by one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.types import Bools, Genes
from nascast.spaces.nasbench_nlp.order import canonical_row
from nascast.spaces.nasbench_nlp.rows import BLEND, FIRST_NODE, INPUTS, STATES, join, live, parts
from nascast.spaces.nasbench_nlp.rows import NODES as MOST_NODES

__all__ = ["canonical_rows"]

_FEW = 8  # rows that are faster one by one; measured

_READERS = 6  # readers of a node in an integer: 7 bits each, beside 5 of colour and 15 of inputs
_NOBODY = 127
_CHUNK = 1024  # rows, so that intermediate arrays stay in the processor's cache; chosen

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The live nodes of n rows, moved to the first of v places.

    Attributes:
        alive: ``(n, v)``: where there is a node.
        ops: ``(n, v)`` operation genes.
        inputs: ``(n, v, 3)`` as in rows, but with the new numbers of nodes.
        states: ``(n, 3)`` as in rows, with the new numbers.
        readers: ``(n, v, 6)`` nodes that read a node; v where there is none.
        places: ``(n, v, 6)``: as which input they do, where that matters.
        many: ``(n,)``: a node of the row has more readers than these.
    """

    alive: Bools
    ops: Ints
    inputs: Ints
    states: Ints
    readers: Ints
    places: Ints
    many: Bools


def canonical_rows(genes: Genes) -> Genes:
    """Returns ``(n, 99)`` canonical rows of valid rows, as `canonical_row` does for one."""
    out = np.empty((len(genes), genes.shape[1]), dtype=np.int16)
    if len(genes) <= _FEW:
        for i, row in enumerate(genes.tolist()):
            out[i] = canonical_row(row)
        return out
    for start in range(0, len(genes), _CHUNK):
        part = genes[start : start + _CHUNK]
        rows, whole = _canonical(part)
        out[start : start + len(part)] = rows
        for i in np.flatnonzero(~whole).tolist():
            out[start + i] = canonical_row(part[i].tolist())
    return out


def _canonical(genes: Genes) -> tuple[Genes, Bools]:
    """Returns rows, and ``(n,)`` whether they are canonical; elsewhere nodes are tied."""
    cells = _cells(genes)
    colours = _refined(cells, _kinds(cells))
    whole = ~_tied(cells.alive, colours) & ~cells.many
    return _written(cells, _order(cells, colours)), np.asarray(whole)


def _cells(genes: Genes) -> _Cells:
    ops, inputs, states = parts(genes)
    kept = live(genes)
    n, v = len(genes), int(kept.sum(1).max())
    every = np.arange(n)[:, None]
    old = np.argsort(~kept, axis=1, kind="stable")[:, :v]  # the old number of each node
    number = np.zeros((n, FIRST_NODE + MOST_NODES), dtype=np.int64)  # new by old input gene
    number[:, :FIRST_NODE] = np.arange(FIRST_NODE)
    number[:, FIRST_NODE:] = FIRST_NODE + kept.cumsum(1) - 1
    alive = np.take_along_axis(kept, old, 1)
    new_ops = np.where(alive, ops[every, old], 0).astype(np.int64)
    read = number[every[:, :, None], np.where(alive[:, :, None], inputs[every, old], 0)]
    new_states = np.where(states > 0, number[every, states + FIRST_NODE - 1] - FIRST_NODE + 1, 0)
    return _Cells(alive, new_ops, read, new_states, *_readers(new_ops, read))


def _readers(ops: Ints, inputs: Ints) -> tuple[Ints, Ints, Bools]:
    """Returns `_Cells.readers`, `_Cells.places` and `_Cells.many`."""
    n, v = ops.shape
    row, reader, place = np.nonzero(inputs >= FIRST_NODE)
    source = row * v + inputs[row, reader, place] - FIRST_NODE  # counted over all rows
    order = np.argsort(source, kind="stable")
    row, reader, place, source = row[order], reader[order], place[order], source[order]
    count = np.bincount(source, minlength=n * v)
    nth = np.arange(len(source)) - (count.cumsum() - count)[source]
    fits = nth < _READERS
    where = source[fits], nth[fits]
    readers = np.full((n * v, _READERS), v)
    readers[where] = reader[fits]
    places = np.zeros_like(readers)
    places[where] = np.where(ops[row, reader] == BLEND, place, 0)[fits]
    many = np.asarray((count.reshape(n, v) > _READERS).any(1))
    return readers.reshape(n, v, _READERS), places.reshape(n, v, _READERS), many


def _kinds(cells: _Cells) -> Ints:
    """Returns ``(n, v)`` first colours: the operation, and the new state that a node is."""
    nodes = np.arange(1, 1 + cells.ops.shape[1])
    keys = cells.ops * (STATES + 1)
    for k in range(STATES):
        keys += (k + 1) * (cells.states[:, k, None] == nodes)
    return _ranks(np.where(cells.alive, keys, np.iinfo(np.int64).max))


def _ranks(keys: Ints) -> Ints:
    """Returns ``(n, v)``: the number of keys of the row that are smaller."""
    smaller = keys[:, :, None] < keys[:, None, :]
    return np.asarray(np.add.reduce(smaller, axis=1, dtype=np.int8), dtype=np.int64)


def _refined(cells: _Cells, colours: Ints) -> Ints:
    """Returns ``(n, v)`` colours split until nothing splits, or all are different."""
    todo = np.arange(len(colours))
    while len(todo):
        before = colours[todo]
        after = _ranks(_keys(cells, todo, before))
        colours[todo] = after
        todo = todo[_tied(cells.alive[todo], after) & (after != before).any(1)]
    return colours


def _tied(alive: Bools, ranks: Ints) -> Bools:
    """Returns ``(n,)``: whether two nodes have one rank, so that the sum is less than it can be."""
    count = alive.sum(1)
    return np.asarray(np.where(alive, ranks, 0).sum(1) < count * (count - 1) // 2)


def _keys(cells: _Cells, rows: Ints, colours: Ints) -> Ints:
    """Returns ``(n, v)`` keys of colour, inputs and readers, compared in this order."""
    n, v = colours.shape
    names = np.empty((n, FIRST_NODE + v), dtype=np.int64)  # by input gene; 0 where there is none
    names[:, :FIRST_NODE] = np.arange(FIRST_NODE)
    names[:, FIRST_NODE:] = FIRST_NODE + colours
    into = _taken(names, cells.inputs[rows])
    first, second, third = _in_order(into, cells.ops[rows])
    names = np.full((n, v + 1), _NOBODY)
    names[:, :v] = INPUTS * colours + 1
    out = _taken(names, cells.readers[rows]) + cells.places[rows]
    out.sort(axis=2)
    out[out == _NOBODY] = 0
    keys = ((colours << 5 | first) << 5 | second) << 5 | third
    for k in range(_READERS):
        keys = keys << 7 | out[:, :, k]
    return np.where(cells.alive[rows], keys, np.iinfo(np.int64).max)


def _taken(values: Ints, index: Ints) -> Ints:
    """Returns ``(n, v, k)``: the values of each row at the places of the index."""
    flat = index.reshape(len(index), -1)
    return np.take_along_axis(values, flat, axis=1).reshape(index.shape)


def _in_order(read: Ints, ops: Ints) -> tuple[Ints, Ints, Ints]:
    """Returns three inputs of each node, ascending unless it is a blend; 0, for none, is last."""
    first, second, third = (np.where(read == 0, _NOBODY, read)[:, :, k] for k in range(INPUTS))
    first, second = np.minimum(first, second), np.maximum(first, second)
    second, third = np.minimum(second, third), np.maximum(second, third)
    first, second = np.minimum(first, second), np.maximum(first, second)
    kept = ops == BLEND
    found = (first, second, third)
    a, b, c = (
        np.where(kept, read[:, :, k], np.where(value == _NOBODY, 0, value))
        for k, value in enumerate(found)
    )
    return a, b, c


def _order(cells: _Cells, colours: Ints) -> Ints:
    """Returns ``(n, v)``: the nodes in the order of their colours, but each after its inputs."""
    n, v = colours.shape
    every = np.arange(n)
    bits = np.append(np.zeros(FIRST_NODE, np.int64), 1 << np.arange(v))
    waits = np.bitwise_or.reduce(bits[cells.inputs], axis=2)  # for this set of nodes
    rank = np.where(cells.alive, colours, MOST_NODES)
    order = np.empty((n, v), dtype=np.int64)
    for step in range(v):
        order[:, step] = np.where(waits == 0, rank, MOST_NODES + 1).argmin(1)
        rank[every, order[:, step]] = MOST_NODES + 2
        waits &= ~(1 << order[:, step])[:, None]
    return order


def _written(cells: _Cells, order: Ints) -> Genes:
    """Returns the rows whose nodes stand in an order."""
    n, v = order.shape
    every = np.arange(n)[:, None]
    place = np.empty((n, FIRST_NODE + v), dtype=np.int64)  # by input gene
    place[:, :FIRST_NODE] = np.arange(FIRST_NODE)
    place[every, FIRST_NODE + order] = FIRST_NODE + np.arange(v)
    ops = np.zeros((n, MOST_NODES), dtype=np.int16)
    inputs = np.zeros((n, MOST_NODES, INPUTS), dtype=np.int16)
    ops[:, :v] = cells.ops[every, order]
    read = _taken(place, cells.inputs[every, order])
    inputs[:, :v] = np.stack(_in_order(read, cells.ops[every, order]), axis=2)
    chosen = place[every, FIRST_NODE - 1 + cells.states] - FIRST_NODE + 1
    return join(ops, inputs, np.where(cells.states > 0, chosen, 0))
