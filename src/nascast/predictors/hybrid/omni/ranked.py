"""Columns as ranks among the training rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nascast.core.types import Floats

__all__ = ["Ranked"]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows with some columns as their ranks among the training rows, from −1 to 1.

    Proxies are of any scale, and some networks' are far from all others.
    """

    columns: tuple[int, ...]
    knots: tuple[Floats, ...]

    @classmethod
    def of(cls, x: Floats, columns: Sequence[int]) -> "Ranked":
        """Takes ``(n, d)`` training rows."""
        return cls(tuple(columns), tuple(np.sort(x[:, k]) for k in columns))

    def __call__(self, x: Floats) -> Floats:
        """Returns ``(n, d)`` rows with these columns as ranks."""
        out = np.array(x, dtype=np.float64)
        for k, knots in zip(self.columns, self.knots, strict=True):
            below, upto = (np.searchsorted(knots, x[:, k], side) for side in ("left", "right"))
            out[:, k] = (below + upto) / len(knots) - 1
        return out
