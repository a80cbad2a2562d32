"""The cells of NASNet (Zoph et al., CVPR 2018, https://arxiv.org/abs/1707.07012).

State 0 of a cell is the output of the cell before it, after ReLU, 1×1 convolution and batch
normalisation; state 1 is the output of the cell before that one; blocks are states 2 onwards.

What the paper leaves open is as in the authors' released code (slim's ``nasnet_utils``), and where
that has nothing either, chosen: the dilated 3×3 convolution is dense and of dilation 2; the two
halves of a 1×k→k×1 convolution have ReLU and batch normalisation each.

Deviation: padding with stride 2 is symmetric, where TensorFlow's may have one row more at the end.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nascast.networks.drop_path import DropPath
from nascast.networks.operations import ReluConvNorm
from nascast.networks.separable import FactorizedReduction, SeparableConv

__all__ = ["OPERATIONS", "Block", "CellPlan", "NasNetCell", "Shape", "match"]


@dataclass(frozen=True, slots=True)
class Block:
    """One block: an operation on each of two states, added or joined.

    Attributes:
        left: (operation, state that it reads) of the first side.
        right: (operation, state that it reads) of the second side.
        concat: whether the two results are concatenated along the filters instead of added.
    """

    left: tuple[str, int]
    right: tuple[str, int]
    concat: bool = False


@dataclass(frozen=True, slots=True)
class CellPlan:
    """The blocks and the output of a cell.

    Attributes:
        blocks: blocks in order.
        output: states that the output concatenates.
    """

    blocks: tuple[Block, ...]
    output: tuple[int, ...]

    @classmethod
    def of(cls, *blocks: Block) -> "CellPlan":
        """Returns the cell that concatenates the states no block reads, as the paper has it."""
        read = {state for block in blocks for _, state in (block.left, block.right)}
        return cls(blocks, tuple(i for i in range(2 + len(blocks)) if i not in read))


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a feature map: its filters, and the halvings of its size since the stem."""

    filters: int
    halvings: int


def _relu_conv(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Module:
    return ReluConvNorm(c_in, c_out, kernel, stride)


def _factorized_conv(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Module:
    pad = kernel // 2
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(c_in, c_out, (1, kernel), (1, stride), (0, pad), bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
        nn.Conv2d(c_out, c_out, (kernel, 1), (stride, 1), (pad, 0), bias=False),
        nn.BatchNorm2d(c_out),
    )


def _dilated_conv(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Module:
    convolution = nn.Conv2d(c_in, c_out, kernel, stride, 2 * (kernel // 2), dilation=2, bias=False)
    return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(c_out))


def _identity(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Module:
    if stride == 1 and c_in == c_out:
        return nn.Identity()
    return ReluConvNorm(c_in, c_out, kernel, stride)


def _average_pool(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Module:
    pool = nn.AvgPool2d(kernel, stride, padding=kernel // 2, count_include_pad=False)
    return nn.Sequential(pool, match(c_in, c_out))


def _max_pool(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Module:
    pool = nn.MaxPool2d(kernel, stride, padding=kernel // 2)
    return nn.Sequential(pool, match(c_in, c_out))


def match(c_in: int, c_out: int) -> nn.Module:
    """Returns the 1×1 convolution, without ReLU, that is inserted where filters differ."""
    if c_in == c_out:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out))


_Make = Callable[[int, int, int, int], nn.Module]  # of input filters, filters, kernel, stride

OPERATIONS: dict[str, tuple[_Make, int]] = {  # the 13 of the paper, each with its kernel
    "identity": (_identity, 1),
    "conv_1x3_3x1": (_factorized_conv, 3),
    "conv_1x7_7x1": (_factorized_conv, 7),
    "dil_conv_3x3": (_dilated_conv, 3),
    "avg_pool_3x3": (_average_pool, 3),
    "max_pool_3x3": (_max_pool, 3),
    "max_pool_5x5": (_max_pool, 5),
    "max_pool_7x7": (_max_pool, 7),
    "conv_1x1": (_relu_conv, 1),
    "conv_3x3": (_relu_conv, 3),
    "sep_conv_3x3": (SeparableConv, 3),
    "sep_conv_5x5": (SeparableConv, 5),
    "sep_conv_7x7": (SeparableConv, 7),
}


class NasNetCell(nn.Module):
    """One cell. With stride 2, the operations on the cell's inputs have that stride.

    The result of a concatenating block has twice the filters. Operations that read it bring them
    back, as does a 1×1 convolution where it is part of the output.
    """

    def __init__(
        self,
        plan: CellPlan,
        filters: int,
        *,
        current: Shape,
        previous: Shape | None,
        stride: int,
        drop_path: float = 0.0,
    ) -> None:
        """Builds the cell.

        Args:
            plan: blocks and output of the cell.
            filters: number of filters of every adding block.
            current: shape of the output of the cell before.
            previous: shape of the output of the cell before that; None if there is no such cell:
                then state 1 is the output of the cell before, as it is.
            stride: stride of the cell: 1 for a normal, 2 for a reduction cell.
            drop_path: probability of dropping an operation when training ends.
        """
        super().__init__()
        self.current = ReluConvNorm(current.filters, filters, 1)
        self.previous = _adapt(previous, current, filters)
        widths = [filters, current.filters if previous is None else filters]
        self.operations = nn.ModuleList()
        for block in plan.blocks:
            for name, state in (block.left, block.right):
                make, kernel = OPERATIONS[name]
                step = stride if state < 2 else 1
                self.operations.append(make(widths[state], filters, kernel, step))
            widths.append(filters * (1 + block.concat))
        self.outputs = nn.ModuleList(
            _output(widths[state], filters, halve=stride == 2 and state < 2)
            for state in plan.output
        )
        self.drop_path = DropPath(drop_path)
        self.plan = plan
        self.shape = Shape(filters * len(plan.output), current.halvings + stride - 1)

    def forward(self, current: Tensor, previous: Tensor | None) -> Tensor:
        """Maps the outputs of the last two cells to ``(n, len(output) · filters, h, w)``."""
        first = current if previous is None else previous
        states = [self.current(current), self.previous(first)]
        operations = iter(self.operations)
        for block in self.plan.blocks:
            left = self._term(next(operations), block.left, states)
            right = self._term(next(operations), block.right, states)
            states.append(torch.cat([left, right], dim=1) if block.concat else left + right)
        used = zip(self.outputs, self.plan.output, strict=True)
        return torch.cat([match(states[i]) for match, i in used], dim=1)

    def _term(self, operation: nn.Module, side: tuple[str, int], states: list[Tensor]) -> Tensor:
        name, state = side
        result: Tensor = operation(states[state])
        return result if name == "identity" else self.drop_path(result)


def _adapt(previous: Shape | None, current: Shape, filters: int) -> nn.Module:
    """Returns the module from the output of the last cell but one to state 1."""
    if previous is None:
        return nn.Identity()
    if previous.halvings != current.halvings:
        return nn.Sequential(nn.ReLU(), FactorizedReduction(previous.filters, filters))
    if previous.filters != filters:
        return ReluConvNorm(previous.filters, filters, 1)
    return nn.Identity()


def _output(c_in: int, c_out: int, *, halve: bool) -> nn.Module:
    """Returns the module that gives a state the filters and the size of the output."""
    return FactorizedReduction(c_in, c_out) if halve else match(c_in, c_out)
