"""The Gaussian process against the formulas, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.types import Floats, Genes, Objective
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.predictors.model_based.gp import GaussianProcess
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.random.default_rng(0).permutation(BENCHMARK.genes())
TRAIN, TEST = GENES[:40], GENES[40:80]


def predict(predictor: GaussianProcess, train: Genes = TRAIN, seed: int = 0) -> Prediction:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(seed))
    with ledger.phase("query"):
        return predictor.query(ledger, TEST)


def features(genes: Genes) -> Floats:
    rows = BENCHMARK.space.canonical(genes)
    return np.asarray(AdjacencyOneHot().encode(BENCHMARK.space, rows), dtype=np.float64)


def test_the_studys_process_is_that_of_the_formulas() -> None:
    found = predict(GaussianProcess(**GaussianProcess.presets["study"]))
    y = BENCHMARK.query(TRAIN, "val_accuracy")
    kernel = ConstantKernel(5.0) * RBF(10.0) + WhiteKernel(1.0)
    plain = GaussianProcessRegressor(kernel, optimizer=None)
    plain.fit(features(TRAIN), (y - y.mean()) / y.std())
    mean, deviation = plain.predict(features(TEST), return_std=True)
    assert found.mean == pytest.approx(mean * y.std() + y.mean())
    assert found.deviation == pytest.approx(deviation * y.std())


def test_learned_parameters_are_more_likely_than_those_of_the_start() -> None:
    y = BENCHMARK.query(TRAIN, "val_accuracy")
    z = (y - y.mean()) / y.std()
    predictor = GaussianProcess(targets="labels")
    predict(predictor)
    model = predictor._model._model  # type: ignore[union-attr]
    learned = (
        model.covar_module.outputscale.item(),
        model.covar_module.base_kernel.lengthscale.item(),
        model.likelihood.noise.item(),
    )
    d = features(TRAIN).shape[1]

    def log_likelihood(variance: float, length: float, noise: float) -> float:
        kernel = ConstantKernel(variance) * RBF(length) + WhiteKernel(noise)
        plain = GaussianProcessRegressor(kernel, optimizer=None).fit(features(TRAIN), z)
        return float(plain.log_marginal_likelihood_value_)

    assert log_likelihood(*learned) > log_likelihood(1.0, np.sqrt(d) / 2, 0.1) + 1


def test_parameters_are_learned_on_some_rows_and_all_are_conditioned_on() -> None:
    some = predict(GaussianProcess(most=20))
    assert not np.array_equal(some.mean, predict(GaussianProcess()).mean)
    assert not np.array_equal(some.mean, predict(GaussianProcess(most=20), seed=1).mean)
    mean = predict(GaussianProcess(most=20, steps=0)).mean  # nothing to learn, nothing to draw
    assert np.array_equal(mean, predict(GaussianProcess(steps=0), seed=1).mean)
