"""OMNI (White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177, section 4).

One regressor over features of three families: the encoding, a zero-cost proxy and the learning
curve. The regressor is NGBoost (Duan et al., ICML 2020, https://arxiv.org/abs/1910.03225).

Deviations: the settings of NGBoost are those of the study's NGBoost predictor and are not searched
again for every training set. Features are not scaled, which trees do not notice.
"""

import numpy as np

from nascast.core.feature import Encoding
from nascast.core.predictor import ModelPredictor, Proxy, Regressor
from nascast.core.spec import Spec, component_of
from nascast.predictors.learning_curve.features import LastValue
from nascast.predictors.model_based.ngboost.settings import MODULE, Settings

__all__ = ["Omni"]


class Omni(ModelPredictor):
    """NGBoost on an encoding, a zero-cost proxy and SoTL-E; the prediction has deviations."""

    axes = frozenset({"train_size", "epochs"})
    modules = (MODULE, "torch")

    def __init__(
        self,
        epochs: int = 5,
        encoding: str | Spec | Encoding = "adjacency_one_hot",
        proxy: str | Spec | Proxy = "jacov",
    ) -> None:
        """Chooses the three features.

        Args:
            epochs: number of epochs of training at query, whose last training loss is read.
            encoding: encoding of the architecture.
            proxy: zero-cost proxy.
        """
        self._settings = Settings()
        features = [component_of("encoding", encoding), component_of("proxy", proxy)]
        super().__init__([*features, LastValue("train_loss", epochs)])
        self.epochs, self.encoding, self.proxy = epochs, encoding, proxy

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        from nascast.predictors.model_based.ngboost.regressor import regressor

        return regressor(n, int(rng.integers(2**31)), self._settings)
