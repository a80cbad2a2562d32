"""Trainability, a part of AZ-NAS (Lee & Ham, CVPR 2024, https://arxiv.org/abs/2403.19232)."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Trainability"]


class Trainability(Proxy):
    """How well blocks keep the size of gradients.

    The score is the mean over blocks of ``−σ − 1/σ + 2``, with the largest singular value σ of the
    block's Jacobian between channels, for standard normal images: 0 at best, where σ is 1. It is
    NaN where a block passes no gradient.
    """

    name = "trainability"
    ranks_alone = False
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        from nascast.proxies.passes.blocks import spectral_norms

        found = spectral_norms(passes.blocks(), self.seed)
        if not found or not all(0 < norm < math.inf for norm in found):
            return math.nan
        return math.fsum(2 - norm - 1 / norm for norm in found) / len(found)
