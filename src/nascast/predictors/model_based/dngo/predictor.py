"""DNGO on an encoding."""

from types import MappingProxyType

import numpy as np

from nascast.core.feature import Encoding
from nascast.core.predictor import ModelPredictor, Regressor
from nascast.core.ranges import Choice, LogIntegers, LogUniform
from nascast.core.spec import Spec, component_of
from nascast.predictors._targets import LABELS, NORMAL_SCORES, aimed, check_targets
from nascast.predictors.model_based.dngo.settings import Settings

__all__ = ["DNGO"]


class DNGO(ModelPredictor):
    """Bayesian linear regression on the last hidden layer of tanh networks, on an encoding.

    Networks have three hidden layers of 50 units. The precisions of weights and noise are sampled
    with 20 walkers of emcee, and predictions are the mean over samples and networks.

    Deviations from the paper and the 2021 study: networks are trained on all rows at once, with
    weight decay and a rate that falls along a cosine; there are several, in one tensor program;
    chains are shorter, which is enough for two numbers. The preset ``study`` has one network, no
    weight decay, as long chains, and labels as they are. Deviations are not calibrated: the layer
    was trained on the same labels, and intervals of 90 % hold 76 % of test cells with 100 labels.
    """

    modules = ("nascast.predictors.model_based.dngo.regressor",)
    presets = MappingProxyType(
        {
            "study": {
                "members": 1,
                "weight_decay": 0.0,
                "burn_in": 2000,
                "chain": 2000,
                "targets": "labels",
            }
        }
    )
    ranges = MappingProxyType(  # chosen; the study's has none
        {
            "steps": LogIntegers(100, 1000),
            "weight_decay": LogUniform(0.1, 10.0),
            "targets": Choice((NORMAL_SCORES, LABELS)),
        }
    )

    def __init__(
        self,
        encoding: str | Spec | Encoding = "adjacency_one_hot",
        *,
        members: int = 4,
        steps: int = 300,
        weight_decay: float = 2.0,
        burn_in: int = 50,
        chain: int = 50,
        targets: str = NORMAL_SCORES,
    ) -> None:
        """Chooses the settings.

        Args:
            encoding: encoding of the architecture.
            members: number of networks.
            steps: number of steps of Adam, each on all rows.
            weight_decay: factor of the squared weights in the sum of squared errors.
            burn_in: moves of each walker that are not looked at.
            chain: further moves of each walker, the last of which is a sample.
            targets: what is fitted: ``normal_scores`` of the labels, which follow their ranks, or
                ``labels``.
        """
        self._settings = Settings(members, steps, 0.01, weight_decay, burn_in, chain)
        super().__init__([component_of("encoding", encoding)])
        self.encoding, self.members, self.steps = encoding, members, steps
        self.weight_decay, self.burn_in, self.chain = weight_decay, burn_in, chain
        self.targets = check_targets(targets)

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        from nascast.predictors.model_based.dngo.regressor import AdaptiveBasis

        return aimed(AdaptiveBasis(self._settings, int(rng.integers(2**31))), self.targets)
