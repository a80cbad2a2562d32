"""NASWOT (Mellor et al., ICML 2021, https://arxiv.org/abs/2006.04647)."""

import math
from typing import TYPE_CHECKING

import numpy as np

from nascast.core.predictor import Proxy
from nascast.core.types import Floats

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["Naswot"]


class Naswot(Proxy):
    """How well the linear pieces that images lie on can be told apart.

    Each image has a binary code, the activity of all rectified units. The score is the logarithm of
    the determinant of the kernel that counts the units which two images have alike. It is NaN where
    two images have one code.
    """

    name = "nwot"

    def score(self, passes: "Passes") -> float:
        from nascast.proxies.passes.codes import agreement

        found = agreement(passes.rectified())
        return kernel_score(found.both, found.units)


def kernel_score(both: Floats, units: int) -> float:
    """Returns the score of ``(n, n)`` numbers of units that are active for both images.

    Args:
        both: numbers of units active for two images; on the diagonal, for one.
        units: number of all units.
    """
    active = np.diag(both)
    alike = units - active[:, None] - active[None, :] + 2 * both
    sign, value = np.linalg.slogdet(alike)
    return float(value) if sign > 0 and math.isfinite(value) else math.nan
