"""VKDNW (Týbl & Neumann, CVPR 2025, https://arxiv.org/abs/2502.04975)."""

from typing import TYPE_CHECKING

import numpy as np

from nascast.core.predictor import Proxy
from nascast.core.types import Floats

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Vkdnw"]


class Vkdnw(Proxy):
    """The number of trainable layers, and how evenly hard their weights are to estimate.

    The score is that of a network by itself: the number of layers with weights, plus the entropy,
    in nats, of the first to ninth decile of the eigenvalues of the Fisher information, divided by
    their sum. The entropy is at most log 9, so that it decides among networks of nearly one size.
    No data is read: the inputs are standard normal. The paper's aggregate is `vkdnw_agg`.

    Deviations: the Fisher information is that of one random weight of each layer, and its expected
    value over classes is exact.
    """

    name = "vkdnw"
    reads_batch = False

    def __init__(self, seed: int = 0, *, images: int = 16) -> None:
        """Chooses the images.

        Args:
            seed: seed of the weights, those whose information is measured, and the images.
            images: number of images; chosen: with 10 classes, the rank is at most 9 times it.
        """
        super().__init__(seed)
        self.images = images

    def score(self, passes: "Passes") -> float:
        from nascast.proxies.passes.information import fisher_information, trainable_layers
        from nascast.proxies.passes.untrained import expect_images

        network, task = passes.network(), expect_images(passes.task, "images are classified")
        found = fisher_information(network, task, images=self.images, seed=self.seed)
        return trainable_layers(network) + spread(found)


def spread(information: Floats) -> float:
    """Returns the entropy of the deciles of the eigenvalues; NaN where all of them are 0."""
    if not np.isfinite(information).all():
        return float("nan")
    values = np.linalg.eigvalsh(information).clip(min=0)
    deciles = np.quantile(values, np.arange(1, 10) / 10)
    if not deciles.sum() > 0:
        return float("nan")
    shares = deciles[deciles > 0] / deciles.sum()
    return float(-(shares * np.log(shares)).sum())
