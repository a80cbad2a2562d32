"""SNIP (Lee et al., ICLR 2019, https://arxiv.org/abs/1810.02340), as a score."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Snip"]


class Snip(Proxy):
    """How much the loss on one batch would change if single weights were taken out.

    The score is ``Σ |w ∂L/∂w|`` over all convolution and linear weights: the sum of the paper's
    connection sensitivities before they are normalised. It is NaN where all gradients vanish.
    """

    name = "snip"

    def score(self, passes: "Passes") -> float:
        found = passes.labelled()
        pairs = zip(found.weights, found.gradients, strict=True)
        total = math.fsum((w.detach() * g).abs().sum().item() for w, g in pairs)
        return total if 0 < total < math.inf else math.nan
