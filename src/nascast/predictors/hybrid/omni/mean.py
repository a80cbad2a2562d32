"""A mean of models, weighted by what each predicts for rows that it has not seen.

Few rows hardly tell models apart, so that none is chosen. A late score of the curve is far better
than what learns from all features, or an early one far worse, and the weights follow; elsewhere
models that err in different ways are better together than the best of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nascast.core.predictor import Regressor
from nascast.core.types import Floats
from nascast.predictors._normal_scores import NormalScores
from nascast.predictors.hybrid.omni.linear import Linear, held_out
from nascast.predictors.hybrid.omni.process import Process
from nascast.predictors.hybrid.omni.ranked import Ranked

__all__ = ["Mean"]

_FEWEST = 8  # rows, with fewer of which the first score alone is believed; chosen
_POWER = 2  # of the inverse mean squared error in a weight; chosen, see docs/omni.md
_LEAST = 0.05  # weight, of the largest, below which a model is left out; chosen
_EXACT = 1e-12  # mean squared error, of targets of variance 1, below which all are the same


@dataclass(frozen=True, slots=True)
class _Model:
    """A fitted model.

    Attributes:
        fitted: what predicts.
        held: ``(n,)`` predictions of each training row by what had not seen it.
        scored: whether it reads curve statistics as their normal scores.
        found: number of parameters that were found on all rows, those held out among them.
    """

    fitted: Regressor | Linear
    held: Floats
    scored: bool
    found: int = 0

    def error(self, y: Floats) -> float:
        """Returns the mean squared error on held-out rows.

        What is found on them flatters it: they count as in the final prediction error (Akaike,
        Annals of the Institute of Statistical Mathematics 1969, https://doi.org/10.1007/BF02532251).
        """
        flattered = (len(y) + self.found) / (len(y) - self.found)
        return float(np.mean((y - self.held) ** 2)) * flattered


class Mean:
    """The regressor; its deviation is the root mean square of held-out errors.

    Its models are a line on each statistic of the curve and a ridge regression on all of them, both
    on these as they are and on their normal scores; and, on all features, a Gaussian process, one
    that is in part linear in curve statistics and proxies, and the regressor that is given. With
    few rows it is a line on the first score alone.

    Attributes:
        weights: weight of each model; empty before `fit`.
    """

    def __init__(
        self, curves: int, proxies: int, make: Callable[[int, int], Regressor], seed: int
    ) -> None:
        """Takes the features and the regressor.

        Args:
            curves: number of statistics of curves, the first columns.
            proxies: number of proxies, the next columns; of both there is at least one.
            make: function of a number of rows and a seed, which returns an unfitted regressor.
            seed: seed of folds and regressors.
        """
        self._curves, self._scores = range(curves), range(curves + proxies)
        self._make, self._seed, self._deviation = make, seed, 0.0
        self.weights: Floats = np.empty(0)

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets, of which some differ."""
        self._ranked = Ranked.of(X, self._scores[len(self._curves) :])
        self._scales = [NormalScores(X[:, k]) for k in self._curves]
        plain, scored = self._ranked(X), self._scored(X)
        if len(y) < _FEWEST:
            models = [_linear(plain, y, self._scores[:1], scored=False)]
        else:
            models = [*self._lines(plain, scored, y), *self._learned(scored, y)]
        errors = np.maximum([model.error(y) for model in models], _EXACT)
        weights = (errors.min() / errors) ** _POWER
        kept = np.flatnonzero(weights >= _LEAST)
        self._models = [models[k] for k in kept.tolist()]
        self.weights = weights[kept] / weights[kept].sum()
        held = self.weights @ np.stack([model.held for model in self._models])
        self._deviation = float(np.sqrt(np.mean((y - held) ** 2)))
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        plain, scored = self._ranked(X), self._scored(X)
        found = [one.fitted.predict(scored if one.scored else plain) for one in self._models]
        return np.asarray(self.weights @ np.stack([np.reshape(one, -1) for one in found]))

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` predictions and their deviations, all the same."""
        found = self.predict(X)
        return found, np.full(len(found), self._deviation)

    def _scored(self, X: Floats) -> Floats:
        """Returns the rows with proxies as ranks and curve statistics as their normal scores."""
        x = self._ranked(X)
        for k, scale in zip(self._curves, self._scales, strict=True):
            x[:, k] = scale.scores(X[:, k])
        return x

    def _lines(self, plain: Floats, scored: Floats, y: Floats) -> list[_Model]:
        """Returns the models that read the curve alone."""
        columns: list[Sequence[int]] = [(k,) for k in self._curves]
        if len(columns) > 1:
            columns.append(self._curves)
        return [_linear(plain, y, some, scored=False) for some in columns] + [
            _linear(scored, y, some, scored=True) for some in columns
        ]

    def _learned(self, x: Floats, y: Floats) -> list[_Model]:
        """Returns the models that read all features."""
        near = [Process(linear, self._seed).fit(x, y) for linear in ((), self._scores)]
        given = self._make(len(y), self._seed)
        given.fit(x, y)
        held = held_out(self._make, x, y, self._seed)
        return [
            _Model(given, held, True),
            *(_Model(one, one.held, True, found) for one, found in zip(near, (2, 3), strict=True)),
        ]


def _linear(x: Floats, y: Floats, columns: Sequence[int], *, scored: bool) -> _Model:
    found = Linear.of(x, y, columns)
    return _Model(found, found.held, scored)
