"""LCE, learning curve extrapolation (Domhan et al., IJCAI 2015)."""

from nascast.predictors.learning_curve.lce.predictor import LCE

__all__ = ["LCE"]
