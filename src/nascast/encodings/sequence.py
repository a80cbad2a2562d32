"""Token sequences, for predictors that read or write them.

NAO: Luo et al., NeurIPS 2018, https://arxiv.org/abs/1808.07233.
SemiNAS: Luo et al., NeurIPS 2020, https://arxiv.org/abs/2002.10389.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.feature import Encoding
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Genes
from nascast.encodings._flat import by_blocks, edges

__all__ = ["SequenceEncoding"]

PADDING, NO_EDGE, EDGE, FIRST_LABEL = 0, 1, 2, 3


class SequenceEncoding(Encoding):
    """A sequence of tokens, vertex by vertex: one for every earlier vertex, then the label.

    Tokens: 0 is padding (and may start a decoder), 1 no edge, 2 an edge, 3 + i the label i of the
    space's vocabulary. Every vertex and every edge of the graph is in the sequence, the output
    included; the first vertex, an input in all spaces, gives its label alone.
    """

    def vocabulary(self, space: SearchSpace) -> int:
        """Returns the number of different tokens."""
        return FIRST_LABEL + len(space.graphs(np.empty((0, space.length), np.int16)).vocabulary)

    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[np.int64]:
        """Returns ``(n, v (v + 1) / 2)`` tokens for graphs of v vertices."""
        return by_blocks(space, genes, _encode)


def _encode(graph: Graph) -> npt.NDArray[np.int64]:
    n, v = graph.labels.shape
    tokens = edges(graph) + np.int16(NO_EDGE)  # and EDGE is one more
    tokens[:, np.arange(v), np.arange(v)] = graph.labels + np.int16(FIRST_LABEL)
    tokens *= graph.mask[:, None, :]  # a vertex that is not there leaves padding, which is 0
    stop, start = np.tril_indices(v)
    return np.asarray(tokens.reshape(n, v * v).take(start * v + stop, axis=1), dtype=np.int64)
