"""LCE-m, learning curve extrapolation with curves that do not fall (Klein et al., ICLR 2017)."""

from nascast.predictors.learning_curve.lce.predictor import Extrapolation

__all__ = ["LCEM"]


class LCEM(Extrapolation):
    """The mixture of `LCE`, given that no curve falls.

    https://openreview.net/forum?id=S11KBYclx compares with this variant of Domhan et al.

    Deviations: see `LCE`. The slope of each curve is not negative; its posterior, a normal cut off
    at 0, needs no sampler either.
    """

    monotone = True
