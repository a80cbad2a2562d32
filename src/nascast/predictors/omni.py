"""OMNI (White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177, section 4).

One regressor over features of three families: the encoding, a zero-cost proxy and the learning
curve. The regressor is NGBoost (Duan et al., ICML 2020, https://arxiv.org/abs/1910.03225).

Deviations: the settings of NGBoost are those of the study's NGBoost predictor and are not searched
again for every training set. Features are not scaled, which trees do not notice.
"""

from nascast.core import plugins
from nascast.core.predictor import ModelPredictor
from nascast.predictors.learning_curve._features import LastValue
from nascast.predictors.model_based.ngboost.settings import MODULE, Settings

__all__ = ["Omni"]


class Omni(ModelPredictor):
    """Encoding, Jacobian covariance and SoTL-E in NGBoost; the prediction is its mean."""

    axes = frozenset({"train_size", "epochs"})
    modules = (MODULE, "torch")

    def __init__(self, epochs: int = 5, encoding: str = "adjacency_one_hot") -> None:
        features = [
            plugins.load("encoding", encoding),
            plugins.load("proxy", "jacov"),
            LastValue("train_loss", epochs, sign=-1),
        ]
        super().__init__(features, Settings().regressor)
