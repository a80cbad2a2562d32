"""Whether differences between predictors are more than chance: paired tests over trials.

Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets" (JMLR 2006,
https://jmlr.org/papers/v7/demsar06a.html): Wilcoxon's signed-rank test for each pair, and Holm's
correction for their number. The trials of all predictors have the same test and training sets.
Where trials draw from one table their differences are not independent, and the test is Student's t
with a variance that is larger for what test sets share (Nadeau and Bengio, Machine Learning 2003,
https://doi.org/10.1023/A:1024068626366), see `overlap.variance_factor`.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Generic, TypeVar

import numpy as np

from nascast.core.types import Floats
from nascast.studies.overlap import variance_factor
from nascast.studies.predictors.results import Result

__all__ = ["Comparison", "compared", "holm"]

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Comparison(Generic[Key]):
    """Two predictors over the trials that both ran.

    Attributes:
        first: one of them.
        second: the other one.
        trials: number of trials that both ran and in which the metric of both is defined.
        difference: mean over these of the metric of the first minus that of the second; NaN where
            there are none.
        p: two-sided p value of the test, corrected for the number of pairs.
    """

    first: Key
    second: Key
    trials: int
    difference: float
    p: float


def compared(
    groups: Mapping[Key, Sequence[Result]],
    metric: str = "kendall",
    *,
    share: float = 0.0,
    against: Key | None = None,
) -> list[Comparison[Key]]:
    """Returns a comparison of every pair of n groups of results, n (n − 1) / 2 of them.

    Args:
        groups: results without errors of each predictor with a budget, one for each trial.
        metric: name of a metric of agreement.
        share: share of a test set in the architectures among which it is drawn, as `Head.share`; 0
            where trials are independent.
        against: group with which alone the others are compared, as the second of the two, n − 1
            times; None is every pair.
    """
    values = {
        key: {item.trial: float(getattr(item, metric)) for item in group}
        for key, group in groups.items()
    }
    pairs = list(combinations(groups, 2))
    if against is not None:
        pairs = [(key, against) for key in groups if key != against]
    differences = [_differences(values[a], values[b]) for a, b in pairs]
    corrected = holm(np.array([_p_value(found, share) for found in differences]))
    return [
        Comparison(a, b, len(found), float(found.mean()) if len(found) else float("nan"), float(p))
        for (a, b), found, p in zip(pairs, differences, corrected, strict=True)
    ]


def holm(p_values: Floats) -> Floats:
    """Returns ``(n,)`` p values corrected for n tests by the step-down method of Holm (1979)."""
    order = np.argsort(p_values, kind="stable")
    steps = np.arange(len(p_values), 0, -1) * p_values[order]
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return corrected


def _differences(first: Mapping[int, float], second: Mapping[int, float]) -> Floats:
    both = [first[trial] - second[trial] for trial in first.keys() & second.keys()]
    found = np.array(both, dtype=np.float64)
    return found[np.isfinite(found)]


def _p_value(differences: Floats, share: float) -> float:
    if not differences.any():
        return 1.0
    if not share:
        from scipy.stats import wilcoxon

        return float(wilcoxon(differences).pvalue)
    count = len(differences)
    if count < 2 or share >= 1:
        return 1.0
    from scipy.special import stdtr

    spread = float(differences.std(ddof=1)) * math.sqrt(variance_factor(count, share) / count)
    return 2 * float(stdtr(count - 1, -abs(differences.mean()) / spread)) if spread > 0 else 0.0
