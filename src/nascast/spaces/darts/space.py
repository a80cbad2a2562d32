"""The cells of DARTS (Liu et al., ICLR 2019, https://arxiv.org/abs/1806.09055).

NAS-Bench-301 (Zela et al., ICLR 2022, https://arxiv.org/abs/2008.09777) has the same space, about
10^18 pairs of cells. A cell reads states 0 and 1, the outputs of the last cell but one and of the
last cell; its four nodes are states 2 to 5. Each node is the sum of two operations on two different
earlier states; the output concatenates all four.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.graph import Graph
from nascast.core.notation import Notation
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Genes, ImageTask, Task
from nascast.spaces._blocks import (
    Blocks,
    Vocabulary,
    cell_pair_functions,
    cell_pair_graphs,
    smallest_relabelling,
)
from nascast.spaces._functions import Kind
from nascast.spaces._genotypes import GENOTYPE
from nascast.spaces.darts.cell import CELLS, NODES, OPERATIONS, PAIRS
from nascast.spaces.darts.notations import DIALECTS, read_genotype

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Darts"]

_PAIRS = np.asarray(PAIRS)
_KINDS = {
    "add": Kind.SUM,
    "skip_connect": Kind.SUM,
    "avg_pool_3x3": Kind.LINEAR,
    "max_pool_3x3": Kind.PURE,
}
_NAMES = Vocabulary(("c_{k-2}", "c_{k-1}"), CELLS, ("add",), OPERATIONS)

# Texts exactly as they are printed are cut where the cells begin and end, and looked up.
_PRINTED = re.compile(r"\[\(|\)\]")
_AROUND = (
    *("Genotype(normal=", ", normal_concat=range(2, 6), reduce="),
    ", reduce_concat=range(2, 6))",
)
_SIDE_CODES = {
    f"'{name}', {state}": state * len(OPERATIONS) + gene
    for gene, name in enumerate(OPERATIONS)
    for state in range(1 + NODES)
}


class Darts(SearchSpace):
    """Pairs of a normal and a reduction cell, with texts, graphs and the networks of the paper.

    A row is the normal cell, then the reduction cell; a cell is its four nodes; a node is three
    genes: the pair of states it reads, the operation on the lower of them, the operation on the
    higher. Pair p is the p-th of (0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (0, 4) …, so that
    states a < b are pair b (b − 1) / 2 + a at every node. The node that is state 2 reads states 0
    and 1, so that the first gene of a cell is always 0.

    Attributes:
        operations: names of the operations by gene value.
        pairs: pairs of states by gene value.
    """

    name = "darts"
    own = ("genotype", "a genotype of DARTS", GENOTYPE)
    tasks = (ImageTask,)
    scales = ("cells", "channels")
    cardinalities = (1, 7, 7, 3, 7, 7, 6, 7, 7, 10, 7, 7) * 2
    operations = OPERATIONS
    pairs = PAIRS

    def canonical(self, genes: Genes) -> Genes:
        """Returns the row in which the nodes of each cell have their smallest order.

        Nodes of which neither reads the other can change places: the cell only concatenates its
        nodes in another order. Which of a node's two inputs comes first is not in the genes at all.
        See `networks` for what else computes the same.
        """
        self.check(genes)
        return _encode(smallest_relabelling(_decode(genes)))

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys of what the pairs of cells compute.

        Sums that pass through a skip connection can be taken in any order. Poolings have no
        weights, so that one that is read twice is the same as two, and the average of a sum is the
        sum of the averages.
        """
        return cell_pair_functions(self.graphs(genes), _KINDS)

    def graphs(self, genes: Genes) -> Graph:
        """Returns one graph of 32 vertices for each row, its cells side by side.

        The operations are vertices, and so is the sum that each node is; see `cell_pair_graphs`.
        """
        self.check(genes)
        cells = _decode(genes)
        normal, reduce = (
            Blocks(cells.inputs[i::2], cells.operations[i::2], cells.combines[i::2]) for i in (0, 1)
        )
        output = np.broadcast_to(np.arange(2 + NODES) >= 2, (len(genes), 2 + NODES))
        return cell_pair_graphs((normal, reduce), (output, output), _NAMES)

    def to_text(self, genes: Genes) -> list[str]:
        """Returns genotypes as the authors print them, ``Genotype(normal=[('sep_conv_3x3', 0), …``.

        Of a node's inputs the lower is written first.
        """
        self.check(genes)
        concat = f"range(2, {2 + NODES})"
        return [
            f"Genotype(normal={normal}, normal_concat={concat}, "
            f"reduce={reduce}, reduce_concat={concat})"
            for normal, reduce in map(_edges, genes)
        ]

    def _read(self, texts: list[str]) -> Genes:
        codes: list[int] = []
        for text in texts:
            try:
                codes += _codes(text)
            except (AttributeError, KeyError, ValueError):  # written otherwise, or wrong
                return super()._read(texts)
        sides = np.asarray(codes, dtype=np.int64).reshape(-1, 2, NODES, 2)
        sides.sort(axis=3)  # by state
        state, operation = np.divmod(sides, len(OPERATIONS))
        low, high = state[..., 0], state[..., 1]
        if (low == high).any() or (high >= np.arange(2, 2 + NODES)).any():
            return super()._read(texts)  # what is wrong, `_parse` says
        pairs = high * (high - 1) // 2 + low
        genes = np.concatenate([pairs[..., None], operation], axis=3)
        return genes.astype(np.int16).reshape(-1, self.length)

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of a genotype, of which nothing is evaluated as code.

        The inputs of a node may be in either order, the output in any, and the pairs grouped by
        nodes; see `read_genotype`.

        Raises:
            InvalidArchitectureError: the text is no genotype; the message names the node, and what
                is allowed there.
        """
        return read_genotype(text)

    def dialects(self) -> Sequence[Notation]:
        return DIALECTS

    def scaled(self, repeats: int | None = None, filters: int | None = None) -> dict[str, int]:
        """Returns ``cells`` with the two reduction cells: 6 repeats are the paper's 20 cells."""
        settings = super().scaled(repeats, filters)
        if repeats is not None:
            settings["cells"] = 3 * repeats + 2
        return settings

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        from nascast.networks.darts import DartsSkeleton

        return asdict(DartsSkeleton())

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the network of the paper, or another one by ``task.skeleton``.

        The skeleton's settings are ``channels`` (36), ``cells`` (20), ``stem`` (``cifar``, or
        ``imagenet`` for images of at least 32×32), ``auxiliary`` (False) and ``drop_path`` (0). The
        last two act in training only and belong to its recipe: the paper retrains with an auxiliary
        head and 0.2 on CIFAR-10, and with a head and 0 on ImageNet with 48 channels and 14 cells.
        See `AuxiliaryNetwork.forward_auxiliary` and `set_drop_path_progress`.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range, or the images
                are too small for the stem.
        """
        from nascast.networks.darts import CellPlan, DartsNetwork, DartsSkeleton, Genotype

        task = self.expect_task(task, ImageTask)
        row = self.row(arch)[0]
        normal, reduce = (CellPlan(tuple(edges)) for edges in _edges(row))
        return DartsNetwork(Genotype(normal, reduce), task, DartsSkeleton.of(task))

    def supernet(self, task: Task) -> "nn.Module":
        """Returns the supernet; settings of its skeleton are those of `build`, for search alone."""
        from nascast.networks.supernet.darts import darts_supernet

        concat = tuple(range(2, 2 + NODES))
        return darts_supernet(self.expect_task(task, ImageTask), OPERATIONS, concat, self._choices)

    def _choices(self, arch: Architecture) -> list[list[tuple[int, int, str]]]:
        """Returns the states, nodes and operations of each cell."""
        cells = _edges(self.row(arch)[0])
        return [
            [(state, 2 + i // 2, name) for i, (name, state) in enumerate(cell)] for cell in cells
        ]


def _decode(genes: Genes) -> Blocks:
    """Returns the 2 n cells of n rows, normal and reduction cells by turns."""
    cells = genes.astype(np.int64).reshape(-1, NODES, 3)
    inputs = _PAIRS[cells[:, :, 0]]
    return Blocks(inputs, cells[:, :, 1:], np.zeros(cells.shape[:2], dtype=np.int64))


def _encode(blocks: Blocks) -> Genes:
    low, high = blocks.inputs[:, :, 0], blocks.inputs[:, :, 1]
    cells = np.empty((*low.shape, 3), dtype=np.int16)
    cells[:, :, 0] = (high * (high - 1) >> 1) + low
    cells[:, :, 1:] = blocks.operations
    return cells.reshape(-1, 2 * NODES * 3)


def _edges(row: Genes) -> list[list[tuple[str, int]]]:
    """Returns the (operation, state) pairs of the two cells of one row, ``(length,)``."""
    cells: list[list[tuple[str, int]]] = [[], []]
    for sides, cell in zip(cells, row.reshape(2, NODES, 3).tolist(), strict=True):
        for pair, lower, higher in cell:
            low, high = PAIRS[pair]
            sides += [(OPERATIONS[lower], low), (OPERATIONS[higher], high)]
    return cells


def _codes(text: str) -> list[int]:
    """Returns a number for each of 16 sides of a genotype exactly as the authors print it.

    Raises:
        KeyError, ValueError: it is written in another way.
    """
    head, normal, middle, reduce, tail = _PRINTED.split(text)
    if (head, middle, tail) != _AROUND:
        raise ValueError
    first, second = normal.split("), ("), reduce.split("), (")
    if len(first) != 2 * NODES or len(second) != 2 * NODES:
        raise ValueError
    return [_SIDE_CODES[side] for side in first + second]
