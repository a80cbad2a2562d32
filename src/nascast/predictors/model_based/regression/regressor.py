"""An ensemble of networks as a regressor."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

from nascast.core.types import Floats
from nascast.predictors._normal_scores import NormalScores
from nascast.predictors.model_based.regression.loop import train
from nascast.predictors.model_based.regression.members import Network
from nascast.predictors.model_based.regression.settings import RANKING, Training

__all__ = ["EnsembleRegressor", "NetworkRegressor", "regressor"]

_AGAIN = 1 / 3  # of the passes, with rows without labels; chosen: as many take longer for nothing
_BLOCK = 1024  # rows of a query, so that intermediate tensors stay small; chosen

Make = Callable[[Floats], Network]


def regressor(
    make: Make, members: int, seed: int, how: Training, others: Floats | None = None
) -> "NetworkRegressor":
    """Returns an unfitted regressor, with deviations if it has several members.

    Args:
        make: function that returns the untrained networks for the features ``(n, d)`` that they
            will learn from; it may draw from torch's generator.
        members: number of members that the network has.
        seed: seed of weights, dropout and batches.
        how: settings of training.
        others: ``(k, d)`` features of rows without labels, for networks that learn from them.
    """
    return (EnsembleRegressor if members > 1 else NetworkRegressor)(make, seed, how, others)


class NetworkRegressor:
    """Networks whose mean score is the prediction.

    Where the loss is one of the order, the scores of each member are standardised, and their mean
    is matched with the labels quantile by quantile.

    Where there are rows without labels, the networks label them by what they have learned, and go
    on with all rows (Luo et al., NeurIPS 2020, algorithm 1, one iteration).
    """

    def __init__(self, make: Make, seed: int, how: Training, others: Floats | None = None) -> None:
        self._make, self._seed, self._how, self._others = make, seed, how, others

    def fit(self, X: Floats, y: Floats) -> Self:
        """Learns from ``(n, d)`` features and ``(n,)`` targets, of which two at least differ."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            self._scale = NormalScores(y, unit=True)
            self._network = self._make(X)
            self._train(X, y)
            self._standardize(X)
            if self._others is not None:
                labelled = self.predict(self._others)
                everything = np.concatenate([X, self._others]), np.concatenate([y, labelled])
                self._train(*everything, passes=math.ceil(self._how.epochs * _AGAIN))
                self._standardize(X)  # by the labelled rows, whose quantiles are known
        self._others = None
        return self

    def _train(self, X: Floats, y: Floats, passes: int | None = None) -> None:
        targets = torch.as_tensor(y, dtype=torch.float32)
        how = replace(self._how, epochs=passes or self._how.epochs)
        train(self._network, self._network.read(X), targets, how)

    def _standardize(self, X: Floats) -> None:
        scores = self._forward(X)
        self._center = scores.mean(1, keepdims=True)
        spread = scores.std(1, keepdims=True)
        self._spread = np.where(spread > 0, spread, 1.0)

    def predict(self, X: Floats) -> Floats:
        """Returns ``(n,)`` predictions."""
        return self._labels(self._members(X).mean(0))

    def _members(self, X: Floats) -> Floats:
        """Returns ``(m, n)``: predictions of each member, standardised if they only rank."""
        scores = self._forward(X)
        if self._how.loss not in RANKING:
            return scores
        return np.asarray((scores - self._center) / self._spread)

    def _labels(self, scores: Floats) -> Floats:
        return self._scale.labels(scores) if self._how.loss in RANKING else scores

    def _forward(self, X: Floats) -> npt.NDArray[np.float64]:
        out = np.empty((self._network.members, len(X)))
        with torch.inference_mode():
            for start in range(0, len(X), _BLOCK):
                block = slice(start, start + _BLOCK)
                out[:, block] = self._network(*self._network.read(X[block])).numpy()
        return out


class EnsembleRegressor(NetworkRegressor):
    """Several networks, whose disagreement is the deviation."""

    def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
        """Returns ``(n,)`` means, and half of what two deviations of the members make of them."""
        members = self._members(X)
        mean, deviation = members.mean(0), members.std(0, ddof=1)
        upper, lower = (self._labels(mean + sign * deviation) for sign in (1, -1))
        return self._labels(mean), (upper - lower) / 2
