import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.ledger import Ledger
from nascast.core.types import Batch, Objective
from nascast.testing.doubles import TinyBenchmark


@pytest.mark.parametrize("name", ["jacov", "synflow"])
def test_the_predictor_is_the_proxys_score(name: str) -> None:
    benchmark = TinyBenchmark()
    genes = benchmark.genes()[::40]
    batch = Batch.random(benchmark.task, 8)
    predictor, proxy = plugins.load("predictor", name), plugins.load("proxy", name)
    ledger = Ledger(benchmark, Objective("val_accuracy"), batch=batch)
    with ledger.phase("query"):
        scores, expected = predictor.query(ledger, genes), proxy(ledger, genes)[:, 0]
    assert np.array_equal(scores, expected)
    assert predictor.axes == frozenset()
    assert [type(feature) for feature in predictor.features] == [type(proxy)]
