"""The supernet of `TinySpace`: a chain in each width, whose skips are choices too."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from nascast.core.types import Architecture, ImageTask
from nascast.networks.operations import ReluConvNorm
from nascast.networks.supernet.edges import SharedEdges, dropped
from nascast.networks.supernet.supernet import Supernet

__all__ = ["TinySupernet"]

_KERNELS = {"skip": 0, "conv_1x1": 1, "conv_3x3": 3}


class TinySupernet(Supernet):
    """The chains of all widths; all operations together are the sum of their logits."""

    def __init__(self, task: ImageTask, layers: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers, self.live = layers, list(range(len(widths)))
        self.chains = nn.ModuleList(_Chain(task, layers, width) for width in widths)

    def choose(self, arch: Architecture) -> None:
        names = list(_KERNELS)
        self.live = [arch.genes[-1]]
        chain = self.chains[arch.genes[-1]]
        assert isinstance(chain, _Chain)
        chain.edges.choose((i, i + 1, names[gene]) for i, gene in enumerate(arch.genes[:-1]))

    def choose_all(self, rate: float, progress: float, generator: torch.Generator) -> None:
        self.live = list(range(len(self.chains)))
        for chain in self.chains:
            assert isinstance(chain, _Chain)
            chain.edges.choose(dropped(chain.edges.choices, rate, progress, generator))

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images to ``(n, classes)`` logits."""
        return torch.stack([self.chains[i](x) for i in self.live]).sum(0)


class _Chain(nn.Module):
    def __init__(self, task: ImageTask, layers: int, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(task.input_shape[0], width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )
        self.edges = SharedEdges(
            [(*edge, name) for edge in pairwise(range(layers + 1)) for name in _KERNELS],
            lambda choice: _layer(_KERNELS[choice[2]], width),
            inputs={0},
            outputs={layers},
        )
        self.head = nn.Sequential(
            nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, task.classes)
        )
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        stem = self.stem(x)
        found = self.edges({0: stem}).get(self.layers, 0 * stem)
        return self.head(found)  # type: ignore[no-any-return]


def _layer(kernel: int, width: int) -> nn.Module:
    return ReluConvNorm(width, width, kernel) if kernel else nn.Identity()
