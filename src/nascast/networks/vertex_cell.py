"""Cells with operations on their vertices, and the network of NAS-Bench-101 made of them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

__all__ = ["OPERATIONS", "ConvNormRelu", "VertexCell", "pooled_stacks"]


class ConvNormRelu(nn.Sequential):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(self, c_in: int, c_out: int, kernel: int) -> None:
        super().__init__(
            nn.Conv2d(c_in, c_out, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(c_out),
            nn.ReLU(),
        )


OPERATIONS: dict[str, Callable[[int], nn.Module]] = {  # each keeps a number of channels
    "conv3x3-bn-relu": lambda channels: ConvNormRelu(channels, channels, 3),
    "conv1x1-bn-relu": lambda channels: ConvNormRelu(channels, channels, 1),
    "maxpool3x3": lambda channels: nn.MaxPool2d(3, stride=1, padding=1),
}


class VertexCell(nn.Module):
    """A DAG with operations on its vertices, the first the input and the last the output.

    An interior vertex applies its operation to the sum of what reaches it: interior vertices, cut
    to the receiver's channels, and a 1×1 projection of the input. The output concatenates the
    interior vertices that feed it and adds a projection of the input if that feeds it, too.
    """

    def __init__(
        self,
        edges: Sequence[tuple[int, int]],
        labels: Sequence[str],
        widths: Sequence[int],
        c_in: int,
    ) -> None:
        """Builds the cell.

        Args:
            edges: (from, to) pairs, ordered by `to`; every vertex is on a path to the output.
            labels: name in `OPERATIONS` of the operation of each interior vertex.
            widths: channels of each vertex; the first number is not used.
            c_in: channels of the input.
        """
        super().__init__()
        self.last = len(widths) - 1
        self.widths = list(widths)
        self.sources: list[list[int]] = [
            [start for start, end in edges if end == v and start] for v in range(len(widths))
        ]
        self.projections = nn.ModuleDict(
            {str(end): ConvNormRelu(c_in, widths[end], 1) for start, end in edges if not start}
        )
        self.operations = nn.ModuleList(
            OPERATIONS[label](width) for label, width in zip(labels, widths[1:-1], strict=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c_in, h, w)`` to ``(n, widths[-1], h, w)``."""
        vertices = [x]
        for v, operation in enumerate(self.operations, start=1):
            terms = [vertices[source][:, : self.widths[v]] for source in self.sources[v]]
            vertices.append(operation(self._sum(v, x, terms)))
        parts = [vertices[source] for source in self.sources[self.last]]
        return self._sum(self.last, x, [torch.cat(parts, 1)] if parts else [])

    def _sum(self, v: int, x: Tensor, terms: list[Tensor]) -> Tensor:
        """Returns the sum of the terms of vertex v and its projection of the input, if any."""
        if str(v) in self.projections:
            terms = [self.projections[str(v)](x), *terms]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total


def pooled_stacks(
    cell: Callable[[int, int], nn.Module],
    input_channels: int,
    classes: int,
    *,
    channels: int,
    stacks: int,
    modules: int,
) -> nn.Module:
    """Returns stem, stacks of cells with 2×2 max-pooling between, global pooling, classifier.

    Channels double where height and width halve. Odd sizes are rounded up, as with the original's
    ``same`` padding, so that any input size ≥ 1 works.

    Args:
        cell: function that makes a cell of numbers of input and output channels.
        input_channels: channels of the images.
        classes: number of classes.
        channels: channels after the stem.
        stacks: number of stacks, between which there is pooling.
        modules: number of cells in each stack.
    """
    layers: list[nn.Module] = [ConvNormRelu(input_channels, channels, 3)]
    before = channels
    for stack in range(stacks):
        if stack:
            layers.append(nn.MaxPool2d(2, stride=2, ceil_mode=True))
            channels *= 2
        for _ in range(modules):
            layers.append(cell(before, channels))
            before = channels
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes)]
    return nn.Sequential(*layers, *head)
