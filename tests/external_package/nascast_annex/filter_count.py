"""How many filters a network has, as a score of its architecture."""

from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["FilterCount"]


class FilterCount(Proxy):
    """The number of filters of all convolutions of a network: deeper and wider ones have more.

    It reads no data and not the values of weights.
    """

    name = "filter_count"

    def score(self, passes: "Passes") -> float:
        from torch import nn

        layers = passes.network().modules()
        return float(sum(layer.out_channels for layer in layers if isinstance(layer, nn.Conv2d)))
