"""SynFlow as a predictor: the proxy's score, no training and no data."""

from nascast.core import plugins
from nascast.core.predictor import FeaturePredictor

__all__ = ["SynFlowPredictor"]


class SynFlowPredictor(FeaturePredictor):
    """The score of the proxy `synflow`."""

    def __init__(self) -> None:
        super().__init__(plugins.load("proxy", "synflow"))
