"""Fisher pruning (Turner et al., ICLR 2020, https://arxiv.org/abs/1906.04113), as a score.

The saliency is that of Theis et al. 2018, https://arxiv.org/abs/1801.05787.
"""

import math
from typing import TYPE_CHECKING

from nascast.core.errors import UnsupportedError
from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Fisher"]


class Fisher(Proxy):
    """How much the loss on one batch would change if single channels were taken out.

    A channel's saliency is ``½ mean (Σ a · ∂L/∂a)²``, the sum over its positions and the mean over
    images, at the results a of convolutions and linear maps. The score is the sum over channels,
    each as often as it has incoming weights, as in NAS-Bench-Suite-Zero. It is NaN where all
    gradients vanish.

    Networks of text, and others that use a layer at several steps or places, have no such channels.
    """

    name = "fisher"

    def score(self, passes: "Passes") -> float:
        from torch import nn

        loss = passes.labelled()
        found = loss.channels
        modules = [module for module, _ in found]
        layers = passes.traced().layers
        places = any(isinstance(m, nn.Linear) and result.ndim != 2 for m, result in layers)
        if not found or places or len(set(modules)) < len(modules):
            raise UnsupportedError(
                "channels are scored, and a layer that is used at several steps has none"
            )
        total = math.fsum(
            sums.square().mean(0).sum().item() / 2 * module.weight[0].numel()  # type: ignore[index]
            for module, sums in found
        )
        return math.nan if loss.vanish or not math.isfinite(total) else total
