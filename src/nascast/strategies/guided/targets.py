"""What the process is fitted on: one number for each trial, however many objectives there are."""

import numpy as np
from scipy.special import ndtri

from nascast.core.types import Floats

__all__ = ["normal_scores", "scalarised"]

_SUM = 0.05  # part of the sum in an augmented Tchebycheff norm; as in ParEGO


def normal_scores(values: Floats) -> Floats:
    """Returns ``(k,)`` normal scores of the ranks, of deviation 1; zeros where all are equal.

    NaN, a failure, counts as less than everything else.
    """
    from scipy.stats import rankdata  # loads for a second, which what only lists or asks is spared

    quantiles = (rankdata(np.nan_to_num(values, nan=-np.inf)) - 0.5) / max(len(values), 1)
    scores = np.asarray(ndtri(quantiles))
    spread = float(scores.std()) if len(scores) else 0.0
    return scores / spread if spread > 0 else np.zeros(len(values))


def scalarised(scores: Floats, rng: np.random.Generator) -> Floats:
    """Returns ``(k,)`` values, larger is better, of ``(k, objectives)`` scores; NaN for a failure.

    With several objectives their weights are drawn, so that one draw after the other looks for
    another part of the front: the augmented Tchebycheff norm of ParEGO (Knowles 2006,
    https://doi.org/10.1109/TEVC.2005.851274) of the shares of trials that are better.
    """
    if scores.shape[1] == 1:
        return np.asarray(scores[:, 0])
    failed = np.isnan(scores).any(1)
    from scipy.stats import rankdata

    ranks = np.stack([rankdata(np.where(failed, -np.inf, column)) for column in scores.T], axis=1)
    weighted = (1 - ranks / len(scores)) * rng.dirichlet(np.ones(scores.shape[1]))
    values = -(weighted.max(1) + _SUM * weighted.sum(1))
    return np.where(failed, np.nan, values)
