import itertools
import math

import numpy as np
import pytest

from nascast.strategies._categorical_density import CategoricalDensity

CARDS = (3, 2, 4, 1)
ROWS = np.asarray([[0, 1, 3, 0], [0, 0, 3, 0], [2, 1, 1, 0], [0, 1, 0, 0]], dtype=np.int16)
EVERY = np.asarray(list(itertools.product(*map(range, CARDS))), dtype=np.int16)


def test_the_density_is_the_mean_of_product_kernels() -> None:
    density = CategoricalDensity(ROWS, CARDS)

    def kernel(value: int, own: int, width: float, count: int) -> float:
        return 1 - width if value == own else width / (count - 1)

    expected = [
        np.mean(
            [
                math.prod(
                    kernel(v, o, w, c)
                    for v, o, w, c in zip(row, own, density.widths, CARDS, strict=True)
                    if c > 1
                )
                for own in ROWS
            ]
        )
        for row in EVERY
    ]
    constant = 1 - density.widths[3]  # a gene with one value changes no ratio
    assert np.exp(density.log(EVERY)) == pytest.approx(np.asarray(expected) * constant)
    assert np.exp(density.log(EVERY)).sum() == pytest.approx(constant)


def test_samples_follow_the_density() -> None:
    density = CategoricalDensity(ROWS, CARDS)
    n = 40_000
    samples = density.sample(n, np.random.default_rng(0))
    found = np.asarray([(samples == row).all(1).mean() for row in EVERY])
    expected = np.exp(density.log(EVERY))
    assert found == pytest.approx(expected, abs=4 * np.sqrt(0.25 / n) + 0.002)


def test_the_width_for_two_values_is_the_normal_reference_rule() -> None:
    rng = np.random.default_rng(1)
    rows = (rng.random((50, 6)) < 0.3).astype(np.int16)
    rule = 1.06 * rows.std(axis=0) * 50 ** (-1 / 10)
    assert CategoricalDensity(rows, (2,) * 6).widths == pytest.approx(np.minimum(rule, 0.5))


def test_the_names_of_values_do_not_matter() -> None:
    renamed = ROWS.copy()
    renamed[:, 2] = np.asarray([2, 0, 3, 1])[ROWS[:, 2]]
    one, other = CategoricalDensity(ROWS, CARDS), CategoricalDensity(renamed, CARDS)
    assert one.log(ROWS) == pytest.approx(other.log(renamed))


def test_widths_end_where_the_kernel_is_uniform_and_where_all_rows_agree() -> None:
    rows = np.asarray([[0, 0], [1, 0], [2, 0]], dtype=np.int16)
    assert CategoricalDensity(rows, (3, 5)).widths.tolist() == pytest.approx(
        [1.06 * math.sqrt(1 / 3) * 3 ** (-1 / 6), 1e-3]
    )
    assert CategoricalDensity(rows[:1], (3, 5)).widths.tolist() == [1e-3, 1e-3]
