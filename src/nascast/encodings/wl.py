"""Weisfeiler–Lehman histograms.

Shervashidze et al., JMLR 2011; for NAS: Ru et al., ICLR 2021, https://arxiv.org/abs/2006.07556.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.feature import Encoding
from nascast.core.graph import Graph, UInts, mix
from nascast.core.space import SearchSpace
from nascast.core.types import Genes
from nascast.encodings._flat import by_blocks, edges

__all__ = ["WeisfeilerLehman"]

_NOTHING = np.uint64(0)


class WeisfeilerLehman(Encoding):
    """The counts of rooted subtrees of operations, for subtrees of depth 0 … `depth`.

    A vertex is relabelled by its own label and those of the vertices that feed it. Graphs that
    differ in the order of their vertices have the same encoding.
    """

    def __init__(self, depth: int = 2, columns: int = 512) -> None:
        """Chooses the depth of subtrees and the size of the encoding.

        Args:
            depth: number of rounds of relabelling.
            columns: number of columns into which subtrees are hashed; different ones rarely share
                one.
        """
        self.depth = depth
        self.columns = columns

    def subtrees(self, space: SearchSpace, genes: Genes) -> UInts:
        """Returns ``(n, (depth + 1) · v)`` hashes of subtrees; 0 where there is no vertex."""
        return by_blocks(space, genes, self._subtrees)

    def _subtrees(self, graph: Graph) -> UInts:
        alive = graph.mask
        n, v = alive.shape
        # Graphs have few edges: sums over a list of them are quicker than over all pairs.
        pair = np.flatnonzero(edges(graph))
        start, stop = pair // v, pair // v**2 * v + pair % v  # vertices, counted over all graphs
        state = np.where(alive, mix((graph.labels + 2).astype(np.uint64)), _NOTHING)
        rounds = [state]
        with np.errstate(over="ignore"):
            for _ in range(self.depth):
                into = np.zeros(n * v, dtype=np.uint64)
                # What feeds a vertex is scrambled in another way than the vertex itself: `a` fed by
                # `b` is not `b` fed by `a`.
                np.add.at(into, stop, mix(~state).ravel()[start])
                state = np.where(alive, mix(mix(state) + into.reshape(n, v)), _NOTHING)
                rounds.append(state)
        return np.concatenate(rounds, axis=1)

    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[np.float32]:
        """Returns ``(n, columns)`` counts of subtrees."""
        return by_blocks(space, genes, self._counts)

    def _counts(self, graph: Graph) -> npt.NDArray[np.float32]:
        names = self._subtrees(graph)
        n, columns = len(names), self.columns
        places = (names % np.uint64(columns)).astype(np.int64) + columns * np.arange(n)[:, None]
        counts = np.bincount(places[names != _NOTHING], minlength=n * columns)
        return counts.reshape(n, columns).astype(np.float32)
