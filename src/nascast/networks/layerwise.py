"""Networks given layer by layer (Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578).

Sections 3.3 and 4.1. The paper names rectified linear units and batch normalisation without their
order; here it is convolution, batch normalisation, ReLU, as batch normalisation was introduced
(Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167). Convolutions are padded so that stride 1
keeps the size, and have no bias, which the normalisation would take away again.

Deviations: the paper does not say where smaller maps are padded; here all around, the odd row and
column at the bottom and right. It hands the last maps to a softmax classifier without saying how
they become a vector; here by global average pooling. Logits come out, the softmax is the loss's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Layer", "LayerNetwork", "concatenated"]


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution.

    Attributes:
        kernel: height and width of the filters, odd.
        stride: strides down and across.
        filters: number of filters, the output channels.
        sources: earlier layers that it reads, ascending; it reads the image if there are none.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    filters: int
    sources: tuple[int, ...]


class LayerNetwork(nn.Module):
    """The layers, then global average pooling of what no layer reads, and a linear classifier.

    Height and width are divided by the strides and rounded up, so any input size ≥ 1 works.
    """

    def __init__(self, layers: Sequence[Layer], input_channels: int, classes: int) -> None:
        super().__init__()
        self._sources = [layer.sources for layer in layers]
        read = {source for layer in layers for source in layer.sources}
        self._last = [i for i in range(len(layers)) if i not in read]
        self.layers = nn.ModuleList()
        for layer in layers:
            channels = sum(layers[j].filters for j in layer.sources) or input_channels
            padding = (layer.kernel[0] // 2, layer.kernel[1] // 2)
            self.layers.append(
                nn.Sequential(
                    nn.Conv2d(
                        channels, layer.filters, layer.kernel, layer.stride, padding, bias=False
                    ),
                    nn.BatchNorm2d(layer.filters),
                    nn.ReLU(),
                )
            )
        self.classifier = nn.Linear(sum(layers[i].filters for i in self._last), classes)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images to ``(n, classes)`` logits."""
        maps: list[Tensor] = []
        for layer, sources in zip(self.layers, self._sources, strict=True):
            maps.append(layer(concatenated([maps[j] for j in sources]) if sources else x))
        features = concatenated([maps[i] for i in self._last])
        return self.classifier(features.mean((2, 3)))  # type: ignore[no-any-return]


def concatenated(maps: Sequence[Tensor]) -> Tensor:
    """Returns ``(n, c_i, h_i, w_i)`` maps joined in depth, the smaller ones padded with zeros.

    The result has the largest height and the largest width, which need not be those of one map.
    """
    height = max(one.shape[2] for one in maps)
    width = max(one.shape[3] for one in maps)
    padded = []
    for one in maps:
        down, across = height - one.shape[2], width - one.shape[3]
        if down or across:
            sides = (across // 2, across - across // 2, down // 2, down - down // 2)
            one = functional.pad(one, sides)
        padded.append(one)
    return torch.cat(padded, dim=1)
