"""The NASNet search space (Zoph et al., CVPR 2018, https://arxiv.org/abs/1707.07012).

A cell is a sequence of blocks. A block is five decisions: two states, an operation on each, and how
the two results are combined. State 0 of a cell is the output of the cell before it, state 1 that of
the cell before that one, and the blocks are states 2 onwards. The output concatenates the states
that no block reads. With five blocks there are 2.3 · 10^18 cells.

The published NASNet-A is not in this space, since its outputs are not just the unread states; it is
`nascast.networks.nasnet.nasnet_a`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.graph import Graph
from nascast.core.literal import LiteralError
from nascast.core.notation import Notation, shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Genes, ImageTask, Task
from nascast.core.wrapping import tidied
from nascast.spaces._blocks import (
    Blocks,
    Vocabulary,
    cell_pair_functions,
    cell_pair_graphs,
    smallest_relabelling,
)
from nascast.spaces._functions import Kind
from nascast.spaces._genotypes import GENOTYPE, read_cells

if TYPE_CHECKING:
    from torch import nn

    from nascast.networks.nasnet import CellPair

__all__ = ["NasNet"]

_OPERATIONS = (
    "identity",
    "conv_1x3_3x1",
    "conv_1x7_7x1",
    "dil_conv_3x3",
    "avg_pool_3x3",
    "max_pool_3x3",
    "max_pool_5x5",
    "max_pool_7x7",
    "conv_1x1",
    "conv_3x3",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
)
_COMBINES = ("add", "concat")
_KINDS = {
    "add": Kind.SUM,
    "concat": Kind.JOIN,
    "identity": Kind.SUM,
    "avg_pool_3x3": Kind.LINEAR,
    **dict.fromkeys(("max_pool_3x3", "max_pool_5x5", "max_pool_7x7"), Kind.PURE),
}
_CELLS = ("normal", "reduction")
_NAMES = Vocabulary(("h_i", "h_{i-1}"), _CELLS, _COMBINES, _OPERATIONS)
_MOST_BLOCKS = 6  # chosen: `canonical` tries all orders of the blocks
_STATES = tuple(str(state) for state in range(2 + _MOST_BLOCKS))

_OWN_STATES = {0: 1, 1: 0}  # of a genotype, whose inputs have the other order
_GENOTYPE_NAMES = {"skip_connect": "identity", "conv_7x1_1x7": "conv_1x7_7x1"}

_WORD = r"[^\s(),:;]*"
_BLOCK = r"{0}\({0}\({0}\), {0}\({0}\)\)"
_PARTS = re.compile(_BLOCK.format(f"({_WORD})"))
_CELL = "((?:{0}, )*{0})".format(_BLOCK.format(_WORD))
_TEXT = re.compile("; ".join(f"{cell}: {_CELL}" for cell in _CELLS))


class NasNet(SearchSpace):
    """Pairs of a normal and a reduction cell, each of some blocks of five decisions.

    A row is the normal cell, then the reduction cell; a block is five genes, in the order in which
    the paper's controller predicts them: state A, state B, operation on A, operation on B, and how
    they are combined. The states of block b are 0 to 1 + b.

    Attributes:
        blocks: number of blocks of each cell.
        operations: names of the operations by gene value.
        combines: names of the ways to combine by gene value.
    """

    name = "nasnet"
    own = ("blocks", "blocks of two cells", r"\s*normal\s*:\s*\w+\s*\(")
    tasks = (ImageTask,)
    scales = ("repeats", "filters")
    operations = _OPERATIONS
    combines = _COMBINES

    def __init__(self, blocks: int = 5) -> None:
        """Makes the space of cells of `blocks` blocks, 1 to 6.

        Raises:
            InvalidSettingError: `blocks` is out of range.
        """
        if not 1 <= blocks <= _MOST_BLOCKS:
            raise InvalidSettingError(f"nasnet: blocks is 1 to {_MOST_BLOCKS}; got {blocks}")
        self.blocks = blocks
        one = [(2 + b, 2 + b, len(_OPERATIONS), len(_OPERATIONS), 2) for b in range(blocks)]
        self.cardinalities = tuple(gene for block in one for gene in block) * 2

    def canonical(self, genes: Genes) -> Genes:
        """Returns the row in which the parts of each cell have their smallest order.

        The two sides of a block can change places, and so can two blocks of which neither needs the
        other: the network is then the same up to the order of its filters, in concatenating blocks
        too.
        """
        self.check(genes)
        return self._encode(smallest_relabelling(self._decode(genes)))

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys of what the pairs of cells compute.

        Sums that pass through an identity can be taken in any order. Poolings have no
        weights, so that one that is read twice is the same as two, and the average of a sum is the
        sum of the averages. An identity that changes filters or size is a 1×1 convolution.
        """
        return cell_pair_functions(self.graphs(genes), _KINDS, {"identity": "conv_1x1"})

    def _decode(self, genes: Genes) -> Blocks:
        """Returns the 2 n cells of n rows, normal and reduction cells by turns."""
        cells = genes.astype(np.int64).reshape(-1, self.blocks, 5)
        return Blocks(cells[:, :, :2], cells[:, :, 2:4], cells[:, :, 4])

    def _encode(self, cells: Blocks) -> Genes:
        parts = [cells.inputs, cells.operations, cells.combines[:, :, None]]
        return np.concatenate(parts, axis=2).astype(np.int16).reshape(-1, self.length)

    def graphs(self, genes: Genes) -> Graph:
        """Returns one graph of ``6 blocks + 8`` vertices for each row, its cells side by side.

        The operations are vertices, and so is the combination that each block is; see
        `cell_pair_graphs`.
        """
        self.check(genes)
        both = self._decode(genes)
        cells = [
            Blocks(both.inputs[i::2], both.operations[i::2], both.combines[i::2]) for i in (0, 1)
        ]
        outputs = [self._unread(cell) for cell in cells]
        return cell_pair_graphs((cells[0], cells[1]), (outputs[0], outputs[1]), _NAMES)

    def _unread(self, cells: Blocks) -> Bools:
        """Returns ``(n, 2 + blocks)``: whether a state is read by no block."""
        read = cells.inputs[:, :, :, None] == np.arange(2 + self.blocks)
        return np.asarray(~read.any(axis=(1, 2)))

    def to_text(self, genes: Genes) -> list[str]:
        """Returns texts ``normal: add(sep_conv_5x5(0), identity(1)), …; reduction: …``.

        A block is written as the way in which its two sides are combined; a side as its operation
        and, in brackets, the state that it reads.
        """
        self.check(genes)
        texts = []
        for row in genes.reshape(-1, 2, self.blocks, 5).tolist():
            cells = [", ".join(map(_write_block, cell)) for cell in row]
            texts.append("; ".join(f"{n}: {cell}" for n, cell in zip(_CELLS, cells, strict=True)))
        return texts

    def dialects(self) -> Sequence[Notation]:
        genotype = Notation(
            "genotype",
            "a genotype as DARTS prints it, whose state 0 is the output of the last cell but one",
            re.compile(rf"{GENOTYPE}|\s*(?:[\[(]\s*){{2,5}}['\"]\w+['\"]\s*,\s*[0-9]"),
            self._read_genotype,
        )
        return (genotype,)

    def _read_genotype(self, text: str) -> list[int]:
        """Reads cells of sums whose outputs are what no block reads, as is the rule here."""
        row: list[int] = []
        for cell in read_cells(text, self.blocks):
            read = set()
            for state, sides in enumerate(cell.nodes, start=2):
                row += [_OWN_STATES.get(side.state, side.state) for side in sides]
                for side in sides:
                    name = _GENOTYPE_NAMES.get(side.operation, side.operation)
                    if name not in _OPERATIONS:
                        known = ", ".join(_OPERATIONS)
                        raise LiteralError(f"unknown operation {name!r}; known: {known}", side.at)
                    if not 0 <= side.state < state:
                        raise LiteralError(
                            f"state {state} of the {cell.name} cell reads {side.state}; "
                            f"allowed are 0 to {state - 1}",
                            side.at,
                        )
                    read.add(side.state)
                    row.append(_OPERATIONS.index(name))
                row.append(_COMBINES.index("add"))
            unread = tuple(s for s in range(2 + self.blocks) if s not in read)
            if cell.outputs not in (None, unread):
                raise LiteralError(
                    f"{cell.name}_concat is {cell.outputs}; in this space the output is what no "
                    f"block reads, {unread}",
                    cell.at,
                )
        return row

    def _tidied(self, text: str) -> str:
        return re.sub("[,;:]", r"\g<0> ", tidied(text))

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of a text as `to_text` writes it.

        Raises:
            InvalidArchitectureError: the text is not of this form; the message names the block, and
                what is allowed there.
        """
        found = _TEXT.fullmatch(text)
        if not found:
            raise InvalidArchitectureError(
                "nasnet: expected a text like 'normal: add(sep_conv_5x5(0), identity(1)), …; "
                f"reduction: …'; got {shown(text)}"
            )
        row: list[int] = []
        for cell, written in zip(_CELLS, found.groups(), strict=True):
            blocks = _PARTS.findall(written)
            if len(blocks) != self.blocks:
                raise InvalidArchitectureError(
                    f"nasnet: the {cell} cell has {len(blocks)} blocks; expected {self.blocks}; "
                    f"in {shown(text)}"
                )
            for state, block in enumerate(blocks, start=2):
                row += _read_block(block, state, f"state {state} of the {cell} cell", text)
        return row

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        from nascast.networks.nasnet import NasNetSkeleton

        return asdict(NasNetSkeleton())

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the network of the paper, or another one by ``task.skeleton``.

        The skeleton's settings are ``repeats`` (6, the normal cells of each stage), ``filters``
        (32), ``stem`` (``cifar``, or ``imagenet`` for images of at least 32×32),
        ``stem_multiplier`` (3; ImageNet networks have 1 or 3), ``skip_reduction`` (False),
        ``auxiliary`` (False), ``drop_path`` (0) and ``dropout`` (0). The last three act in training
        only and belong to its recipe: for CIFAR-10 the authors train with an auxiliary head and
        drop path of 0.4. See `AuxiliaryNetwork.forward_auxiliary` and `set_drop_path_progress`.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range, or the images
                are too small for the stem.
        """
        from nascast.networks.nasnet import NasNetSkeleton, NasNetwork

        task = self.expect_task(task, ImageTask)
        return NasNetwork(self._pair(arch), task, NasNetSkeleton.of(task))

    def supernet(self, task: Task) -> "nn.Module":
        """Returns the supernet; its skeleton has the CIFAR stem, and no parts for training alone.

        It runs one architecture at a time.
        """
        from nascast.networks.supernet.nasnet import NasNetSupernet

        return NasNetSupernet(self.blocks, self.expect_task(task, ImageTask), self._pair)

    def _pair(self, arch: Architecture) -> "CellPair":
        from nascast.networks.nasnet import CellPair
        from nascast.networks.nasnet_cell import Block, CellPlan

        self.row(arch)
        plans = []
        for cell in arch.row().reshape(2, self.blocks, 5).tolist():
            blocks = [
                Block((_OPERATIONS[op_a], a), (_OPERATIONS[op_b], b), _COMBINES[how] == "concat")
                for a, b, op_a, op_b, how in cell
            ]
            plans.append(CellPlan.of(*blocks))
        return CellPair(*plans)


def _write_block(block: list[int]) -> str:
    a, b, op_a, op_b, how = block
    return f"{_COMBINES[how]}({_OPERATIONS[op_a]}({a}), {_OPERATIONS[op_b]}({b}))"


def _read_block(block: tuple[str, ...], state: int, place: str, text: str) -> list[int]:
    how, op_a, a, op_b, b = block
    choices = [
        *(("input", _STATES[:state], a), ("input", _STATES[:state], b)),
        *(("operation", _OPERATIONS, op_a), ("operation", _OPERATIONS, op_b)),
        ("combination", _COMBINES, how),
    ]
    for kind, allowed, given in choices:
        if given not in allowed:
            raise InvalidArchitectureError(
                f"nasnet: {place} has the {kind} {given!r}; allowed are {', '.join(allowed)}; "
                f"in {shown(text)}"
            )
    return [allowed.index(given) for _, allowed, given in choices]
