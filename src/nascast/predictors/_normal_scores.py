"""Normal scores of values among those of training rows."""

import numpy as np

from nascast.core.types import Floats

__all__ = ["NormalScores"]


class NormalScores:
    """The normal scores of labels, and between them lines; beyond them the slope of deviations.

    Of the rank less one half over the number of labels (van der Waerden 1952): the mean quantile
    between the neighbours; labels that are equal share their rank.
    """

    def __init__(self, y: Floats, *, unit: bool = False) -> None:
        """Takes ``(n,)`` training labels.

        Args:
            y: labels.
            unit: whether scores are scaled so that those of the training labels, of which two at
                least differ, have deviation 1.
        """
        from scipy.special import ndtri
        from scipy.stats import rankdata

        scores = ndtri((rankdata(y) - 0.5) / len(y))
        spread = float(scores.std())
        if unit:
            scores, spread = scores / spread, 1.0
        self.training: Floats = scores  # (n,), of the training labels
        self._labels, first = np.unique(y, return_index=True)
        self._scores = scores[first]
        self._slope = float(y.std()) / spread if spread > 0 else 1.0  # labels for one of a score

    def scores(self, labels: Floats) -> Floats:
        """Returns the normal scores of labels, of any shape."""
        return _through(labels, self._labels, self._scores, 1 / self._slope)

    def labels(self, scores: Floats) -> Floats:
        """Returns the labels at normal scores, of any shape."""
        return _through(scores, self._scores, self._labels, self._slope)


def _through(values: Floats, x: Floats, y: Floats, slope: float) -> Floats:
    beyond = values - np.clip(values, x[0], x[-1])
    return np.asarray(np.interp(values, x, y) + slope * beyond)
