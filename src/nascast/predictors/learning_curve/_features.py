"""Statistics of the first epochs of a learning curve, as features."""

from dataclasses import dataclass

from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Genes

__all__ = ["LastValue"]


@dataclass(frozen=True, slots=True)
class LastValue:
    """The value of a metric after some epochs, times a sign that makes larger better."""

    metric: str
    epochs: int
    sign: int = 1

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)``."""
        return self.sign * ledger.curve(genes, self.metric, self.epochs)[:, -1:]
