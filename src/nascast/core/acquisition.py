"""Acquisition functions: how much candidates are worth evaluating, by their predicted scores.

Each takes a `Prediction` of n candidates and returns ``(n,)`` values, larger is better; where the
prediction has no deviation they come down to its mean. A mean that is NaN is worth minus infinity.
The formulas are those of Shahriari et al., Proc. IEEE 2016,
https://doi.org/10.1109/JPROC.2015.2494218, section IV.
"""

import numpy as np

from nascast.core.prediction import Prediction
from nascast.core.types import Floats

__all__ = [
    "expected_improvement",
    "probability_of_improvement",
    "thompson_sample",
    "upper_confidence_bound",
]


def upper_confidence_bound(prediction: Prediction, weight: float = 1.0) -> Floats:
    """Returns mean + weight · deviation."""
    mean, deviation = _parts(prediction)
    return mean + weight * deviation


def thompson_sample(prediction: Prediction, rng: np.random.Generator) -> Floats:
    """Returns an independent normal draw for each candidate (ITS of White et al., AAAI 2021)."""
    mean, deviation = _parts(prediction)
    return mean + deviation * rng.standard_normal(len(mean))


def expected_improvement(prediction: Prediction, best: float) -> Floats:
    """Returns E[max(score − best, 0)] under a normal predictive distribution.

    Args:
        prediction: predicted scores of the candidates.
        best: best score so far.
    """
    mean, deviation = _parts(prediction)
    gain = mean - best
    z = np.divide(gain, deviation, out=np.zeros_like(gain), where=deviation > 0)
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    known = np.maximum(gain, 0.0)  # where nothing is uncertain
    found = np.where(deviation > 0, gain * _normal_cdf(z) + deviation * density, known)
    return np.where(np.isfinite(mean), found, -np.inf)


def probability_of_improvement(prediction: Prediction, best: float) -> Floats:
    """Returns P(score > best) under a normal predictive distribution."""
    mean, deviation = _parts(prediction)
    gain = mean - best
    z = np.divide(gain, deviation, out=np.zeros_like(gain), where=deviation > 0)
    found = np.where(deviation > 0, _normal_cdf(z), (gain > 0).astype(np.float64))
    return np.where(np.isfinite(mean), found, -np.inf)


def _parts(prediction: Prediction) -> tuple[Floats, Floats]:
    mean = np.asarray(prediction.mean, dtype=np.float64)
    mean = np.where(np.isnan(mean), -np.inf, mean)
    deviation = prediction.deviation
    if deviation is None:
        return mean, np.zeros_like(mean)
    return mean, np.where(np.isfinite(mean), np.nan_to_num(deviation), 0.0)


def _normal_cdf(z: Floats) -> Floats:
    from scipy.special import ndtr

    return np.asarray(ndtr(z))
