"""Cells of motifs of motifs (Liu et al., ICLR 2018, https://arxiv.org/abs/1711.00436).

All operations have stride 1 and keep height and width. Convolutions are followed by batch
normalisation and ReLU. The 1×1 and the separable convolution have as many channels as the cell's
input; the other primitives keep those of their input. A node is the concatenation of what its edges
bring it, so that its channels are the sum of theirs.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from nascast.networks.operations import average_pool

__all__ = ["HierarchicalCell", "Motif", "Plan"]

# Edges: start, end, and a primitive or a motif.
Plan: TypeAlias = tuple[tuple[int, int, "str | Plan"], ...]


class HierarchicalCell(nn.Sequential):
    """The motif of the top level, then a 3×3 separable convolution to the channels of the input.

    The paper has that convolution after each cell as part of its network; here it belongs to the
    cell, which so keeps its channels.
    """

    def __init__(self, plan: Plan, channels: int) -> None:
        """Builds the cell.

        Args:
            plan: edges of the cell; all are on paths from node 0 to the last.
            channels: channels of its input and output.
        """
        motif = Motif(plan, channels, channels)
        super().__init__(motif, *_separable(motif.width, channels))


class Motif(nn.ModuleList):
    """A DAG with operations on its edges, from node 0 to the node that ends the last edge.

    Every use of a motif within another one ends in a 1×1 convolution to the channels of its input.
    """

    def __init__(self, plan: Plan, c_in: int, channels: int) -> None:
        """Builds the motif.

        Args:
            plan: edges of the motif, ordered by their ends.
            c_in: channels of its input.
            channels: channels of the convolutions in it.
        """
        super().__init__()
        widths = {0: c_in}
        self.edges: list[tuple[int, int, slice]] = []  # with the layers on each edge
        for start, end, operation in plan:
            first = len(self)
            layers, width = _operation(operation, widths[start], channels)
            self.extend(layers)
            self.edges.append((start, end, slice(first, len(self))))
            widths[end] = widths.get(end, 0) + width
        self.last = plan[-1][1]
        self.width = widths[self.last]

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c_in, h, w)`` to ``(n, width, h, w)``."""
        layers = list(self)
        parts: dict[int, list[Tensor]] = {}
        nodes = {0: x}
        for start, end, on_edge in self.edges:
            if start not in nodes:
                nodes[start] = torch.cat(parts[start], dim=1)
            y = nodes[start]
            for layer in layers[on_edge]:
                y = layer(y)
            parts.setdefault(end, []).append(y)
        return torch.cat(parts[self.last], dim=1)


def _operation(operation: str | Plan, c_in: int, channels: int) -> tuple[list[nn.Module], int]:
    """Returns the layers of an operation on `c_in` channels, and its output channels."""
    if not isinstance(operation, str):
        motif = Motif(operation, c_in, channels)
        return [motif, *_dense(motif.width, c_in)], c_in
    return _PRIMITIVES[operation](c_in, channels)


def _dense(c_in: int, c_out: int) -> list[nn.Module]:
    return [nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]


def _depthwise(channels: int) -> nn.Module:
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)


def _separable(c_in: int, c_out: int) -> list[nn.Module]:
    return [_depthwise(c_in), *_dense(c_in, c_out)]


_PRIMITIVES: dict[str, Callable[[int, int], tuple[list[nn.Module], int]]] = {
    "conv_1x1": lambda c_in, channels: (_dense(c_in, channels), channels),
    "depthwise_conv_3x3": lambda c_in, _: (
        [_depthwise(c_in), nn.BatchNorm2d(c_in), nn.ReLU()],
        c_in,
    ),
    "separable_conv_3x3": lambda c_in, channels: (_separable(c_in, channels), channels),
    "max_pool_3x3": lambda c_in, _: ([nn.MaxPool2d(3, stride=1, padding=1)], c_in),
    "avg_pool_3x3": lambda c_in, _: ([average_pool()], c_in),
    "identity": lambda c_in, _: ([nn.Identity()], c_in),
}
