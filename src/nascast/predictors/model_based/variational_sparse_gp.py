"""The variational sparse Gaussian process.

Titsias, AISTATS 2009, https://proceedings.mlr.press/v5/titsias09a.html; with an explicit
distribution of the inducing values: Hensman et al., AISTATS 2015,
https://proceedings.mlr.press/v38/hensman15.html.
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

__all__ = ["VariationalSparseGaussianProcess"]


class VariationalSparseGaussianProcess(ModelPredictor):
    """A Gaussian process that knows training rows by a distribution of inducing values.

    Each step moves that distribution by its natural gradient to the best one, and the kernel's
    parameters by Adam. All rows are in every step.

    Deviations from the 2021 study: the natural gradient; inducing points are centres of clusters of
    the training rows, and stay there, where the study put ten on the diagonal of the unit cube, far
    from all one-hot rows. The preset ``study`` has its number of points and of steps, and labels as
    they are.
    """

    calibrated = True
    modules = ("nascast.predictors.model_based._gaussian_processes.variational",)
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
        steps: int = 60,
        targets: str = NORMAL_SCORES,
    ) -> None:
        """Chooses the settings.

        Args:
            encoding: encoding of the architecture.
            inducing: number of inducing points, unless there are fewer different training rows.
            placement: where they are: ``k_means``, the centres of clusters of the training rows,
                or ``training``, some of these rows.
            steps: number of steps in which distribution and parameters are learned.
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
        from nascast.predictors.model_based._gaussian_processes import variational

        process = variational.VariationalProcess(self.inducing, self.placement, self.steps, rng)
        return aimed(process, self.targets)
