"""Statistics of the first epochs of a learning curve, as features."""

from dataclasses import dataclass

import numpy as np

from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Genes

__all__ = ["CurveSum", "LastScore", "LastValue", "validation_metric"]


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


def validation_metric(ledger: Ledger) -> str:
    """Returns the objective's metric; of one on test data, the same on validation data."""
    metric = ledger.objective.metric
    return f"val_{metric.removeprefix('test_')}" if metric.startswith("test_") else metric
