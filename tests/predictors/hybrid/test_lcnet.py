import numpy as np
import pytest
import torch

from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.types import Floats, Genes, Objective
from nascast.predictors.hybrid.lcnet import LCNet, network, predictor
from nascast.predictors.hybrid.lcnet.residuals import Residuals
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.unique(BENCHMARK.space.canonical(BENCHMARK.genes()), axis=0)
ROWS = np.random.default_rng(0).permutation(GENES)
TRAIN, TEST = ROWS[:20], ROWS[20:]


def predicted(net: LCNet, train: Genes = TRAIN, benchmark: TinyBenchmark = BENCHMARK) -> Prediction:
    ledger = Ledger(benchmark, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        net.initialize(ledger, train, np.random.default_rng(0))
    with ledger.phase("query"):
        return net.query(ledger, TEST)


def test_the_basis_is_zero_at_the_end_so_that_one_output_is_the_end() -> None:
    weights = network._initial(2, 3, seed=0)
    x = torch.randn(4, 3, dtype=torch.float64)
    time = torch.tensor([0.1, 0.5, 1.0], dtype=torch.float64)
    found = network._forward(weights, x, time).mean
    w1, b1, w2, b2, w3, b3 = weights
    out = torch.tanh(torch.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3
    assert torch.allclose(found[:, :, -1], out[:, :, -3])
    assert not torch.allclose(found[:, :, 0], found[:, :, -1])


def test_members_in_one_batch_are_those_trained_alone() -> None:
    rng = np.random.default_rng(0)
    x, time = rng.normal(size=(6, 3)), np.array([0.2, 1.0])
    y = rng.normal(size=(6, 2))
    folds = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1]], dtype=bool)
    _, both = network.fit(x, y, time, folds, steps=20, seed=1)
    other = y.copy()
    other[4:] += 100.0  # of which the first member learns nothing
    _, changed = network.fit(x, other, time, folds, steps=20, seed=1)
    assert np.allclose(both[0], changed[0])
    assert not np.allclose(both[1], changed[1])


def test_the_end_given_the_beginning_is_the_conditional_normal() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 3))
    covariance = root @ root.T
    draws = rng.normal(size=(200_000, 3)) @ np.linalg.cholesky(covariance).T
    seen = np.array([[0.5, -1.0]])
    mean, variance = Residuals(covariance).end(seen)
    coefficients = np.linalg.lstsq(draws[:, :2], draws[:, 2], rcond=None)[0]
    assert mean[0] == pytest.approx(seen[0] @ coefficients, abs=0.02)
    assert variance == pytest.approx((draws[:, 2] - draws[:, :2] @ coefficients).var(), rel=0.05)


def test_the_covariance_of_many_residuals_is_theirs() -> None:
    rng = np.random.default_rng(0)
    left = rng.normal(size=(5000, 2)) * [1, 3]
    assert np.allclose(
        Residuals.of(left, rng.normal(size=(9, 2))).covariance, left.T @ left / 5000, atol=0.02
    )


def test_it_is_better_than_its_curve_alone_and_than_its_network_alone() -> None:
    true = BENCHMARK.query(TEST, "val_accuracy")
    found = predicted(LCNet(5))
    last = BENCHMARK.query(TEST, "val_accuracy", 5)
    assert np.corrcoef(found.mean, true)[0, 1] > np.corrcoef(last, true)[0, 1] - 0.02
    assert np.abs(found.mean - true).mean() < np.abs(last - true).mean()
    assert found.deviation is not None
    assert (np.abs(found.mean - true) <= 1.645 * found.deviation).mean() >= 0.8
    late = predicted(LCNet(9))
    assert np.abs(late.mean - true).mean() < np.abs(found.mean - true).mean()


def test_few_labels_equal_rows_and_constant_labels() -> None:
    assert np.allclose(
        predicted(LCNet(), TRAIN[:1]).mean, BENCHMARK.query(TRAIN[:1], "val_accuracy")
    )
    assert np.isfinite(predicted(LCNet(steps=5), TRAIN[:3]).mean).all()
    twice = np.repeat(TRAIN[:6], 2, axis=0)
    assert np.isfinite(predicted(LCNet(1, steps=5), twice).mean).all()


class Failed(TinyBenchmark):
    """The training of one architecture has no label."""

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        values = super().query(genes, metric, epochs, seed).copy()
        values[(genes == TRAIN[2]).all(1)] = np.nan
        return values


def test_a_label_that_failed_is_refused_with_its_row() -> None:
    with pytest.raises(CorruptDataError, match="training row 2"):
        predicted(LCNet(), TRAIN, Failed())
    with pytest.raises(InvalidSettingError, match="at least one labelled row"):
        predicted(LCNet(), TRAIN[:0])
    with pytest.raises(InvalidSettingError, match="at least 2 members"):
        LCNet(members=1)


@pytest.mark.parametrize("epochs", [1, 8, 98])
def test_knots_are_few_and_end_at_the_last_epoch(epochs: int) -> None:
    kept = predictor._chosen(np.arange(1, epochs + 1))
    assert kept[-1] == epochs - 1
    assert len(kept) == len(set(kept.tolist())) <= 16
