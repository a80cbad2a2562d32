"""GraSP (Wang et al., ICLR 2020, https://arxiv.org/abs/2002.07376), as a score."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Grasp"]


class Grasp(Proxy):
    """How the flow of gradients would suffer if single weights were taken out.

    The score is ``−Σ w · (H g)`` over all convolution and linear weights, with the gradient g and
    the Hessian H of the loss on one batch: the paper's equation 8 with temperature 1, summed as in
    NAS-Bench-Suite-Zero. It is NaN where all gradients vanish.

    Deviation: the product with H is not differentiated twice, see `curvature`.
    """

    name = "grasp"
    ranks_alone = False

    def score(self, passes: "Passes") -> float:
        if passes.labelled().vanish:
            return math.nan
        found = -passes.curvature()
        return found if math.isfinite(found) else math.nan
