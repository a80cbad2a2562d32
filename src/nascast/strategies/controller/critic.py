"""A predictor as critic: rewards of children that were drawn and not evaluated."""

from nascast.core.errors import InvalidSettingError
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec, component_of
from nascast.core.strategy import Strategy
from nascast.strategies._fitted import Fitted

__all__ = ["critic_named"]


def critic_named(critic: str | Spec | PerformancePredictor, strategy: Strategy) -> Fitted:
    """Returns the critic of a strategy.

    Raises:
        InvalidSettingError: the predictor only ranks, or reads learning curves.
    """
    model: PerformancePredictor = component_of("predictor", critic)
    if model.ranks_only or "train_size" not in model.axes:
        raise InvalidSettingError(
            f"{critic} only ranks, and a critic foretells rewards; choose a predictor that learns "
            "scores from labels, such as gp(encoding=graf)"
        )
    return Fitted(strategy, model.like(), name=str(critic))
