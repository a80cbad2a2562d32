"""Pareto-optimal predictors: none is as good in τ and both times and better in one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nascast.core.dominance import pareto
from nascast.core.types import Bools, Floats
from nascast.studies.predictors.results import Result

__all__ = ["INSTANT", "coarse", "membership", "optimal"]

INSTANT = 1e-3  # seconds; chosen: below it a measured time is overhead and scheduling


def optimal(tau: Floats, seconds: Floats) -> Bools:
    """Returns ``(n,)``: whether nothing else is as good and better in something.

    Times are the same where their first two digits are, and so are all times below a millisecond:
    two predictors that read the same recorded training differ in clock jitter alone.

    Args:
        tau: ``(n,)`` correlations, larger is better; NaN is the worst there is.
        seconds: ``(n, 2)`` initialization and query seconds; NaN is the worst there is.
    """
    return pareto(np.concatenate([tau[:, None], -coarse(seconds)], axis=1))


def membership(
    groups: Mapping[Any, Sequence[Result]], resamples: int = 200, seed: int = 0
) -> Floats:
    """Returns ``(n,)`` shares of bootstrap samples in which each group is Pareto-optimal.

    Trials are drawn with replacement, the same ones for all groups, since their test and training
    sets are. A group without a result in any trial of a sample is not optimal there.

    Args:
        groups: results without errors of each of n predictors with a budget.
        resamples: number of bootstrap samples.
        seed: seed of the samples.
    """
    trials = sorted({item.trial for group in groups.values() for item in group})
    place = {trial: i for i, trial in enumerate(trials)}
    known = np.zeros((len(groups), len(trials)))
    values = np.zeros((3, *known.shape))
    for i, group in enumerate(groups.values()):
        for item in group:
            at = i, place[item.trial]
            known[at] = 1
            values[:, *at] = item.kendall, item.init_seconds_total, item.query_seconds_each
    drawn = np.random.default_rng(seed).multinomial(
        len(trials), np.full(len(trials), 1 / max(len(trials), 1)), size=resamples
    )
    with np.errstate(invalid="ignore"):  # 0 / 0: no result in this sample
        tau, init, query = values @ drawn.T / (known @ drawn.T)  # (n, resamples) each
    counts = [
        optimal(tau[:, b], np.stack([init[:, b], query[:, b]], axis=1)) & np.isfinite(tau[:, b])
        for b in range(resamples)
    ]
    return np.asarray(np.mean(counts, axis=0))


def coarse(seconds: Floats) -> Floats:
    """Returns seconds rounded to two digits, shorter ones to `INSTANT`; NaN stays."""
    floored = np.maximum(seconds, INSTANT)
    digit = 10.0 ** (np.floor(np.log10(floored)) - 1)
    return np.asarray(np.round(floored / digit) * digit)
