"""NAS-Bench-201 (Dong & Yang, ICLR 2020, https://arxiv.org/abs/2001.00326).

A cell has 4 vertices; each of its 6 edges carries one of 5 operations; a vertex is the sum of its
edges. The genes are the operations in the order of the official string: 0→1, 0→2, 1→2, 0→3, 1→3,
2→3.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.graph import Graph, UInts, mix
from nascast.core.literal import parse_literal
from nascast.core.notation import Notation, shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Genes, ImageTask, Task
from nascast.spaces.nasbench201.cell import EDGES, NONE, OPERATIONS, SKIP

if TYPE_CHECKING:
    from torch import nn

__all__ = ["NasBench201"]

Operations = Mapping[str, Callable[[], "nn.Module"]]  # functions that make them, by name

_ODD = np.uint64(0x2545F4914F6CDD1D)  # the multiplier of xorshift64*
_TERM = re.compile(r"\s*([^|~+\s]+)\s*~\s*([0-9]+)\s*")
_FORM = "a string like '|op~0|+|op~0|op~1|+|op~0|op~1|op~2|'"
_SKELETON: dict[str, Any] = {  # NATS-Bench: 16 channels, 3 stages of 5 cells
    "channels": 16,
    "cells": 5,
    "stages": 3,
    "stem_stride": 1,
    "reduction": "residual",
}


class NasBench201(SearchSpace):
    """The 15,625 cells, with their equivalences, official strings, graphs and networks.

    Attributes:
        operations: names of the operations by gene value.
        edges: (from, to) of the edge at each gene.
    """

    name = "nasbench201"
    tasks = (ImageTask,)
    scales = ("cells", "channels")
    cardinalities = (5,) * 6
    own = ("official_string", "the official string", r".*\|")
    operations = OPERATIONS
    edges = EDGES

    def canonical(self, genes: Genes) -> Genes:
        """Returns the smallest equivalent row: 5,390 distinct ones among the 15,625.

        Equivalent are cells whose `unique_text` is the same once its zero terms are dropped: a skip
        is its input, an operation on nothing is nothing, and the terms of a sum are sorted. A
        tensor used twice and two copies computed by equal operations are written alike.

        The text sorts the terms of each vertex, not of nested sums, so that ``(a + c) + b`` and
        ``(a + b) + c`` remain two of the 5,390; see `networks`.
        """
        self.check(genes)
        return _canonical_rows().take(self.codes(genes), axis=0)

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys of the functions that the cells compute: 4,660 of the 15,625.

        Sums are flattened throughout, which leaves 4,930 of the 5,390 canonical rows, and the mean
        over a window, `avg_pool_3x3`, of a sum is the sum of the means. Operations of one
        kind stand for one another, also where one cell reads one twice and another cell has two:
        cells that are so near have one key too.
        """
        self.check(genes)
        return _functions().take(self.codes(genes))

    def counted_alike(self, genes: Genes) -> Genes:
        """Returns the operations in ascending order: all edges of a cell have maps of one size."""
        return np.sort(genes, axis=1)

    def is_connected(self, genes: Genes) -> Bools:
        """Returns ``(n,)``: whether all operations but none are on paths from input to output."""
        forward, backward = self._reach(genes)
        on_path = np.stack([forward[:, a] & backward[:, b] for a, b in EDGES], axis=1)
        return np.asarray((on_path | (genes == NONE)).all(1) & forward[:, 3])

    def _reach(self, genes: Genes) -> tuple[Bools, Bools]:
        """Returns whether the input reaches each vertex, and it the output, ``(n, 4)`` each."""
        forward = np.zeros((len(genes), 4), dtype=bool)
        backward = np.zeros((len(genes), 4), dtype=bool)
        forward[:, 0] = backward[:, 3] = True
        for i, (a, b) in enumerate(EDGES):
            forward[:, b] |= forward[:, a] & (genes[:, i] != NONE)
        for i, (a, b) in reversed(list(enumerate(EDGES))):
            backward[:, a] |= backward[:, b] & (genes[:, i] != NONE)
        return forward, backward

    def graphs(self, genes: Genes) -> Graph:
        """Returns graphs with the operations as vertices: input, one per gene, output.

        An operation feeds those that start where it ends. Every gene keeps its vertex, ``none`` and
        ``skip_connect`` included.
        """
        self.check(genes)
        one = np.zeros((8, 8), dtype=bool)
        for i, (start, end) in enumerate(EDGES):
            one[0, 1 + i] = start == 0
            one[1 + i, 7] = end == 3
            for j, (other, _) in enumerate(EDGES):
                one[1 + i, 1 + j] = other == end
        labels = np.empty((len(genes), 8), dtype=np.int16)
        labels[:, 0], labels[:, 7] = 0, 1
        labels[:, 1:7] = genes + 2
        adjacency = np.broadcast_to(one, (len(genes), 8, 8))
        return Graph(adjacency, labels, ("input", "output", *OPERATIONS))

    def to_text(self, genes: Genes) -> list[str]:
        """Returns the official strings, ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``."""
        self.check(genes)
        first, second, third = map(list, _groups())
        return [
            f"{first[a]}+{second[5 * b + c]}+{third[25 * d + 5 * e + f]}"
            for a, b, c, d, e, f in genes.tolist()
        ]

    def _read(self, texts: list[str]) -> Genes:
        first, second, third = _groups()
        codes = []
        try:
            for text in texts:
                a, b, c = text.split("+")
                codes.append(first[a] * 5**5 + second[b] * 5**3 + third[c])
        except (AttributeError, KeyError, ValueError):  # what is wrong, `_parse` says
            return super()._read(texts)
        numbers = np.asarray(codes, dtype=np.int64)[:, None]
        return (numbers // self._places % len(OPERATIONS)).astype(np.int16)

    def dialects(self) -> Sequence[Notation]:
        from nascast.spaces.nasbench201.notations import DIALECTS  # ten patterns to compile

        about = "a configuration of the official API, which has the official string as arch_str"
        looks = re.compile(r"\s*(\w+\s*=\s*)?(\{|dict\().*\barch_str\b", re.DOTALL)
        return (*DIALECTS, Notation("network_config", about, looks, self._read_config))

    def _read_config(self, text: str) -> list[int]:
        return self._parse(parse_literal(text).field("arch_str").word("an official string"))

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of an official string, also of ``Structure(4 nodes with …)``.

        The inputs of a vertex may stand in any order.

        Raises:
            InvalidArchitectureError: an operation or the form is wrong; the message says which, and
                where.
        """
        bare = re.fullmatch(r"\w+\(4 nodes with (.*)\)", text) or re.fullmatch("(.*)", text)
        cells = bare[1].split("+") if bare else []
        found: dict[tuple[int, int], int] = {}
        for stop, cell in enumerate(cells, start=1):
            for start, gene in self._terms(cell, text):
                if (start, stop) in found:
                    raise self._wrong(f"vertex {stop} reads {start} twice in {shown(text)}")
                found[start, stop] = gene
        if len(cells) != 3 or found.keys() != set(EDGES):
            raise self._wrong(f"expected {_FORM}; got {shown(text)}")
        return [found[edge] for edge in EDGES]

    def _terms(self, cell: str, text: str) -> list[tuple[int, int]]:
        """Returns the vertex and the operation of each term of a vertex, ``|op~0|op~1|``."""
        bars = cell.split("|")
        terms = [_TERM.fullmatch(term) for term in bars[1:-1]]
        if len(bars) < 3 or bars[0] or bars[-1] or len(bars) > 5:
            where = "got" if cell == text else f"{shown(cell)} is no vertex of"
            raise self._wrong(f"expected {_FORM}; {where} {shown(text)}")
        found = []
        for written, term in zip(bars[1:-1], terms, strict=True):
            if not term:
                raise self._wrong(
                    f"expected {_FORM}; {shown(written)} is no op~vertex in {shown(text)}"
                )
            if term[1] not in OPERATIONS:
                raise self._wrong(
                    f"unknown operation {term[1]!r} at character {text.find(term[1]) + 1} of "
                    f"{shown(text)}; known are {', '.join(OPERATIONS)}"
                )
            found.append((int(term[2][:9]), OPERATIONS.index(term[1])))
        return found

    def _wrong(self, why: str) -> InvalidArchitectureError:
        return InvalidArchitectureError(f"{self.name}: {why}")

    def unique_text(self, genes: Genes) -> list[str]:
        """Returns the official unique strings: 6,466 values over the 15,625 cells.

        They tell apart more than `canonical`, because every zero term leaves a ``#``.
        """
        self.check(genes)
        return [_text(row) for row in genes.tolist()]

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return _SKELETON

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the network of NATS-Bench, or a smaller one by ``task.skeleton``.

        The skeleton's settings are ``channels``, ``cells`` (in each stage), ``stages``,
        ``stem_stride`` and ``reduction`` (``residual`` or ``pool``).

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown.
        """
        from nascast.networks.cells import EdgeCell

        choices = [OPERATIONS[gene] for gene in self.row(arch)[0]]
        return self._stacked(task, lambda operations: EdgeCell(EDGES, choices, operations))

    def supernet(self, task: Task) -> "nn.Module":
        """Returns the supernet; settings of its skeleton are those of `build`."""
        from nascast.networks.supernet.edges import SharedEdgeCell, SharedEdges
        from nascast.networks.supernet.supernet import EdgeSupernet

        network = self._stacked(task, lambda operations: SharedEdgeCell(EDGES, operations))
        edges = [module for module in network.modules() if isinstance(module, SharedEdges)]
        return EdgeSupernet(network, [edges], self._choices)

    def _choices(self, arch: Architecture) -> list[list[tuple[int, int, str]]]:
        """Returns the operations of an architecture but none, with their edges, for each cell."""
        pairs = zip(EDGES, self.row(arch)[0].tolist(), strict=True)
        return [[(*edge, OPERATIONS[gene]) for edge, gene in pairs if gene != NONE]]

    def _stacked(self, task: Task, make: Callable[[Operations], "nn.Module"]) -> "nn.Module":
        """Returns stacked cells, each made by a function of the operations by name."""
        from torch import nn

        from nascast.networks.macro import REDUCTIONS, StackedCells
        from nascast.networks.operations import ReluConvNorm, average_pool

        task = self.expect_task(task, ImageTask)
        settings = {**_SKELETON, **task.skeleton}
        reduction = settings.pop("reduction")
        positive = all(isinstance(value, int) and value > 0 for value in settings.values())
        known = task.skeleton.keys() <= _SKELETON.keys() and reduction in REDUCTIONS
        if not (positive and known):
            raise InvalidSettingError(
                f"nasbench201: the skeleton takes {', '.join(_SKELETON)}: positive integers, the "
                f"last one of {', '.join(REDUCTIONS)}; got {dict(task.skeleton)}"
            )

        def cell(channels: int) -> nn.Module:
            operations: dict[str, Callable[[], nn.Module]] = {
                "skip_connect": nn.Identity,
                "nor_conv_1x1": lambda: ReluConvNorm(channels, channels, 1),
                "nor_conv_3x3": lambda: ReluConvNorm(channels, channels, 3),
                "avg_pool_3x3": average_pool,
            }
            return make(operations)

        return StackedCells(
            cell, task.input_shape[0], task.classes, reduction=reduction, **settings
        )


@cache
def _groups() -> tuple[dict[str, int], ...]:
    """Returns, for each of the vertices 1 to 3, its code by its part of an official string."""
    found = []
    for edges in (EDGES[:1], EDGES[1:3], EDGES[3:]):
        cells = product(OPERATIONS, repeat=len(edges))
        parts = ([f"{op}~{i}" for op, (i, _) in zip(ops, edges, strict=True)] for ops in cells)
        found.append({f"|{'|'.join(part)}|": number for number, part in enumerate(parts)})
    return tuple(found)


@cache
def _canonical_rows() -> Genes:
    """Returns ``(15625, 6)``: the smallest equivalent row by the code of each."""
    first: dict[str, int] = {}
    members: list[int] = []
    genes = range(len(OPERATIONS))
    for own in product(genes, repeat=3):  # of the edges to the first two vertices
        one = _sum([_term("0", own[0])])
        two = _sum([_term("0", own[1]), _term(one, own[2])])
        last = ([_term(source, gene) for gene in genes] for source in ("0", one, two))
        members += [first.setdefault(_sum(terms), len(first)) for terms in product(*last)]
    _, place = np.unique(members, return_index=True)
    return NasBench201().all()[place[members]]


@cache
def _functions() -> UInts:
    """Returns ``(15625,)``: what each cell computes, as a random number, by its code.

    Sums of 64-bit integers stand for sums, an odd factor for what is linear, `mix` for the rest.
    """
    rows = NasBench201().all()
    seeds = mix(np.arange(3, dtype=np.uint64))
    vertices = np.zeros((4, len(rows)), dtype=np.uint64)
    vertices[0] = seeds[0]
    for gene, (start, end) in zip(rows.T, EDGES, strict=True):
        x = vertices[start]
        convolved = [np.where(x == 0, x, mix(x ^ seed)) for seed in seeds[1:]]
        vertices[end] += np.choose(gene, [np.zeros_like(x), x, *convolved, _ODD * x])
    return np.asarray(vertices[3])


def _text(row: list[int]) -> str:
    """Returns the formula of the output vertex; a zero term is a ``#``."""
    vertices = ["0"]
    for end in range(1, 4):
        edges = zip(row, EDGES, strict=True)
        vertices.append(
            _sum(
                [_term(vertices[start], gene, "#") for gene, (start, stop) in edges if stop == end]
            )
        )
    return vertices[3]


def _term(source: str, gene: int, nothing: str = "") -> str:
    """Returns the formula of an operation on a vertex."""
    if gene == NONE or source == nothing:
        return nothing
    return source if gene == SKIP else f"({source})@{OPERATIONS[gene]}"


def _sum(terms: Sequence[str]) -> str:
    return "+".join(sorted(filter(None, terms)))
