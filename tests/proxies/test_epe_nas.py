"""EPE-NAS against numpy's correlations, class by class."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from nascast.core.types import Floats
from nascast.proxies.epe_nas import EpeNas, class_score
from nascast.proxies.passes import Passes

K = 1e-5
Make = Callable[[tuple[int, ...]], Passes]


def sums(jacobian: Floats, labels: list[int]) -> list[float]:
    """Section 3.2 of the paper, row by row."""
    out = []
    for label in sorted(set(labels)):
        own = [row for row, of in zip(jacobian, labels, strict=True) if of == label]
        correlations = [[np.corrcoef(a, b)[0, 1] for a in own] for b in own]
        out.append(float(sum(math.log(abs(r) + K) for row in correlations for r in row)))
    return out


def test_few_classes_add_up() -> None:
    jacobian = np.random.default_rng(0).standard_normal((9, 20))
    labels = [0, 2, 1, 1, 0, 2, 2, 7, 0]
    expected = sum(map(abs, sums(jacobian, labels)))
    assert class_score(jacobian, np.asarray(labels), 10) == pytest.approx(expected)


def test_many_classes_are_compared() -> None:
    jacobian = np.random.default_rng(1).standard_normal((7, 20))
    labels = [5, 90, 5, 90, 90, 101, 101]
    a, b, c = (s / n for s, n in zip(sums(jacobian, labels), (4, 9, 4), strict=True))
    expected = (abs(a - b) + abs(a - c) + abs(b - c)) / 3
    assert class_score(jacobian, np.asarray(labels), 120) == pytest.approx(expected)
    assert math.isnan(class_score(jacobian[:2], np.asarray([5, 5]), 120))


def test_the_jacobian_of_a_network(passes: Make) -> None:
    found = passes((2, 1, 0, 2, 1))
    expected = sum(map(abs, sums(found.input_jacobian(), found.batch().labels.tolist())))
    assert EpeNas().score(found) == pytest.approx(expected, rel=1e-6)


def test_an_image_without_a_gradient_has_no_correlation(cut: Make) -> None:
    assert math.isnan(EpeNas().score(cut((0,) * 6)))
