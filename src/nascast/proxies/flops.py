"""The cost of a forward pass (NAS-Bench-Suite-Zero, https://arxiv.org/abs/2210.03230)."""

from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Flops"]


class Flops(Proxy):
    """The multiply-adds of a network for one input, in millions.

    Of a language model they are those for one word.
    """

    name = "flops"
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        from nascast.proxies.passes.cost import multiply_adds

        return multiply_adds(passes.network(), passes.task) / 1e6
