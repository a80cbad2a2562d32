"""DARTS cells as the configurations that the surrogates of NAS-Bench-301 were fitted on.

A configuration names, for each of the two cells, the operation on each of its 14 possible edges and
the pair of states that nodes 3, 4 and 5 read (https://github.com/automl/nasbench301,
``representations.py``). The edge from input i to node j is number [0, 2, 5, 9][j − 2] + i; edges
that a cell does not have are inactive.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.types import Genes
from nascast.spaces.darts import Darts

__all__ = ["CHOICES", "INACTIVE", "choices", "names"]

INACTIVE = -1
_CELLS = ("normal", "reduce")
_FIRST = np.asarray([0, 2, 5, 9])  # the first edge into each node
_EDGES = 14
_PREFIX = "NetworkSelectorDatasetInfo:darts:"


def _pairs(node: int) -> list[str]:
    """Returns the pairs of states that a node can read, in the order of their texts."""
    return [f"{a}_{b}" for a in range(node) for b in range(a + 1, node)]


# Every choice with its values: the edges of the normal and of the reduction cell, then the inputs.
CHOICES: dict[str, tuple[str, ...]] = {
    **{
        f"{_PREFIX}edge_{cell}_{edge}": Darts.operations
        for cell in _CELLS
        for edge in range(_EDGES)
    },
    **{
        f"{_PREFIX}inputs_node_{cell}_{node}": tuple(_pairs(node))
        for cell in _CELLS
        for node in (3, 4, 5)
    },
}


def names() -> list[str]:
    """Returns the names of the 34 choices, in the order of the columns of `choices`."""
    return list(CHOICES)


def choices(genes: Genes) -> npt.NDArray[np.int64]:
    """Returns ``(n, 34)``: the index of each choice among its values in `CHOICES`, or `INACTIVE`.

    Args:
        genes: ``(n, 24)`` valid rows of the space darts.
    """
    nodes = genes.reshape(len(genes), 2, 4, 3).astype(np.int64)
    states = np.asarray(Darts.pairs)[nodes[..., 0]]  # (n, cell, node, side)
    edges = _FIRST[:, None] + states
    out = np.full((len(genes), len(CHOICES)), INACTIVE, dtype=np.int64)
    rows = np.arange(len(genes))[:, None, None, None]
    out[rows, _EDGE_COLUMNS[np.arange(2)[:, None, None], edges]] = nodes[..., 1:]
    rows = np.arange(len(genes))[:, None, None]
    out[rows, _INPUT_COLUMNS] = _PAIR_INDEX[np.arange(3), nodes[:, :, 1:, 0]]
    return out


def _columns(texts: list[list[str]]) -> npt.NDArray[np.intp]:
    order = names()
    return np.asarray([[order.index(_PREFIX + text) for text in row] for row in texts])


_EDGE_COLUMNS = _columns([[f"edge_{c}_{e}" for e in range(_EDGES)] for c in _CELLS])
_INPUT_COLUMNS = _columns([[f"inputs_node_{c}_{j}" for j in (3, 4, 5)] for c in _CELLS])
_PAIR_INDEX = np.asarray(  # by node and value of the pair's gene
    [
        [_pairs(j).index(f"{a}_{b}") if b < j else INACTIVE for a, b in Darts.pairs]
        for j in (3, 4, 5)
    ]
)
