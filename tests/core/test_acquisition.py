"""Acquisition functions against numerical integration and simulation."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from nascast.core.acquisition import (
    expected_improvement,
    probability_of_improvement,
    thompson_sample,
    upper_confidence_bound,
)
from nascast.core.prediction import Prediction

MEAN = np.asarray([90.0, 91.0, 92.5, 70.0, np.nan])
DEVIATION = np.asarray([1.0, 0.5, 0.0, 3.0, 1.0])
BEST = 91.2
BOTH, ALONE = Prediction(MEAN, DEVIATION), Prediction(MEAN)


def test_expected_improvement_is_the_integral_of_the_gain() -> None:
    found = expected_improvement(BOTH, BEST)
    for i in (0, 1, 3):
        density = norm(MEAN[i], DEVIATION[i]).pdf
        end = max(BEST, MEAN[i]) + 12 * DEVIATION[i]
        expected, _ = quad(lambda s, d=density: (s - BEST) * d(s), BEST, end, epsabs=1e-12)
        assert found[i] == pytest.approx(expected, abs=1e-9)
    assert found[2] == pytest.approx(92.5 - BEST)
    assert found[4] == -np.inf


def test_probability_of_improvement_is_the_tail() -> None:
    found = probability_of_improvement(BOTH, BEST)
    expected = norm(MEAN[[0, 1, 3]], DEVIATION[[0, 1, 3]]).sf(BEST)
    assert found[[0, 1, 3]] == pytest.approx(expected)
    assert found[[2, 4]].tolist() == [1, -np.inf]


def test_the_confidence_bound_is_mean_and_deviations() -> None:
    found = upper_confidence_bound(BOTH, 2.0)
    assert found.tolist() == [92.0, 92.0, 92.5, 76.0, -np.inf]


def test_thompson_samples_have_mean_and_deviation_of_the_prediction() -> None:
    rng = np.random.default_rng(0)
    draws = np.stack([thompson_sample(BOTH, rng) for _ in range(4000)])
    assert draws[:, :4].mean(0) == pytest.approx(MEAN[:4], abs=0.2)
    assert draws[:, :4].std(0) == pytest.approx(DEVIATION[:4], rel=0.06, abs=1e-12)
    assert (draws[:, 4] == -np.inf).all()


def test_without_deviations_all_rank_by_the_mean() -> None:
    order = np.argsort(-MEAN[:4]).tolist()
    rng = np.random.default_rng(0)
    for values in (upper_confidence_bound(ALONE, 3.0), thompson_sample(ALONE, rng)):
        assert np.argsort(-values[:4]).tolist() == order
        assert values[4] == -np.inf
    assert expected_improvement(ALONE, 80.0)[:3] == pytest.approx(MEAN[:3] - 80)
    assert probability_of_improvement(ALONE, 91.0).tolist() == [0, 0, 1, 0, -np.inf]
