"""A supernet of NASNet's space (Zoph et al., CVPR 2018, https://arxiv.org/abs/1707.07012).

In this space a cell outputs the states that no block reads, and a block may join its two results,
so that the widths of what is read differ from path to path. As in ENAS (Pham et al., ICML 2018,
https://arxiv.org/abs/1802.03268) the convolutions that read a cell have weights for every state
that it may output, and use those of the states that it does. Deviations from ENAS: an operation has
weights of its own for each side of a block, and for a joined result beside a plain one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.errors import UnsupportedError
from nascast.core.types import Architecture, ImageTask
from nascast.networks.nasnet import CellPair, NasNetSkeleton, NasNetwork, layout
from nascast.networks.nasnet_cell import OPERATIONS, CellPlan, match
from nascast.networks.operations import ReluConvNorm
from nascast.networks.separable import FactorizedReduction
from nascast.networks.supernet.supernet import Supernet, expect_bare

__all__ = ["NasNetSupernet", "SharedNasNetCell", "Slots"]


@dataclass(frozen=True, slots=True)
class Slots:
    """What a cell may output: some of its states, each of the same number of filters.

    Attributes:
        states: number of states.
        filters: number of filters of each.
        halvings: halvings of the size since the stem.
    """

    states: int
    filters: int
    halvings: int

    def channels(self, used: Sequence[int]) -> Tensor:
        """Returns the numbers of the channels that the used states have among all."""
        every = torch.arange(self.states * self.filters).reshape(self.states, self.filters)
        return every[list(used)].flatten()


class _Reader:
    """A layer that has weights for more channels than it reads."""

    present: Tensor


class _SlicedConv(nn.Conv2d, _Reader):
    """A 1×1 convolution, which thins out what it reads by its stride.

    See `nascast.training.placement.placed` for what few channels and a stride come to.
    """

    def forward(self, x: Tensor) -> Tensor:
        down, across = self.stride
        return functional.conv2d(x[..., ::down, ::across], self.weight[:, self.present])


class _SlicedLinear(nn.Linear, _Reader):
    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight[:, self.present], self.bias)


class SharedNasNetCell(nn.Module):
    """One cell with every operation on every state, on both sides of every block."""

    def __init__(
        self, blocks: int, filters: int, *, current: Slots, previous: Slots, stride: int
    ) -> None:
        """Builds the cell; see `nascast.networks.nasnet_cell.NasNetCell`.

        Args:
            blocks: number of blocks.
            filters: number of filters of every adding block.
            current: what the cell before may output.
            previous: what the cell before that may output.
            stride: stride of the cell: 1 for a normal, 2 for a reduction cell.
        """
        super().__init__()
        self.slots = Slots(2 + blocks, filters, current.halvings + stride - 1)
        self._current, self._previous = current, previous
        self.current = _reader(current, filters)
        self.halves = previous.halvings != current.halvings
        self.previous = _halver(previous, filters) if self.halves else _reader(previous, filters)
        self.adapts = True
        self.operations, self.matches = nn.ModuleDict(), nn.ModuleDict()
        for state in range(2 + blocks):
            step = stride if state < 2 else 1
            for wide in (0, 1) if state > 1 else (0,):
                width = filters * (1 + wide)
                halved = step == 2
                self.matches[f"{state}_{wide}"] = (
                    FactorizedReduction(width, filters) if halved else match(width, filters)
                )
                for place in [f"{b}_{s}" for b in range(max(state - 1, 0), blocks) for s in (0, 1)]:
                    for name, (make, kernel) in OPERATIONS.items():
                        module = make(width, filters, kernel, step)
                        self.operations[f"{place}_{state}_{wide}_{name}"] = module

    def choose(self, plan: CellPlan, current: Sequence[int], previous: Sequence[int]) -> None:
        """Chooses the cell that is run from now on.

        Args:
            plan: blocks and output of the cell.
            current: states that the cell before outputs.
            previous: states that the cell before that outputs.
        """
        self.plan = plan
        read = self._current.channels(current)
        _set_present(self.current, read)
        read = self._previous.channels(previous)
        _set_present(self.previous, read)
        self.adapts = self.halves or len(read) != self.slots.filters

    def forward(self, current: Tensor, previous: Tensor) -> Tensor:
        """Maps the outputs of the last two cells to ``(n, len(output) · filters, h, w)``."""
        states = [self.current(current), self.previous(previous) if self.adapts else previous]
        wide = [0, 0]
        for b, block in enumerate(self.plan.blocks):
            left, right = (
                self.operations[f"{b}_{side}_{state}_{wide[state]}_{name}"](states[state])
                for side, (name, state) in enumerate((block.left, block.right))
            )
            states.append(torch.cat([left, right], dim=1) if block.concat else left + right)
            wide.append(int(block.concat))
        used = [self.matches[f"{i}_{wide[i]}"](states[i]) for i in self.plan.output]
        return torch.cat(used, dim=1)


class _SharedNetwork(NasNetwork):
    """Stem, three stages of normal cells with a reduction cell between, pooling, classifier."""

    def __init__(self, blocks: int, task: ImageTask, skeleton: NasNetSkeleton) -> None:
        nn.Module.__init__(self)
        self.imagenet, self.auxiliary, self.midway = False, None, 0
        width = skeleton.stem_multiplier * skeleton.filters
        self.stem = nn.Sequential(
            nn.Conv2d(task.input_shape[0], width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )
        self.places = layout(skeleton)
        self.lags = [place.lag for place in self.places]
        self.cells = nn.ModuleList()
        slots = [Slots(1, width, 0)] * 2
        for place in self.places:
            cell = SharedNasNetCell(
                blocks,
                place.filters,
                current=slots[-1],
                previous=slots[-place.lag],
                stride=1 + place.reduces,
            )
            self.cells.append(cell)
            slots.append(cell.slots)
        self.last = slots[-1]
        linear = _SlicedLinear(self.last.states * self.last.filters, task.classes)
        self.head = nn.Sequential(
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(skeleton.dropout),
            linear,
        )

    def choose(self, cells: CellPair) -> None:
        """Chooses the two cells that are run from now on."""
        outputs: list[tuple[int, ...]] = [(0,), (0,)]
        for cell, place in zip(self.cells, self.places, strict=True):
            assert isinstance(cell, SharedNasNetCell)
            plan = cells.reduction if place.reduces else cells.normal
            cell.choose(plan, outputs[-1], outputs[-place.lag])
            outputs.append(plan.output)
        _set_present(self.head, self.last.channels(outputs[-1]))


class NasNetSupernet(Supernet):
    """The supernet of pairs of cells."""

    def __init__(
        self, blocks: int, task: ImageTask, pair: Callable[[Architecture], CellPair]
    ) -> None:
        """Builds the supernet for the images and classes of a task.

        Args:
            blocks: number of blocks of a cell.
            task: task with settings of the skeleton, see `NasNetSkeleton`.
            pair: function that returns the cells of an architecture.

        Raises:
            UnsupportedError: the skeleton has the stem of ImageNet.
            InvalidSettingError: it has an auxiliary head or drop path, or is not valid.
        """
        super().__init__()
        skeleton = expect_bare(NasNetSkeleton.of(task))
        if skeleton.stem != "cifar":
            raise UnsupportedError(
                f"the supernet of nasnet has the cifar stem only; got {skeleton.stem}"
            )
        self.network = _SharedNetwork(blocks, task, skeleton)
        self._pair = pair

    def choose(self, arch: Architecture) -> None:
        self.network.choose(self._pair(arch))

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images to ``(n, classes)`` logits."""
        return self.network(x)  # type: ignore[no-any-return]


def _reader(read: Slots, filters: int) -> nn.Module:
    """Returns ReLU, 1×1 convolution and batch normalisation over what is read."""
    module = ReluConvNorm(read.states * read.filters, filters, 1)
    module[1] = _SlicedConv(read.states * read.filters, filters, 1, bias=False)
    return module


def _halver(read: Slots, filters: int) -> nn.Module:
    """Returns ReLU and a factorised reduction over what is read."""
    module = FactorizedReduction(read.states * read.filters, filters)
    for name in ("straight", "shifted"):
        plain = getattr(module, name)
        sliced = _SlicedConv(plain.in_channels, plain.out_channels, 1, stride=2, bias=False)
        setattr(module, name, sliced)
    return nn.Sequential(nn.ReLU(), module)


def _set_present(module: nn.Module, channels: Tensor) -> None:
    for layer in module.modules():
        if isinstance(layer, _Reader):
            layer.present = channels
