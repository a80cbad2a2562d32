"""Bayesian linear regression (Bishop 2006, section 3): the evidence, and predictions.

Weights are normal with precision α, noise is normal with precision β. All is written in the
singular vectors of the features, in which a label's variance is ``s²/α + 1/β``: the evidence of
one more pair (α, β) costs as much as reading the singular values.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from nascast.core.types import Floats

__all__ = ["Evidence"]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What ``(n, d)`` features and ``(n,)`` targets say about the weights.

    Attributes:
        n: number of targets.
        singular: ``(r,)`` singular values of the features.
        right: ``(r, d)`` right singular vectors.
        along: ``(r,)`` targets along the left singular vectors.
        rest: squared norm of what the features cannot say of the targets.
    """

    n: int
    singular: Floats
    right: Floats
    along: Floats
    rest: float

    @classmethod
    def of(cls, features: Floats, targets: Floats) -> Self:
        """Returns the evidence of ``(n, d)`` features and ``(n,)`` targets."""
        left, singular, right = np.linalg.svd(features, full_matrices=False)
        kept = singular > singular.max(initial=0) * 1e-10  # others are rounding errors
        along = left[:, kept].T @ targets
        rest = max(float(targets @ targets - along @ along), 0.0)
        return cls(len(targets), singular[kept], right[kept], along, rest)

    def log(self, alpha: Floats, beta: Floats) -> Floats:
        """Returns ``(k,)`` log evidences of k pairs of precisions."""
        alpha, beta = np.asarray(alpha)[:, None], np.asarray(beta)[:, None]
        variance = self.singular**2 / alpha + 1 / beta
        inside = (np.log(variance) + self.along**2 / variance).sum(1)
        others = self.n - len(self.singular)
        outside = beta[:, 0] * self.rest - others * np.log(beta[:, 0])
        return np.asarray(-0.5 * (inside + outside + self.n * math.log(2 * math.pi)))

    def predict(self, features: Floats, alpha: Floats, beta: Floats) -> tuple[Floats, Floats]:
        """Returns ``(k, n)`` means and ``(k, n)`` variances of labels, noise included.

        Args:
            features: ``(n, d)`` features.
            alpha: ``(k,)`` precisions of the weights.
            beta: ``(k,)`` precisions of the noise.
        """
        alpha, beta = np.asarray(alpha)[:, None], np.asarray(beta)[:, None]
        precision = alpha + beta * self.singular**2  # (k, r), of the weights along `right`
        inside = features @ self.right.T
        mean = (beta * self.singular * self.along / precision) @ inside.T
        unknown = np.maximum((features**2).sum(1) - (inside**2).sum(1), 0)
        return mean, (1 / precision) @ inside.T**2 + unknown / alpha + 1 / beta
