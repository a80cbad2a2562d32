import numpy as np
import pytest

from nascast.core.errors import UnsupportedError
from nascast.core.ledger import Ledger
from nascast.core.predictor import PerformancePredictor
from nascast.core.types import Floats, Objective
from nascast.predictors.learning_curve.early_stop_accuracy import EarlyStopAccuracy
from nascast.predictors.learning_curve.early_stop_loss import EarlyStopLoss
from nascast.predictors.learning_curve.features import LastValue
from nascast.predictors.learning_curve.sotl import SoTL
from nascast.predictors.learning_curve.sotl_e import SoTLE
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.unique(BENCHMARK.space.canonical(BENCHMARK.genes()), axis=0)[::3]


def query(predictor: PerformancePredictor) -> tuple[Floats, float]:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, GENES[:0], np.random.default_rng(0))
    with ledger.phase("query"):
        scores = predictor.query(ledger, GENES).mean
    assert ledger.seconds["init"] == 0
    return scores, ledger.seconds["query"]


@pytest.mark.parametrize("epochs", [1, 4, 10])
def test_early_stopping_is_the_accuracy_after_some_epochs(epochs: int) -> None:
    scores, seconds = query(EarlyStopAccuracy(epochs))
    assert np.array_equal(scores, BENCHMARK.query(GENES, "val_accuracy", epochs))
    assert seconds == pytest.approx(BENCHMARK.seconds(GENES, epochs).sum())


@pytest.mark.parametrize("epochs", [1, 4, 10])
def test_sotl_e_is_minus_the_training_loss_of_one_epoch(epochs: int) -> None:
    scores, seconds = query(SoTLE(epochs))
    assert np.array_equal(scores, -BENCHMARK.query(GENES, "train_loss", epochs))
    assert seconds == pytest.approx(BENCHMARK.seconds(GENES, epochs).sum())


@pytest.mark.parametrize("epochs", [1, 4, 10])
def test_early_stopping_on_the_loss_is_minus_the_validation_loss(epochs: int) -> None:
    scores, _ = query(EarlyStopLoss(epochs))
    assert np.array_equal(scores, -BENCHMARK.query(GENES, "val_loss", epochs))


@pytest.mark.parametrize("epochs", [1, 4, 10])
def test_sotl_is_minus_the_sum_of_the_training_losses(epochs: int) -> None:
    scores, seconds = query(SoTL(epochs))
    losses = [BENCHMARK.query(GENES, "train_loss", e + 1) for e in range(epochs)]
    assert np.allclose(scores, -sum(losses))
    assert seconds == pytest.approx(BENCHMARK.seconds(GENES, epochs).sum())


@pytest.mark.parametrize("predictor", [EarlyStopAccuracy, EarlyStopLoss, SoTL, SoTLE])
def test_epochs_are_their_only_budget(predictor: type[PerformancePredictor]) -> None:
    assert predictor.axes == {"epochs"}
    scores, _ = query(predictor())
    five, _ = query(predictor(5))  # type: ignore[call-arg]
    assert np.array_equal(scores, five)
    with pytest.raises(UnsupportedError, match="after epoch 11"):
        query(predictor(11))  # type: ignore[call-arg]


def test_early_stopping_reads_what_the_labels_are_of() -> None:
    for objective, read, sign in (
        (Objective("val_loss", minimize=True), "val_loss", -1),
        (Objective("test_accuracy"), "val_accuracy", 1),
    ):
        ledger = Ledger(BENCHMARK, objective, clock=lambda: 0.0)
        with ledger.phase("query"):
            found = EarlyStopAccuracy(4).query(ledger, GENES).mean
        assert np.array_equal(found, sign * BENCHMARK.query(GENES, read, 4))


def test_the_last_value_of_a_curve_is_larger_for_the_better() -> None:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("query"):
        found = LastValue("val_loss", 3)(ledger, GENES)
    assert found.shape == (len(GENES), 1)
    assert np.array_equal(found[:, 0], -BENCHMARK.query(GENES, "val_loss", 3))
