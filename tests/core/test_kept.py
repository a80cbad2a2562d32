"""What is made once and kept."""

import numpy as np

from nascast.core.kept import Kept
from nascast.core.ledger import Ledger
from nascast.core.types import Objective
from nascast.testing.doubles import TinyBenchmark

CALLS: list[float] = []


def slow_sum(values: np.ndarray, more: float = 0.0) -> float:
    CALLS.append(more)
    TIME[0] += 3.0
    return float(values.sum()) + more


TIME = [0.0]


def test_the_same_is_made_once_and_charged_each_time() -> None:
    CALLS.clear()
    kept, objective = Kept(), Objective("val_accuracy")
    seconds = []
    for more in (0.0, 0.0, 1.0):
        ledger = Ledger(TinyBenchmark(), objective, kept=kept, clock=lambda: TIME[0])
        with ledger.phase("init"):
            TIME[0] += 0.5
            assert ledger.learned(slow_sum, np.arange(4.0), more) == 6.0 + more
        seconds.append(ledger.seconds["init"])
    assert CALLS == [0.0, 1.0]
    assert seconds == [3.5, 3.5, 3.5]


def test_what_does_not_pickle_is_made_again() -> None:
    calls: list[int] = []
    kept = Kept()
    for _ in range(2):
        assert kept.of(lambda: 0.0, lambda: calls.append(1)) == (None, 0.0)
    assert len(calls) == 2
