"""Batched arithmetic on the rows of NAS-Bench-101: live vertices, pruning, codes, widths.

A row is 21 bits, the upper triangle of a 7×7 adjacency matrix in row-major order, and the
operations of the vertices 1 to 5. Vertex 0 is the input, vertex 6 the output.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.types import Bools, Genes
from nascast.spaces.nasbench101.cells import EDGES, LABELLINGS, LOW_BITS, VERTICES, pruning

__all__ = ["adjacency", "alive", "pack", "prune", "unpack", "widths"]

_STARTS, _STOPS = np.asarray(EDGES).T
_INTERIOR = VERTICES - 2
_HIGH_BITS = len(EDGES) - LOW_BITS
_WEIGHTS = np.zeros((len(EDGES) + _INTERIOR, 2), dtype=np.float32)
_WEIGHTS[: len(EDGES), 0] = 2 ** np.arange(len(EDGES))[::-1]
_WEIGHTS[len(EDGES) :, 1] = 3 ** np.arange(_INTERIOR)[::-1]

# Rows by number, so that a batch is taken from a table and not computed digit by digit.
_HIGH_ROWS = (np.arange(2**_HIGH_BITS)[:, None] >> np.arange(_HIGH_BITS)[::-1] & 1).astype(np.int16)
_LOW_ROWS = (np.arange(2**LOW_BITS)[:, None] >> np.arange(LOW_BITS)[::-1] & 1).astype(np.int16)
_LABEL_ROWS = (np.arange(LABELLINGS)[:, None] // 3 ** np.arange(_INTERIOR)[::-1] % 3).astype(
    np.int16
)
_SETS = (np.arange(2**VERTICES)[:, None] >> np.arange(VERTICES) & 1).astype(bool)
_USED = np.concatenate(  # genes by the set of live vertices
    [_SETS[:, _STARTS] & _SETS[:, _STOPS], _SETS[:, 1:-1]], axis=1
).astype(np.int16)

Indices = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int64]


def alive(genes: Genes) -> Bools:
    """Returns ``(n, 7)``: whether a vertex is on a path from input to output."""
    return np.take(_SETS, pruning().live[pack(genes)[0]], axis=0)


def prune(genes: Genes) -> Genes:
    """Returns the rows with zero for every gene that no path from input to output uses."""
    used = np.take(_USED, pruning().live[pack(genes)[0]], axis=0)
    return np.asarray(genes * used, dtype=np.int16)


def adjacency(genes: Genes) -> Bools:
    """Returns ``(n, 7, 7)`` adjacency matrices, pruned only if the rows are."""
    out = np.zeros((len(genes), VERTICES, VERTICES), dtype=bool)
    out[:, _STARTS, _STOPS] = genes[:, : len(EDGES)] == 1
    return out


def pack(genes: Genes) -> tuple[Indices, Indices]:
    """Returns ``(n,)`` each: the matrix of each row and its labels as integers.

    In the order of these two, rows are in the order of their genes.
    """
    parts = (genes.astype(np.float32) @ _WEIGHTS).astype(np.int32)  # exact: less than 2**24
    return parts[:, 0], parts[:, 1]


def unpack(matrices: npt.NDArray[np.integer], labels: npt.NDArray[np.integer]) -> Genes:
    """Returns the rows of matrices and labels that `pack` returned."""
    out = np.empty((len(matrices), len(EDGES) + _INTERIOR), dtype=np.int16)
    out[:, :_HIGH_BITS] = _HIGH_ROWS.take(matrices >> LOW_BITS, axis=0)
    out[:, _HIGH_BITS : len(EDGES)] = _LOW_ROWS.take(matrices & (2**LOW_BITS - 1), axis=0)
    out[:, len(EDGES) :] = _LABEL_ROWS.take(labels, axis=0)
    return out


def widths(genes: Genes, channels: int) -> Ints:
    """Returns ``(n, 7)`` channels of the vertices of pruned rows, if the output has `channels`.

    The channels of the output are divided among the interior vertices that feed it, the remainder
    going one each to the first of them; any other interior vertex has as many as the widest one
    that it feeds. The channels of the input are those of the cell before, and stand here as 0.
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
