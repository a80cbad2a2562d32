"""ZiCo (Li et al., ICLR 2023, https://arxiv.org/abs/2301.11300)."""

import math
from typing import TYPE_CHECKING

from nascast.core.errors import UnsupportedError
from nascast.core.predictor import Proxy
from nascast.core.types import TextTask

if TYPE_CHECKING:
    from torch import Tensor

    from nascast.proxies.passes import Passes

__all__ = ["Zico"]


class Zico(Proxy):
    """How large and how steady the gradients are from batch to batch.

    The score is the sum over convolution and linear layers of ``log Σ E|g| / √Var |g|``, the sum
    over the weights of the layer, mean and variance over two batches: the halves of the minibatch.
    Weights whose gradient does not vary are left out, and layers without others too. It is NaN
    where all are.
    """

    name = "zico"

    def score(self, passes: "Passes") -> float:
        if passes.batch().labels.shape[isinstance(passes.task, TextTask)] < 2:
            raise UnsupportedError(
                "two batches are compared; open the ledger with 2 inputs or more"
            )
        layers = [layer_score(one, other) for one, other in zip(*passes.halves(), strict=True)]
        found = [layer for layer in layers if math.isfinite(layer)]
        return math.fsum(found) if found else math.nan


def layer_score(one: "Tensor", other: "Tensor") -> float:
    """Returns the term of a layer with two gradients; −inf where no weight's varies."""
    first, second = one.double().abs(), other.double().abs()
    deviation = (first - second).abs() / 2
    varies = deviation > 0
    ratio = ((first + second)[varies] / 2 / deviation[varies]).sum().item()
    return math.log(ratio) if ratio > 0 else -math.inf
