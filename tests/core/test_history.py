import math

import numpy as np
import pytest

from nascast.core.history import History
from nascast.core.types import Architecture, Candidate, Evaluation, Objective, Trial


def trial(k: int, epochs: int | None = None, **metrics: float) -> Trial:
    candidate = Candidate(Architecture("tiny", (k, 2 * k)), epochs)
    return Trial(k, candidate, Evaluation(metrics, 1.0), float(k))


def test_columns_in_the_order_of_telling() -> None:
    history = History(2, [Objective("accuracy"), Objective("loss", minimize=True)])
    history.extend([trial(3, accuracy=70.0, loss=0.5), trial(1, 4, accuracy=80.0)])
    assert history.genes.tolist() == [[3, 6], [1, 2]]
    assert history.genes.dtype == np.int16
    assert history.epochs.tolist() == [-1, 4]
    assert history.scores[0].tolist() == [70.0, -0.5]
    assert history.scores[1, 0] == 80.0
    assert math.isnan(history.scores[1, 1])
    assert [t.id for t in history.trials] == [3, 1]


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 32, 33, 200])
def test_growing_keeps_everything(count: int) -> None:
    history = History(2, [Objective("accuracy")])
    for k in range(count):
        history.extend([trial(k, accuracy=float(k))])
    at_once = History(2, [Objective("accuracy")])
    at_once.extend(trial(k, accuracy=float(k)) for k in range(count))
    for one in (history, at_once):
        assert len(one) == count
        assert one.genes.tolist() == [[k, 2 * k] for k in range(count)]
        assert one.scores.tolist() == [[k] for k in range(count)]
        assert one.epochs.tolist() == [-1] * count


def test_the_best_come_first_ties_in_order_and_failures_never() -> None:
    history = History(2, [Objective("loss", minimize=True), Objective("accuracy")])
    nan = math.nan
    for k, loss in enumerate([2.0, nan, 1.0, 1.0, 3.0]):
        history.extend([trial(k, loss=loss, accuracy=float(k))])
    assert history.best().tolist() == [2]
    assert history.best(3).tolist() == [2, 3, 0]
    assert history.best(99).tolist() == [2, 3, 0, 4]


def test_without_a_success_there_is_no_best() -> None:
    history = History(2, [Objective("accuracy")])
    assert history.best().tolist() == []
    history.extend([trial(0)])
    assert history.best().tolist() == []
