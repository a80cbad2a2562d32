"""Epsinas (Gracheva 2023, https://arxiv.org/abs/2302.04406)."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy
from nascast.core.types import Floats

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Epsinas"]


class Epsinas(Proxy):
    """How differently a network answers with two values that all its weights share.

    Weights of normalisation share them, too, and biases are 0. The outputs for a batch with each
    value are brought to the range from 0 to 1; the score is the mean absolute difference between
    both, divided by the mean of both. No labels are read. It is NaN where all outputs for one of
    the values are equal.
    """

    name = "epsinas"
    ranks_alone = False

    def __init__(self, seed: int = 0, *, low: float = 1e-7, high: float = 1.0) -> None:
        """Chooses the two values, by default those of the paper for NAS-Bench-201.

        Args:
            seed: seed of what stays as it is: a table of embeddings.
            low: value of all weights at first.
            high: value of all weights then.
        """
        super().__init__(seed)
        self.low, self.high = low, high

    def score(self, passes: "Passes") -> float:
        from nascast.proxies.passes.constant import constant_outputs

        network, batch = passes.network(), passes.batch()
        outputs = [constant_outputs(network, batch, w).cpu().numpy() for w in (self.low, self.high)]
        return difference(outputs[0], outputs[1])


def difference(one: Floats, other: Floats) -> float:
    """Returns the score of ``(k,)`` outputs with either value."""
    spans = [outputs.max() - outputs.min() for outputs in (one, other)]
    if not all(0 < span < math.inf for span in spans):
        return math.nan
    first, second = (one - one.min()) / spans[0], (other - other.min()) / spans[1]
    return float(abs(first - second).mean() / ((first.mean() + second.mean()) / 2))
