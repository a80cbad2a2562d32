"""The number of parameters (NAS-Bench-Suite-Zero, https://arxiv.org/abs/2210.03230)."""

from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Params"]


class Params(Proxy):
    """The number of numbers that training changes, in millions."""

    name = "params"
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        from nascast.networks.counting import parameters

        return parameters(passes.network()) / 1e6
