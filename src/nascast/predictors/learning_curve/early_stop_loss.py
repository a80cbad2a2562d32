"""Early stopping on the loss: the validation loss after the first epochs."""

from nascast.core.predictor import FeaturePredictor
from nascast.predictors.learning_curve.features import LastValue

__all__ = ["EarlyStopLoss"]


class EarlyStopLoss(FeaturePredictor):
    """Minus the validation loss at epoch `epochs`, whatever the objective is."""

    axes = frozenset({"epochs"})

    def __init__(self, epochs: int = 5) -> None:
        """Chooses how long architectures are trained.

        Args:
            epochs: number of epochs of the training that is read.
        """
        super().__init__(LastValue("val_loss", epochs))
        self.epochs = epochs
