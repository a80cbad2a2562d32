"""Batched arithmetic on the rows of NAS-Bench-101: what is alive, pruning, equivalence, widths.

A row is 21 bits, the upper triangle of a 7×7 adjacency matrix in row-major order, and the
operations of the vertices 1 to 5. Vertex 0 is the input, vertex 6 the output.
"""

import itertools
from functools import cache

import numpy as np
import numpy.typing as npt

from nascast.core.types import Bools, Genes

__all__ = [
    "EDGES",
    "VERTICES",
    "adjacency",
    "alive",
    "all_codes",
    "pack",
    "prune",
    "smallest_codes",
    "unpack",
    "widths",
]

VERTICES = 7
EDGES = tuple(itertools.combinations(range(VERTICES), 2))

_STARTS, _STOPS = np.asarray(EDGES).T
_INTERIOR = VERTICES - 2
_LABELLINGS = 3**_INTERIOR
_HIGH, _LOW = 11, 10  # the bits of a matrix, split in two so that the tables of a part stay small
_BACKWARD = 2**29  # more than any code; two of them and a code are less than 2**31
_CHUNK = 2**14  # rows at a time, so that what a chunk needs stays in the processor's cache; chosen

Codes = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]


def alive(genes: Genes) -> Bools:
    """Returns ``(n, 7)``: the vertices on a path from input to output; none if there is no path."""
    bits = genes[:, : len(EDGES)].T == 1
    forward = np.zeros((VERTICES, len(genes)), dtype=bool)
    backward = np.zeros((VERTICES, len(genes)), dtype=bool)
    forward[0] = backward[-1] = True
    for bit, (i, j) in zip(bits, EDGES, strict=True):
        forward[j] |= forward[i] & bit
    for bit, (i, j) in zip(reversed(bits), reversed(EDGES), strict=True):
        backward[i] |= backward[j] & bit
    return np.asarray((forward & backward).T)


def prune(genes: Genes) -> Genes:
    """Returns the rows with every gene zero that no path from input to output uses."""
    live = alive(genes)
    out = genes.copy()
    out[:, : len(EDGES)] *= live[:, _STARTS] & live[:, _STOPS]
    out[:, len(EDGES) :] *= live[:, 1:-1]
    return out


def adjacency(genes: Genes) -> Bools:
    """Returns ``(n, 7, 7)``: the matrices as they stand, pruned or not."""
    out = np.zeros((len(genes), VERTICES, VERTICES), dtype=bool)
    out[:, _STARTS, _STOPS] = genes[:, : len(EDGES)] == 1
    return out


def pack(genes: Genes) -> Codes:
    """Returns ``(n,)``: each row as one integer, in the order of the rows."""
    matrices = genes[:, : len(EDGES)] @ (2 ** np.arange(len(EDGES))[::-1])
    labels = genes[:, len(EDGES) :] @ (3 ** np.arange(_INTERIOR)[::-1])
    return np.asarray(matrices * _LABELLINGS + labels, dtype=np.int32)


def unpack(codes: Codes) -> Genes:
    """Returns the rows that `pack` made the codes of."""
    matrices, labels = np.divmod(codes[:, None], _LABELLINGS)
    bits = matrices >> np.arange(len(EDGES))[::-1] & 1
    operations = labels // 3 ** np.arange(_INTERIOR)[::-1] % 3
    return np.concatenate([bits, operations], axis=1).astype(np.int16)


def smallest_codes(genes: Genes) -> Codes:
    """Returns ``(n,)``: the smallest code of a row isomorphic to each of these pruned rows.

    All 120 orders of the interior vertices are tried, by tables of what each order makes of a part
    of the code. Orders in which an edge would point back do not count.
    """
    codes = pack(genes)
    out = np.empty_like(codes)
    for start in range(0, len(codes), _CHUNK):
        matrices, labels = np.divmod(codes[start : start + _CHUNK], _LABELLINGS)
        high, low = np.divmod(matrices, 2**_LOW)
        best = np.full(len(high), np.iinfo(np.int32).max, dtype=np.int32)
        for of_high, of_low, of_labels in zip(*_tables(), strict=True):
            np.minimum(best, of_high[high] + of_low[low] + of_labels[labels], out=best)
        out[start : start + _CHUNK] = best
    return out


def all_codes(vertices: int, most_edges: int) -> Codes:
    """Returns the smallest codes of all graphs of at most so many vertices and edges, ascending."""
    matrices = unpack(_matrices(vertices, most_edges))
    found = []
    for row, live in zip(matrices, alive(matrices)[:, 1:-1], strict=True):
        used = np.flatnonzero(live)
        rows = np.repeat(row[None], 3 ** len(used), axis=0)
        rows[:, len(EDGES) + used] = np.arange(len(rows))[:, None] // 3 ** np.arange(len(used)) % 3
        found.append(np.unique(smallest_codes(rows)))
    return np.sort(np.concatenate(found))


def _matrices(vertices: int, most_edges: int) -> Codes:
    """Returns the smallest codes of the graphs without regard to operations, those being 0."""
    inside = (*range(vertices - 1), VERTICES - 1)
    columns = [k for k, edge in enumerate(EDGES) if set(edge) <= set(inside)]
    found = []
    for start in range(0, 2 ** len(columns), _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, 2 ** len(columns)))
        rows = np.zeros((len(numbers), len(EDGES) + _INTERIOR), dtype=np.int16)
        rows[:, columns] = numbers[:, None] >> np.arange(len(columns)) & 1
        rows = rows[rows.sum(1) <= most_edges]
        whole = alive(rows)[:, 0] & (prune(rows) == rows).all(1)
        found.append(np.unique(smallest_codes(rows[whole])))
    return np.unique(np.concatenate(found))


@cache
def _tables() -> tuple[Codes, Codes, Codes]:
    """By order of the interior, what becomes of the high bits, the low bits and the labels.

    Shapes ``(120, 2048)``, ``(120, 1024)`` and ``(120, 243)``. A part with an edge that would point
    back gets a code larger than any.
    """
    interior = np.asarray(list(itertools.permutations(range(1, VERTICES - 1))))
    ends = np.full((len(interior), 1), VERTICES - 1)
    place = np.concatenate([np.zeros_like(ends), interior, ends], axis=1)  # (120, 7), from old
    start, stop = place[:, _STARTS], place[:, _STOPS]  # (120, 21)
    position = np.zeros((VERTICES, VERTICES), dtype=np.int64)
    position[_STARTS, _STOPS] = np.arange(len(EDGES))
    back = start > stop
    weight = np.where(back, 0, _LABELLINGS << (len(EDGES) - 1 - position[start, stop]))

    def part(edges: slice, bits: int) -> Codes:
        digits = np.arange(2**bits) >> np.arange(bits)[::-1, None] & 1  # (bits, 2**bits)
        bad = back[:, edges].astype(np.int64) @ digits > 0
        return np.where(bad, _BACKWARD, weight[:, edges] @ digits).astype(np.int32)

    digits = np.arange(_LABELLINGS) // 3 ** np.arange(_INTERIOR)[::-1, None] % 3
    labels = 3 ** (VERTICES - 2 - interior) @ digits
    return part(slice(_HIGH), _HIGH), part(slice(_HIGH, None), _LOW), labels.astype(np.int32)


def widths(genes: Genes, channels: int) -> Ints:
    """Returns ``(n, 7)``: channels of each vertex of pruned rows, where the output has `channels`.

    The output's are divided among the interior vertices that feed it, the remainder going one each
    to the first of them; any other interior vertex has as many as the widest one that it feeds. The
    input's own are those of the cell before, and stand here as 0.
    """
    edge = adjacency(genes)
    feeds = edge[:, 1:-1, -1]  # (n, 5)
    share, remainder = np.divmod(channels, np.maximum(feeds.sum(1, keepdims=True), 1))
    out = np.zeros((len(genes), VERTICES), dtype=np.int64)
    out[:, -1] = channels
    out[:, 1:-1] = np.where(feeds, share + (feeds.cumsum(1) <= remainder), 0)
    for v in range(VERTICES - 2, 0, -1):
        fed = np.where(edge[:, v, 1:-1], out[:, 1:-1], 0).max(1)
        out[:, v] = np.where(feeds[:, v - 1], out[:, v], fed)
    return out
