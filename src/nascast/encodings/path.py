"""Path encoding (White et al., AAAI 2021, https://arxiv.org/abs/1910.11858; truncated: 2007.04965).

One bit for every sequence of operations that may stand on a path from input to output. The paths
are those of the space's graphs, edge by edge, and so follow whatever edges a space has.
"""

from itertools import combinations

import numpy as np
import numpy.typing as npt

from nascast.core.errors import UnsupportedError
from nascast.core.feature import Encoding
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

__all__ = ["PathEncoding"]

_LARGEST = 12  # interior vertices; every subset of them is a possible path
_COLUMNS = 200_000


class PathEncoding(Encoding):
    """One bit for each path, whether the graph has it; shorter paths come first.

    With k operations there are k^m columns for paths of m operations, from the shortest to the
    longest that the graphs allow: 5 + 25 + 125 for NAS-Bench-201.
    """

    def __init__(self, length: int | None = None) -> None:
        """Chooses the length at which paths are cut off.

        Args:
            length: number of operations on the longest path that is encoded; None encodes all.
                Short paths are the likely ones, and a truncated encoding loses little.
        """
        self.length = length

    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[np.float32]:
        """Returns ``(n, columns)`` bits, one for each path.

        Raises:
            UnsupportedError: the graphs have no single input and output, or too many paths.
        """
        if not len(genes):  # the number of columns is that of some graph of the space
            return self.encode(space, space.sample(1, np.random.default_rng(0)))[:0]
        graph = space.graphs(genes)
        inner = graph.labels.shape[1] - 2
        longest = inner if self.length is None else min(self.length, inner)
        lengths = [m for m in _lengths(graph) if m <= longest]
        operations = [i for i, name in enumerate(graph.vocabulary) if name not in _ENDS]
        k = len(operations)
        offsets = np.cumsum([0] + [k**m for m in lengths])
        if inner > _LARGEST:
            raise UnsupportedError(
                f"paths of {space.name} are not encoded: its graphs have {inner} vertices between "
                f"input and output; at most {_LARGEST} are possible"
            )
        if offsets[-1] > _COLUMNS:
            raise UnsupportedError(
                f"{space.name} has {offsets[-1]:,} paths of up to {longest} operations, more than "
                f"{_COLUMNS:,}; truncate the encoding with length=…"
            )
        number = np.full(len(graph.vocabulary) + 1, -1)  # the last entry is for label −1
        number[operations] = np.arange(k)
        ops = number[graph.labels]
        last = _output(graph)
        out = np.zeros((len(genes), int(offsets[-1])), dtype=np.float32)
        every = np.arange(len(genes))
        for offset, length in zip(offsets[:-1], lengths, strict=True):
            for middle in combinations(range(1, inner + 2), length):
                present = np.ones(len(genes), dtype=bool)
                index = np.zeros(len(genes), dtype=np.int64)
                for start, stop in zip((0, *middle), middle, strict=False):
                    present &= graph.adjacency[:, start, stop] & (ops[:, stop] >= 0)
                    index = index * k + ops[:, stop]
                tail = middle[-1] if middle else 0
                present &= graph.adjacency[every, tail, last]
                out[every[present], offset + index[present]] = 1
        return out


_ENDS = ("input", "output")


def _output(graph: Graph) -> npt.NDArray[np.intp]:
    """Returns ``(n,)``: the output vertex of each graph; the input is always vertex 0."""
    if not {"input", "output"} <= set(graph.vocabulary):
        raise UnsupportedError("paths need graphs with an input and an output")
    is_input = graph.labels == graph.vocabulary.index("input")
    is_output = graph.labels == graph.vocabulary.index("output")
    if (is_input.sum(1) != 1).any() or not is_input[:, 0].all() or (is_output.sum(1) != 1).any():
        raise UnsupportedError("paths need graphs with one input, the first vertex, and one output")
    return np.asarray(is_output.argmax(1))


def _lengths(graph: Graph) -> list[int]:
    """Returns the numbers of operations that a path can have.

    Where all graphs of a space have the same edges, these decide; else any path may be there.
    """
    inner = graph.labels.shape[1] - 2
    if graph.adjacency.strides[0]:  # not one adjacency broadcast over the batch
        return list(range(inner + 1))
    walks = np.eye(inner + 2, dtype=np.int64)[0]
    found = []
    for steps in range(1, inner + 2):
        walks = walks @ graph.adjacency[0]
        if walks[-1]:
            found.append(steps - 1)
    return found
