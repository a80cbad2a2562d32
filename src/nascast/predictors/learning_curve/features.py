"""Statistics of the first epochs of a learning curve, as features."""

from dataclasses import dataclass

import numpy as np

from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Genes

__all__ = [
    "CurveMoments",
    "CurvePoints",
    "CurveSum",
    "LastScore",
    "LastValue",
    "validation_metric",
]


@dataclass(frozen=True, slots=True)
class LastValue:
    """A metric after `epochs` epochs, larger is better."""

    metric: str
    epochs: int

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)``: the metric, negated where smaller is better."""
        return ledger.curve(genes, self.metric, self.epochs)[:, -1:]


@dataclass(frozen=True, slots=True)
class CurveSum:
    """The sum of a metric over the recorded epochs up to `epochs`, larger is better."""

    metric: str
    epochs: int

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)``: the sum, negated where smaller is better."""
        return np.asarray(ledger.curve(genes, self.metric, self.epochs).sum(1, keepdims=True))


@dataclass(frozen=True, slots=True)
class LastScore:
    """The objective's metric after `epochs` epochs, on validation data.

    An objective on test data is predicted from validation data, as is usual in the field.
    """

    epochs: int

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)`` scores, larger is better."""
        return ledger.curve(genes, validation_metric(ledger), self.epochs)[:, -1:]


@dataclass(frozen=True, slots=True)
class CurvePoints:
    """All points of the curve of the objective's metric on validation data until `epochs`."""

    epochs: int

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, k)``: scores at the k recorded epochs, larger is better."""
        return ledger.curve(genes, validation_metric(ledger), self.epochs)


@dataclass(frozen=True, slots=True)
class CurveMoments:
    """Mean and deviation of the points, their differences and the differences of these.

    Of fewer than three points the differences that are not there are left out.
    """

    epochs: int

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 6)``, or fewer columns of a short curve."""
        points = ledger.curve(genes, validation_metric(ledger), self.epochs)
        parts = [np.diff(points, order, axis=1) for order in range(min(3, points.shape[1]))]
        return np.stack([f(part, axis=1) for part in parts for f in (np.mean, np.std)], axis=1)


def validation_metric(ledger: Ledger) -> str:
    """Returns the objective's metric; of one on test data, the same on validation data."""
    metric = ledger.objective.metric
    return f"val_{metric.removeprefix('test_')}" if metric.startswith("test_") else metric
