"""Progressivity, a part of AZ-NAS (Lee & Ham, CVPR 2024, https://arxiv.org/abs/2403.19232)."""

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Progressivity"]


class Progressivity(Proxy):
    """The least growth of expressivity from block to block; see `expressivity`."""

    name = "progressivity"
    ranks_alone = False
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        found = passes.expressivity()
        least = min(after - before for before, after in pairwise(found))
        return least if all(map(math.isfinite, found)) else math.nan
