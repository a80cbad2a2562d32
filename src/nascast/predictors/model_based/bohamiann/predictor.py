"""BOHAMIANN on an encoding."""

from types import MappingProxyType

import numpy as np

from nascast.core.feature import Encoding
from nascast.core.predictor import ModelPredictor, Regressor
from nascast.core.ranges import Choice, LogUniform
from nascast.core.spec import Spec, component_of
from nascast.predictors._targets import LABELS, NORMAL_SCORES, aimed, check_targets
from nascast.predictors.model_based.bohamiann.settings import Settings

__all__ = ["Bohamiann"]


class Bohamiann(ModelPredictor):
    """A Bayesian neural network on an encoding, sampled by adaptive stochastic gradient HMC.

    The network has two hidden tanh layers of 50 units, and one noise. Chains run side by side in
    one tensor program, on up to 100 rows a step.

    Deviations from the 2021 study: several and longer chains; the prior of the noise is wide, where
    the study's holds its variance at a millionth of that of the labels. The preset ``study`` has
    one chain of 100 steps, 10 of them burn-in, keeps every fifth, and has that prior and labels as
    they are. Always, columns that do not vary among the training rows are left out.
    """

    calibrated = True
    modules = ("nascast.predictors.model_based.bohamiann.regressor",)
    presets = MappingProxyType(
        {
            "study": {
                "chains": 1,
                "steps": 100,
                "burn_in": 10,
                "every": 5,
                "noise": 1e-6,
                "noise_spread": 0.1,
                "targets": "labels",
            }
        }
    )
    ranges = MappingProxyType(  # chosen; the study's has none
        {
            "noise": LogUniform(0.001, 1.0),
            "noise_spread": LogUniform(0.1, 2.0),
            "targets": Choice((NORMAL_SCORES, LABELS)),
        }
    )

    def __init__(
        self,
        encoding: str | Spec | Encoding = "adjacency_one_hot",
        *,
        chains: int = 4,
        steps: int = 800,
        burn_in: int = 400,
        every: int = 20,
        noise: float = 0.1,
        noise_spread: float = 1.0,
        targets: str = NORMAL_SCORES,
    ) -> None:
        """Chooses the settings.

        Args:
            encoding: encoding of the architecture.
            chains: number of chains.
            steps: number of steps of each, burn-in included.
            burn_in: number of steps in which the scales are learned and no sample is kept.
            every: number of steps from one sample to the next.
            noise: centre of the prior of the noise's variance, of targets of variance 1.
            noise_spread: deviation of the prior of the logarithm of the noise's variance.
            targets: what is fitted: ``normal_scores`` of the labels, which follow their ranks, or
                ``labels``.
        """
        self._settings = Settings(chains, steps, burn_in, every, noise, noise_spread)
        super().__init__([component_of("encoding", encoding)])
        self.encoding, self.chains, self.steps, self.burn_in = encoding, chains, steps, burn_in
        self.every, self.noise, self.noise_spread = every, noise, noise_spread
        self.targets = check_targets(targets)

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        from nascast.predictors.model_based.bohamiann.regressor import BayesianNetwork

        return aimed(BayesianNetwork(self._settings, int(rng.integers(2**31))), self.targets)
