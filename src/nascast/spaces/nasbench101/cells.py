"""Look-up tables by which rows of NAS-Bench-101 are pruned and made canonical.

There are only 2**21 matrices. For each a table says which of its vertices are alive and how many
edges these have, and another one to which of the unlabelled graphs it is isomorphic once pruned, by
which order of the vertices. The labels follow that order; what is left are the symmetries of the
graph, and there are few graphs. Made at first use, in memory.
"""

import itertools
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "EDGES",
    "LABELLINGS",
    "LOW_BITS",
    "MOST_EDGES",
    "VERTICES",
    "all_cells",
    "pruning",
    "smallest",
]

VERTICES = 7
MOST_EDGES = 9
EDGES = tuple(itertools.combinations(range(VERTICES), 2))  # from a matrix's highest bit to its last
LABELLINGS = 3 ** (VERTICES - 2)
LOW_BITS = 10  # bits of the 21, split off so that tables of a part of a matrix stay small

_BITS = len(EDGES)
_MATRICES = 2**_BITS
_INTERIOR = range(1, VERTICES - 1)
_BACKWARD = 2**22  # more than any matrix; two of them and a matrix are less than 2**31
_CHUNK = 2**14  # at a time, so that what a chunk needs stays in the processor's cache; chosen
_SUBSETS = 2 ** len(_INTERIOR)

Ints = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]


class Pruning(NamedTuple):
    """Tables by which matrices are pruned.

    Attributes:
        live: ``(2**21,)`` sets of vertices: bit v is set if v is on a path from input to output.
        keep: ``(128,)``, by `live`: bits of a matrix whose edges have both ends alive.
        good: ``(2**21,)``: whether there is a path, and not too many edges are left.
    """

    live: Bytes
    keep: Ints
    good: npt.NDArray[np.bool_]


class Cells(NamedTuple):
    """Tables by which matrices and their labels become canonical.

    Attributes:
        matrices: ``(graphs,)`` smallest matrix of each unlabelled graph, ascending.
        labels: ``(graphs, 243)`` smallest labels that the graph's symmetries make of labels.
        graph: ``(2**21,)`` number of the graph of each matrix when pruned; -1 if it is not valid.
        order: ``(2**21,)`` rows of `moved`.
        moved: ``(120 · 32, 243)`` labels in a new order, those of dead vertices being 0; a row is
            an order of the interior vertices and a set of live ones.
    """

    matrices: Ints
    labels: Bytes
    graph: npt.NDArray[np.int16]
    order: npt.NDArray[np.int16]
    moved: Bytes


def smallest(matrices: Ints, labels: Ints) -> tuple[Ints, Bytes]:
    """Returns the canonical matrices and labels of valid cells, ``(n,)`` each.

    The matrix is the smallest of an isomorphic cell, the labels are the smallest with that matrix.
    """
    tables = cells()
    graph = tables.graph[matrices]
    moved = tables.moved[tables.order[matrices], labels]
    return tables.matrices[graph], tables.labels[graph, moved]


def all_cells(vertices: int) -> tuple[Ints, Ints]:
    """Returns the matrices and labels of all canonical cells of at most so many vertices."""
    tables = cells()
    live = pruning().live[tables.matrices]
    sizes = (live[:, None] >> np.arange(VERTICES) & 1).sum(1)
    pure = _kept_labels()[live >> 1 & (_SUBSETS - 1)] == np.arange(LABELLINGS)
    first = pure & (tables.labels == np.arange(LABELLINGS)) & (sizes <= vertices)[:, None]
    graph, labels = np.nonzero(first)
    return tables.matrices[graph], labels.astype(np.int32)


@cache
def pruning() -> Pruning:
    """Returns the tables for pruning.

    A matrix is a number of 6 + 5 + 4 + 3 + 2 + 1 bits, so that a table of all matrices is an array
    with an axis for the outgoing edges of each vertex. What is reached from the input after the
    first few axes does not depend on the others; likewise from the output and the last axes.
    """
    ahead = [_targets(v) for v in range(VERTICES - 1)]
    forward = ahead[0] | 1
    for v in _INTERIOR:
        forward = forward[..., None] | np.where(forward[..., None] >> v & 1, ahead[v], 0)
    backward = np.asarray(1 << VERTICES - 1, dtype=np.uint8)
    for v in reversed(range(VERTICES - 1)):
        targets = ahead[v].reshape(-1, *(1,) * backward.ndim)
        backward = backward | np.where(targets & backward, np.uint8(1 << v), np.uint8(0))
    live = np.where(backward & 1, forward & backward, 0).reshape(-1).astype(np.uint8)
    keep = np.zeros(2**VERTICES, dtype=np.int32)
    for bit, (start, stop) in zip(reversed(range(_BITS)), EDGES, strict=True):
        both = 1 << start | 1 << stop
        keep |= np.where(np.arange(2**VERTICES) & both == both, 1 << bit, 0).astype(np.int32)
    edges = np.zeros(1, dtype=np.uint8)
    for _ in range(_BITS):
        edges = np.concatenate([edges, edges + np.uint8(1)])
    pruned = np.arange(_MATRICES, dtype=np.int32) & keep[live]
    return Pruning(live, keep, (live > 0) & (edges[pruned] <= MOST_EDGES))


def _targets(vertex: int) -> Bytes:
    """Returns ``(2**k,)``: the set of later vertices that k bits of edges lead to."""
    stops = range(vertex + 1, VERTICES)
    sets = np.zeros(1, dtype=np.uint8)
    for stop in reversed(stops):  # the first of them has the highest bit
        sets = np.concatenate([sets, sets | np.uint8(1 << stop)])
    return sets


@cache
def cells() -> Cells:
    """Returns the tables of canonical cells."""
    live, keep, good = pruning()
    pruned = np.arange(_MATRICES, dtype=np.int32) & keep[live]
    whole = np.flatnonzero(good & (pruned == np.arange(_MATRICES))).astype(np.int32)
    best, order = _smallest_matrices(whole)
    matrices = np.unique(best)
    graph = np.full(_MATRICES, -1, dtype=np.int16)
    orders = np.zeros(_MATRICES, dtype=np.int16)
    graph[whole] = np.searchsorted(matrices, best)
    orders[whole] = order
    graph = np.where(good, graph[pruned], -1).astype(np.int16)
    subset = (live >> 1 & (_SUBSETS - 1)).astype(np.int16)
    orders = orders[pruned] * _SUBSETS + subset
    *_, permuted = _orders()
    kept = _kept_labels()
    moved = permuted[:, kept].reshape(-1, LABELLINGS)
    return Cells(matrices, _symmetric_labels(matrices), graph, orders.astype(np.int16), moved)


def _smallest_matrices(matrices: Ints) -> tuple[Ints, Bytes]:
    """Returns the smallest isomorphic matrix of each, and which of the 120 orders makes it.

    Orders in which an edge would point back do not count.
    """
    best = np.full(len(matrices), 2 * _BACKWARD, dtype=np.int32)
    which = np.zeros(len(matrices), dtype=np.uint8)
    for start in range(0, len(matrices), _CHUNK):
        part = slice(start, start + _CHUNK)
        high, low = matrices[part] >> LOW_BITS, matrices[part] & (2**LOW_BITS - 1)
        for k, (of_high, of_low, _) in enumerate(zip(*_orders(), strict=True)):
            matrix = of_high[high] + of_low[low]
            which[part][matrix < best[part]] = k
            np.minimum(matrix, best[part], out=best[part])
    return best, which


def _symmetric_labels(matrices: Ints) -> Bytes:
    """Returns ``(graphs, 243)``: the smallest labels by an order that leaves the matrix as is."""
    labels = np.full((len(matrices), LABELLINGS), LABELLINGS - 1, dtype=np.uint8)
    high, low = matrices >> LOW_BITS, matrices & (2**LOW_BITS - 1)
    for of_high, of_low, permuted in zip(*_orders(), strict=True):
        same = np.flatnonzero(of_high[high] + of_low[low] == matrices)
        labels[same] = np.minimum(labels[same], permuted)
    return labels


def _kept_labels() -> Bytes:
    """Returns ``(32, 243)``: by the set of live interior vertices, labels without the others'."""
    weight = 3 ** np.arange(len(_INTERIOR))[::-1]  # of vertex 1 first
    digits = np.arange(LABELLINGS)[:, None] // weight % 3
    alive = np.arange(_SUBSETS)[:, None] >> np.arange(len(_INTERIOR)) & 1
    return np.asarray((alive * weight) @ digits.T, dtype=np.uint8)


@cache
def _orders() -> tuple[Ints, Ints, Bytes]:
    """Returns the high bits, low bits and labels of matrices by order of interior vertices.

    Shapes are ``(120, 2048)``, ``(120, 1024)`` and ``(120, 243)``. A part with an edge that would
    point back gets a matrix larger than any.
    """
    interior = np.asarray(list(itertools.permutations(_INTERIOR)))
    ends = np.full((len(interior), 1), VERTICES - 1)
    place = np.concatenate([np.zeros_like(ends), interior, ends], axis=1)  # (120, 7), from old
    starts, stops = np.asarray(EDGES).T
    start, stop = place[:, starts], place[:, stops]  # (120, 21)
    position = np.zeros((VERTICES, VERTICES), dtype=np.int64)
    position[starts, stops] = np.arange(_BITS)
    back = start > stop
    weight = np.where(back, 0, 1 << (_BITS - 1 - position[start, stop]))

    high = _BITS - LOW_BITS

    def part(edges: slice, bits: int) -> Ints:
        digits = np.arange(2**bits) >> np.arange(bits)[::-1, None] & 1  # (bits, 2**bits)
        bad = back[:, edges].astype(np.int64) @ digits > 0
        return np.where(bad, _BACKWARD, weight[:, edges] @ digits).astype(np.int32)

    digits = np.arange(LABELLINGS) // 3 ** np.arange(len(_INTERIOR))[::-1, None] % 3
    labels = 3 ** (len(_INTERIOR) - interior) @ digits
    return part(slice(high), high), part(slice(high, None), LOW_BITS), labels.astype(np.uint8)
