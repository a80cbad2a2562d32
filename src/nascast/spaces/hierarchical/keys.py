"""Keys of what cells of motifs compute.

A cell is written out operation by operation, without motifs and nodes. What a node concatenates is
a list of blocks of channels. The operations that work channel by channel, poolings and depthwise
convolutions, work on every block apart; all others read all blocks at once and make one. A motif is
its operations and a 1×1 convolution back to the channels of its input. Then networks that are the
same but for the order of blocks are isomorphic graphs.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, compress

import numpy as np

from nascast.core.graph import UInts
from nascast.core.types import Genes
from nascast.spaces.hierarchical.motifs import NONE, Motifs

__all__ = ["cell_keys"]

_DENSE, _SEPARABLE = "conv_1x1", "separable_conv_3x3"
_POOLINGS = ("max_pool_3x3", "avg_pool_3x3")
_MASK = 2**64 - 1

_Edges = Sequence[Sequence[tuple[int, int]]]  # by level
_Node = tuple[list[int], int]  # operations whose outputs it concatenates, and channels per input's


def cell_keys(levels: Sequence[Genes], edges: _Edges, primitives: Sequence[str]) -> UInts:
    """Returns ``(n,)`` keys of what cells compute, equal for all that compute the same.

    Args:
        levels: pruned genes by level, ``(n, motifs, edges)`` each; those of the cell come last.
        edges: start and end of each edge by level, ordered by end.
        primitives: names of the operations of level 1.
    """
    rows = zip(*(level.tolist() for level in levels), strict=True)
    return np.asarray([_Network(row, edges, primitives).key() for row in rows], dtype=np.uint64)


class _Network:
    """The operations of one cell and what each reads, in an order in which they can be computed."""

    def __init__(self, levels: Sequence[Motifs], edges: _Edges, primitives: Sequence[str]) -> None:
        self._levels, self._edges, self._primitives = levels, edges, primitives
        self._seeds: list[int] = []  # of the operations: numbers of what they do
        self._reads: list[list[int]] = []
        self._pooled: dict[tuple[str, int], int] = {}
        cell, _ = self._motif(len(levels) - 1, 0, ([self._add("input", [])], 1))
        self._add(_SEPARABLE, cell)

    def key(self) -> int:
        """Returns a number that isomorphic graphs share.

        What reads two operations that look alike looks like what reads one of them twice. So there
        graphs are compared also with each of such operations singled out; elsewhere, what looks
        alike is a forest, which has nothing else to tell.
        """
        colours = self._refined(self._seeds)
        counts, times = Counter(colours), Counter(chain.from_iterable(self._reads))
        tied = [counts[colour] > 1 for colour in colours]
        among = [sum([tied[read] for read in reads]) for reads in self._reads]
        key = sum(colours)
        if max(compress(among, tied), default=0) > 1:
            for i, colour in enumerate(colours):
                if tied[i] and times[i] > 1:
                    other = [*colours[:i], ~colour & _MASK, *colours[i + 1 :]]
                    key += _mixed(sum(self._refined(other)))
        return _mixed(key)

    def _refined(self, colours: list[int]) -> list[int]:
        """Returns colours split by those of all around, until nothing splits."""
        while True:
            after = self._around(colours)
            if len(set(after)) <= len(set(colours)):
                return after
            colours = after

    def _around(self, colours: list[int]) -> list[int]:
        """Returns colours by what each operation depends on, and what depends on it."""
        below: list[int] = []
        for colour, reads in zip(colours, self._reads, strict=True):
            below.append(_mixed(colour + sum([below[i] for i in reads])))
        above, found = [0] * len(below), below.copy()
        for i in range(len(below) - 1, -1, -1):
            found[i] = _mixed(_mixed(above[i]) ^ below[i])
            for read in self._reads[i]:
                above[read] += found[i]
        return found

    def _add(self, operation: str, reads: list[int], width: int = 1) -> int:
        """Adds an operation whose output has so many times the channels of the input."""
        names = (*self._primitives, "input")
        self._seeds.append(_mixed(names.index(operation) + len(names) * width))
        self._reads.append(reads)
        return len(self._reads) - 1

    def _motif(self, level: int, motif: int, entry: _Node) -> _Node:
        """Adds the operations of a motif; returns its last node."""
        nodes = {0: entry}
        edges = self._edges[level]
        for value, (start, end) in zip(self._levels[level][motif], edges, strict=True):
            if value != NONE:
                blocks, width = self._operation(level, value - 1, nodes[start])
                others, sofar = nodes.get(end, ([], 0))
                nodes[end] = others + blocks, sofar + width
        return nodes[edges[-1][1]]

    def _operation(self, level: int, operation: int, node: _Node) -> _Node:
        """Adds an operation of the level below that reads a node; returns what it brings."""
        blocks, width = node
        if level:
            inside, _ = self._motif(level - 1, operation, node)
            return [self._add(_DENSE, inside, width)], width
        name = self._primitives[operation]
        if name == "identity":
            return node
        if name in _POOLINGS:
            return [self._pool(name, block) for block in blocks], width
        if name in (_DENSE, _SEPARABLE):
            return [self._add(name, blocks)], 1
        return [self._add(name, [block]) for block in blocks], width

    def _pool(self, name: str, block: int) -> int:
        """Adds a pooling, unless it is there: it has no weights, and two are the same as one."""
        if (name, block) not in self._pooled:
            self._pooled[name, block] = self._add(name, [block])
        return self._pooled[name, block]


def _mixed(number: int) -> int:
    """Returns a number of 64 bits that is scrambled as `core.graph.mix` does."""
    z = (number + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & _MASK
    return z ^ z >> 31
