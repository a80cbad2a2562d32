"""The norm of the weights (NAS-Bench-Suite-Zero, https://arxiv.org/abs/2210.03230)."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["L2Norm"]


class L2Norm(Proxy):
    """The size of the weights at birth, which no data and no gradient is needed for.

    The score is the sum over convolution and linear layers of the Euclidean norm of the weights.
    """

    name = "l2_norm"
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        return math.fsum(weight.norm().item() for weight in passes.weights())
