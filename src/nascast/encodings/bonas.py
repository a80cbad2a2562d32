"""Graph tensors with a global vertex (BONAS).

Shi et al., NeurIPS 2020, https://arxiv.org/abs/1911.09336.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.feature import Encoding
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Genes
from nascast.encodings._flat import by_blocks, edges, one_hot, rows

__all__ = ["BonasEncoding"]

Singles = npt.NDArray[np.float32]


class BonasEncoding(Encoding):
    """The graph, and one more vertex that reads all others; every vertex reads itself.

    In a graph network the state of the global vertex, the last one, stands for the architecture.
    """

    def tensors(self, space: SearchSpace, genes: Genes) -> tuple[Singles, Singles]:
        """Returns adjacency and features of the graphs of the rows.

        Returns:
            ``(n, v + 1, v + 1)`` with ``[g, i, j]`` an edge from i to j, and
            ``(n, v + 1, labels + 1)`` one-hot labels. Where there is no vertex there are zeros.
        """
        adjacency, features = _with_global_vertex(space.graphs(genes))
        return adjacency.astype(np.float32), features

    def encode(self, space: SearchSpace, genes: Genes) -> Singles:
        """Returns ``(n, …)``: the upper triangle with its diagonal, then the features."""
        return by_blocks(space, genes, _encode)


def _encode(graph: Graph) -> Singles:
    return rows(*_with_global_vertex(graph), diagonal=0)


def _with_global_vertex(graph: Graph) -> tuple[Bools, Singles]:
    n, v = graph.labels.shape
    kinds = len(graph.vocabulary)
    labels = np.full((n, v + 1), kinds, dtype=np.int16)
    labels[:, :v] = graph.labels
    alive = labels >= 0
    adjacency = np.zeros((n, v + 1, v + 1), dtype=bool)
    adjacency[:, :v, :v] = edges(graph)
    adjacency[:, :, v] = alive
    adjacency[:, np.arange(v), np.arange(v)] = alive[:, :v]
    return adjacency, one_hot(labels, kinds + 1)
