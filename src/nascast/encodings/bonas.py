"""Graph tensors with a global vertex (BONAS).

Shi et al., NeurIPS 2020, https://arxiv.org/abs/1911.09336.
"""

import numpy as np
import numpy.typing as npt

from nascast.core import plugins
from nascast.core.predictor import Encoding
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

__all__ = ["BonasEncoding"]

Singles = npt.NDArray[np.float32]


class BonasEncoding(Encoding):
    """The graph, and one more vertex that reads all others; every vertex reads itself.

    In a graph network the state of the global vertex, the last one, stands for the architecture.
    """

    def tensors(self, space: SearchSpace, genes: Genes) -> tuple[Singles, Singles]:
        """Returns adjacency and features.

        Returns:
            ``(n, v + 1, v + 1)`` with ``[g, i, j]`` an edge from i to j, and
            ``(n, v + 1, labels + 1)`` one-hot labels. Where there is no vertex there are zeros.
        """
        plain = plugins.load("encoding", "gcn").tensors(space, genes)
        n, v, labels = plain.features.shape
        alive = np.concatenate([plain.mask, np.ones((n, 1), dtype=bool)], axis=1)
        adjacency = np.zeros((n, v + 1, v + 1), dtype=np.float32)
        adjacency[:, :v, :v] = plain.adjacency
        adjacency[:, :, v] = alive
        adjacency[:, np.arange(v + 1), np.arange(v + 1)] = alive
        features = np.zeros((n, v + 1, labels + 1), dtype=np.float32)
        features[:, :v, :labels] = plain.features
        features[:, v, labels] = 1
        return adjacency, features

    def encode(self, space: SearchSpace, genes: Genes) -> Singles:
        """Returns ``(n, …)``: the upper triangle with its diagonal, then the features."""
        adjacency, features = self.tensors(space, genes)
        upper = np.triu_indices(adjacency.shape[1])
        edges = adjacency[:, upper[0], upper[1]]
        n, v, labels = features.shape
        return np.concatenate([edges, features.reshape(n, v * labels)], axis=1)
