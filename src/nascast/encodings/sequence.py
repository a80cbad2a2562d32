"""Token sequences, for predictors that read or write them.

NAO: Luo et al., NeurIPS 2018, https://arxiv.org/abs/1808.07233.
SemiNAS: Luo et al., NeurIPS 2020, https://arxiv.org/abs/2002.10389.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.predictor import Encoding
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

__all__ = ["SequenceEncoding"]

PADDING, NO_EDGE, EDGE, FIRST_LABEL = 0, 1, 2, 3


class SequenceEncoding(Encoding):
    """Vertex by vertex: an edge token for every earlier vertex, then the label.

    Tokens: 0 is padding (and may start a decoder), 1 no edge, 2 an edge, 3 + i the label i of the
    space's vocabulary. Every vertex and every edge of the graph is in the sequence, the output
    included; the first vertex, an input in all spaces, gives its label alone.
    """

    def vocabulary(self, space: SearchSpace) -> int:
        """Returns the number of different tokens."""
        return FIRST_LABEL + len(space.graphs(np.empty((0, space.length), np.int16)).vocabulary)

    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[np.int64]:
        """Returns ``(n, v (v + 1) / 2)`` tokens for graphs of v vertices."""
        graph = space.graphs(genes)
        mask = graph.mask
        columns = []
        for v in range(graph.labels.shape[1]):
            edges = np.where(graph.adjacency[:, :v, v] & mask[:, :v], EDGE, NO_EDGE)
            labels = graph.labels[:, v : v + 1].astype(np.int64) + FIRST_LABEL
            tokens = np.concatenate([edges, labels], axis=1)
            columns.append(np.where(mask[:, v : v + 1], tokens, PADDING))
        return np.concatenate(columns, axis=1)
