"""Plain (Abdelfattah et al., ICLR 2021, https://arxiv.org/abs/2101.08134)."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Plain"]


class Plain(Proxy):
    """The signed sum of weights times gradients, the simplest of pruning scores.

    The score is ``Σ w ∂L/∂w`` over all convolution and linear weights, as in NAS-Bench-Suite-Zero:
    how the loss on one batch would change if all of them grew together. It is NaN where all
    gradients vanish.
    """

    name = "plain"
    ranks_alone = False

    def score(self, passes: "Passes") -> float:
        found = passes.labelled()
        if found.vanish:
            return math.nan
        pairs = zip(found.weights, found.gradients, strict=True)
        total = math.fsum((w.detach() * g).sum().item() for w, g in pairs)
        return total if math.isfinite(total) else math.nan
