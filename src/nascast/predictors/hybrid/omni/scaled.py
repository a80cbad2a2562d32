"""Features scaled from the training rows alone, for any regressor."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from nascast.core.predictor import NormalRegressor, Regressor
from nascast.core.types import Floats

__all__ = ["Scaler", "scaled"]


@dataclass(frozen=True, slots=True)
class Scaler:
    """Center and spread of columns; one that is constant in training does not count."""

    center: Floats
    spread: Floats

    @classmethod
    def of(cls, x: Floats) -> "Scaler":
        """Returns the scaler of ``(n, d)`` training rows."""
        center, spread = x.mean(0), x.std(0)
        return cls(center, np.where(spread > 1e-12 * (1 + np.abs(center)), spread, np.inf))

    def __call__(self, x: Floats) -> Floats:
        """Returns ``(n, d)`` standardised rows."""
        return np.asarray((x - self.center) / self.spread)


class _Scaled:
    """A regressor on standardised features."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._scaler: Scaler | None = None

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets."""
        self._scaler = Scaler.of(X)
        self._inner.fit(self._scaler(X), y)
        return self

    def predict(self, X: Floats) -> Any:
        """Returns ``(n,)`` predictions."""
        assert self._scaler is not None
        return self._inner.predict(self._scaler(X))


class _ScaledNormal(_Scaled):
    """The same with deviations."""

    def predict_normal(self, X: Floats) -> tuple[Any, Any]:
        """Returns ``(n,)`` means and deviations."""
        assert self._scaler is not None
        means, deviations = self._inner.predict_normal(self._scaler(X))
        return means, deviations


def scaled(inner: Regressor) -> Regressor:
    """Returns the regressor on standardised features, with deviations where it has them."""
    return (_ScaledNormal if isinstance(inner, NormalRegressor) else _Scaled)(inner)
