"""Statistics of the first epochs of a learning curve, as features."""

from dataclasses import dataclass

from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Genes

__all__ = ["LastScore", "LastValue"]


@dataclass(frozen=True, slots=True)
class LastValue:
    """A metric after `epochs` epochs, larger is better."""

    metric: str
    epochs: int

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)``: the metric, negated where smaller is better."""
        return ledger.curve(genes, self.metric, self.epochs)[:, -1:]


@dataclass(frozen=True, slots=True)
class LastScore:
    """The objective's metric after `epochs` epochs, on validation data.

    An objective on test data is predicted from validation data, as is usual in the field.
    """

    epochs: int

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)`` scores, larger is better."""
        metric = ledger.objective.metric
        if metric.startswith("test_"):
            metric = f"val_{metric.removeprefix('test_')}"
        return ledger.curve(genes, metric, self.epochs)[:, -1:]
