"""A regressor that climbs from one part to all of them as far as held-out rows bear it out.

The first rung is a line on one score: a statistic of the curve, or a proxy. A line keeps its order,
so that the rung is as good as that part alone. The next are a ridge regression on the statistics
of the curve, and on these and the proxies; the last adds a regressor of all features for what the
rung below leaves. A rung is climbed if the squared errors on held-out rows are smaller, by more
than one standard error of their mean difference, and with the regressor if it also ranks them
better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from nascast.core.correlation import kendall
from nascast.core.predictor import Regressor
from nascast.core.types import Floats
from nascast.predictors.hybrid.omni.ranked import Ranked
from nascast.predictors.hybrid.omni.scaled import Scaler

__all__ = ["FEWEST", "Ladder", "Linear", "better", "held_out"]

_PENALTIES = (0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)  # on standardised columns; chosen
_SLOPE = 1e-3  # least slope of a line on a single score, which is larger for the better; chosen
_FOLDS = 5
FEWEST = 8  # rows, with fewer of which the first score alone is believed; chosen
_MANY = 16  # rows, with fewer of which the regressor is not tried; chosen, see docs/predictors.md
_ERRORS = 1.0  # standard errors by which a rung must be better; chosen


@dataclass(frozen=True, slots=True)
class Linear:
    """A ridge regression on some columns, and what it predicted for rows that it had not seen.

    Attributes:
        columns: columns that it reads.
        weights: ``(k,)`` weights of them, standardised.
        center: mean target.
        scaler: scaler of these columns.
        held: ``(n,)`` predictions of each training row by the regression on all others.
    """

    columns: tuple[int, ...]
    weights: Floats
    center: float
    scaler: Scaler
    held: Floats

    @classmethod
    def of(cls, x: Floats, y: Floats, columns: Sequence[int]) -> "Linear":
        """Learns it, with the penalty whose left-out errors are least; none on one column."""
        scaler = Scaler.of(x[:, list(columns)])
        z, u = scaler(x[:, list(columns)]), y - y.mean()
        fits = [_ridge(z, u, p) for p in (_PENALTIES if len(columns) > 1 else (1e-9,))]
        weights, left = min(fits, key=lambda fit: float((fit[1] ** 2).sum()))
        least = _SLOPE * float(y.std())
        if len(columns) == 1 and weights[0] < least:  # then the mean alone is found on the rows
            weights = np.array([least])
            left = (u - z @ weights) * len(y) / max(len(y) - 1, 1)
        return cls(tuple(columns), weights, float(y.mean()), scaler, y - left)

    def predict(self, x: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        return np.asarray(self.center + self.scaler(x[:, list(self.columns)]) @ self.weights)


def _ridge(z: Floats, u: Floats, penalty: float) -> tuple[Floats, Floats]:
    """Returns weights, and the errors on rows left out one by one, in closed form."""
    gram = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T)
    leverage = np.einsum("nk,kn->n", z, gram) + 1 / len(u)
    weights = gram @ u
    return weights, (u - z @ weights) / np.maximum(1 - leverage, 1e-3)


class Ladder:
    """The regressor; its deviation is the root mean square of held-out errors.

    Attributes:
        rung: what was climbed to: ``line``, ``curves``, ``scores`` or ``all``; empty before `fit`.
        held: ``(n,)`` predictions of each training row by what had not seen it; empty before `fit`.
    """

    def __init__(
        self, curves: int, proxies: int, make: Callable[[int, int], Regressor], seed: int
    ) -> None:
        """Takes the features and the regressor of the last rung.

        Args:
            curves: number of statistics of curves, the first columns.
            proxies: number of proxies, the next columns.
            make: function of a number of rows and a seed, which returns an unfitted regressor.
            seed: seed of folds and regressors.
        """
        self._curves, self._proxies, self._make, self._seed = curves, proxies, make, seed
        self.rung, self.held = "", np.empty(0)
        self._linear: Linear | None = None
        self._rest: Any = None
        self._deviation = 0.0

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets."""
        scores = range(self._curves + self._proxies)
        self._ranked = Ranked.of(X, scores[self._curves :])
        x, self._rest = self._ranked(X), None
        lines = [Linear.of(x, y, (k,)) for k in (scores if len(y) >= FEWEST else scores[:1])]
        best = min(lines, key=lambda line: float(((y - line.held) ** 2).sum()))
        rungs = [("curves", scores[: self._curves]), ("scores", scores)] if len(y) >= FEWEST else []
        self.rung = "line"
        for name, columns in rungs:
            higher = Linear.of(x, y, columns) if len(columns) > 1 else best
            if better(y, higher.held, best.held):
                self.rung, best = name, higher
        self._linear, self.held = best, best.held
        if len(y) >= _MANY:
            seen = held_out(self._make, x, y, best, self._seed)
            ranks = kendall(seen, y) > kendall(self.held, y)
            if ranks and better(y, seen, self.held):
                self.rung, self.held = "all", seen
                self._rest = self._make(len(y), self._seed)
                self._rest.fit(x, y - best.predict(x))
        self._deviation = float(np.sqrt(np.mean((y - self.held) ** 2)))
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        assert self._linear is not None
        x = self._ranked(X)
        found = self._linear.predict(x)
        return found if self._rest is None else found + np.asarray(self._rest.predict(x))

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` predictions and their deviations, all the same."""
        found = self.predict(X)
        return found, np.full(len(found), self._deviation)


def held_out(
    make: Callable[[int, int], Regressor], x: Floats, y: Floats, below: Linear | None, seed: int
) -> Floats:
    """Returns what a line, if any, and a regressor predict of each row, learned from other folds.

    Args:
        make: function of a number of rows and a seed, which returns an unfitted regressor.
        x: ``(n, d)`` features.
        y: ``(n,)`` targets.
        below: line on some columns, for what it leaves; it is fitted again.
        seed: seed of folds and regressors.
    """
    fold = np.random.default_rng(seed).permutation(len(y)) % min(_FOLDS, len(y))
    out = np.empty(len(y))
    for k in np.unique(fold):
        held, seen = fold == k, fold != k
        linear = None if below is None else Linear.of(x[seen], y[seen], below.columns)
        rest = make(int(seen.sum()), seed)
        rest.fit(x[seen], y[seen] - _line(linear, x[seen]))
        out[held] = _line(linear, x[held]) + np.asarray(rest.predict(x[held])).reshape(-1)
    return out


def _line(linear: Linear | None, x: Floats) -> Floats:
    """Returns ``(n,)`` predictions of what is below the regressor; zeros where nothing is."""
    return np.zeros(len(x)) if linear is None else linear.predict(x)


def better(y: Floats, higher: Floats, lower: Floats, errors: float = _ERRORS) -> bool:
    """Returns whether the higher rung's held-out errors are smaller, by more than by chance.

    Args:
        y: ``(n,)`` targets.
        higher: ``(n,)`` held-out predictions of the higher rung.
        lower: ``(n,)`` those of the lower one.
        errors: standard errors of the mean difference by which they should be smaller.
    """
    gain = (y - lower) ** 2 - (y - higher) ** 2
    return bool(gain.mean() > errors * gain.std() / np.sqrt(len(y)))
