"""The network of the NATS-Bench size space: one fixed cell, every stage with its own channels."""

from collections.abc import Callable, Sequence

from torch import nn

from nascast.networks.cells import EdgeCell
from nascast.networks.operations import ReluConvNorm, ResidualReduction

__all__ = ["resizing_cell", "sized_stages"]

_EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
_CHOICES = ("enter", "enter", "inner", "skip", "inner", "inner")


def resizing_cell(c_in: int, c_out: int) -> nn.Module:
    """Returns the NAS-Bench-201 cell of five 3×3 convolutions and a skip from input to output.

    Operations on the input change the number of channels; where they do, the skip is a 1×1
    convolution with batch normalisation.
    """
    skip: Callable[[], nn.Module] = nn.Identity
    if c_in != c_out:

        def skip() -> nn.Module:
            return nn.Sequential(nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out))

    operations: dict[str, Callable[[], nn.Module]] = {
        "enter": lambda: ReluConvNorm(c_in, c_out, 3),
        "inner": lambda: ReluConvNorm(c_out, c_out, 3),
        "skip": skip,
    }
    return EdgeCell(_EDGES, _CHOICES, operations)


def sized_stages(
    channels: Sequence[int], input_channels: int, classes: int, *, stem_stride: int
) -> nn.Module:
    """Returns stem, cell, reduction, cell, reduction, cell, BN-ReLU, global pooling, classifier.

    Height and width halve at every reduction; any input size ≥ 1 works.

    Args:
        channels: channels after each of the cells and reductions; the stem has those of the first.
        input_channels: channels of the images.
        classes: number of classes.
        stem_stride: stride of the stem's 3×3 convolution.
    """
    layers: list[nn.Module] = [
        nn.Conv2d(input_channels, channels[0], 3, stem_stride, padding=1, bias=False),
        nn.BatchNorm2d(channels[0]),
    ]
    before = channels[0]
    for stage, width in enumerate(channels):
        make = ResidualReduction if stage % 2 else resizing_cell
        layers.append(make(before, width))
        before = width
    layers += [nn.BatchNorm2d(before), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(before, classes))
