"""SoTL-E (Ru et al., NeurIPS 2021, https://arxiv.org/abs/2006.04492)."""

from nascast.core.predictor import FeaturePredictor
from nascast.predictors.learning_curve.features import LastValue

__all__ = ["SoTLE"]


class SoTLE(FeaturePredictor):
    """Minus the mean training loss over the steps of epoch `epochs` (E = 1 in the paper)."""

    axes = frozenset({"epochs"})

    def __init__(self, epochs: int = 5) -> None:
        """Chooses how long architectures are trained.

        Args:
            epochs: number of epochs of the training that is read.
        """
        super().__init__(LastValue("train_loss", epochs))
        self.epochs = epochs
