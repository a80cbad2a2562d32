"""Weisfeiler–Lehman histograms.

Shervashidze et al., JMLR 2011; for NAS: Ru et al., ICLR 2021, https://arxiv.org/abs/2006.07556.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.graph import Graph, UInts, mix
from nascast.core.predictor import Encoding
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

__all__ = ["WeisfeilerLehman"]

_BLOCK = 2048  # graphs at a time, so that intermediate arrays stay in the processor's cache


class WeisfeilerLehman(Encoding):
    """How often each rooted subtree of operations occurs, for subtrees of depth 0 … `depth`.

    A vertex is relabelled by its own label and those of the vertices that feed it. Equal for graphs
    that differ in the order of their vertices.
    """

    def __init__(self, depth: int = 2, columns: int = 512) -> None:
        """Chooses how far a subtree reaches.

        Args:
            depth: rounds of relabelling.
            columns: into which the subtrees are hashed; different ones rarely meet.
        """
        self._depth = depth
        self._columns = columns

    def subtrees(self, space: SearchSpace, genes: Genes) -> UInts:
        """Returns ``(n, (depth + 1) · v)`` names of subtrees; 0 where there is no vertex."""
        parts = [genes[i : i + _BLOCK] for i in range(0, max(len(genes), 1), _BLOCK)]
        return np.concatenate([self._subtrees(space.graphs(part)) for part in parts])

    def _subtrees(self, graph: Graph) -> UInts:
        alive = graph.mask
        edges = graph.adjacency & alive[:, :, None]
        none = np.uint64(0)
        state = np.where(alive, mix((graph.labels + 2).astype(np.uint64)), none)
        rounds = [state]
        with np.errstate(over="ignore"):
            for _ in range(self._depth):
                into = np.where(edges, mix(state)[:, :, None], none).sum(1, dtype=np.uint64)
                state = np.where(alive, mix(mix(state) + into), none)
                rounds.append(state)
        return np.concatenate(rounds, axis=1)

    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[np.float32]:
        """Returns ``(n, columns)`` counts."""
        names = self.subtrees(space, genes)
        counts = np.zeros((len(genes), self._columns), dtype=np.float32)
        columns = (names % np.uint64(self._columns)).astype(np.int64)
        every = np.arange(len(genes))
        for name, column in zip(names.T, columns.T, strict=True):  # a row has one of each
            counts[every, column] += name != 0
        return counts
