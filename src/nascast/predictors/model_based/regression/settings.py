"""The settings of training, which need no torch."""

from dataclasses import dataclass

from nascast.core.errors import InvalidSettingError
from nascast.core.extras import check_extra

__all__ = ["MODULE", "RANKING", "Training", "check_counts"]

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
        check_counts(epochs=self.epochs, batch_size=self.batch_size)
        if not self.learning_rate > 0:
            raise InvalidSettingError(f"learning_rate is above 0; got {self.learning_rate}")


def check_counts(**counts: int) -> None:
    """Raises unless all are whole numbers from 1.

    Raises:
        InvalidSettingError: one is not; the message names it.
    """
    for name, count in counts.items():
        if not isinstance(count, int) or count < 1:
            raise InvalidSettingError(f"{name} is a whole number from 1; got {count!r}")
