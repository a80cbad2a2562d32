"""A Gaussian process that knows its errors on left-out rows (Rasmussen & Williams 2006, 5.4.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np

from nascast.core.types import Floats
from nascast.predictors.hybrid.omni.scaled import Scaler

__all__ = ["Process"]

_LENGTHS = (0.5, 1.0, 2.0, 4.0)  # of the root of the median squared distance; these are chosen
_SHARES = (0.1, 1.0, 10.0)  # variances of the linear part, where there is one; chosen
_NOISES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # variances of the noise; chosen
_MOST = 400  # rows on which these are found


@dataclass(frozen=True, slots=True)
class _Found:
    """The most probable parameters, and the log of the marginal likelihood times the prior."""

    bound: float
    length: float
    share: float
    noise: float


class Process:
    """A Gaussian process, of all columns by their distance and of some as a linear function, too.

    The variances of the linear part and of the noise, as shares of that of the other part, and the
    length-scale are the most probable ones on a grid. Columns are scaled to [0, 1] for distances.

    Attributes:
        held: ``(n,)`` predictions of each training row from all others; empty before `fit`.
    """

    def __init__(self, linear: Sequence[int], seed: int) -> None:
        """Takes the columns of the linear part, and the seed of the rows that choose on a grid."""
        self._linear, self._seed = list(linear), seed
        self.held: Floats = np.empty(0)

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets, of which some differ."""
        spread = np.ptp(X, axis=0)
        self._low, self._spread = X.min(axis=0), np.where(spread > 0, spread, 1.0)
        self._scaler, self._center = Scaler.of(X[:, self._linear]), float(y.mean())
        self._rows, u = X, y - self._center
        some = np.random.default_rng(self._seed).permutation(len(y))[:_MOST]
        squares, products = self._squares(X[some]), self._products(X[some])
        self._unit = float(np.median(squares[:, some][np.triu_indices(len(some), 1)])) or 1.0
        self._found = self._best(squares[:, some] / self._unit, products[:, some], u[some])
        inverse = np.linalg.inv(self._kernel(X) + self._found.noise * np.eye(len(y)))
        self._weights = inverse @ u
        self.held = y - self._weights / inverse.diagonal()
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        return np.asarray(self._center + self._kernel(X) @ self._weights)

    def _kernel(self, x: Floats) -> Floats:
        """Returns covariances of rows and all training rows."""
        near = _near(self._squares(x) / self._unit, self._found.length)
        return near + self._found.share * self._products(x)

    def _squares(self, x: Floats) -> Floats:
        """Returns squared distances of rows to all training rows."""
        a, b = ((rows - self._low) / self._spread for rows in (x, self._rows))
        squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        return np.asarray(np.maximum(squares, 0))

    def _products(self, x: Floats) -> Floats:
        """Returns the means of products with all training rows, over the linear columns."""
        a, b = (self._scaler(rows[:, self._linear]) for rows in (x, self._rows))
        return np.asarray(a @ b.T / max(len(self._linear), 1))

    def _best(self, squares: Floats, products: Floats, u: Floats) -> _Found:
        """Returns the most probable parameters; the length-scale is log-normal around 1."""
        shares = _SHARES if self._linear else (0.0,)
        found = []
        for length, share in product(_LENGTHS, shares):
            values, vectors = np.linalg.eigh(_near(squares, length) + share * products)
            values, along = np.maximum(values, 0), (vectors.T @ u) ** 2
            for noise in _NOISES:
                variance = np.mean(along / (values + noise))
                fit = len(u) * np.log(variance) + np.log(values + noise).sum()
                bound = -float(fit + np.log(length) ** 2) / 2
                found.append(_Found(bound, length, share, noise))
        return max(found, key=lambda one: one.bound)


def _near(squares: Floats, length: float) -> Floats:
    return np.asarray(np.exp(-squares / (2 * length**2)))
