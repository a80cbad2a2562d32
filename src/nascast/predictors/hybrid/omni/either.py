"""A ladder on labels and one on their normal scores, of which one is kept."""

from collections.abc import Callable
from typing import Self

import numpy as np

from nascast.core.types import Floats
from nascast.predictors._normal_scores import NormalScores
from nascast.predictors._targets import OnNormalScores
from nascast.predictors.hybrid.omni.ladder import Ladder

__all__ = ["Either"]


class Either:
    """The ladder whose errors on held-out rows are smaller; both are taken as normal scores.

    A late score of the curve is nearly a line in the label; where some labels are far from all
    others, squared errors of labels are theirs alone.

    Attributes:
        kept: the ladder that is kept; None before `fit`.
    """

    def __init__(self, make: Callable[[], Ladder]) -> None:
        """Takes a function that returns an unfitted ladder."""
        self._make = make
        self.kept: Ladder | OnNormalScores | None = None

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets, of which some differ."""
        scale = NormalScores(y, unit=True)
        plain, inner = self._make().fit(X, y), self._make()
        scored = OnNormalScores(inner).fit(X, y)
        errors = [
            float(((held - scale.training) ** 2).sum())
            for held in (scale.scores(plain.held), inner.held)
        ]
        self.kept = plain if errors[0] <= errors[1] else scored
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        return self.predict_normal(X)[0]

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` predictions and their deviations."""
        assert self.kept is not None
        mean, deviation = self.kept.predict_normal(X)
        return np.asarray(mean), np.asarray(deviation)
