"""The receptive field of a network, as a score of its architecture."""

from nascast.core.ledger import Ledger
from nascast.core.predictor import Proxy
from nascast.core.types import Architecture, Batch

__all__ = ["ReceptiveField"]


class ReceptiveField(Proxy):
    """How many rows of pixels one place can see behind all convolutions of a network.

    The score is ``1 + Σ (kernel − 1) · stride``, where the stride is that of all convolutions
    before. Convolutions of parallel branches are counted as if they stood in a chain, so that it is
    an upper bound. It reads no weights and no data.
    """

    name = "receptive_field"

    def score(self, ledger: Ledger, arch: Architecture, batch: Batch) -> float:
        from torch import nn

        from nascast.proxies.passes import fresh_network

        rows, stride = 1, 1
        for layer in fresh_network(ledger, arch, self.seed).modules():
            if isinstance(layer, nn.Conv2d):
                rows += layer.dilation[0] * (layer.kernel_size[0] - 1) * stride
                stride *= layer.stride[0]
        return float(rows)
