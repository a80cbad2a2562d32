"""Scores as minus the logarithm of an error, on which curves of all metrics look alike.

The families are for curves that rise, and losses, errors and perplexities fall. What falls is the
error: the loss itself, or what an accuracy lacks of its bound. Its logarithm has no unit, and a
power law of the error is a line against the logarithm of the epoch.
"""

import math
from dataclasses import dataclass

import numpy as np

from nascast.core.metric import bounds
from nascast.core.types import Floats, Metric

__all__ = ["Scale"]

_Z90 = 1.645  # quantile of the standard normal between whose negative and itself 90 % lie
_SMALLEST = 1e-4  # share of the largest error of a curve, below which an error counts so; chosen


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of a metric.

    Attributes:
        bound: score without any error; infinite where scores have no bound, and then minus the
            score counts, measured in ranges of its curve, instead of the logarithm.
    """

    bound: float

    @classmethod
    def of(cls, metric: Metric) -> "Scale":
        """Returns the scale of a metric, by the bounds of its unit."""
        low, high = bounds(metric.unit)
        return cls(-low if metric.minimize else high)

    def rising(self, scores: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n, m)`` values of curves of scores, and ``(n,)`` units for `back`."""
        if math.isinf(self.bound):
            unit = 10 * np.maximum(np.ptp(scores, axis=1), 1e-12)  # ranges are about .1 elsewhere
            return scores / unit[:, None], unit
        errors = self.bound - scores
        least = np.maximum(_SMALLEST * errors.max(1, keepdims=True), 1e-12)
        return -np.log(np.maximum(errors, least)), np.ones(len(scores))

    def back(self, mean: Floats, deviation: Floats, unit: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` median scores, and deviations that span the same 90 %.

        Args:
            mean: ``(n,)`` means of normal distributions on the scale of `rising`.
            deviation: ``(n,)`` their deviations.
            unit: ``(n,)`` as returned by `rising`.
        """
        if math.isinf(self.bound):
            return mean * unit, deviation * unit
        error = np.exp(-mean)
        return self.bound - error, error * np.sinh(_Z90 * np.minimum(deviation, 10)) / _Z90
