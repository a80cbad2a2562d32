"""Zen-NAS (Lin et al., ICCV 2021, https://arxiv.org/abs/2102.01063)."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Zen"]


class Zen(Proxy):
    """How much the features of a network with Gaussian weights move with its input.

    The score is the paper's algorithm 1: the logarithm of the expected distance between the feature
    maps before global pooling for x and x + 0.01 ε, plus the logarithm of what each batch
    normalisation divided by. No data is read: x and ε are standard normal. It is NaN where features
    do not move.

    Deviation: residual connections stay, as in NAS-Bench-Suite-Zero.
    """

    name = "zen"
    reads_batch = False

    def __init__(self, seed: int = 0, *, images: int = 16, size: float = 0.01) -> None:
        """Chooses the noise.

        Args:
            seed: seed of the weights and of the noise.
            images: number of inputs; chosen, as their distances hardly differ.
            size: size of the change ε.
        """
        super().__init__(seed)
        self.images, self.size = images, size

    def score(self, passes: "Passes") -> float:
        from nascast.proxies.passes.noise import perturbed
        from nascast.proxies.passes.untrained import expect_images

        task = expect_images(passes.task, "feature maps are compared")
        distance, scales = perturbed(
            passes.network(), task, images=self.images, size=self.size, seed=self.seed
        )
        found = math.log(distance) + scales if 0 < distance < math.inf else math.nan
        return found if math.isfinite(found) else math.nan
