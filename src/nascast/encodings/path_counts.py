"""Numbers of paths, by the operations on them.

As the path encoding (White et al., AAAI 2021, https://arxiv.org/abs/1910.11858), but for three
things: paths are counted, since two equal ones are not one; what leaves a tensor as it is does not
stand in a sequence, so that cells which compute the same look the same; and of long sequences, of
which there are too many, only the end is told apart.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError
from nascast.core.feature import Encoding
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Genes
from nascast.encodings._flat import by_blocks, edges

__all__ = ["PathCounts"]

_COLUMNS = 100  # for each sink; chosen
_IDLE = ("skip_connect", "identity")

Singles = npt.NDArray[np.float32]


class PathCounts(Encoding):
    """The numbers of paths from a source to each sink, by the sequence of their operations.

    ``none`` is on no path, and skips and joints are on paths without being counted. A path of more
    operations than a sequence has counts by the last ones. Shorter sequences come first: 1 + 3 + 9
    + 27 columns for NAS-Bench-201.
    """

    def __init__(self, length: int | None = None) -> None:
        """Chooses how much of a path is told apart.

        Args:
            length: number of operations of the longest sequences; None takes as many as make no
                more than 100 columns for a sink, at least one.

        Raises:
            InvalidSettingError: it is negative.
        """
        if length is not None and length < 0:
            raise InvalidSettingError(f"a path has at least 0 operations; got length={length}")
        self.length = length

    def encode(self, space: SearchSpace, genes: Genes) -> Singles:
        """Returns ``(n, columns)`` numbers of paths."""
        return by_blocks(space, genes, self._counts)

    def _counts(self, graph: Graph) -> Singles:
        names = [name for name in graph.operations if name not in _IDLE]
        k, (n, v) = len(names), graph.labels.shape
        length = _longest(k) if self.length is None else self.length
        first = np.cumsum([0] + [k**m for m in range(length + 1)])  # column of each length
        is_operation = np.stack([_are(graph, name) for name in names])  # (k, v, n)
        is_source: Singles = np.sum(
            [_are(graph, name) for name in graph.sources], axis=0, dtype=np.float32
        )
        stays = (1 - is_operation.sum(0)) * (1 - _are(graph, "none"))
        wires = np.ascontiguousarray(edges(graph).transpose(1, 2, 0), dtype=np.float32)
        paths = np.zeros((v, first[-1], n), dtype=np.float32)
        for j in range(v):
            come = np.zeros_like(paths[j])
            come[0] = is_source[j]
            for i in np.flatnonzero(wires[:j, j].any(1)):
                come += paths[i] * wires[i, j]
            paths[j] = come * stays[j]
            for m in range(length):  # one operation more
                longer = come[first[m] : first[m + 1], None] * is_operation[:, j]
                paths[j, first[m + 1] : first[m + 2]] += longer.reshape(k ** (m + 1), n)
            if length:  # the first operation of the longest falls away
                ends = come[first[length] :].reshape(k, k ** (length - 1), n).sum(0)
                rest = ends[:, None] * is_operation[:, j]
                paths[j, first[length] :] += rest.reshape(k**length, n)
        sinks = [(paths * _are(graph, sink)[:, None]).sum(0) for sink in graph.sinks]
        return np.asarray(np.concatenate(sinks).T, dtype=np.float32)


def _are(graph: Graph, name: str) -> Singles:
    """Returns ``(v, n)``: 1 where a vertex has a label, else 0; 0 if there is no such label."""
    there = name in graph.vocabulary
    number = graph.vocabulary.index(name) if there else -2
    return np.ascontiguousarray(np.equal(graph.labels.T, number), dtype=np.float32)


def _longest(k: int) -> int:
    length = 1
    while sum(k**m for m in range(length + 2)) <= _COLUMNS:
        length += 1
    return length
