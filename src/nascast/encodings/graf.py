"""Neural graph features (GRAF; Kadlecová et al., ICML 2024, https://arxiv.org/abs/2406.01380).

Counts, path lengths and degrees, by sets of operations: few numbers that say what matters of a
graph, and mean the same in every space.

Deviations: vertices on no path from a source to a sink of the graph count for nothing, as they
compute nothing. Between every source and sink, also the most operations of a set that a path has
are given. Where a space has more than six operations, not all sets of them are taken.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.feature import Encoding
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Genes
from nascast.encodings._flat import by_blocks, edges

__all__ = ["Graf"]

_SETS = 64  # sets of operations, at most, unless single ones and their complements are more; chosen
_DEGREES = 8  # degrees from here on are one; chosen
_FAR = 60  # of graphs with fewer vertices: twice this, and one more, is an int8

Counts = npt.NDArray[Any]  # int8 or int16
Singles = npt.NDArray[np.float32]


class Graf(Encoding):
    """Neural graph features of the graphs of a space.

    In this order:

    - the number of vertices with each operation;
    - the edges out of, and the edges into, all vertices with each operation;
    - the number of vertices of each in-degree, and of each out-degree;
    - for each source and set of operations, the edges from it to operations of the set, and for
      each sink those from operations of the set;
    - for each source, sink and set, the fewest operations on a path from one to the other on which
      all are of the set, or the number of vertices where there is none; and the most operations of
      the set on any path.

    The sets are all subsets of the operations, where these are six or fewer; else the single ones,
    pairs if that makes no more than 64 sets, the sets that lack one operation, and the whole.
    """

    def encode(self, space: SearchSpace, genes: Genes) -> Singles:
        """Returns ``(n, columns)`` numbers of vertices and edges."""
        return by_blocks(space, genes, _encode)


@dataclass(frozen=True, slots=True, eq=False)
class _Live:
    """The vertices that compute something, of n graphs; the graph is the last axis.

    Attributes:
        edges: ``(v, v, n)``; ``[i, j]`` is an edge from i to j.
        is_operation: ``(k, v, n)``: where a vertex is the operation.
        is_source: ``(sources, v, n)``, and likewise `is_sink`.
    """

    edges: Bools
    is_operation: Bools
    is_source: Bools
    is_sink: Bools


def _encode(graph: Graph) -> Singles:
    live = _live(graph)
    sets = _sets(len(graph.operations))
    counts = live.is_operation.sum(1, dtype=np.int16)
    parts = [counts, *_degrees(live), *_ends(live, sets), *_paths(live, sets)]
    return np.concatenate(parts).T.astype(np.float32)


def _sets(k: int) -> Bools:
    """Returns ``(sets, k)``: the operations of each set."""
    every = range(k)
    sizes = [1, 2, k - 1, k]
    if 2**k <= _SETS:
        sizes = list(range(1, k + 1))
    elif k * (k - 1) // 2 + 2 * k + 1 > _SETS:
        sizes.remove(2)
    chosen = [inside for size in dict.fromkeys(sizes) for inside in combinations(every, size)]
    return np.array([np.isin(every, inside) for inside in chosen], dtype=bool).reshape(-1, k)


def _live(graph: Graph) -> _Live:
    names = graph.vocabulary
    labels = np.ascontiguousarray(graph.labels.T)
    within = labels >= 0
    if "none" in names:
        within &= labels != names.index("none")

    def where(wanted: tuple[str, ...]) -> Bools:
        numbers = np.array([names.index(name) for name in wanted], dtype=np.int16)
        return np.asarray(labels == numbers[:, None, None])

    wires = np.ascontiguousarray(edges(graph).transpose(1, 2, 0)) & within[:, None] & within
    is_source, is_sink = where(graph.sources), where(graph.sinks)
    after: Bools = np.asarray(is_source.any(0))
    before: Bools = np.asarray(is_sink.any(0))
    v = len(labels)
    for i in range(v):
        after[i] |= (wires[:i, i] & after[:i]).any(0)
    for i in reversed(range(v)):
        before[i] |= (wires[i, i + 1 :] & before[i + 1 :]).any(0)
    alive = within & after & before
    wires &= alive[:, None] & alive
    return _Live(wires, where(graph.operations) & alive, is_source & alive, is_sink & alive)


def _degrees(live: _Live) -> list[Counts]:
    """Returns the sums of degrees by operation, and the numbers of vertices by degree."""
    sums, counts = [], []
    alive = live.is_operation.any(0)
    for axis in (1, 0):
        degree = live.edges.sum(axis, dtype=np.int16)  # out of, then into each vertex
        sums.append((live.is_operation * degree).sum(1, dtype=np.int16))
        high = min(len(degree) - 1, _DEGREES)
        found = np.where(alive, np.minimum(degree, high), -1)
        counts += [(found == d).sum(0, dtype=np.int16)[None] for d in range(high + 1)]
    return sums + counts


def _ends(live: _Live, sets: Bools) -> list[Counts]:
    """Returns the edges out of each source, and into each sink, by sets of operations."""
    reads = [(live.edges & source[:, None]).sum(0, dtype=np.int16) for source in live.is_source]
    feeds = [(live.edges & sink).sum(1, dtype=np.int16) for sink in live.is_sink]
    by_operation = [(live.is_operation * edges).sum(1, dtype=np.int16) for edges in reads + feeds]
    return [sets.astype(np.int16) @ counts for counts in by_operation]


def _paths(live: _Live, sets: Bools) -> list[Counts]:
    """Returns the fewest and the most operations on paths, by source, sink and set."""
    v, _, n = live.edges.shape
    kind = np.int8 if v < _FAR else np.int16
    far, zero = kind(_FAR if v < _FAR else 10_000), kind(0)
    inside = np.zeros((v, len(sets), n), dtype=bool)
    for i, members in enumerate(sets):
        inside[:, i] = live.is_operation[members].any(0)
    outside = np.asarray(live.is_operation.any(0))[:, None] & ~inside
    # Steps onto an operation of the set, another operation, and any other vertex.
    fewest = np.where(inside, kind(1), np.where(outside, far, zero))
    most: Counts = -1 * inside.astype(kind)  # the least negative sum is the longest path
    blocked = np.where(live.edges, zero, far)
    found = []
    for source in live.is_source:
        start = np.where(source, zero, far)
        short, long = _walk(fewest, blocked, start), _walk(most, blocked, start)
        for sink in live.is_sink:
            stop = np.where(sink, zero, far)[:, None]
            found.append(np.minimum((short + stop).min(0), kind(v)))
            found.append(np.maximum(-(long + stop).min(0), zero))
    return found


def _walk(cost: Counts, blocked: Counts, start: Counts) -> Counts:
    """Returns ``(v, sets, n)``: the cheapest way from the sources to each vertex.

    Args:
        cost: ``(v, sets, n)``: costs of a step onto a vertex.
        blocked: ``(v, v, n)``: costs of an edge.
        start: ``(v, n)``: costs of beginning at a vertex.
    """
    v, sets, n = cost.shape
    cheapest = np.empty_like(cost)
    step = np.empty((sets, n), dtype=cost.dtype)
    far = start.max(initial=0)
    reached = start.min(1, initial=far) < far  # from a source, in some graph
    for j in range(v):
        here = cheapest[j]
        here[:] = far
        before = reached[:j] & (blocked[:j, j].min(1, initial=far) < far)
        for i in np.flatnonzero(before):
            np.add(cheapest[i], blocked[i, j], out=step)
            np.minimum(here, step, out=here)
        reached[j] |= before.any()
        here += cost[j]
        np.minimum(here, start[j], out=here)  # at most far, so that the next sum is in range
    return cheapest
