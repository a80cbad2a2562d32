"""The networks to which sequences of morphisms lead from the seed, in batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from nascast.core.graph import Graph
from nascast.core.types import Bools, Genes

__all__ = ["DEEPEN", "KINDS", "MOST_DOUBLINGS", "NONE", "WIDEN", "Moves", "OneShape", "Shapes"]

KINDS = ("none", "deepen", "widen", "add", "concat")
NONE, DEEPEN, WIDEN, ADD, CONCAT = range(len(KINDS))
MOST_DOUBLINGS = 3  # doublings of a width; chosen, so that networks stay trainable

Bytes = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int64]


class Moves:
    """The table of moves: gene value k is move k, and move 0 does nothing.

    Attributes:
        rows: (kind, first, second) of each move: first and second are a layer and a kernel or
            factor, or the source and the target of a skip.
        kind: ``(moves,)`` kinds.
        first: ``(moves,)`` first numbers of the rows.
        second: ``(moves,)`` second numbers of the rows.
        doublings: ``(moves,)`` times that a move doubles the width of the first layer.
        target: ``(moves,)`` layers that a skip leads to, or 0.
        starts: first move of each kind; the moves of a kind follow one another.
    """

    def __init__(self, layers: int, kernels: Sequence[int], factors: Sequence[int]) -> None:
        """Lists the moves on networks of at most `layers` layers after the last of them."""
        pairs = [(a, b) for b in range(2, layers - 1) for a in range(b - 1)]
        self.rows: list[tuple[int, int, int]] = [
            (NONE, 0, 0),
            *((DEEPEN, layer, kernel) for layer in range(layers - 1) for kernel in kernels),
            *((WIDEN, layer, factor) for layer in range(layers - 1) for factor in factors),
            *((ADD, a, b) for a, b in pairs),
            *((CONCAT, a, b) for a, b in pairs),
        ]
        self.kind, self.first, self.second = np.asarray(self.rows).T
        factor = np.where(self.kind == WIDEN, self.second, 1)
        self.doublings = np.log2(factor).astype(np.int8)
        self.target = np.where(self.kind >= ADD, self.second, 0)
        self.starts: list[int] = np.searchsorted(self.kind, range(len(KINDS))).tolist()


@dataclass(slots=True)
class Shapes:
    """A batch of n networks of at most l layers, changed in place.

    Attributes:
        depth: ``(n,)`` numbers of layers.
        stage: ``(n, l)`` times that the image has been halved before a layer.
        kernel: ``(n, l)`` sides of the convolutions.
        doublings: ``(n, l)`` times that a layer's width was doubled from that of its stage.
        skip: ``(n, l, l)`` kinds of the connection from a layer to another, or 0.
    """

    depth: Ints
    stage: Bytes
    kernel: Bytes
    doublings: Bytes
    skip: Bytes

    @classmethod
    def seeds(cls, n: int, stages: int, layers: int) -> "Shapes":
        """Returns n copies of the seed, which has a 3×3 layer in each stage."""
        stage = np.zeros((n, layers), dtype=np.int8)
        stage[:, :stages] = np.arange(stages)
        kernel = np.full((n, layers), 3, dtype=np.int8)
        depth = np.full(n, stages)
        return cls(
            depth, stage, kernel, np.zeros_like(stage), np.zeros((n, layers, layers), np.int8)
        )

    def rows(self, which: Bools) -> "Shapes":
        """Returns a copy of those networks of the batch for which `which`, ``(n,)``, is true."""
        stage, kernel, doublings = self.stage[which], self.kernel[which], self.doublings[which]
        return Shapes(self.depth[which], stage, kernel, doublings, self.skip[which])

    def allowed(self, moves: Moves) -> Bools:
        """Returns ``(n, moves)``: whether each network can make each move."""
        first, target = moves.first, moves.target
        allowed = np.maximum(first, target) < self.depth[:, None]
        allowed &= self.doublings[:, first] + moves.doublings <= MOST_DOUBLINGS
        allowed &= (moves.kind < ADD) | (self.skip[:, first, target] == 0)
        return np.asarray(allowed | (moves.kind == NONE))

    def advance(self, moves: Moves, genes: Genes) -> Bools:
        """Makes one move, ``(n,)``, on each network; returns ``(n,)`` whether it was allowed."""
        every = np.arange(len(genes))
        kind, first, target = moves.kind[genes], moves.first[genes], moves.target[genes]
        doublings = self.doublings[every, first] + moves.doublings[genes]
        made = np.maximum(first, target) < self.depth
        made &= doublings <= MOST_DOUBLINGS
        made &= (kind < ADD) | (self.skip[every, first, target] == 0)
        made |= kind == NONE
        if len(rows := np.flatnonzero(made & (kind == WIDEN))):
            self.doublings[rows, first[rows]] = doublings[rows]
        if len(rows := np.flatnonzero(made & (kind >= ADD))):
            self.skip[rows, first[rows], target[rows]] = kind[rows]
        if len(rows := np.flatnonzero(made & (kind == DEEPEN))):
            self._insert(rows, first[rows], moves.second[genes[rows]])
        return np.asarray(made)

    def _insert(self, rows: Ints, after: Ints, kernel: Ints) -> None:
        old, pairs = _before_insertion(self.stage.shape[1])
        for values in (self.stage, self.kernel, self.doublings):
            values[rows] = values[rows[:, None], old[after]]
        self.kernel[rows, after + 1] = kernel
        skip = self.skip.reshape(len(self.skip), -1)
        skip[rows] = skip[rows[:, None], pairs[after]]
        self.depth[rows] += 1

    def graphs(self, kernels: Sequence[int], stages: int) -> Graph:
        """Returns graphs with three vertices for each layer: add, concat, and the layer itself.

        Args:
            kernels: all kernels that layers may have.
            stages: number of stages.
        """
        n, layers = self.stage.shape
        widths = 1 + MOST_DOUBLINGS
        names = [
            f"conv{kernel}x{kernel}-s{stage}-x{2**doublings}"
            for kernel in kernels
            for stage in range(stages)
            for doublings in range(widths)
        ]
        alive = np.arange(layers) < self.depth[:, None]
        which = np.searchsorted(kernels, self.kernel)
        labels = np.full((n, 3 * layers + 2), -1, dtype=np.int16)
        labels[:, 0], labels[:, -1] = 0, 1
        for place, kind in enumerate((ADD, CONCAT)):
            labels[:, 1 + place : -1 : 3] = np.where((self.skip == kind).any(1), 2 + place, -1)
        numbers = 4 + (which * stages + self.stage) * widths + self.doublings
        labels[:, 3:-1:3] = np.where(alive, numbers, -1)
        joints = ("add", "concat")
        return Graph(
            self._edges(labels), labels, ("input", "output", *joints, *names), joints=joints
        )

    def _edges(self, labels: npt.NDArray[np.int16]) -> Bools:
        """Returns ``(n, vertices, vertices)``: layer i is vertex 3 i + 3, its sums before it."""
        n, vertices = labels.shape
        every = np.arange(n)
        adjacency = np.zeros((n, vertices, vertices), dtype=bool)
        for layer in range(self.stage.shape[1]):
            add, concat, itself = 3 * layer + np.arange(1, 4)
            last = np.full(n, 3 * layer)  # the layer before, or the input
            for kind, vertex in ((ADD, add), (CONCAT, concat)):
                there = labels[:, vertex] >= 0
                adjacency[every, last, vertex] = there
                adjacency[:, 3:-1:3, vertex] |= self.skip[:, :, layer] == kind
                last = np.where(there, vertex, last)
            adjacency[every, last, itself] = labels[:, itself] >= 0
        adjacency[every, 3 * self.depth, -1] = True
        return adjacency


@dataclass(slots=True)
class OneShape:
    """One network, as `Shapes` are many, in lists, and without its kernels; changed in place.

    Attributes:
        depth: number of layers.
        doublings: times that each layer's width was doubled.
        skips: (source, target) of the connections.
    """

    depth: int
    doublings: list[int]
    skips: set[tuple[int, int]]

    @classmethod
    def seed(cls, stages: int) -> "OneShape":
        """Returns the seed, which has a layer in each stage."""
        return cls(stages, [0] * stages, set())

    def counts(self) -> list[int]:
        """Returns how many moves of each kind are allowed."""
        skips = _pairs(self.depth) - len(self.skips)
        widen = sum([_FACTORS_LEFT[doublings] for doublings in self.doublings])
        return [1, 2 * self.depth, widen, skips, skips]

    def allowed(self, moves: Moves, kind: int) -> list[int]:
        """Returns the allowed moves of a kind, ascending."""
        start = moves.starts[kind]
        if kind == WIDEN:
            left = [_FACTORS_LEFT[doublings] for doublings in self.doublings]
            return [start + 2 * layer + k for layer, n in enumerate(left) for k in range(n)]
        if kind < ADD:
            return list(range(start, start + (2 * self.depth if kind == DEEPEN else 1)))
        taken = {_pairs(target) + source for source, target in self.skips}
        return [start + pair for pair in range(_pairs(self.depth)) if pair not in taken]

    def advance(self, kind: int, first: int, second: int) -> bool:
        """Makes one move; returns whether it was allowed."""
        if kind == NONE:
            return True
        if first >= self.depth:
            return False
        if kind == DEEPEN:
            self.depth += 1
            self.doublings.insert(first, self.doublings[first])
            self.skips = {(a + (a > first), b + (b > first)) for a, b in self.skips}
        elif kind == WIDEN:
            self.doublings[first] += second // 2  # by 2 or 4
            return self.doublings[first] <= MOST_DOUBLINGS
        else:
            fine = second < self.depth and (first, second) not in self.skips
            self.skips.add((first, second))
            return fine
        return True


_FACTORS_LEFT = (2, 2, 1, 0)  # by doublings: whether 2 and 4 still fit, 2 alone, or neither


def _pairs(target: int) -> int:
    """Returns how many pairs of layers that may be connected lead to layers below a target."""
    return (target - 1) * (target - 2) // 2


@cache
def _before_insertion(layers: int) -> tuple[Ints, Ints]:
    """Returns where layers and pairs of layers stood before one was inserted after layer i.

    Returns:
        ``(layers, layers)``: the layer that stood for each one; the new one has that of layer i.
        ``(layers, layers²)``: the pair of layers, as one number, that stood for each pair. Those
        with the new layer have (0, 0), which is never connected.
    """
    place = np.arange(layers)
    old = place - (place > place[:, None])
    pairs = old[:, :, None] * layers + old[:, None, :]
    pairs[place[:-1], place[1:]] = 0
    pairs[place[:-1], :, place[1:]] = 0
    return old, pairs.reshape(layers, layers**2)
