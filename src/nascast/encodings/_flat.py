"""Batches of graphs as rows of numbers, some graphs at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Genes

__all__ = ["by_blocks", "edges", "one_hot", "rows"]

Singles = npt.NDArray[np.float32]

_BLOCK = 1024  # graphs, so that intermediate arrays stay in the processor's cache; chosen


def by_blocks(
    space: SearchSpace, genes: Genes, encode: Callable[[Graph], npt.NDArray[Any]]
) -> npt.NDArray[Any]:
    """Returns ``(n, d)``: the encodings of the graphs of the rows, block by block."""
    out: npt.NDArray[Any] | None = None
    for start in range(0, max(len(genes), 1), _BLOCK):  # no rows are one block, which tells d
        part = encode(space.graphs(genes[start : start + _BLOCK]))
        if out is None:
            out = np.empty((len(genes), *part.shape[1:]), dtype=part.dtype)
        out[start : start + len(part)] = part
    assert out is not None
    return out


def edges(graph: Graph) -> Bools:
    """Returns ``(n, v, v)``: the edges between existing vertices."""
    mask = graph.mask
    return np.asarray(graph.adjacency & mask[:, :, None] & mask[:, None, :])


def one_hot(labels: npt.NDArray[np.int16], kinds: int) -> Singles:
    """Returns ``(n, v, kinds)`` one-hot labels; zeros for −1, where there is no vertex."""
    table = np.eye(kinds + 1, kinds, dtype=np.float32)
    return table.take(labels, axis=0, mode="wrap")  # −1 is the last row


def rows(adjacency: Bools | Singles, features: Singles, diagonal: int) -> Singles:
    """Returns ``(n, …)``: the upper triangle from a diagonal on, then the features."""
    n, v, labels = features.shape
    upper = np.flatnonzero(np.triu(np.ones((v, v), dtype=bool), diagonal))
    out = np.empty((n, len(upper) + v * labels), dtype=np.float32)
    out[:, : len(upper)] = adjacency.reshape(n, v * v).take(upper, axis=1)
    out[:, len(upper) :] = features.reshape(n, v * labels)
    return out
