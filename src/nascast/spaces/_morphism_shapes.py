"""What a sequence of morphisms makes of the seed, for batches of rows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nascast.core.graph import Graph
from nascast.core.types import Bools, Genes

__all__ = ["DEEPEN", "KINDS", "MOST_DOUBLINGS", "NONE", "WIDEN", "Moves", "Shapes"]

KINDS = ("none", "deepen", "widen", "add", "concat")
NONE, DEEPEN, WIDEN, ADD, CONCAT = range(len(KINDS))
MOST_DOUBLINGS = 3  # of a layer's width; chosen, so that networks stay trainable

Bytes = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int64]


class Moves:
    """The table of moves: gene value k is move k, and move 0 does nothing.

    Attributes:
        rows: (kind, first, second): a layer and a kernel or factor, or source and target of a skip.
        kind, first, second: ``(moves,)`` the same as arrays.
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


@dataclass(slots=True)
class Shapes:
    """A batch of n networks of at most l layers, changed in place.

    Attributes:
        depth: ``(n,)`` layers.
        stage: ``(n, l)`` how often the image has been halved before a layer.
        kernel: ``(n, l)`` side of the convolution.
        doublings: ``(n, l)`` of the width of the layer's stage.
        skip: ``(n, l, l)`` kind of the connection from a layer to another, or 0.
    """

    depth: Ints
    stage: Bytes
    kernel: Bytes
    doublings: Bytes
    skip: Bytes

    @classmethod
    def seeds(cls, n: int, stages: int, layers: int) -> "Shapes":
        """Returns n times the seed, a 3×3 layer in each stage."""
        stage = np.zeros((n, layers), dtype=np.int8)
        stage[:, :stages] = np.arange(stages)
        kernel = np.full((n, layers), 3, dtype=np.int8)
        depth = np.full(n, stages)
        return cls(
            depth, stage, kernel, np.zeros_like(stage), np.zeros((n, layers, layers), np.int8)
        )

    def allowed(self, moves: Moves) -> Bools:
        """Returns ``(n, moves)``: which moves each network can make."""
        first, second, kind = moves.first, moves.second, moves.kind
        skips = kind >= ADD
        allowed = np.maximum(first, np.where(skips, second, 0)) < self.depth[:, None]
        widen = kind == WIDEN
        room = MOST_DOUBLINGS - np.log2(np.where(widen, second, 1)).astype(np.int8)
        allowed &= ~widen | (self.doublings[:, first] <= room)
        allowed &= ~skips | (self.skip[:, first, np.where(skips, second, 0)] == 0)
        return np.asarray(allowed | (kind == NONE))

    def advance(self, moves: Moves, genes: Genes) -> Bools:
        """Makes one move, ``(n,)``, on each network; returns ``(n,)`` whether that was allowed."""
        made = self.allowed(moves)[np.arange(len(genes)), genes]
        kind, first, second = moves.kind[genes], moves.first[genes], moves.second[genes]
        rows = np.flatnonzero(made & (kind == WIDEN))
        by = np.log2(second[rows]).astype(np.int8)
        self.doublings[rows, first[rows]] += by
        rows = np.flatnonzero(made & (kind >= ADD))
        self.skip[rows, first[rows], second[rows]] = kind[rows]
        rows = np.flatnonzero(made & (kind == DEEPEN))
        if len(rows):
            self._insert(rows, first[rows], second[rows])
        return np.asarray(made)

    def _insert(self, rows: Ints, after: Ints, kernel: Ints) -> None:
        places = np.arange(self.stage.shape[1])
        old = places - (places > after[:, None])  # the place that each place's layer had before
        for values in (self.stage, self.kernel, self.doublings):
            values[rows] = np.take_along_axis(values[rows], old, axis=1)
        self.kernel[rows, after + 1] = kernel
        skip = np.take_along_axis(self.skip[rows], old[:, :, None], axis=1)
        skip = np.take_along_axis(skip, old[:, None, :], axis=2)
        skip[np.arange(len(rows)), after + 1] = 0
        skip[np.arange(len(rows)), :, after + 1] = 0
        self.skip[rows] = skip
        self.depth[rows] += 1

    def graphs(self, kernels: Sequence[int], stages: int) -> Graph:
        """Returns graphs with the vertices add, concat, and itself for each layer.

        Args:
            kernels: all there may be.
            stages: how many there may be.
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
        return Graph(self._edges(labels), labels, ("input", "output", "add", "concat", *names))

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
