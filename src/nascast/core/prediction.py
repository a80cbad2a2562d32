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
        parts = [self.mean] if self.deviation is None else [self.mean, self.deviation]
        if not all(_fits(part) and part.shape == self.mean.shape for part in parts):
            raise InvalidSettingError(
                "a prediction has a mean, an array of real numbers of shape (n,), and a deviation "
                f"that is another such or None; got {' and '.join(map(_words, parts))}"
            )
        if self.deviation is not None and (self.deviation < 0).any():
            raise InvalidSettingError("a deviation is not negative")

    def __len__(self) -> int:
        return len(self.mean)


def _fits(part: object) -> bool:
    return isinstance(part, np.ndarray) and part.ndim == 1 and part.dtype.kind in "biuf"


def _words(part: object) -> str:
    """Returns what was given in place of an array of real numbers, for a message."""
    if isinstance(part, np.ndarray):
        return f"{part.dtype} of shape {part.shape}"
    return f"a {type(part).__name__}"
