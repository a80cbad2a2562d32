"""Jacobian covariance as a predictor: the proxy's score, no training."""

from nascast.core import plugins
from nascast.core.predictor import FeaturePredictor

__all__ = ["JacobianCovariancePredictor"]


class JacobianCovariancePredictor(FeaturePredictor):
    """The score of the proxy `jacov`."""

    def __init__(self) -> None:
        super().__init__(plugins.load("proxy", "jacov"))
