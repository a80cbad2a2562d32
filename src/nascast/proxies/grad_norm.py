"""Gradient norm (Abdelfattah et al., ICLR 2021, https://arxiv.org/abs/2101.08134)."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["GradNorm"]


class GradNorm(Proxy):
    """The size of the gradient of the loss on one batch.

    The score is the sum over convolution and linear weights of the Euclidean norm of each layer's
    gradient. It is NaN where all gradients vanish.
    """

    name = "grad_norm"

    def score(self, passes: "Passes") -> float:
        total = math.fsum(g.norm().item() for g in passes.labelled().gradients)
        return total if 0 < total < math.inf else math.nan
