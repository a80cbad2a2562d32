"""Intervals by the bootstrap: over trials, and over architectures."""

from collections.abc import Callable

import numpy as np

from nascast.core.types import Floats
from nascast.studies.claims.finding import Part
from nascast.studies.noise import Estimate

__all__ = ["METHOD", "exact", "gap", "mean", "quantiles", "resampled"]

METHOD = (
    "Intervals hold 95 % of bootstrap samples: of the trials, whose test and training sets are the "
    "same for all predictors, so that differences are paired; or of the architectures."
)

_SAMPLES = 2_000  # of means; chosen
_FEW = 200  # of statistics that take long; chosen
_WIDTH = (0.025, 0.975)


def exact(value: float) -> Estimate:
    """Returns a number that is counted, and has no interval."""
    return Estimate(float(value), float(value), float(value))


def mean(values: Floats, rng: np.random.Generator) -> Estimate:
    """Returns the mean over ``(t,)`` trials; differences of two make a paired comparison."""
    drawn = values[rng.integers(len(values), size=(_SAMPLES, len(values)))].mean(1)
    return quantiles(float(values.mean()), drawn)


def gap(
    name: str, first: Floats, second: Floats, rng: np.random.Generator, *, core: bool = True
) -> Part:
    """Returns whether the first of two is larger over ``(t,)`` trials, compared in pairs."""
    return Part(name, mean(first - second, rng), 0.0, core=core)


def quantiles(value: float, drawn: Floats) -> Estimate:
    """Returns a number with the interval of ``(b,)`` values of it in bootstrap samples."""
    return Estimate(float(value), *np.quantile(drawn, _WIDTH).tolist())


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
