"""The posterior distribution of the last point of learning curves, in closed form.

A curve is ``z(x) = v + r·h(x) + w(x) + e(x)``: a level v with a flat prior; a shape h of unit slope
at the last observed epoch, times a slope r; a random walk w in the logarithm of the epoch, since no
real curve is of any family; and noise e, which becomes smaller as the rate of learning is annealed.
Given the shape, the two scales of w and e, and the width of the prior of r, all is normal. Over
these four there is a grid. The scales and the width have the weights of their posterior; so have
the shapes of a family, but with a power of their likelihood, which is safe where no shape is right
(Grünwald & van Ommen, Bayesian Analysis 2017, https://doi.org/10.1214/17-BA1085); families have
those of their prior.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt

from nascast.core.types import Floats
from nascast.predictors.learning_curve.lce.families import Shapes

__all__ = ["gains"]

# All chosen, on nb201-mini and NAS-Bench-NLP; z is minus the logarithm of the error.
_SLOPE = 0.1  # prior mean of the slope: an error that falls by a tenth as the epochs grow e-fold
_WIDTHS, _ODDS = (0.03, 0.4), (1.0, 0.05)  # prior deviations of the slope, and their weights
_NOISES, _NOISE, _WALK = (0.0005, 0.002, 0.006, 0.02, 0.05), 0.02, 0.01  # grid, prior medians
_SCALES = 1.5  # deviation of the logarithms of both scales
_FLOOR = 0.1  # noise after the last epoch, relative to that of the first
_POWER = 0.1  # of the likelihood of shapes
_SHARE = 0.8  # of the past slope: deviation of the future one between tasks
_BLOCK = 500  # curves at once


def gains(
    z: Floats, epochs: Floats, horizon: float, found: Shapes, *, monotone: bool
) -> tuple[Floats, Floats]:
    """Returns ``(n,)`` means and deviations of how far curves rise after their last point.

    Args:
        z: ``(n, m)`` curves.
        epochs: ``(m,)`` epochs of their points.
        horizon: epoch to predict.
        found: shapes of curves for these epochs.
        monotone: whether curves do not fall: slopes are not negative.
    """
    parts = [
        _block(z[start : start + _BLOCK], epochs, horizon, found, monotone)
        for start in range(0, len(z), _BLOCK)
    ]
    mean, variance = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    # How learning goes on differs between tasks, by the schedule of the rate for one, which no
    # curve tells.
    slope = (z[:, -1] - z[:, 0]) / np.log(epochs[-1] / epochs[0])
    return mean, np.sqrt(variance + (_SHARE * slope * np.log(horizon / epochs[-1])) ** 2)


def _block(
    z: Floats, epochs: Floats, horizon: float, found: Shapes, monotone: bool
) -> tuple[Floats, Floats]:
    """Returns means and variances of a block of curves."""
    total = first = second = np.zeros(1)
    top: Floats = np.full((len(z), len(found.gain)), -np.inf)
    for weight, mean, variance in _given(z - z[:, -1:], epochs, horizon, found, monotone):
        above = np.maximum(top, weight)
        old, new = np.exp(top - above), np.exp(weight - above)
        total = total * old + new
        first = first * old + new * mean
        second = second * old + new * (mean**2 + variance)
        top = above
    weight = _averaged(np.log(total) + top, found)
    mean = (weight * first / total).sum(1)
    return mean, np.maximum((weight * second / total).sum(1) - mean**2, 0)


def _averaged(evidence: Floats, found: Shapes) -> Floats:
    """Returns ``(n, k)`` weights of shapes, by the logarithms of their likelihoods."""
    member = np.eye(found.family.max() + 1)[found.family]  # (k, families)
    fit = _POWER * evidence
    best = np.stack([fit[:, own > 0].max(1) for own in member.T], axis=1)
    weight = found.weight * np.exp(fit - best @ member.T)
    return np.asarray(weight * ((found.weight @ member) / (weight @ member) @ member.T))


def _given(
    u: Floats, epochs: Floats, horizon: float, found: Shapes, monotone: bool
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yields logarithms of weights, means and variances, ``(n, k)``, for each point of the grid."""
    m, ones = len(epochs), np.ones(len(epochs))
    for (walk, noise), covariance in _covariances(np.append(epochs, horizon)):
        white = np.linalg.inv(np.linalg.cholesky(covariance[:m, :m]))
        one, ahead = white @ ones, white @ covariance[:m, m]
        seen, shape = u @ white.T, found.past @ white.T
        flat = one @ one
        centred = shape - np.outer(shape @ one / flat, one)
        squares = (seen**2).sum(1) - (seen @ one) ** 2 / flat
        rest = 1 - ahead @ one  # what the last point keeps of the level
        level = seen @ ahead + rest * (seen @ one) / flat
        rise = found.gain - shape @ ahead - rest * (shape @ one) / flat
        own = covariance[m, m] - ahead @ ahead + rest**2 / flat
        fit = np.log(np.diag(white)).sum() - 0.5 * np.log(flat)
        prior = -0.5 * (_far(noise, _NOISE) + _far(walk, _WALK))
        for width, odds in zip(_WIDTHS, _ODDS, strict=True):
            precision = (centred**2).sum(1) + width**-2
            slope = (seen @ centred.T + _SLOPE / width**2) / precision
            loss = squares[:, None] + (_SLOPE / width) ** 2 - slope**2 * precision
            weight = fit + prior + np.log(odds / width) - 0.5 * (loss + np.log(precision))
            variance = np.broadcast_to(1 / precision, slope.shape)
            if monotone:
                mass, slope, variance = _not_negative(slope, variance)
                weight = weight + mass
            yield weight, level[:, None] + rise * slope, own + rise**2 * variance


def _covariances(x: Floats) -> Iterator[tuple[tuple[float, float], Floats]]:
    """Yields both scales and the covariance of w + e, for every pair of scales."""
    log, end = np.log(x / x[-2]), x[-1]
    apart = np.abs(log)
    walk = np.where(np.multiply.outer(log, log) > 0, np.minimum.outer(apart, apart), 0.0)
    noise = np.diag((1 - x / end + _FLOOR) ** 2)
    for a, b in product(_NOISES, _NOISES):
        yield (a, b), a**2 * walk + b**2 * noise


def _far(value: float, median: float) -> float:
    return float((np.log(value / median) / _SCALES) ** 2)


def _not_negative(mean: Floats, variance: npt.NDArray[np.float64]) -> tuple[Floats, Floats, Floats]:
    """Returns log P(r ≥ 0) of normals, and the means and variances of r given that."""
    from scipy.special import log_ndtr

    deviation = np.sqrt(variance)
    t = mean / deviation
    mass = log_ndtr(t)
    hazard = np.exp(-0.5 * t**2 - 0.5 * np.log(2 * np.pi) - mass)
    left = np.maximum(1 - hazard * (hazard + t), 0)  # rounds below 0 where t is far below
    return mass, np.maximum(mean + deviation * hazard, 0), variance * left
