"""The exact Gaussian process (Rasmussen & Williams 2006, http://gaussianprocess.org/gpml/)."""

from types import MappingProxyType

import numpy as np

from nascast.core.extras import check_extra
from nascast.core.feature import Encoding
from nascast.core.predictor import ModelPredictor, Regressor
from nascast.core.ranges import Choice, LogUniform
from nascast.core.spec import Spec, component_of
from nascast.predictors._targets import LABELS, NORMAL_SCORES, aimed, check_targets

__all__ = ["GaussianProcess"]


class GaussianProcess(ModelPredictor):
    """A Gaussian process with one length-scale, on an encoding.

    Variance, length-scale and noise are the most probable ones: L-BFGS on the marginal likelihood
    times priors. Columns are scaled to [0, 1].

    Deviations from the 2021 study, whose settings are the preset ``study``: the study did not learn
    the parameters of its kernel, and fitted labels as they are (Kendall's τ .68 instead of .84 with
    1,000 labels of NAS-Bench-201).
    """

    calibrated = True
    modules = ("nascast.predictors.model_based._gaussian_processes.exact",)
    presets = MappingProxyType(
        {
            "study": {
                "steps": 0,
                "variance": 5.0,
                "length_scale": 10.0,
                "noise": 1.0,
                "targets": "labels",
            }
        }
    )
    ranges = MappingProxyType(  # chosen; the study's has none
        {
            "variance": LogUniform(0.1, 10.0),
            "length_scale": LogUniform(0.3, 30.0),
            "noise": LogUniform(0.001, 1.0),
            "steps": Choice((0, 50)),
            "targets": Choice((NORMAL_SCORES, LABELS)),
        }
    )

    def __init__(
        self,
        encoding: str | Spec | Encoding = "adjacency_one_hot",
        *,
        steps: int = 50,
        variance: float = 1.0,
        length_scale: float | None = None,
        noise: float = 0.1,
        most: int = 400,
        targets: str = NORMAL_SCORES,
    ) -> None:
        """Chooses the settings.

        Args:
            encoding: encoding of the architecture.
            steps: most steps in which the kernel's parameters are learned; 0 leaves them.
            variance: variance of the function to start with, of labels whose variance is 1.
            length_scale: length-scale to start with, of columns in [0, 1]; None is half of the root
                of the number of columns.
            noise: variance of the noise to start with.
            most: number of training rows that parameters are learned on; all are conditioned on.
            targets: what is fitted: ``normal_scores`` of the labels, which follow their ranks, or
                ``labels``.
        """
        check_extra("gpytorch", "bayes", "a Gaussian process")
        super().__init__([component_of("encoding", encoding)])
        self.encoding, self.steps, self.most = encoding, steps, most
        self.variance, self.length_scale, self.noise = variance, length_scale, noise
        self.targets = check_targets(targets)

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        from nascast.predictors.model_based._gaussian_processes.exact import ExactProcess, Start

        start = Start(self.variance, self.length_scale, self.noise)
        return aimed(ExactProcess(start, self.steps, self.most, rng), self.targets)
