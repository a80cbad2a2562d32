"""Bayesian linear regression (Bishop, Pattern Recognition and Machine Learning, 2006, ch. 3)."""

from types import MappingProxyType
from typing import Self

import numpy as np
from scipy.optimize import minimize

from nascast.core.feature import Encoding
from nascast.core.predictor import ModelPredictor, Regressor
from nascast.core.ranges import Choice
from nascast.core.spec import Spec, component_of
from nascast.core.types import Floats
from nascast.predictors._targets import LABELS, NORMAL_SCORES, aimed, check_targets
from nascast.predictors.model_based._evidence import Evidence

__all__ = ["BayesianLinearRegression"]

# Of log α and log β: targets have deviation 1, so that there is nothing beyond; chosen.
_LIMITS = (-7.0, 12.0)


class BayesianLinearRegression(ModelPredictor):
    """A linear function of an encoding with normal weights and noise.

    The precisions of weights and noise are those of the largest evidence, by L-BFGS.

    Deviations from the 2021 study: labels are standardised; the evidence has the squared norm of
    the residuals, and no determinant that overflows; the intercept is free, since features are
    centred, instead of a weight. The preset ``study`` fits labels as they are.
    """

    presets = MappingProxyType({"study": {"targets": "labels"}})
    ranges = MappingProxyType(  # all there is
        {
            "targets": Choice((NORMAL_SCORES, LABELS)),
        }
    )

    def __init__(
        self,
        encoding: str | Spec | Encoding = "adjacency_one_hot",
        *,
        targets: str = NORMAL_SCORES,
    ) -> None:
        """Chooses the settings.

        Args:
            encoding: encoding of the architecture.
            targets: what is fitted: ``normal_scores`` of the labels, which follow their ranks, or
                ``labels``.
        """
        super().__init__([component_of("encoding", encoding)])
        self.encoding, self.targets = encoding, check_targets(targets)

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        return aimed(_Linear(), self.targets)


class _Linear:
    """Bayesian linear regression with precisions of the largest evidence."""

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets of mean 0."""
        self._center = X.mean(axis=0)
        self._evidence = evidence = Evidence.of(X - self._center, y)

        def negative(logs: Floats) -> float:
            return -float(evidence.log(*np.exp(logs)[:, None])[0])

        found = minimize(negative, np.zeros(2), method="L-BFGS-B", bounds=[_LIMITS] * 2)
        self.alpha, self.beta = np.exp(found.x)
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` means."""
        return self.predict_normal(X)[0]

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and ``(n,)`` standard deviations of a label, noise included."""
        precisions = np.array([self.alpha]), np.array([self.beta])
        mean, variance = self._evidence.predict(X - self._center, *precisions)
        return mean[0], np.sqrt(variance[0])
