"""Graph tensors for graph convolutions (Wen et al., ECCV 2020, https://arxiv.org/abs/1912.00848)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.feature import Encoding
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Genes
from nascast.encodings._flat import by_blocks, edges, one_hot, rows

__all__ = ["GcnEncoding"]

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class GraphTensors:
    """A batch of graphs for a graph network.

    Attributes:
        adjacency: ``(n, v, v)``; ``[g, i, j]`` is an edge from i to j.
        features: ``(n, v, labels)`` one-hot, zero where there is no vertex.
        mask: ``(n, v)``: where there is a vertex.
    """

    adjacency: Singles
    features: Singles
    mask: Bools


class GcnEncoding(Encoding):
    """Adjacency, one-hot labels and mask. Inputs and outputs have labels of their own."""

    def tensors(self, space: SearchSpace, genes: Genes) -> GraphTensors:
        """Returns the graphs of the rows as tensors."""
        graph = space.graphs(genes)
        features = one_hot(graph.labels, len(graph.vocabulary))
        return GraphTensors(edges(graph).astype(np.float32), features, graph.mask)

    def encode(self, space: SearchSpace, genes: Genes) -> Singles:
        """Returns ``(n, v (v − 1) / 2 + v · labels)``: the upper triangle, then the features."""
        return by_blocks(space, genes, _encode)


def _encode(graph: Graph) -> Singles:
    return rows(edges(graph), one_hot(graph.labels, len(graph.vocabulary)), diagonal=1)
