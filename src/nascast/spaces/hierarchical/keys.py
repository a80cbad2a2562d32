"""Keys of what cells of motifs compute."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nascast.core.graph import Graph, UInts
from nascast.core.types import Genes
from nascast.spaces._functions import Kind, function_keys
from nascast.spaces.hierarchical.motifs import NONE

__all__ = ["cell_keys"]

_KINDS = {"identity": Kind.SUM, "avg_pool_3x3": Kind.LINEAR, "max_pool_3x3": Kind.PURE}
_INPUT = -1  # label that no operation has


def cell_keys(
    levels: Sequence[Genes], edges: Sequence[Sequence[tuple[int, int]]], primitives: Sequence[str]
) -> UInts:
    """Returns ``(n,)`` keys of what cells compute, see `function_keys`.

    Args:
        levels: pruned genes by level, ``(n, motifs, edges)`` each; those of the cell come last.
        edges: start and end of each edge by level, ordered by end.
        primitives: names of the operations of level 1.
    """
    labels = np.tile(np.arange(1 + len(primitives)), (len(levels[0]), 1))  # by gene
    kinds = np.array([_KINDS.get(name, Kind.OWN) for name in ("none", *primitives)])
    for values, pairs in zip(levels, edges, strict=True):
        found = _motif_keys(values, pairs, labels, kinds)
        labels = np.pad(found.view(np.int64), ((0, 0), (1, 0)))
        kinds = np.full(labels.shape[1], Kind.OWN)
    return found[:, 0]


def _motif_keys(
    values: Genes,
    edges: Sequence[tuple[int, int]],
    operations: npt.NDArray[np.int64],
    kinds: npt.NDArray[np.int64],
) -> UInts:
    """Returns ``(n, motifs)`` keys of the motifs of one level.

    Edges are vertices there, and what a node concatenates is the sum of what its edges bring it.

    Args:
        values: pruned genes, ``(n, motifs, edges)``.
        edges: start and end of each edge, ordered by end.
        operations: labels by gene of the operations of the level below, ``(n, 1 + operations)``.
        kinds: kinds of these operations, ``(1 + operations,)``.
    """
    n, motifs, size = values.shape
    starts, ends = np.asarray(edges).T
    within = np.zeros((size + 2, size + 2), dtype=bool)  # between input and output
    within[0, 1:-1] = starts == 0
    within[1:-1, 1:-1] = ends[:, None] == starts
    within[1:-1, -1] = ends == ends[-1]
    flat = values.reshape(n * motifs, size).astype(np.int64)
    there = np.pad(flat != NONE, ((0, 0), (1, 1)), constant_values=True)
    adjacency = within & there[:, :, None] & there[:, None, :]
    rows = np.repeat(np.arange(n), motifs)[:, None]
    labels = np.pad(operations[rows, flat], ((0, 0), (1, 1)), constant_values=_INPUT)
    found = np.pad(kinds[flat], ((0, 0), (1, 1)), constant_values=Kind.SUM).astype(np.int8)
    graph = Graph(adjacency, np.where(there, 0, -1).astype(np.int16), ("input", "output"))
    return function_keys(graph, found, labels).reshape(n, motifs)
