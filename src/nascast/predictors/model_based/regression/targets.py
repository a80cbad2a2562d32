"""The way back from scores that only rank to the scale of labels."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from nascast.core.types import Floats

__all__ = ["Quantiles"]


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """The increasing map of a normal distribution to that of some labels.

    A score is matched with the label of the same quantile: linearly between labels, and beyond
    them by one standard deviation of labels for one of scores.

    Attributes:
        scores: ``(k,)`` normal quantiles of the ranks of k different labels, ascending, scaled so
            that those of all labels have deviation 1.
        labels: ``(k,)`` different labels, ascending.
        spread: standard deviation of the labels.
    """

    scores: Floats
    labels: Floats
    spread: float

    @classmethod
    def of(cls, labels: Floats) -> Self:
        """Returns the map to ``(n,)`` labels, of which two at least differ."""
        scores = ndtri((rankdata(labels) - 0.5) / len(labels))
        known, first = np.unique(labels, return_index=True)
        return cls((scores / scores.std())[first], known, float(labels.std()))

    def __call__(self, scores: Floats) -> Floats:
        """Returns ``(n,)`` labels of scores."""
        inside = np.clip(scores, self.scores[0], self.scores[-1])
        found = np.interp(inside, self.scores, self.labels)
        return np.asarray(found + (scores - inside) * self.spread)
