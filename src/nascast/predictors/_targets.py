"""Targets that regressors are fitted on: labels as they are, or their normal scores.

A benchmark's accuracies have a long lower tail: a few networks that hardly learn are many standard
deviations below all others, and a model with normal errors spends itself on them. Normal scores
(van der Waerden 1952) keep the order and have a normal distribution.
"""

from typing import Self

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.predictor import NormalRegressor, Regressor
from nascast.core.types import Floats
from nascast.predictors._normal_scores import NormalScores

__all__ = ["LABELS", "NORMAL_SCORES", "OnNormalScores", "aimed", "check_targets"]

LABELS, NORMAL_SCORES = "labels", "normal_scores"
_END = 1.645  # half of the interval, in deviations, from which a deviation of labels is read


def check_targets(targets: str) -> str:
    """Returns the setting.

    Raises:
        InvalidSettingError: there are no such targets.
    """
    if targets not in (LABELS, NORMAL_SCORES):
        raise InvalidSettingError(
            f"unknown targets {targets!r}; known are {LABELS} and {NORMAL_SCORES}"
        )
    return targets


def aimed(model: Regressor, targets: str) -> Regressor:
    """Returns the model, fitted on labels or on their normal scores."""
    if targets == LABELS:
        return model
    return OnNormalScores(model) if isinstance(model, NormalRegressor) else _MeanOnScores(model)


class _MeanOnScores:
    """A regressor fitted on normal scores, whose predictions are turned back into labels.

    Between training labels a prediction is interpolated, and beyond them it goes on with the slope
    of one deviation of the labels for one of the scores, so that the order of predictions is that
    of the predicted scores. The mean is, exactly, the label at the mean score: the median.
    """

    def __init__(self, model: Regressor) -> None:
        self.model = model

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets, of which some differ."""
        self._scale = NormalScores(y, unit=True)
        self.model.fit(X, self._scale.training)
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` labels at the mean scores."""
        return self._scale.labels(np.asarray(self.model.predict(X), dtype=np.float64))


class OnNormalScores(_MeanOnScores):
    """The same of a regressor with normal predictions."""

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` labels at the mean scores, and deviations.

        A deviation is that of a normal distribution whose central 90 % are as wide as the interval
        between the labels at the ends of the central 90 % of scores.
        """
        assert isinstance(self.model, NormalRegressor)
        mean, deviation = self.model.predict_normal(X)
        low, high = (self._scale.labels(mean + side * deviation) for side in (-_END, _END))
        width = np.maximum(high - low, 0)  # rounded, where it is next to nothing
        return self._scale.labels(mean), width / (2 * _END)
