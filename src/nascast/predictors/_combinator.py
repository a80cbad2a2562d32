"""Predictors that are made of other predictors."""

from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec, component_of

__all__ = ["Combinator", "Part", "part_of"]

Part = str | Spec | PerformancePredictor


def part_of(given: Part, epochs: int | None = None) -> PerformancePredictor:
    """Returns a predictor of its own, also where one is given as itself.

    Args:
        given: predictor, or its spec, or the text of that.
        epochs: its setting of that name, if it has one; None leaves it.
    """
    predictor: PerformancePredictor = component_of("predictor", given)
    own = "epochs" in predictor.axes and epochs is not None
    return predictor.like(**{"epochs": epochs} if own else {})


class Combinator(PerformancePredictor):
    """A predictor made of others, and which is what they are: its declarations are theirs."""

    def __init__(self, *parts: PerformancePredictor) -> None:
        """Takes the predictors that it is made of; a subclass initializes and asks them."""
        self._parts = parts
        self.features = tuple(feature for part in parts for feature in part.features)

    @property
    def axes(self) -> frozenset[str]:  # type: ignore[override]
        """Budgets that one of the parts can spend."""
        return frozenset[str]().union(*(part.axes for part in self._parts))

    @property
    def reference(self) -> int:  # type: ignore[override]
        """The largest number of random architectures of a part."""
        return max((part.reference for part in self._parts), default=0)

    @property
    def ranks_only(self) -> bool:  # type: ignore[override]
        """Whether one of the parts only ranks."""
        return any(part.ranks_only for part in self._parts)

    @property
    def calibrated(self) -> bool:  # type: ignore[override]
        """Whether the deviations of all parts claim to be calibrated."""
        return all(part.calibrated for part in self._parts)

    @property
    def precision(self) -> float:  # type: ignore[override]
        """The lowest precision of a part."""
        return max(part.precision for part in self._parts)

    @property
    def modules(self) -> tuple[str, ...]:  # type: ignore[override]
        """Modules that the parts import when they are used."""
        return tuple(dict.fromkeys(name for part in self._parts for name in part.modules))
