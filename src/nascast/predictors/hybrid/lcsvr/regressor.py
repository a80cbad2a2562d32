"""ν-support-vector regression whose settings are searched on held-out folds."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from sklearn import config_context
from sklearn.model_selection import KFold
from sklearn.svm import NuSVR

from nascast.core.types import Floats

__all__ = ["FEWEST", "Ranges", "SearchedSVR"]

FEWEST = 10  # rows, with fewer of which settings are not searched; those of the 2021 study
_DEFAULT = {"C": 1.0, "nu": 0.5, "gamma": 0.1}  # for standardised rows; chosen


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of settings: C and γ are drawn evenly by their logarithm, and ν in (0, 1)."""

    C: tuple[float, float]
    gamma: tuple[float, float]

    def draw(self, rng: np.random.Generator) -> dict[str, float]:
        """Returns random settings."""
        return {
            "C": float(np.exp(rng.uniform(*np.log(self.C)))),
            "nu": float(1 - rng.random()),  # in (0, 1]
            "gamma": float(np.exp(rng.uniform(*np.log(self.gamma)))),
        }


@dataclass(slots=True)
class SearchedSVR:
    """NuSVR with a radial kernel, on features standardised by the rows it is fitted on.

    Attributes:
        draws: number of random settings that are tried.
        ranges: ranges that they are drawn from.
        seed: seed of draws and folds.
        chosen: settings with the best mean R² of three shuffled folds; the default ones win ties,
            and are taken where there are fewer than `FEWEST` rows.
    """

    draws: int
    ranges: Ranges
    seed: int
    chosen: dict[str, float] = field(default_factory=lambda: dict(_DEFAULT))
    _center: Any = None
    _scale: Any = None
    _model: Any = None

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets."""
        self._center, spread = X.mean(0), X.std(0)
        self._scale = np.where(spread > 1e-12 * (1 + np.abs(self._center)), spread, np.inf)
        z = self._scaled(X)
        with config_context(skip_parameter_validation=True, assume_finite=True):
            self.chosen = self._search(z, y) if len(y) >= FEWEST else dict(_DEFAULT)
            self._model = _svr(self.chosen).fit(z, y)
        return self

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        return np.asarray(self._model.predict(self._scaled(X)))

    def _scaled(self, X: Floats) -> Floats:
        return np.asarray((X - self._center) / self._scale)

    def _search(self, z: Floats, y: Floats) -> dict[str, float]:
        rng = np.random.default_rng(self.seed)
        folds = list(KFold(3, shuffle=True, random_state=self.seed).split(z))
        tried = [dict(_DEFAULT), *(self.ranges.draw(rng) for _ in range(self.draws))]
        scores = [np.mean([_score(z, y, a, b, settings) for a, b in folds]) for settings in tried]
        return tried[int(np.argmax(scores))]


def _score(z: Floats, y: Floats, train: Any, held: Any, settings: dict[str, float]) -> float:
    """Returns R² on the held-out rows; their mean square stands for one of equal targets."""
    model = _svr(settings).fit(z[train], y[train])
    error = np.square(model.predict(z[held]) - y[held]).sum()
    return 1 - float(error / (np.square(y[held] - y[held].mean()).sum() or len(held)))


def _svr(settings: dict[str, float]) -> NuSVR:
    model = NuSVR(**settings)
    model.random_state = (
        0  # no argument; without it the global generator is drawn from, for nothing
    )
    return model
