"""Early stopping: the score after the first epochs."""

from nascast.core.predictor import FeaturePredictor
from nascast.predictors.learning_curve.features import LastScore

__all__ = ["EarlyStopAccuracy"]


class EarlyStopAccuracy(FeaturePredictor):
    """The objective's own metric on validation data at epoch `epochs`.

    That is the validation accuracy where networks are classifiers, and minus the validation loss
    where the objective is a loss, as it is for language models.
    """

    axes = frozenset({"epochs"})

    def __init__(self, epochs: int = 5) -> None:
        """Chooses how long architectures are trained.

        Args:
            epochs: number of epochs of the training that is read.
        """
        super().__init__(LastScore(epochs))
        self.epochs = epochs
