"""Grids of budgets by name: how many labels and epochs a predictor may spend.

``paper`` has the 11 numbers of labels and the 15 numbers of epochs of White et al. (NeurIPS 2021,
https://arxiv.org/abs/2104.01177, section 3.2), ``quick`` four of each.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.types import Genes
from nascast.studies.predictors.design import LABELS
from nascast.studies.records import among

__all__ = ["GRIDS", "grid", "near", "size_of_tests"]

GRIDS: Mapping[str, int | None] = {"quick": 4, "paper": None}  # numbers of budgets on an axis

_LABELS = (5, 8, 14, 24, 42, 71, 121, 205, 347, 589, 1000)
_FEWER_LABELS = (5, 8, 12, 20, 31, 50, 79, 126, 199, 316, 500)  # the study's on DARTS
_EPOCHS = {  # by the length of a full training
    50: (1, 2, 3, 4, 5, 6, 7, 9, 12, 15, 19, 24, 30, 38, 49),
    98: (1, 2, 3, 4, 5, 7, 10, 13, 17, 23, 30, 40, 54, 71, 95),
    200: (1, 2, 3, 5, 7, 9, 13, 19, 26, 37, 52, 73, 102, 142, 198),
}
_PLENTY = 4  # rows for each network, with more of which networks are not counted; chosen
_FEWEST_TESTS = 2  # architectures, which have an order
_SURROGATES_MOST = 500  # labels, where the study drew from a surrogate or few records; the study's


def grid(
    name: str, benchmark: Benchmark, metric: str, test_size: int, within: Genes | None = None
) -> dict[str, tuple[int, ...]]:
    """Returns amounts by axis that a benchmark can give.

    Labels are those of the study where the benchmark has that many architectures beside the test
    set, and otherwise as many numbers, evenly spaced in their logarithm up to what there is. Epochs
    are recorded ones near those of the study, all below full training; trainings of another length
    have as many, evenly spaced in their logarithm.

    Args:
        name: name of the grid, one of `GRIDS`.
        benchmark: records.
        metric: metric that predictors are to predict.
        test_size: number of test architectures.
        within: canonical rows among which all are drawn, ``(m, length)``; None are all.

    Raises:
        InvalidSettingError: there is no such grid, or too few architectures.
    """
    if name not in GRIDS:
        raise InvalidSettingError(f"the grid should be one of {', '.join(GRIDS)}; got {name!r}")
    labels, epochs = _labels(benchmark, metric, test_size, within), _epochs(benchmark, metric)
    most = GRIDS[name]
    axes = {LABELS: _thinned(labels, most), "epochs": _thinned(epochs, most)}
    return {axis: amounts for axis, amounts in axes.items() if amounts}


def size_of_tests(
    benchmark: Benchmark, metric: str, most: int = 200, within: Genes | None = None
) -> int:
    """Returns the size of test sets: `most`, or half of the networks where there are fewer of them.

    Larger ones would leave little to learn from, and those of several trials would be much the
    same.

    Args:
        benchmark: records.
        metric: metric that predictors are to predict.
        most: number that is large enough.
        within: canonical rows among which all are drawn, ``(m, length)``; None are all.
    """
    try:
        rows = benchmark.measured(metric) if within is None else within
        if len(rows) >= 2 * most * _PLENTY:  # counting the networks of a large table takes long
            return most
        return max(_FEWEST_TESTS, min(most, _networks(benchmark, metric, within) // 2))
    except UnsupportedError:
        return most


def near(benchmark: Benchmark, metric: str, wanted: Sequence[int]) -> tuple[int, ...]:
    """Returns the recorded numbers of epochs next to those wanted, all below full training."""
    early = np.array(benchmark.describe(metric).epochs[:-1])
    if not len(early):
        return ()
    found = early[np.abs(early[None] - np.array(wanted)[:, None]).argmin(1)]
    return tuple(np.unique(found).tolist())


def _labels(
    benchmark: Benchmark, metric: str, test_size: int, within: Genes | None
) -> tuple[int, ...]:
    try:
        left = _networks(benchmark, metric, within) - test_size
    except UnsupportedError:
        left = _SURROGATES_MOST
    if left < _LABELS[0]:
        raise InvalidSettingError(
            f"a grid needs {_LABELS[0]} architectures beside {test_size} for testing; "
            f"{benchmark.name} leaves {max(left, 0)}"
        )
    for known in (_LABELS, _FEWER_LABELS):
        if left >= known[-1]:
            return known
    return _spaced(_LABELS[0], left, len(_LABELS))


def _networks(benchmark: Benchmark, metric: str, within: Genes | None) -> int:
    """Returns how many networks have the metric, counting those once that compute the same."""
    space = benchmark.space
    rows = benchmark.measured(metric)
    rows = rows[space.distinct(space.canonical(rows))]
    if within is not None:
        rows = rows[among(within, space.canonical(rows))]
    return len(np.unique(space.networks(rows)))


def _epochs(benchmark: Benchmark, metric: str) -> tuple[int, ...]:
    marks = benchmark.describe(metric).epochs
    if len(marks) < 2:
        return ()
    wanted = _EPOCHS.get(marks[-1]) or _spaced(1, marks[-1] - 1, len(_EPOCHS[200]))
    return near(benchmark, metric, wanted)


def _spaced(low: int, high: int, count: int) -> tuple[int, ...]:
    return tuple(np.unique(np.geomspace(low, high, count).round().astype(int)).tolist())


def _thinned(amounts: Sequence[int], most: int | None) -> tuple[int, ...]:
    """Returns some of the amounts, evenly spaced among them, the last included."""
    if most is None or len(amounts) <= most:
        return tuple(amounts)
    places = np.linspace(0, len(amounts) - 1, most + 1).round().astype(int)[1:]
    return tuple(np.array(amounts)[places].tolist())
