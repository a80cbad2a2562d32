"""The cost of a forward pass (NAS-Bench-Suite-Zero, https://arxiv.org/abs/2210.03230)."""

from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Flops"]


class Flops(Proxy):
    """The multiply-adds of the network for one input, in millions; see `networks.counting`.

    Of a language model they are those of one word.
    """

    name = "flops"
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        return passes.counts().multiply_adds / 1e6
