"""Aggregates of ranks against SciPy's ranks, and what they do with scores that are NaN."""

import math

import numpy as np
import pytest
from scipy.stats import rankdata

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.types import Batch, Floats, ImageTask, Objective
from nascast.predictors.zero_cost.az_nas import AzNas
from nascast.predictors.zero_cost.vkdnw_agg import VkdnwAgg
from nascast.spaces.nasbench201 import NasBench201
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
ROWS = np.random.default_rng(0).permutation(BENCHMARK.genes())
NONE = ROWS[:0]


def ledger() -> Ledger:
    batch = Batch.random(BENCHMARK.task, 8)
    return Ledger(BENCHMARK, Objective("val_accuracy"), batch=batch)


def ranked(reference: Floats, value: float) -> float:
    """Returns the logarithm of the share of a value's rank in the reference and itself."""
    scores = np.nan_to_num([*reference, value], nan=-1e300)
    return math.log((rankdata(scores)[-1] - 0.5) / (len(reference) + 1))


def test_scores_that_are_not_defined_rank_last() -> None:
    """Those of a cell without a path, which one of the reference has as few multiply-adds as."""

    class Records(TinyBenchmark):
        def __init__(self) -> None:
            super().__init__()
            self.space = NasBench201()
            self.task = ImageTask((3, 8, 8), 3, {"channels": 4, "cells": 1, "stages": 2})

    log, predictor = Ledger(Records(), Objective("val_accuracy")), AzNas(5)
    with log.phase("init"):
        predictor.initialize(log, NONE, np.random.default_rng(0))
    with log.phase("query"):
        cells = np.asarray([[0] * 6, [0, 0, 0, 3, 0, 0]], dtype=np.int16)
        dead, alive = predictor.query(log, cells).mean
    assert dead == pytest.approx(3 * math.log(0.5 / 6) + math.log(1 / 6))
    assert alive > dead


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        (AzNas, ("expressivity", "progressivity", "trainability", "flops")),
        (VkdnwAgg, ("vkdnw", "jacov", "expressivity", "trainability", "flops")),
    ],
)
def test_logarithms_of_ranks_add_up(kind: type[AzNas | VkdnwAgg], parts: tuple[str, ...]) -> None:
    log, predictor, test = ledger(), kind(12, seed=1), ROWS[:5]
    with log.phase("init"):
        predictor.initialize(log, NONE, np.random.default_rng(4))
    with log.phase("query"):
        found = predictor.query(log, test).mean
        proxies = [plugins.load("proxy", name, seed=1) for name in parts]
        drawn = BENCHMARK.space.sample(12, np.random.default_rng(4))
        reference, scores = log.scores(proxies, drawn), log.scores(proxies, test)
    expected = [
        sum(ranked(column, value) for column, value in zip(reference.T, row, strict=True))
        for row in scores
    ]
    assert np.allclose(found, expected)


def test_it_pays_for_the_reference_and_then_for_what_it_is_asked() -> None:
    log, predictor = ledger(), AzNas(3)
    with log.phase("init"):
        predictor.initialize(log, NONE, np.random.default_rng(0))
    assert log.seconds["init"] > 0
    assert not log.trained


def test_before_initialization_there_is_nothing_to_rank_among() -> None:
    log = ledger()
    with log.phase("query"), pytest.raises(InvalidSettingError, match="initialize"):
        AzNas().query(log, ROWS[:1])
    with pytest.raises(InvalidSettingError, match="1 architecture or more"):
        VkdnwAgg(0)
