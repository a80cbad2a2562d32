"""The networks of DARTS (Liu et al., ICLR 2019, https://arxiv.org/abs/1806.09055).

A cell reads the outputs of the two cells before it. Each of its nodes is the sum of two operations
on earlier states; the output concatenates nodes.

Deviations from the authors' code: any input size, where that code takes 32×32 and 224×224 (the
second path of a factorised reduction is padded; the auxiliary head's last convolution covers the
map whatever its size). At the original sizes the networks are the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from nascast.core.types import ImageTask
from nascast.networks.auxiliary import AuxiliaryHead, AuxiliaryNetwork, halved
from nascast.networks.drop_path import DropPath
from nascast.networks.operations import ReluConvNorm
from nascast.networks.separable import DilatedSeparableConv, FactorizedReduction, SeparableConv
from nascast.networks.skeleton import Skeleton

__all__ = ["CellPlan", "DartsCell", "DartsNetwork", "DartsSkeleton", "Genotype", "operation"]

_OPERATIONS: dict[str, Callable[[int, int, int], nn.Module]] = {  # of channels, kernel, stride
    "max_pool": lambda _, k, s: nn.MaxPool2d(k, s, padding=k // 2),
    "avg_pool": lambda _, k, s: nn.AvgPool2d(k, s, padding=k // 2, count_include_pad=False),
    "sep_conv": lambda c, k, s: SeparableConv(c, c, k, s),
    "dil_conv": lambda c, k, s: DilatedSeparableConv(c, c, k, s),
}


@dataclass(frozen=True, slots=True)
class CellPlan:
    """The operations and the output of a cell.

    Attributes:
        pairs: (operation, state that it reads), two for each node; states 0 and 1 are the outputs
            of the last cell but one and of the last cell, state 2 + i is node i.
        concat: states that the output concatenates.
    """

    pairs: tuple[tuple[str, int], ...]
    concat: tuple[int, ...] = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Genotype:
    """The two cells of an architecture."""

    normal: CellPlan
    reduce: CellPlan


@dataclass(frozen=True, kw_only=True)
class DartsSkeleton(Skeleton):
    """Settings of the macro network; the defaults are the paper's for CIFAR-10.

    Attributes:
        channels: channels of a node before the first reduction.
        cells: number of cells, including the two reduction cells at one and two thirds.
    """

    counts: ClassVar[tuple[str, ...]] = ("channels", "cells")

    channels: int = 36
    cells: int = 20


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """Returns the operation of a name, such as ``sep_conv_3x3``, on a number of channels."""
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else _halve(channels, channels)
    kind, kernel = name.rsplit("_", 1)
    return _OPERATIONS[kind](channels, int(kernel.split("x")[0]), stride)


def _halve(c_in: int, c_out: int) -> nn.Module:
    return nn.Sequential(nn.ReLU(), FactorizedReduction(c_in, c_out))


class DartsCell(nn.Module):
    """One cell. In a reduction cell the operations on the cell's inputs have stride 2."""

    def __init__(
        self,
        plan: CellPlan,
        channels: int,
        *,
        inputs: tuple[int, int],
        reduces: bool,
        halves_first: bool,
        drop_path: float = 0.0,
    ) -> None:
        """Builds the cell.

        Args:
            plan: operations and output of the cell.
            channels: channels of every node.
            inputs: channels of the outputs of the last cell but one and of the last cell.
            reduces: whether this is a reduction cell.
            halves_first: whether the output of the last cell but one has twice the size.
            drop_path: probability of dropping an operation when training ends.
        """
        super().__init__()
        self.first = (
            _halve(inputs[0], channels) if halves_first else ReluConvNorm(inputs[0], channels, 1)
        )
        self.second = ReluConvNorm(inputs[1], channels, 1)
        self.operations = nn.ModuleList(
            operation(name, channels, 2 if reduces and state < 2 else 1)
            for name, state in plan.pairs
        )
        self.drop_path = DropPath(drop_path)
        self.reads = [state for _, state in plan.pairs]
        self.concat = plan.concat

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Maps the outputs of the last two cells to ``(n, len(concat) · channels, h, w)``."""
        states = [self.first(first), self.second(second)]
        for left in range(0, len(self.reads), 2):
            states.append(self._term(left, states) + self._term(left + 1, states))
        return torch.cat([states[i] for i in self.concat], dim=1)

    def _term(self, i: int, states: list[Tensor]) -> Tensor:
        module, x = self.operations[i], states[self.reads[i]]
        if isinstance(module, nn.Identity):
            return x
        return self.drop_path(module(x))  # type: ignore[no-any-return]


class DartsNetwork(AuxiliaryNetwork):
    """Stem, cells with reductions at one and two thirds, global pooling, classifier.

    The auxiliary head reads the second reduction cell.
    """

    def __init__(
        self,
        genotype: Genotype,
        task: ImageTask,
        skeleton: DartsSkeleton,
        make: Callable[..., DartsCell] = DartsCell,
    ) -> None:
        """Builds the network of a genotype for the images and classes of a task.

        Args:
            genotype: cells of the network.
            task: task with the images and classes.
            skeleton: settings of the network around the cells.
            make: function that makes a cell, with the arguments of `DartsCell`.
        """
        super().__init__()
        width, reductions = skeleton.channels, (skeleton.cells // 3, 2 * skeleton.cells // 3)
        imagenet = skeleton.stem == "imagenet"
        self.first_stem, self.second_stem, channels = _stems(task.input_shape[0], width, imagenet)
        self.midway = reductions[1]
        self.auxiliary = None
        self.cells = nn.ModuleList()
        outputs, halves_first, halvings = (channels, channels), imagenet, 3 * imagenet
        for i in range(skeleton.cells):
            reduces = i in reductions
            width *= 1 + reduces
            halvings += reduces
            plan = genotype.reduce if reduces else genotype.normal
            cell = make(
                plan,
                width,
                inputs=outputs,
                reduces=reduces,
                halves_first=halves_first,
                drop_path=skeleton.drop_path,
            )
            self.cells.append(cell)
            outputs, halves_first = (outputs[1], len(plan.concat) * width), reduces
            if skeleton.auxiliary and i == self.midway:
                self.auxiliary = _auxiliary(outputs[1], task, halvings, imagenet)
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(outputs[1], task.classes)
        )

    def features(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = self.first_stem(x)
        second = midway = self.second_stem(first)
        for i, cell in enumerate(self.cells):
            first, second = second, cell(first, second)
            if i == self.midway:
                midway = second
        return second, midway


def _stems(c_in: int, width: int, imagenet: bool) -> tuple[nn.Module, nn.Module, int]:
    """Returns the layers to the first and on to the second input of cell 0, and their channels."""
    if not imagenet:
        channels = 3 * width
        return nn.Sequential(*_conv(c_in, channels, stride=1)), nn.Identity(), channels
    half = max(width // 2, 1)
    first = nn.Sequential(*_conv(c_in, half), nn.ReLU(), *_conv(half, width))
    return first, nn.Sequential(nn.ReLU(), *_conv(width, width)), width


def _conv(c_in: int, c_out: int, stride: int = 2) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(c_in, c_out, 3, stride, padding=1, bias=False), nn.BatchNorm2d(c_out)


def _auxiliary(c_in: int, task: ImageTask, halvings: int, imagenet: bool) -> AuxiliaryHead:
    _, height, width = task.input_shape
    size = (halved(height, halvings), halved(width, halvings))
    # On ImageNet the authors forgot the last normalisation, and the published counts lack it.
    stride = 2 if imagenet else 3
    return AuxiliaryHead(c_in, task.classes, size=size, stride=stride, norm=not imagenet)
