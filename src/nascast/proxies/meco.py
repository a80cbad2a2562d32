"""MeCo (Jiang et al., NeurIPS 2023)."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Meco"]


class Meco(Proxy):
    """How far the channels of an untrained network are from being linearly dependent.

    The score is the sum over convolutions of the least eigenvalue of the Pearson correlations
    between the channels of the feature map, for a single standard normal image:
    https://papers.nips.cc/paper_files/paper/2023/hash/bfa815ac6f08f4ada34fe22be054f2b9-Abstract-Conference.html.
    Maps with more channels than pixels have the eigenvalue 0.
    """

    name = "meco"
    ranks_alone = False
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        from nascast.proxies.passes.noise import least_eigenvalues
        from nascast.proxies.passes.untrained import expect_images

        task = expect_images(passes.task, "feature maps are compared")
        found = math.fsum(least_eigenvalues(passes.network(), task, self.seed))
        return found if math.isfinite(found) else math.nan
