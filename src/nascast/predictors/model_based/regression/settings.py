"""The settings of training, which need no torch."""

from dataclasses import dataclass

from nascast.core.errors import InvalidSettingError
from nascast.core.extras import check_extra

__all__ = ["MODULE", "RANKING", "Training"]

MODULE = "nascast.predictors.model_based.regression.regressor"  # takes long to import
RANKING = ("pairwise", "listwise")
_LOSSES = ("squared", "absolute", *RANKING)


@dataclass(frozen=True, slots=True)
class Training:
    """How networks are trained.

    Attributes:
        loss: name of the loss: of values, ``squared`` or ``absolute``, or of the order,
            ``pairwise`` or ``listwise``.
        learning_rate: first rate of Adam, which falls to 0 along half a cosine.
        epochs: number of passes through the labels.
        batch_size: largest number of labels of a step.
    """

    loss: str
    learning_rate: float
    epochs: int
    batch_size: int

    def __post_init__(self) -> None:
        check_extra("torch", "torch", "A neural predictor")
        if self.loss not in _LOSSES:
            raise InvalidSettingError(f"loss is one of {', '.join(_LOSSES)}; got {self.loss!r}")
        if self.epochs < 1 or self.batch_size < 1:
            raise InvalidSettingError(
                "epochs and batch_size are whole numbers from 1; got "
                f"{self.epochs} and {self.batch_size}"
            )
        if not self.learning_rate > 0:
            raise InvalidSettingError(f"learning_rate is above 0; got {self.learning_rate}")
