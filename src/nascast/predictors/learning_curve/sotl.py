"""SoTL (Ru et al., NeurIPS 2021, https://arxiv.org/abs/2006.04492)."""

from nascast.core.predictor import FeaturePredictor
from nascast.predictors.learning_curve.features import CurveSum

__all__ = ["SoTL"]


class SoTL(FeaturePredictor):
    """Minus the sum of the training losses of the first `epochs` epochs.

    The loss of an epoch is the mean over its steps, so the sum differs from the paper's by the
    number of steps alone. Where only some epochs are recorded, the sum is over these.
    """

    axes = frozenset({"epochs"})

    def __init__(self, epochs: int = 5) -> None:
        """Chooses how long architectures are trained.

        Args:
            epochs: number of epochs of the training that is read.
        """
        super().__init__(CurveSum("train_loss", epochs))
        self.epochs = epochs
