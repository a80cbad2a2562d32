"""The sparse Gaussian process of variational free energy.

Titsias, AISTATS 2009, https://proceedings.mlr.press/v5/titsias09a.html.
"""

from types import MappingProxyType

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.extras import check_extra
from nascast.core.feature import Encoding
from nascast.core.predictor import ModelPredictor, Regressor
from nascast.core.ranges import Choice, LogIntegers
from nascast.core.spec import Spec, component_of
from nascast.predictors._targets import LABELS, NORMAL_SCORES, aimed, check_targets

__all__ = ["SparseGaussianProcess"]


class SparseGaussianProcess(ModelPredictor):
    """A Gaussian process that knows the training rows by inducing points, on an encoding.

    The kernel's parameters are those of the largest lower bound of the marginal likelihood, times
    the priors of the exact process, by L-BFGS.

    Deviations from the 2021 study: inducing points are centres of clusters of the training rows,
    and stay there, where the study put ten on the diagonal of the unit cube, far from all one-hot
    rows, and moved them. The preset ``study`` has its number of points, and labels as they are.
    """

    calibrated = True
    modules = ("nascast.predictors.model_based._gaussian_processes.sparse",)
    presets = MappingProxyType({"study": {"inducing": 10, "steps": 200, "targets": "labels"}})
    ranges = MappingProxyType(  # chosen; the study's has none
        {
            "inducing": LogIntegers(10, 400),
            "placement": Choice(("k_means", "training")),
            "targets": Choice((NORMAL_SCORES, LABELS)),
        }
    )

    def __init__(
        self,
        encoding: str | Spec | Encoding = "adjacency_one_hot",
        *,
        inducing: int = 200,
        placement: str = "k_means",
        steps: int = 50,
        targets: str = NORMAL_SCORES,
    ) -> None:
        """Chooses the settings.

        Args:
            encoding: encoding of the architecture.
            inducing: number of inducing points, unless there are fewer different training rows.
            placement: where they are: ``k_means``, the centres of clusters of the training rows,
                or ``training``, some of these rows.
            steps: most steps in which the kernel's parameters are learned.
            targets: what is fitted: ``normal_scores`` of the labels, which follow their ranks, or
                ``labels``.
        """
        check_extra("gpytorch", "bayes", "a sparse Gaussian process")
        super().__init__([component_of("encoding", encoding)])
        self.encoding, self.steps = encoding, steps
        self.inducing, self.placement = inducing, placement
        if placement not in ("k_means", "training"):
            raise InvalidSettingError(
                f"unknown placement {placement!r}; known are k_means and training"
            )
        self.targets = check_targets(targets)

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        from nascast.predictors.model_based._gaussian_processes.sparse import SparseProcess

        return aimed(SparseProcess(self.inducing, self.placement, self.steps, rng), self.targets)
