"""A predictor as critic: rewards of children that were drawn and not evaluated."""

from nascast.core.errors import InvalidSettingError
from nascast.core.predictor import PerformancePredictor
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec, component_of
from nascast.strategies._fitted import Fitted

__all__ = ["critic_named"]


def critic_named(
    critic: str | Spec | PerformancePredictor, space: SearchSpace, seed: int
) -> Fitted:
    """Returns a critic.

    Raises:
        InvalidSettingError: the predictor only ranks, or reads learning curves.
    """
    model: PerformancePredictor = component_of("predictor", critic)
    if model.ranks_only or "train_size" not in model.axes:
        raise InvalidSettingError(
            f"{critic} only ranks, and a critic foretells rewards; choose a predictor that learns "
            "scores from labels, such as bayesian_linear_regression"
        )
    return Fitted(model.like(), space, name=str(critic), seed=seed)
