"""The 2021 study's search of the settings of OMNI's NGBoost."""

from typing import Any, Self

import numpy as np
from sklearn.model_selection import KFold

from nascast.core.types import Floats
from nascast.predictors.model_based.ngboost.regressor import NGBoostRegressor, regressor
from nascast.predictors.model_based.ngboost.settings import Settings

__all__ = ["SearchedNGBoost"]

_FEWEST = 9  # rows, with fewer of which nothing is searched: folds would have two; chosen


class SearchedNGBoost:
    """NGBoost with the best of some random settings, by the log-likelihood of three folds.

    Attributes:
        tried: negative log-likelihood of each of the settings that were tried.
    """

    def __init__(self, draws: int, seed: int) -> None:
        """Takes the number of settings to try and the seed of draws, folds and trees."""
        self._draws, self._seed = draws, seed
        self.tried: list[float] = []
        self._model: NGBoostRegressor | None = None

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets."""
        rng = np.random.default_rng(self._seed)
        drawn = [self._draw(len(y), rng) for _ in range(self._draws if len(y) >= _FEWEST else 0)]
        folds = list(KFold(3, shuffle=True, random_state=self._seed).split(X)) if drawn else []
        self.tried = [
            float(
                np.mean(
                    [_loss(self._made(s, len(a)).fit(X[a], y[a]), X[b], y[b]) for a, b in folds]
                )
            )
            for s in drawn
        ]
        best = drawn[int(np.nanargmin(self.tried))] if drawn else (Settings(), {})
        self._model = self._made(best, len(y)).fit(X, y)
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        return self.predict_normal(X)[0]

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and deviations."""
        assert self._model is not None
        return self._model.predict_normal(X)

    def _draw(self, n: int, rng: np.random.Generator) -> tuple[Settings, dict[str, Any]]:
        """Returns random settings, in the study's ranges, for n rows."""
        settings = Settings(
            n_estimators=int(np.exp(rng.uniform(np.log(128), np.log(512)))),
            learning_rate=float(np.exp(rng.uniform(np.log(1e-3), np.log(0.1)))),
            minibatch_frac=float(rng.uniform(0.1, 1)),
            max_depth=int(rng.integers(1, 25)),
            max_features=float(rng.uniform(0.1, 1)),
        )
        most = max(2, n // 3 - 1)
        leaf = int(np.clip(rng.integers(2, 20), 2, most))
        return settings, {
            "min_samples_leaf": leaf,
            "min_samples_split": int(np.clip(rng.integers(2, 20), 2, most)),
        }

    def _made(self, drawn: tuple[Settings, dict[str, Any]], n: int) -> NGBoostRegressor:
        settings, tree = drawn
        model = regressor(n, self._seed, settings)
        model.Base.set_params(**tree)
        return model


def _loss(model: NGBoostRegressor, X: Floats, y: Floats) -> float:
    mean, deviation = model.predict_normal(X)
    with np.errstate(all="ignore"):
        found = float(np.mean(0.5 * ((y - mean) / deviation) ** 2 + np.log(deviation)))
    return found if np.isfinite(found) else np.inf
