"""Hierarchical cells (Liu et al., ICLR 2018, https://arxiv.org/abs/1711.00436).

Level 1 is a set of primitive operations. A motif of level 2 is a small DAG whose edges carry
primitives; one of level 3 is a DAG whose edges carry motifs of level 2; and so on to the top level,
whose only motif is the cell. Every motif is used as often as one likes, each time with weights of
its own. The flat representation has one level of motifs, the cell.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.graph import Graph
from nascast.core.notation import shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Floats, Genes, ImageTask, Task
from nascast.core.wrapping import tidied
from nascast.spaces.hierarchical.keys import cell_keys
from nascast.spaces.hierarchical.motifs import (
    NONE,
    Motifs,
    canonical_row,
    check_levels,
    edges_of,
    first_use,
    flat,
    merge_equal,
    prune,
    prune_row,
)

if TYPE_CHECKING:
    from torch import nn

    from nascast.networks.hierarchical import Plan

__all__ = ["Hierarchical"]

_PRIMITIVES = (
    "conv_1x1",
    "depthwise_conv_3x3",
    "separable_conv_3x3",
    "max_pool_3x3",
    "avg_pool_3x3",
    "identity",
)
_FLAT_NODES = 11  # as in the paper
_SKELETON: dict[str, Any] = {  # a small network to search with
    "channels": 16,
    "cells": 1,
    "stages": 3,
    "stem_stride": 1,
    "reduction": "pool",
}


class Hierarchical(SearchSpace):
    """Cells of motifs of motifs, with texts, graphs and networks.

    The genes are the edges of every motif: those of the motifs of level 2, one motif after the
    other, then those of level 3, up to the cell. Within a motif edges are ordered by their end,
    then by their start: 0→1, 0→2, 1→2, 0→3 … Gene 0 is none, no edge; gene k stands for the k-th
    operation of the level below, counted from 1.

    A row is valid if there is a path from the input of the cell to its output whose every edge
    carries a primitive or a motif through which there is such a path in turn. Everything else may
    be disconnected, unused, or equal to something else.

    Attributes:
        operations: names of the primitives; gene k of level 2 is ``operations[k - 1]``.
        motifs: number of motifs in each level from 2 up.
        nodes: number of nodes of each motif, by level from 2 up.
        flat: whether the cell consists of primitives.
        mutations: number of mutations from the trivial row to a sampled one.
        edges: (start, end) by gene within a motif, by level from 2 up.
    """

    name = "hierarchical"
    own = ("motifs", "motifs, level by level", r"\s*[0-9]+\.[0-9]+\s*\(")
    tasks = (ImageTask,)
    scales = ("cells", "channels")
    operations = _PRIMITIVES

    def __init__(
        self,
        motifs: tuple[int, ...] = (6, 1),
        nodes: tuple[int, ...] = (4, 5),
        *,
        flat: bool = False,
        mutations: int = 1000,
    ) -> None:
        """Chooses the levels; the defaults are those of the paper.

        Args:
            motifs: number of motifs in each level from 2 up; the last level has one, the cell.
            nodes: number of nodes of a motif in each level from 2 up.
            flat: whether the cell consists of primitives; with default `motifs` and `nodes` it then
                has 11 nodes.
            mutations: number of mutations from the trivial row to a sampled one, see `sample`.

        Raises:
            InvalidSettingError: the levels do not fit together.
        """
        if flat and (motifs, nodes) == ((6, 1), (4, 5)):
            motifs, nodes = (1,), (_FLAT_NODES,)
        check_levels(motifs, nodes, flat, mutations)
        self.motifs, self.nodes, self.flat = motifs, nodes, flat
        self.edges = tuple(edges_of(size) for size in nodes)
        self.mutations = mutations
        counts = [m * len(edges) for m, edges in zip(motifs, self.edges, strict=True)]
        self._ends = np.cumsum([0, *counts]).tolist()
        self._places_of = [
            [(i, i + len(edges)) for i in range(start, start + m * len(edges), len(edges))]
            for start, m, edges in zip(self._ends, motifs, self.edges, strict=False)
        ]
        self.cardinalities = tuple(
            1 + operations
            for operations, count in zip((len(_PRIMITIVES), *motifs), counts, strict=False)
            for _ in range(count)
        )
        self._odds = np.concatenate(
            [
                np.tile([1 / (end * (size - 1)) for _, end in edges], m) / (m * len(motifs))
                for m, size, edges in zip(motifs, nodes, self.edges, strict=True)
            ]
        )

        self._cumulated = self._odds.cumsum() / self._odds.cumsum()[-1]

    def is_valid(self, genes: Genes) -> Bools:
        valid = super().is_valid(genes)
        if valid.any():
            cell = prune(self._levels(genes[valid]), self.nodes)[-1]
            valid[valid] = (cell != NONE).any(axis=(1, 2))
        return valid

    def _is_row(self, row: list[int]) -> bool:
        return any(prune_row(self._motifs(row), self.nodes)[-1][0])

    def _motifs(self, row: list[int]) -> list[Motifs]:
        """Returns the genes of one row as `_levels` does those of many, in lists."""
        return [[row[i:j] for i, j in places] for places in self._places_of]

    def _explain(self, index: int, row: Genes) -> str:
        if not super().is_valid(row[None])[0]:
            return super()._explain(index, row)
        return (
            f"{self.name}: row {index} {row.tolist()} has no path from the input of the cell to "
            "its output through motifs that are themselves connected"
        )

    def canonical(self, genes: Genes) -> Genes:
        """Returns rows without parts that have no effect, and with motifs in a fixed order.

        An edge is none if it is on no path through its motif, or carries a motif without a path.
        Of equal motifs only the first is used. The motifs of a level are numbered as they are first
        used by the level above; those that are not used at all come last and have no edges.

        Not recognised are nodes of a motif in another order, and other detours by ``identity``.
        """
        self.check(genes)
        if len(genes) == 1:
            motifs = canonical_row(self._motifs(genes[0].tolist()), self.nodes)
            return np.asarray([[v for level in motifs for m in level for v in m]], dtype=np.int16)
        levels = first_use(merge_equal(prune(self._levels(genes), self.nodes)))
        return np.concatenate([flat(level) for level in levels], axis=1)

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys of what the cells compute, however they are made of motifs.

        An identity hands on what its node concatenates; a motif of identities alone is its last
        convolution, and so may be ``conv_1x1``. Poolings and depthwise convolutions of what a node
        concatenates are those of its parts. Poolings have no weights, so that one that is read
        twice is the same as two; every use of a motif has weights of its own.
        """
        self.check(genes)
        return cell_keys(prune(self._levels(genes), self.nodes), self.edges, _PRIMITIVES)

    def sample(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns n valid rows, drawn as the paper initialises its population.

        A trivial row, in which every motif is a chain of the identity (above level 2, of the first
        motif below), goes through 1,000 random mutations. Each chooses an edge as `mutate` does,
        and any of its operations, the one it has included. Only what each edge has at the end is
        drawn, which is the same distribution; the ends that are not valid are drawn again.
        """
        return super().sample(n, rng)

    def _draw(self, n: int, rng: np.random.Generator) -> Genes:
        touched = rng.multinomial(self.mutations, self._odds, size=n) > 0
        one = n == 1  # the same numbers as with a size, in half the time
        values = rng.integers(self._limits, size=None if one else (n, self.length))
        return np.where(touched, values, self._trivial).astype(np.int16)

    @cached_property
    def _trivial(self) -> Genes:
        parts = []
        for level, (m, edges) in enumerate(zip(self.motifs, self.edges, strict=True)):
            operation = 1 if level else 1 + _PRIMITIVES.index("identity")
            parts.append(np.tile([operation * (end == start + 1) for start, end in edges], m))
        return np.concatenate(parts).astype(np.int16)

    def _decisions(self, genes: Genes, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        """Returns ``(n,)``: the gene of one edge of one motif, drawn for each row.

        As in the paper the level is drawn first, then a motif of it, a node other
        than its first, and one of the earlier nodes, each time uniformly. Unlike there the new
        operation is never the old one, and mutations that disconnect the cell are drawn again.
        """
        drawn = rng.random(len(genes))  # what rng.choice does, which checks the odds every time
        return np.asarray(self._cumulated.searchsorted(drawn, side="right"))

    def odds(self, row: Genes, near: Genes) -> Floats:
        return np.asarray(self._odds[(near != row).argmax(axis=1)] * super().odds(row, near))

    def graphs(self, genes: Genes) -> Graph:
        """Returns the motifs of `canonical` side by side, with their edges as vertices.

        An edge of level 2 is a vertex with the name of its primitive. It is fed by the vertices of
        the edges that end where it starts, or by the input. Every motif that is used has one more
        vertex, ``motif``, fed by the edges that end at its last node. An edge that carries a motif
        is a vertex ``call``, which the vertex of that motif feeds too; so the graphs do not depend
        on how the motifs are numbered. The edges that end at the last node of the cell feed the
        output. There is no vertex for none. Vertices keep their places: one for each gene and each
        motif below the cell, between the input and the output.
        """
        levels = self._levels(self.canonical(genes))
        vocabulary = ("input", "output", "motif", "call", *_PRIMITIVES)
        within, columns = self._wires
        labels = np.full((len(genes), len(within)), -1, dtype=np.int16)
        labels[:, 0], labels[:, -1] = 0, 1
        for level, (values, places) in enumerate(zip(levels, columns, strict=True)):
            names = np.where(values == NONE, -1, 3 if level else values + 3)
            labels[:, places] = names
            if level < len(levels) - 1:
                labels[:, places[:, -1] + 1] = np.where((values == NONE).all(axis=2), -1, 2)
        alive = labels >= 0
        adjacency = within & alive[:, :, None] & alive[:, None, :]
        for values, places, below in zip(levels[1:], columns[1:], columns, strict=False):
            row, motif, edge = np.nonzero(values)
            adjacency[row, below[values[row, motif, edge] - 1, -1] + 1, places[motif, edge]] = True
        return Graph(adjacency, labels, vocabulary, joints=("motif", "call"))

    @cached_property
    def _wires(self) -> tuple[Bools, list[npt.NDArray[np.int64]]]:
        """The edges and the places of the vertices of `graphs`.

        Returns:
            ``(v, v)``, the edges within motifs if every edge of theirs is there; and for each level
            ``(motifs, edges)``, the vertices of the edges. A motif's own vertex follows them.
        """
        size = self.length + sum(self.motifs[:-1]) + 2
        within = np.zeros((size, size), dtype=bool)
        columns, at = [], 1
        for motifs, edges in zip(self.motifs, self.edges, strict=True):
            first = at + (len(edges) + 1) * np.arange(motifs)
            columns.append(first[:, None] + np.arange(len(edges)))
            at += (len(edges) + 1) * motifs
            starts, ends = np.asarray(edges).T
            for places in columns[-1]:
                within[0, places] = starts == 0
                within[places, places[-1] + 1] = ends == ends[-1]
                within[places[:, None], places] = ends[:, None] == starts
        return within, columns

    def to_text(self, genes: Genes) -> list[str]:
        """Returns one line for each row, such as ``2.1(identity|none,conv_1x1) 3.1(2.1|none,2.1)``.

        Motif m of level l is written ``l.m`` and followed by its nodes from the second on; a node
        is written as the operations on its edges from the first, second, … node.
        """
        self.check(genes)
        return self._texts(genes)

    def _texts(self, genes: Genes) -> list[str]:
        levels = [level.tolist() for level in self._levels(genes)]
        return [
            " ".join(
                f"{level + 2}.{m + 1}({self._motif(level, values[i][m])})"
                for level, values in enumerate(levels)
                for m in range(self.motifs[level])
            )
            for i in range(len(genes))
        ]

    def _motif(self, level: int, values: list[int]) -> str:
        names = self._names(level)
        nodes: list[list[str]] = [[] for _ in range(self.nodes[level] - 1)]
        for value, (_, end) in zip(values, self.edges[level], strict=True):
            nodes[end - 1].append(names[value])
        return "|".join(",".join(node) for node in nodes)

    def _names(self, level: int) -> tuple[str, ...]:
        """Returns the names of the operations of a level by gene value."""
        if not level:
            return ("none", *_PRIMITIVES)
        return ("none", *(f"{level + 1}.{m + 1}" for m in range(self.motifs[level - 1])))

    def _tidied(self, text: str) -> str:
        return tidied(text).replace(")", ") ").rstrip()

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of a text as `to_text` writes it.

        Raises:
            InvalidArchitectureError: the text is not of this form; the message names the motif, and
                what is allowed there.
        """
        found = re.findall(r"([0-9]{1,4}\.[0-9]{1,4})\(([^()]*)\)", text)
        expected = [
            (level, f"{level + 2}.{m + 1}") for level, n in enumerate(self.motifs) for m in range(n)
        ]
        row: list[int] = []
        for (level, name), (written, inside) in zip(expected, found, strict=False):
            names = self._names(level)
            parts = re.split(r"[|,]", inside)
            unknown = [part for part in parts if part not in names]
            if written == name and unknown:
                raise InvalidArchitectureError(
                    f"{self.name}: motif {name} has {shown(unknown[0])}; "
                    f"known are {', '.join(names)}; in {shown(text)}"
                )
            row += [] if unknown else map(names.index, parts)
        if len(row) == self.length and self._written(row) == text:
            return row
        raise InvalidArchitectureError(
            f"{self.name}: expected the motifs {', '.join(name for _, name in expected)} in a form "
            f"like {self._written(self._trivial.tolist())!r}; got {shown(text)}"
        )

    def _written(self, row: list[int]) -> str:
        return self._texts(np.asarray([row], dtype=np.int16))[0]

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return _SKELETON

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns a network of stacked cells.

        A node concatenates the outputs of its edges, as in the paper; only what is left by
        `canonical` is built. See `networks.hierarchical` for how channels are counted.

        The skeleton's settings are ``channels`` after the stem (16), ``cells`` in each stage (1),
        ``stages`` (3), ``stem_stride`` (1) and ``reduction`` (``pool``, or ``residual``) between
        stages, where channels double. Deviation: the paper has no block between stages but lets the
        separable convolution after the last cell of a stage halve the image.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        from nascast.networks.hierarchical import HierarchicalCell
        from nascast.networks.macro import REDUCTIONS, StackedCells

        task = self.expect_task(task, ImageTask)
        settings = {**_SKELETON, **task.skeleton}
        counts = [value for key, value in settings.items() if key != "reduction"]
        if (
            settings.keys() != _SKELETON.keys()
            or settings["reduction"] not in REDUCTIONS
            or not all(type(value) is int and value >= 1 for value in counts)
        ):
            raise InvalidSettingError(
                f"{self.name}: the skeleton takes {', '.join(_SKELETON)}, positive integers but "
                f"for reduction, one of {', '.join(REDUCTIONS)}; got {dict(task.skeleton)}"
            )
        plan = self._plan(self.row(arch))

        def cell(channels: int) -> "nn.Module":
            return HierarchicalCell(plan, channels)

        return StackedCells(cell, task.input_shape[0], task.classes, **settings)

    def _plan(self, row: Genes) -> "Plan":
        """Returns the cell of one row, ``(1, length)``, as nested tuples of edges."""
        operations: list[Any] = list(_PRIMITIVES)
        for values, edges in zip(self._levels(self.canonical(row)), self.edges, strict=True):
            operations = [
                tuple(
                    (start, end, operations[value - 1])
                    for value, (start, end) in zip(motif, edges, strict=True)
                    if value != NONE
                )
                for motif in values[0].tolist()
            ]
        plan: Plan = operations[0]
        return plan

    def _levels(self, genes: Genes) -> list[Genes]:
        """Returns the genes of each level from 2 up as ``(n, motifs, edges)``."""
        return [
            genes[:, start:stop].reshape(len(genes), m, len(edges))
            for start, stop, m, edges in zip(
                self._ends, self._ends[1:], self.motifs, self.edges, strict=False
            )
        ]
