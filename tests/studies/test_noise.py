"""Agreement of trainings and the limit of a perfect predictor, against a third training."""

import csv
import gzip
import math
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import CorruptDataError
from nascast.core.evaluator import Benchmark
from nascast.core.plugins import load
from nascast.core.types import Floats, Genes, Metric, Objective
from nascast.studies.metrics import kendall
from nascast.studies.noise import Estimate, NoiseLimits, noise_limits
from nascast.testing.doubles import TinyBenchmark

ACCURACY = Objective("val_accuracy")
SEEDS = Path(__file__).parents[3] / "shared" / "data" / "nasbench201" / "all_seeds.csv.gz"


class Repeated(TinyBenchmark):
    """Two trainings of every row; a row is its number."""

    def __init__(self, values: Floats) -> None:
        super().__init__()
        self.values = values
        self.metrics = {"val_accuracy": Metric("val_accuracy", "percent", "validation", seeds=2)}

    def recorded(self, metric: str, seed: int) -> Genes:
        return np.arange(len(self.values), dtype=np.int16)[:, None]

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        return np.asarray(self.values[genes[:, 0], seed], dtype=np.float64)


def limits(values: Floats, **how: Any) -> NoiseLimits:
    found = noise_limits(Repeated(values), replace(ACCURACY, **how))
    assert found is not None
    return found


def gaussian(n: int, noise: float, trainings: int = 2) -> tuple[Floats, Floats]:
    """True values, and trainings of them."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=n)
    return truth, truth[:, None] + noise * rng.normal(size=(n, trainings))


@pytest.mark.parametrize("noise", [0.1, 0.5, 1.0])
def test_the_limit_is_what_perfect_knowledge_reaches(noise: float) -> None:
    truth, both = gaussian(4000, noise)
    found = limits(both)
    assert found.agreement.value == pytest.approx(kendall(both[:, 0], both[:, 1]))
    assert found.limit.value == pytest.approx(kendall(truth, both[:, 0]), abs=0.015)
    assert found.limit.low < kendall(truth, both[:, 0]) < found.limit.high
    assert found.agreement.low < found.agreement.value < found.agreement.high
    assert found.agreement.high < found.limit.low


def test_inside_the_top() -> None:
    truth, values = gaussian(4000, 0.3, trainings=3)
    both = values[:, :2]
    found = limits(both)
    assert found.top_agreement is not None
    assert found.top_limit is not None
    tops = [np.argsort(-both[:, k])[:400] for k in (0, 1)]
    each = [kendall(*both[top].T) for top in tops]
    assert found.top_agreement.value == pytest.approx(np.mean(each))
    best = np.argsort(-truth)[:400]
    third = np.argsort(-values[:, 2])[:400]  # in whose choice the two had no part
    assert found.top_agreement.value == pytest.approx(kendall(*both[third].T), abs=0.1)
    by_mean = np.argsort(-both.mean(1))[:400]  # where one is low if the other is high
    assert kendall(*both[by_mean].T) < found.top_agreement.value - 0.1
    assert found.top_limit.value == pytest.approx(kendall(truth[best], both[best, 0]), abs=0.05)
    worst = limits(-both, minimize=True)
    assert worst == found  # the top of a loss has its smallest values


def test_the_interval_holds_the_agreement_of_other_architectures() -> None:
    held = 0
    for part in np.split(gaussian(6000, 0.5)[1], 40):
        found = limits(part).agreement
        held += found.low < 2 / math.pi * math.asin(1 / 1.25) < found.high
    assert held >= 34  # of 40; 95 % are 38


def test_the_more_architectures_the_narrower_and_few_have_no_top() -> None:
    _, both = gaussian(16_000, 0.5)
    widths = [
        found.high - found.low
        for found in (limits(both[:n]).agreement for n in (1000, 4000, 16_000))
    ]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.3)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.3)
    assert limits(both[:300]) == limits(both[:300])
    few = limits(both[:99])
    assert (few.cells, few.top_agreement, few.top_limit) == (99, None, None)
    assert len(few.lines()) == 1
    assert len(limits(both[:100]).lines()) == 2


def test_trainings_that_do_not_agree_at_all() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=50)
    assert limits(np.stack([values, -values], axis=1)).limit.value == 0


def test_nb201_mini() -> None:
    bench = load("benchmark", "nb201-mini")
    twice = bench.recorded("val_accuracy", 1)
    a, b = (bench.query(twice, "val_accuracy", seed=seed) for seed in (0, 1))
    found = noise_limits(bench, ACCURACY)
    assert found is not None
    assert found.cells == len(twice) == 100
    assert found.agreement.value == kendall(a, b) == pytest.approx(0.761, abs=5e-4)
    assert found.limit.value == pytest.approx(0.830, abs=5e-4)


def test_numbers_have_the_minus_sign_of_pages() -> None:
    assert str(Estimate(0.382, -0.079, 0.905)) == "0.382 (−0.079 to 0.905)"


def test_nothing_where_nothing_was_trained_twice() -> None:
    class Once(TinyBenchmark):
        def recorded(self, metric: str, seed: int) -> Genes:
            return self.genes()[: 10 * (seed == 0)]

    class Function(TinyBenchmark):
        recorded = Benchmark.recorded

    assert noise_limits(Once(), ACCURACY) is None
    assert noise_limits(Function(), ACCURACY) is None


def test_limits_are_read_back_and_nothing_else_is() -> None:
    found = limits(gaussian(200, 0.5)[1])
    assert NoiseLimits.of_json(asdict(found)) == found
    for wrong in (
        [0.84, 100],
        {},
        {**asdict(found), "limit": None},
        {**asdict(found), "cells": {}},
    ):
        with pytest.raises(CorruptDataError, match="no limits of noise"):
            NoiseLimits.of_json(wrong)


@cache
def three_seeds(data: str) -> Floats:
    """``(n, 3)``: validation accuracies of the cells with three trainings."""
    if not SEEDS.is_file():
        pytest.skip("shared/data is not here")
    with gzip.open(SEEDS, "rt") as file:
        fields = [[row[f"val_{data}_{k}"] for k in range(3)] for row in csv.DictReader(file)]
    return np.array([list(map(float, row)) for row in fields if all(row)])


@pytest.mark.parametrize(
    ("data", "top"), [("cifar10", 0.72), ("cifar100", 0.55), ("imagenet16", 0.61)]
)
def test_a_third_training_agrees_with_two_as_well_as_is_foretold(data: str, top: float) -> None:
    """The mean of two trainings is no perfect predictor: its noise is half that of one.

    So what is foretold for it lies between the agreement and the limit: with correlation ρ of two
    trainings its correlation with a third is ρ·√2 / √(1 + ρ), where a perfect one has √ρ.
    """
    values = three_seeds(data)
    found = limits(values[:, :2])
    mean = values[:, :2].mean(1)
    reached = kendall(mean, values[:, 2])
    assert found.agreement.value < reached < found.limit.value
    between = math.sin(math.pi * found.agreement.value / 2)
    foretold = 2 / math.pi * math.asin(between * math.sqrt(2 / (1 + between)))
    assert reached == pytest.approx(foretold, abs=0.01)
    best = np.argsort(-mean)[: round(len(mean) / 10)]
    inside = kendall(mean[best], values[best, 2])
    assert found.top_limit is not None
    assert found.top_agreement is not None
    assert found.top_agreement.value < inside < found.top_limit.high
    assert found.top_limit.value == pytest.approx(top, abs=0.04)
    third = np.argsort(-values[:, 2])[: round(len(mean) / 10)]  # in whose top the two had no part
    assert found.top_agreement.value == pytest.approx(kendall(*values[third, :2].T), abs=0.06)
