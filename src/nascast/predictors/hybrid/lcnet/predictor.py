"""A network that predicts learning curves, corrected by how a curve begins."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.extras import check_extra
from nascast.core.feature import Encoding
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec, component_of
from nascast.core.types import Floats, Genes
from nascast.predictors.hybrid.lcnet.residuals import Residuals
from nascast.predictors.learning_curve.features import validation_metric

__all__ = ["LCNet"]

_NETWORK = "nascast.predictors.hybrid.lcnet.network"  # takes long to import
_KNOTS = 16  # most points of a curve that is learnt from, the last among them; chosen
_FLAT = 1e-9  # deviation of labels below which there is nothing to learn


@dataclass(frozen=True, slots=True)
class _Fitted:
    members: list[npt.NDArray[np.float64]]
    residuals: Residuals
    knots: tuple[int, ...]  # epochs, of which the residuals are
    center: Floats  # mean training curve, (k,)
    scale: Floats  # and its deviations
    mean: Floats  # of the encoding's columns
    spread: Floats


class LCNet(PerformancePredictor):
    """Basis functions of time, whose weights and parameters are a network's output.

    The network is trained on whole curves of the training architectures, as deviations from their
    mean curve in units of their spread at each epoch. A curve at query is predicted from the
    encoding, and its end corrected by the residuals of its beginning, with their covariance over
    time. Deviations are from held-out residuals and the members' disagreement.

    Deviations from the paper: an ensemble, each of whose members leaves out a fold, in place of
    Bayesian networks sampled by stochastic gradients; four basis functions that are 0 at the end of
    the training, so that one output is the prediction; curves at query correct the prediction in
    closed form and are not trained on, since a query changes nothing.
    """

    axes = frozenset({"train_size", "epochs"})
    calibrated = True
    modules = (_NETWORK,)

    def __init__(
        self,
        epochs: int = 5,
        encoding: str | Spec | Encoding = "adjacency_one_hot",
        *,
        members: int = 5,
        steps: int = 200,
    ) -> None:
        """Chooses what is read, and the ensemble.

        Args:
            epochs: number of epochs of training at query.
            encoding: encoding of the architecture.
            members: number of networks, and of folds.
            steps: number of steps of the optimizer.
        """
        check_extra("torch", "torch", "LCNet")
        if members < 2 or steps < 1:
            raise InvalidSettingError(
                f"expected at least 2 members and 1 step; got {members} and {steps}"
            )
        self.features = (component_of("encoding", encoding),)
        self.epochs, self.encoding = epochs, encoding
        self.members, self.steps = members, steps
        self._center: float | None = None
        self._fitted: _Fitted | None = None

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        if not len(train):
            raise InvalidSettingError("LCNet needs at least one labelled row")
        labels = ledger.labels(train)
        if not np.isfinite(labels).all():
            row = int(np.flatnonzero(~np.isfinite(labels))[0])
            raise CorruptDataError(
                f"the label of training row {row}, {ledger.space.to_text(train[[row]])[0]}, is "
                f"{labels[row]}; leave out what failed"
            )
        self._center, self._fitted = float(labels.mean()), None
        if len(train) > 1 and labels.std() > _FLAT * (1 + abs(self._center)):
            self._fitted = self._fit(ledger, train, labels, rng)

    def _fit(
        self, ledger: Ledger, train: Genes, labels: Floats, rng: np.random.Generator
    ) -> _Fitted:
        from nascast.predictors.hybrid.lcnet.network import fit

        metric = ledger.records.describe(validation_metric(ledger))
        marks = np.asarray(metric.epochs)
        scores = ledger.curve(train, metric.name, int(marks[-1]))
        kept = np.unique(np.append(_chosen(marks), np.flatnonzero(marks == self.epochs)))
        knots = marks[kept]
        curves = np.column_stack([scores[:, kept[:-1]], labels])  # ends in what is predicted
        curves = np.where(np.isfinite(curves), curves, labels[:, None])
        x = self.features[0](ledger, train)
        mean, spread = x.mean(0), x.std(0)
        spread[spread == 0] = np.inf
        center, scale = curves.mean(0), curves.std(0)
        scale = np.where(scale > _FLAT * (1 + np.abs(center)), scale, 1.0)
        y = (curves - center) / scale
        folds = _folds(len(train), self.members, rng)
        learn = partial(fit, steps=self.steps, seed=int(rng.integers(2**31)))
        members, found = ledger.learned(learn, (x - mean) / spread, y, knots / knots[-1], folds)
        held = ~folds if (~folds).any() else folds
        out = np.einsum("mn,mnk->nk", held, found) / np.maximum(held.sum(0), 1)[:, None]
        left = (y - out)[held.any(0)]
        residuals = Residuals.of(left, y)
        return _Fitted(list(members), residuals, tuple(knots.tolist()), center, scale, mean, spread)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        if self._center is None:
            raise InvalidSettingError("initialize LCNet before you query it")
        metric = ledger.records.describe(validation_metric(ledger))
        scores = ledger.curve(genes, metric.name, self.epochs)
        if self._fitted is None:
            return Prediction(np.full(len(genes), self._center))
        from nascast.predictors.hybrid.lcnet.network import curves

        f = self._fitted
        marks = [mark for mark in metric.epochs if mark <= self.epochs]
        seen = [i for i, mark in enumerate(marks) if mark in f.knots and mark < f.knots[-1]]
        x = (self.features[0](ledger, genes) - f.mean) / f.spread
        found = curves(f.members, x, np.asarray(f.knots) / f.knots[-1])
        mean = found.mean(0)
        j = len(seen)
        left = (scores[:, seen] - f.center[:j]) / f.scale[:j] - mean[:, :j]
        rest, variance = f.residuals.end(left)
        deviation = np.sqrt(variance + found[:, :, -1].var(0))
        center, scale = float(f.center[-1]), float(f.scale[-1])
        return Prediction((mean[:, -1] + rest) * scale + center, deviation * scale)


def _chosen(marks: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Returns the indices of at most `_KNOTS` epochs, evenly spread by their logarithms."""
    if len(marks) <= _KNOTS:
        return np.arange(len(marks))
    grid = np.geomspace(marks[0], marks[-1], _KNOTS)
    return np.unique(np.abs(marks[:, None] - grid).argmin(0))


def _folds(n: int, members: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Returns ``(members, n)``: rows each member learns from, all where there are too few."""
    if n < members:
        return np.ones((members, n), dtype=bool)
    return np.asarray(np.arange(members)[:, None] != rng.permutation(n) % members)
