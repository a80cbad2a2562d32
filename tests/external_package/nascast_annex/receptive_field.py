"""The receptive field of a network, as a score of its architecture."""

from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["ReceptiveField"]


class ReceptiveField(Proxy):
    """How many rows of pixels one place can see behind all convolutions of a network.

    The score is ``1 + Σ (kernel − 1) · stride``, where the stride is that of all convolutions
    before. Convolutions of parallel branches are counted as if they stood in a chain, so that it is
    an upper bound. It reads no weights and no data.
    """

    name = "receptive_field"

    def score(self, passes: "Passes") -> float:
        from torch import nn

        rows, stride = 1, 1
        for layer in passes.network().modules():
            if isinstance(layer, nn.Conv2d):
                rows += layer.dilation[0] * (layer.kernel_size[0] - 1) * stride
                stride *= layer.stride[0]
        return float(rows)
