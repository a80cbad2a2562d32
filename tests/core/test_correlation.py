"""Kendall's τ against SciPy's, on ties, constants and values that are not finite."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from nascast.core.correlation import _compared, _counted, kendall

INF, NAN = math.inf, math.nan


@pytest.mark.parametrize("n", [2, 3, 20, 120, 121, 300, 5000])
def test_it_is_that_of_scipy(n: int) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.integers(0, n, n).astype(float), rng.normal(size=n)
    a[0], a[1] = 0.0, 1.0  # not constant
    assert kendall(a, b) == pytest.approx(kendalltau(a, b).statistic)
    assert kendall(a, np.round(b)) == pytest.approx(np.nan_to_num(kendalltau(a, np.round(b))[0]))


@given(st.data(), st.integers(2, 9))
def test_counting_finds_what_comparing_every_pair_does(data: st.DataObject, values: int) -> None:
    one = st.integers(0, values)
    pairs = np.asarray(data.draw(st.lists(st.tuples(one, one), min_size=2, max_size=40)), float)
    assert _counted(*pairs.T) == _compared(*pairs.T)


def test_infinities_are_values() -> None:
    a, b = np.array([-INF, 1.0, 2.0, INF, INF]), np.array([0.0, 3.0, 1.0, 5.0, 6.0])
    assert kendall(a, b) == pytest.approx(kendalltau([0, 1, 2, 3, 3], b).statistic)


@pytest.mark.parametrize("n", [3, 200])
def test_a_nan_is_never_taken_for_agreement(n: int) -> None:
    a, b = np.arange(float(n)), np.arange(float(n))
    a[1] = NAN
    assert math.isnan(kendall(a, b))
    assert math.isnan(kendall(b, a))


def test_a_constant_ranks_nothing() -> None:
    assert kendall(np.full(4, 2.0), np.arange(4.0)) == 0.0
    assert kendall(np.full(4, INF), np.arange(4.0)) == 0.0
