"""Expressivity, a part of AZ-NAS (Lee & Ham, CVPR 2024, https://arxiv.org/abs/2403.19232)."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Expressivity"]


class Expressivity(Proxy):
    """How evenly the features of each block use the directions that there are.

    The score is the sum over blocks of the entropy of the shares of variance along the principal
    axes of the features, for standard normal images. It is NaN where a block's do not vary.
    """

    name = "expressivity"
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        found = math.fsum(passes.expressivity())
        return found if math.isfinite(found) else math.nan
