"""Intervals: over trials by Student's t, and over architectures by the bootstrap."""

from collections.abc import Callable

import numpy as np

from nascast.core.types import Floats
from nascast.studies.claims.finding import Part
from nascast.studies.noise import Estimate
from nascast.studies.overlap import variance_factor

__all__ = ["METHOD", "exact", "gap", "mean", "over_trials", "resampled"]

METHOD = (
    "Intervals are of 95 %. Over trials, whose test and training sets are the same for all "
    "predictors, so that differences are paired, and over seeds of searches they are those of "
    "Student's t; the variance over trials is made larger for the architectures that their test "
    "sets share. Over architectures they hold 95 % of bootstrap samples."
)

_FEW = 200  # bootstrap samples of statistics that take long; chosen
_WIDTH = (0.025, 0.975)


def exact(value: float) -> Estimate:
    """Returns a number that is counted, and has no interval."""
    return Estimate(float(value), float(value), float(value))


def mean(values: Floats, share: float = 0.0) -> Estimate:
    """Returns the mean over ``(t,)`` trials; differences of two make a paired comparison.

    Args:
        values: number in each trial.
        share: architectures of a test set in those of the table; 0 for seeds.
    """
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    return _within(float(values.mean()), error, len(values), share)


def over_trials(
    statistic: Callable[[Floats], float],
    values: Floats,
    rng: np.random.Generator,
    share: float = 0.0,
) -> Estimate:
    """Returns a statistic of ``(t, …)`` trials, whose standard error is that of the bootstrap."""
    count = len(values)
    drawn = [statistic(values[rng.integers(count, size=count)]) for _ in range(_FEW)]
    error = float(np.std(drawn)) * np.sqrt(count / (count - 1))
    return _within(statistic(values), error, count, share)


def _within(value: float, error: float, trials: int, share: float) -> Estimate:
    from scipy.special import stdtrit

    reach = float(stdtrit(trials - 1, _WIDTH[1]) * error * np.sqrt(variance_factor(trials, share)))
    return Estimate(value, value - reach, value + reach)


def gap(
    name: str,
    first: Floats,
    second: Floats,
    share: float = 0.0,
    *,
    core: bool = True,
    case: str = "",
) -> Part:
    """Returns whether the first of two is larger over ``(t,)`` trials, compared in pairs."""
    return Part(name, mean(first - second, share), 0.0, core=core, case=case)


def resampled(
    statistic: Callable[[Floats], float], rows: Floats, rng: np.random.Generator, most: int = 2_000
) -> Estimate:
    """Returns a statistic of ``(n, …)`` rows, one for each architecture.

    Args:
        statistic: function of rows.
        rows: numbers of each architecture.
        rng: generator of the samples.
        most: largest number of rows in a sample; from more, the interval of a smaller sample is
            made narrower as the root of the number of rows.
    """
    value, size = statistic(rows), min(len(rows), most)
    drawn = [statistic(rows[rng.integers(len(rows), size=size)]) for _ in range(_FEW)]
    off = np.quantile(drawn, _WIDTH) - value
    return Estimate(value, *(value + np.sqrt(size / len(rows)) * off).tolist())
