"""Early stopping: the validation accuracy after the first epochs."""

from nascast.core.predictor import FeaturePredictor
from nascast.predictors.learning_curve._features import LastValue

__all__ = ["EarlyStopAccuracy"]


class EarlyStopAccuracy(FeaturePredictor):
    """The validation accuracy at epoch `epochs`."""

    axes = frozenset({"epochs"})

    def __init__(self, epochs: int = 5) -> None:
        super().__init__(LastValue("val_accuracy", epochs))
