"""Paired tests between predictors."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nascast.studies.predictors.significance import compared, holm

Make = Callable[..., Any]


def exact(differences: list[float]) -> float:
    """Returns the two-sided p value of the signed-rank test, by trying all signs."""
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    seen = abs(np.sign(differences) @ ranks)
    signs = itertools.product((-1, 1), repeat=len(differences))
    return float(np.mean([abs(np.array(s) @ ranks) >= seen for s in signs]))


def test_p_values_are_those_of_all_signs(make_row: Make) -> None:
    a, b = [0.7, 0.72, 0.65, 0.8, 0.9, 0.61], [0.6, 0.7, 0.66, 0.75, 0.6, 0.58]
    rows = {
        name: [make_row(name, trial=t, kendall=tau) for t, tau in enumerate(taus)]
        for name, taus in (("a", a), ("b", b))
    }
    (found,) = compared(rows)
    differences = [x - y for x, y in zip(a, b, strict=True)]
    assert (found.first, found.second, found.trials) == ("a", "b", 6)
    assert found.difference == pytest.approx(np.mean(differences))
    assert found.p == pytest.approx(exact(differences))


def test_shared_test_sets_make_p_larger_and_that_of_few_is_students(make_row: Make) -> None:
    from scipy.stats import ttest_rel

    taus = {"a": [0.7, 0.72, 0.65, 0.8, 0.9], "b": [0.5, 0.6, 0.6, 0.6, 0.6], "c": [0.1] * 5}
    rows = {
        name: [make_row(name, trial=t, kendall=tau) for t, tau in enumerate(values)]
        for name, values in taus.items()
    }
    pairs = {"a": rows["a"], "b": rows["b"]}
    (tiny,), (half,) = compared(pairs, share=1e-9), compared(pairs, share=0.5)
    known = ttest_rel(taus["a"], taus["b"])
    assert tiny.p == pytest.approx(known.pvalue, rel=1e-6)
    from scipy.stats import t

    assert half.p == pytest.approx(2 * t.sf(known.statistic / 6**0.5, 4))  # 1 + 5 × .5 / .5
    two = compared(rows, share=0.5, against="a")
    assert [(one.first, one.second) for one in two] == [("b", "a"), ("c", "a")]


def test_only_trials_of_both_count_and_equal_predictors_do_not_differ(make_row: Make) -> None:
    rows = {
        "a": [make_row("a", trial=t, kendall=0.5) for t in range(4)],
        "b": [make_row("b", trial=t, kendall=0.5) for t in range(2, 6)],
        "c": [make_row("c", trial=9, kendall=0.5)],
    }
    same, *apart = compared(rows)
    assert (same.trials, same.difference, same.p) == (2, 0, 1)
    assert [(item.trials, item.p) for item in apart] == [(0, 1), (0, 1)]
    assert all(np.isnan(item.difference) for item in apart)


def test_the_correction_is_holms_by_hand() -> None:
    # Smallest first: 4 × .01, 3 × .02, then 2 × .02 = .04, which may not fall below .06; 1 × .5.
    assert holm(np.array([0.02, 0.5, 0.01, 0.02])) == pytest.approx([0.06, 0.5, 0.04, 0.06])
    assert holm(np.array([0.4, 0.9])) == pytest.approx([0.8, 0.9])
    assert len(holm(np.array([]))) == 0
