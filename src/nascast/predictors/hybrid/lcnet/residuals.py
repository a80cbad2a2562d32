"""What the beginning of a curve says about its end: residuals, which are correlated over time."""

from dataclasses import dataclass

import numpy as np

from nascast.core.types import Floats

__all__ = ["Residuals"]

_COUNT = 5.0  # rows that the prior of the covariance counts as; chosen
_WHITE = 0.05  # share of white noise in the prior; chosen


@dataclass(frozen=True, slots=True)
class Residuals:
    """Normal residuals of curves: what remains when the predicted curve is taken away.

    Attributes:
        covariance: ``(k, k)`` covariance at k points of time.
    """

    covariance: Floats

    @classmethod
    def of(cls, left: Floats, spread: Floats) -> "Residuals":
        """Learns them from held-out curves.

        Args:
            left: ``(n, k)`` residuals of curves that the network did not learn from.
            spread: ``(k,)`` deviations of the curves themselves, for the prior.
        """
        k = len(spread)
        lag = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(k - 1, 1)
        prior = np.outer(spread, spread) * (np.exp(-lag) * (1 - _WHITE) + _WHITE * np.eye(k))
        return cls((left.T @ left + _COUNT * prior) / (len(left) + _COUNT))

    def end(self, seen: Floats) -> tuple[Floats, float]:
        """Returns ``(n,)`` means of the last residual, given the first ones, and its variance.

        Args:
            seen: ``(n, j)`` residuals at the first j points.
        """
        j = seen.shape[1]
        past, cross = self.covariance[:j, :j], self.covariance[:j, -1]
        factor = np.linalg.solve(past, cross)
        return seen @ factor, max(float(self.covariance[-1, -1] - cross @ factor), 0.0)
