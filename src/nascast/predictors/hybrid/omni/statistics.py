"""What predictors that only read curves predict, as features."""

from collections.abc import Sequence
from dataclasses import dataclass

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes

__all__ = ["Statistic", "statistics"]


@dataclass(frozen=True, slots=True)
class Statistic:
    """The prediction of a predictor that only reads curves, as a feature."""

    predictor: PerformancePredictor

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, 1)`` predictions."""
        return self.predictor.query(ledger, genes).mean[:, None]


def statistics(names: Sequence[str | Spec], epochs: int) -> list[Statistic]:
    """Returns statistics of curves of so many epochs.

    Raises:
        InvalidSettingError: a predictor reads something else than curves.
    """
    return [_statistic(name, epochs) for name in names]


def _statistic(name: str | Spec, epochs: int) -> Statistic:
    spec = Spec.parse("predictor", name) if isinstance(name, str) else name
    if plugins.resolve("predictor", spec.name).axes != {"epochs"}:
        raise InvalidSettingError(f"curves should be predictors that read curves alone; got {spec}")
    return Statistic(spec.load("predictor", epochs=epochs))
