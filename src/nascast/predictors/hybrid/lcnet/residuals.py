"""What the beginning of a curve says about its end: residuals, which are correlated over time."""

from dataclasses import dataclass

import numpy as np

from nascast.core.types import Floats

__all__ = ["Residuals"]

_COUNT = 2.0  # rows that the prior of the covariance counts as; chosen
_WHITE = 0.01  # share of white noise in the prior; chosen


@dataclass(frozen=True, slots=True)
class Residuals:
    """Normal residuals of curves: what remains when the predicted curve is taken away.

    Attributes:
        covariance: ``(k, k)`` covariance at k points of time.
    """

    covariance: Floats

    @classmethod
    def of(cls, left: Floats, curves: Floats) -> "Residuals":
        """Learns them from held-out curves.

        Args:
            left: ``(n, k)`` residuals of curves that the network did not learn from.
            curves: ``(m, k)`` curves, whose own covariance is the prior.
        """
        around = curves - curves.mean(0)
        prior = around.T @ around / len(curves)
        prior = prior + _WHITE * max(float(prior.trace()) / len(prior), 1e-6) * np.eye(len(prior))
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
