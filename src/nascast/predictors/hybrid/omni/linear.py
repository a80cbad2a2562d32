"""Linear regressions that know their errors on rows left out, and held-out errors of others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nascast.core.predictor import Regressor
from nascast.core.types import Floats
from nascast.predictors.hybrid.omni.scaled import Scaler

__all__ = ["Linear", "held_out"]

_PENALTIES = (0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)  # on standardised columns; chosen
_SLOPE = 1e-3  # least slope of a line on a single score, which is larger for the better; chosen
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Linear:
    """A ridge regression on some columns, and what it predicted for rows that it had not seen.

    Attributes:
        columns: columns that it reads.
        weights: ``(k,)`` weights of them, standardised.
        center: mean target.
        scaler: scaler of these columns.
        held: ``(n,)`` predictions of each training row by the regression on all others.
        flat: whether the only column tells nothing, or the wrong way round: the slope is the least.
    """

    columns: tuple[int, ...]
    weights: Floats
    center: float
    scaler: Scaler
    held: Floats
    flat: bool = False

    @classmethod
    def of(cls, x: Floats, y: Floats, columns: Sequence[int]) -> "Linear":
        """Learns it, with the penalty whose left-out errors are least; none on one column."""
        scaler = Scaler.of(x[:, list(columns)])
        z, u = scaler(x[:, list(columns)]), y - y.mean()
        fits = [_ridge(z, u, p) for p in (_PENALTIES if len(columns) > 1 else (1e-9,))]
        weights, left = min(fits, key=lambda fit: float((fit[1] ** 2).sum()))
        least = _SLOPE * float(y.std())
        flat = len(columns) == 1 and bool(weights[0] < least)
        if flat:  # then the mean alone is found on the rows
            weights = np.array([least])
            left = (u - z @ weights) * len(y) / max(len(y) - 1, 1)
        return cls(tuple(columns), weights, float(y.mean()), scaler, y - left, flat)

    def predict(self, x: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        return np.asarray(self.center + self.scaler(x[:, list(self.columns)]) @ self.weights)


def _ridge(z: Floats, u: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Returns weights, and the errors on rows left out one by one, in closed form."""
    gram = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T)
    leverage = np.einsum("nk,kn->n", z, gram) + 1 / len(u)
    weights = gram @ u
    return weights, (u - z @ weights) / np.maximum(1 - leverage, 1e-3)


def held_out(make: Callable[[int, int], Regressor], x: Floats, y: Floats, seed: int) -> Floats:
    """Returns what a regressor predicts of each row, learned from the other folds.

    Args:
        make: function of a number of rows and a seed, which returns an unfitted regressor.
        x: ``(n, d)`` features.
        y: ``(n,)`` targets.
        seed: seed of folds and regressors.
    """
    fold = np.random.default_rng(seed).permutation(len(y)) % min(_FOLDS, len(y))
    out = np.empty(len(y))
    for k in np.unique(fold):
        held, seen = fold == k, fold != k
        fitted = make(int(seen.sum()), seed)
        fitted.fit(x[seen], y[seen])
        out[held] = np.asarray(fitted.predict(x[held])).reshape(-1)
    return out
