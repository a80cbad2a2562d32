"""NGBoost with a normal distribution and trees that cost a quarter of its own.

The library builds a frozen SciPy distribution for every loss that it computes, and has scikit-learn
check the same features for every tree: three quarters of the seconds of a fit of 100 rows. Here
they are given to it by its own extension points, a distribution class and a base learner. What it
predicts is the same (`perf/fit_ngboost.py`).
"""

from copy import copy
from typing import Any, Self

import numpy as np
from ngboost import NGBRegressor
from ngboost.distns import RegressionDistn
from ngboost.scores import LogScore
from sklearn import config_context
from sklearn.tree import DecisionTreeRegressor

from nascast.core.types import Floats
from nascast.predictors.model_based.ngboost.settings import Settings

__all__ = ["NGBoostRegressor", "Normal", "regressor"]

_LOG_ROOT_2_PI = np.log(np.sqrt(2 * np.pi))


def regressor(n: int, seed: int, settings: Settings) -> "NGBoostRegressor":
    """Returns an unfitted regressor for n rows; its ``pred_dist`` has ``mean`` and ``std``."""
    tree = _Tree(
        max_depth=settings.max_depth, max_features=settings.max_features, random_state=seed
    )
    return NGBoostRegressor(
        Dist=Normal,
        Base=tree,
        n_estimators=settings.n_estimators,
        learning_rate=settings.learning_rate,
        # Half of fewer rows leaves trees of few points.
        minibatch_frac=settings.minibatch_frac if n >= 20 else 1.0,
        verbose=False,
        random_state=seed,
    )


class _NormalLogScore(LogScore):  # type: ignore[misc]
    """The negative log-likelihood of a normal; natural gradients need no linear solver.

    The Fisher metric of (μ, log σ) is diagonal, ``(1/σ², 2)``.
    """

    loc: Floats
    scale: Floats
    var: Floats

    def score(self, Y: Floats) -> Floats:
        """Returns ``(n,)`` negative log-likelihoods."""
        with np.errstate(over="ignore"):  # a line search may go too far, and takes it back
            z = (Y - self.loc) / self.scale
            return np.asarray(z**2 / 2.0 + _LOG_ROOT_2_PI + np.log(self.scale))

    def d_score(self, Y: Floats) -> Floats:
        """Returns ``(n, 2)``: the derivatives by μ and log σ."""
        error = self.loc - Y
        return np.stack([error / self.var, 1 - error**2 / self.var], axis=1)

    def metric(self) -> Floats:
        """Returns ``(n, 2, 2)``: the Fisher metric."""
        metric = np.zeros((len(self.var), 2, 2))
        metric[:, 0, 0] = 1 / self.var
        metric[:, 1, 1] = 2
        return metric

    def grad(self, Y: Floats, natural: bool = True) -> Floats:
        """Returns ``(n, 2)``: the derivatives, divided by the metric if `natural`."""
        gradient = self.d_score(Y)
        if natural:
            gradient[:, 0] /= 1 / self.var
            gradient[:, 1] /= 2
        return gradient


class Normal(RegressionDistn):  # type: ignore[misc]
    """Normal distributions of given parameters ``(2, n)``, μ and log σ."""

    n_params = 2
    scores = (_NormalLogScore,)

    def __init__(self, params: Floats) -> None:
        super().__init__(params)
        self.loc = params[0]
        with np.errstate(over="ignore"):
            self.scale = np.exp(params[1])
            self.var = self.scale**2

    @staticmethod
    def fit(Y: Floats) -> Floats:
        """Returns the parameters ``(2,)`` that are most likely for ``(n,)`` values."""
        return np.array([Y.mean(), np.log(np.sqrt(((Y - Y.mean()) ** 2).mean()))])

    def mean(self) -> Floats:
        """Returns ``(n,)`` means."""
        return np.asarray(self.loc)

    def std(self) -> Floats:
        """Returns ``(n,)`` standard deviations."""
        return np.asarray(self.scale)


class _Tree(DecisionTreeRegressor):  # type: ignore[misc]
    """A regression tree that takes for granted that its features are finite float32."""

    def __sklearn_clone__(self) -> Self:
        return copy(self)  # a base learner is never fitted itself, and its seed is a number

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        return super().fit(X, y, sample_weight, check_input=False)  # type: ignore[no-any-return]

    def predict(self, X: Any) -> Floats:
        return np.asarray(self.tree_.predict(X)[:, 0])


class NGBoostRegressor(NGBRegressor):  # type: ignore[misc]
    """NGBoost that checks features once, when they come in.

    Raises:
        ValueError: features or targets are not finite.
    """

    def fit(self, X: Floats, Y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets."""
        with config_context(skip_parameter_validation=True):
            return super().fit(_checked(X), Y)  # type: ignore[no-any-return]

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means and ``(n,)`` standard deviations."""
        found = self.pred_dist(X)
        return found.mean(), found.std()

    def pred_dist(self, X: Floats, max_iter: int | None = None) -> Normal:
        """Returns the predicted distributions of n rows."""
        return super().pred_dist(_checked(X), max_iter)  # type: ignore[no-any-return]


def _checked(X: Floats) -> Any:
    """Returns the features, checked to be finite, as float32 for trees."""
    with np.errstate(over="ignore"):
        narrow = np.ascontiguousarray(X, dtype=np.float32)
    if not np.isfinite(narrow).all():
        raise ValueError("expected features that are finite in single precision")
    return narrow
