"""Predicted scores of a batch of architectures."""

from dataclasses import dataclass

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Floats

__all__ = ["Prediction"]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """Predicted scores of n architectures, and their uncertainty.

    Attributes:
        mean: ``(n,)`` predicted scores, larger is better; on the scale of the labels unless the
            predictor `ranks_only`. NaN where the evidence is missing or not finite.
        deviation: ``(n,)`` standard deviations of the predictive distribution, on the scale of
            `mean`; None where the method has none.
    """

    mean: Floats
    deviation: Floats | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.mean)
        if len(shape) != 1 or (self.deviation is not None and np.shape(self.deviation) != shape):
            raise InvalidSettingError(
                "a prediction has a mean of shape (n,) and a deviation of the same shape or None; "
                f"got {shape} and {None if self.deviation is None else np.shape(self.deviation)}"
            )
        if self.deviation is not None and (np.asarray(self.deviation) < 0).any():
            raise InvalidSettingError("a deviation is not negative")

    def __len__(self) -> int:
        return len(self.mean)
