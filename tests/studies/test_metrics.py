"""Agreement of predictions with the truth, against direct computations."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.studies.metrics import METRICS, agreement, kendall

numbers = st.lists(st.integers(-5, 5), min_size=2, max_size=12)


@given(st.data(), st.integers(2, 12))
def test_kendall_is_tau_b_by_counting_pairs(data: st.DataObject, n: int) -> None:
    values = st.lists(st.integers(0, 4), min_size=n, max_size=n)
    a, b = (np.array(data.draw(values), dtype=float) for _ in range(2))
    pairs = list(itertools.combinations(range(n), 2))
    products = [np.sign(a[i] - a[j]) * np.sign(b[i] - b[j]) for i, j in pairs]
    untied = [sum(x[i] != x[j] for i, j in pairs) for x in (a, b)]
    expected = sum(products) / math.sqrt(untied[0] * untied[1]) if all(untied) else 0.0
    assert kendall(a, b) == pytest.approx(expected)


def test_perfect_reversed_and_constant_predictions() -> None:
    true = np.arange(30.0)
    perfect, reverse = agreement(true, true), agreement(-true, true)
    for name in ("kendall", "spearman", "pearson", "sparse_kendall"):
        assert perfect[name] == pytest.approx(1)
        assert reverse[name] == pytest.approx(-1)  # the sign is kept
    assert perfect["precision_at_10"] == perfect["precision_at_20"] == 1
    assert reverse["precision_at_10"] == 0
    constant = agreement(np.ones(30), true)
    assert constant["kendall"] == constant["spearman"] == constant["pearson"] == 0
    assert set(perfect) == set(METRICS)


@pytest.mark.parametrize("n", [2, 3, 30, 200, 1000, 1001])
@pytest.mark.parametrize("digits", [0, 1, 12])
def test_kendall_is_scipys_to_the_last_digit(n: int, digits: int) -> None:
    from scipy.stats import kendalltau

    rng = np.random.default_rng([n, digits])
    a = rng.normal(size=n).round(digits)
    b = (a + rng.normal(size=n)).round(1)
    assert kendall(a, b) == float(np.nan_to_num(kendalltau(a, b).statistic))


def test_scipy_gives_the_same() -> None:
    from scipy import stats

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50))
    found = agreement(a, b)
    assert found["spearman"] == pytest.approx(stats.spearmanr(a, b).statistic)
    assert found["pearson"] == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert found["mae"] == pytest.approx(np.mean(np.abs(a - b)))
    assert found["rmse"] == pytest.approx(np.linalg.norm(a - b) / math.sqrt(50))


def test_ties_do_not_help_precision() -> None:
    true = np.arange(20.0)
    assert agreement(np.zeros(20), true)["precision_at_10"] == 0
    assert agreement(np.zeros(20), true[::-1].copy())["precision_at_10"] == 0


def test_what_the_predicted_best_are_worth_by_hand() -> None:
    true = np.array([50.0, 90.0, 70.0, 80.0] + [10.0] * 16)
    predicted = -np.abs(np.arange(20.0) - 2)  # best first: 70, then 90 and 80, then 50
    found = agreement(predicted, true)
    assert found["regret_at_1"] == 20
    assert found["regret_at_10"] == 0
    assert found["best_ranking_at_10"] == 1 / 20
    worst = agreement(-true, true)
    assert worst["best_ranking_at_10"] == 5 / 20  # of its ten, all are the fifth best
    assert worst["regret_at_10"] == 80
    assert agreement(np.zeros(20), true)["regret_at_10"] == 80  # ties do not help


@given(st.integers(0, 1000), st.integers(2, 30), st.integers(0, 2))
def test_ndcg_is_scikit_learns(seed: int, n: int, digits: int) -> None:
    from sklearn.metrics import ndcg_score

    rng = np.random.default_rng(seed)
    true, predicted = rng.normal(size=(2, n)).round(digits)
    if np.ptp(true) == 0:
        assert agreement(predicted, true)["ndcg"] == 1
    else:
        expected = ndcg_score([true - true.min()], [predicted])
        assert agreement(predicted, true)["ndcg"] == pytest.approx(expected)


def test_truths_equal_to_a_tenth_are_ties_for_the_sparse_tau() -> None:
    true = np.array([90.01, 90.04, 91.0, 92.0])
    wrong_within_noise = np.array([2.0, 1.0, 3.0, 4.0])
    found = agreement(wrong_within_noise, true)
    assert found["kendall"] == pytest.approx(4 / 6)
    assert found["sparse_kendall"] == pytest.approx(5 / math.sqrt(5 * 6))


@pytest.mark.parametrize("missing", [math.nan, math.inf, -math.inf])
def test_predictions_that_are_not_finite_rank_last_and_are_counted(missing: float) -> None:
    true = np.arange(10.0)
    predicted = true.copy()
    predicted[0] = missing
    assert agreement(predicted, true)["kendall"] == pytest.approx(1)
    predicted[0], predicted[9] = 0.0, missing
    found = agreement(predicted, true)
    assert found["undefined"] == 1
    assert found["kendall"] == pytest.approx((45 - 2 * 9) / 45)
    nothing = agreement(np.full(10, missing), true)
    assert nothing["undefined"] == 10
    assert nothing["kendall"] == 0
