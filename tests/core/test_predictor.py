"""The two shapes of predictors, on a regressor and features whose results are known."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.feature import Encoding, Feature
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import (
    FeaturePredictor,
    ModelPredictor,
    PerformancePredictor,
    Proxy,
    Regressor,
)
from nascast.core.space import SearchSpace
from nascast.core.types import Batch, Floats, Genes, Objective
from nascast.proxies.passes import Passes
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark(noise=0.0)
GENES = np.random.default_rng(0).permutation(BENCHMARK.genes())


class Linear:
    """Least squares with an intercept; keeps what it was fitted on."""

    def fit(self, X: Floats, y: Floats) -> None:
        self.X, self.y = X, y
        self.weights = np.linalg.lstsq(np.c_[X, np.ones(len(X))], y, rcond=None)[0]

    def predict(self, X: Floats) -> Floats:
        self.seen = X
        return np.asarray(np.c_[X, np.ones(len(X))] @ self.weights)


class Columns:
    """A feature that is the given columns, for the rows in order of `GENES`."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values, dtype=np.float64)

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        index = [int((row == GENES).all(1).argmax()) for row in genes]
        return self.values[index]


class Onehot(Encoding):
    def encode(self, space: SearchSpace, genes: Genes) -> Any:
        return (genes[:, :, None] == np.arange(3)).reshape(len(genes), -1).astype(np.float32)


def ledger() -> Ledger:
    return Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)


def fit(predictor: PerformancePredictor, train: Genes) -> None:
    log = ledger()
    with log.phase("init"):
        predictor.initialize(log, train, np.random.default_rng(0))


def query(predictor: PerformancePredictor, genes: Genes) -> Floats:
    log = ledger()
    with log.phase("query"):
        return predictor.query(log, genes).mean


class Model(ModelPredictor):
    """Features and what `make` makes."""

    def __init__(self, features: Sequence[Feature], make: Callable[..., Regressor]) -> None:
        super().__init__(features)
        self.make = make

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        return self.make(n, rng)


def model(*features: Any) -> tuple[ModelPredictor, list[Linear]]:
    made: list[Linear] = []

    def regressor(n: int, rng: np.random.Generator) -> Regressor:
        made.append(Linear())
        return made[-1]

    return Model(features, regressor), made


def test_a_linear_truth_is_predicted_exactly() -> None:
    truth = BENCHMARK.query(GENES, "val_accuracy")
    others = np.random.default_rng(1).standard_normal((len(GENES), 2))
    predictor, _ = model(Columns(others), Columns(3 * truth[:, None] - 7))
    fit(predictor, GENES[:10])
    assert query(predictor, GENES[10:]) == pytest.approx(truth[10:], rel=1e-9)


def test_the_regressor_sees_standardised_labels() -> None:
    predictor, made = model(Onehot())
    fit(predictor, GENES[:12])
    labels = BENCHMARK.query(GENES[:12], "val_accuracy")
    assert made[0].y == pytest.approx((labels - labels.mean()) / labels.std())
    assert made[0].y.mean() == pytest.approx(0, abs=1e-12)
    assert made[0].y.std() == pytest.approx(1)


def test_features_are_joined_in_their_order() -> None:
    first, second = np.arange(len(GENES))[:, None] * [1.0, 2.0], np.arange(len(GENES))[:, None] * 5
    features = Columns(first), Columns(second)
    predictor, made = model(*features)
    fit(predictor, GENES[:4])
    assert made[0].X.tolist() == [[i, 2 * i, 5 * i] for i in range(4)]
    assert predictor.features == features


def test_what_is_not_finite_becomes_the_training_median() -> None:
    nan, inf = np.nan, np.inf
    values = np.zeros((len(GENES), 3))
    train = [[1, nan, inf], [5, 2, 1], [nan, 4, -inf], [2, 9, 3], [100, inf, nan]]
    values[:8] = np.asarray([*train, [nan, nan, nan], [inf, -inf, 7], [8, 8, 8]])
    predictor, made = model(Columns(values))
    fit(predictor, GENES[:5])
    # Medians of the finite ones: of 1, 5, 2, 100; of 2, 4, 9; of 1, 3.
    assert made[0].X.tolist() == [[1, 4, 2], [5, 2, 1], [3.5, 4, 2], [2, 9, 3], [100, 4, 2]]
    query(predictor, GENES[5:8])
    assert made[0].seen.tolist() == [[3.5, 4, 2], [3.5, 4, 7], [8, 8, 8]]


def test_a_column_that_is_never_finite_becomes_zero() -> None:
    values = np.full((len(GENES), 2), np.nan)
    values[:, 0] = np.arange(len(GENES))
    predictor, made = model(Columns(values))
    fit(predictor, GENES[:6])
    assert made[0].X[:, 1].tolist() == [0] * 6
    assert np.isfinite(query(predictor, GENES)).all()


def test_with_constant_labels_the_constant_is_predicted_without_a_model() -> None:
    constant = TinyBenchmark(spread=0.0, noise=0.0)
    log = Ledger(constant, Objective("val_accuracy"), clock=lambda: 0.0)
    predictor, made = model(Onehot())
    with log.phase("init"):
        predictor.initialize(log, GENES[:9], np.random.default_rng(0))
    assert not made
    assert query(predictor, GENES[9:12]).tolist() == pytest.approx([30.0] * 3)


def test_constant_labels_whose_mean_is_rounded_are_constant() -> None:
    assert np.full(3, 0.1).std() > 0

    class Tenth(TinyBenchmark):
        def query(self, genes: Genes, *asked: Any, **also: Any) -> Floats:
            return np.full(len(genes), 0.1)

    log = Ledger(Tenth(), Objective("val_accuracy"), clock=lambda: 0.0)
    predictor, made = model(Onehot())
    with log.phase("init"):
        predictor.initialize(log, GENES[:3], np.random.default_rng(0))
    assert not made


def test_with_one_label_it_is_predicted_for_all() -> None:
    predictor, made = model(Onehot())
    fit(predictor, GENES[:1])
    assert not made
    label = float(BENCHMARK.query(GENES[:1], "val_accuracy")[0])
    assert query(predictor, GENES).tolist() == [label] * len(GENES)


def test_after_one_label_nothing_is_left_of_an_earlier_model() -> None:
    predictor, _ = model(Onehot())
    fit(predictor, GENES[:20])
    fit(predictor, GENES[:1])
    assert len(set(query(predictor, GENES).tolist())) == 1


def test_without_labels_there_is_nothing_to_learn() -> None:
    predictor, _ = model(Onehot())
    with pytest.raises(InvalidSettingError, match="at least one labelled row"):
        fit(predictor, GENES[:0])


def test_every_fit_gets_a_new_regressor_for_its_size_and_generator() -> None:
    seen: list[tuple[int, float]] = []

    def regressor(n: int, rng: np.random.Generator) -> Regressor:
        seen.append((n, rng.random()))
        return Linear()

    predictor = Model([Onehot()], regressor)
    for n in (5, 9, 5):
        fit(predictor, GENES[:n])
    first = np.random.default_rng(0).random()
    assert seen == [(5, first), (9, first), (5, first)]


def test_predictions_of_any_shape_and_type_are_flattened() -> None:
    class Stacked(Linear):
        def predict(self, X: Floats) -> Any:
            return super().predict(X).astype(np.float32)[:, None]

    predictor = Model([Onehot()], lambda n, rng: Stacked())
    fit(predictor, GENES[:30])
    found = query(predictor, GENES[:7])
    assert found.shape == (7,)
    assert found.dtype == np.float64


def test_a_feature_is_a_predictor_of_one_column() -> None:
    values = np.random.default_rng(0).standard_normal((len(GENES), 1))
    predictor = FeaturePredictor(Columns(values))
    fit(predictor, GENES[:3])
    assert query(predictor, GENES[:9]).tolist() == values[:9, 0].tolist()
    assert predictor.axes == frozenset()


def test_an_encoding_is_a_feature_in_float64() -> None:
    found = Onehot()(ledger(), GENES[:4])
    assert found.dtype == np.float64
    assert found.shape == (4, 15)


class Weights(Proxy):
    """Larger for worse networks, as its sign says."""

    name = "weights"
    sign = -1

    def score(self, passes: Passes) -> float:
        return float(sum(p.numel() for p in passes.network().parameters()) * 10**self.seed)


class Kernels(Proxy):
    """A second proxy."""

    name = "kernels"

    def score(self, passes: Passes) -> float:
        return float(len(list(passes.network().modules())))


def with_batch(size: int = 4) -> Ledger:
    batch = Batch.random(BENCHMARK.task, size)
    return Ledger(BENCHMARK, Objective("val_accuracy"), batch=batch, clock=lambda: 0.0)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_proxy_is_a_feature_of_one_column_turned_by_its_sign(seed: int) -> None:
    log = with_batch()
    with log.phase("query"):
        found = Weights(seed)(log, GENES[:6])
    assert found[:, 0].tolist() == (-BENCHMARK.query(GENES[:6], "parameters") * 10.0**seed).tolist()


def test_a_proxy_is_a_predictor_as_it_stands() -> None:
    proxy, log = Weights(), with_batch()
    with log.phase("query"):
        found = proxy.query(log, GENES[:6])
        assert found.mean.tolist() == proxy(log, GENES[:6])[:, 0].tolist()
    assert found.deviation is None
    assert proxy.features == (proxy,)
    assert proxy.axes == frozenset()


def test_proxies_among_features_keep_their_places_and_signs() -> None:
    predictor, made = model(Weights(), Onehot(), Kernels())
    log = with_batch()
    with log.phase("init"):
        predictor.initialize(log, GENES[:9], np.random.default_rng(0))
        apart = [feature(log, GENES[:9]) for feature in predictor.features]
    assert np.array_equal(made[0].X, np.concatenate(apart, axis=1))
    assert (made[0].X[:, 0] < 0).all()


def test_a_regressor_with_two_moments_gives_deviations_on_the_scale_of_the_labels() -> None:
    class Normal(Linear):
        def predict_normal(self, X: Floats) -> tuple[Floats, Floats]:
            return self.predict(X), np.full(len(X), 2.0)

    predictor = Model([Onehot()], lambda n, rng: Normal())
    fit(predictor, GENES[:30])
    log = ledger()
    with log.phase("query"):
        found = predictor.query(log, GENES[30:40])
    labels = BENCHMARK.query(GENES[:30], "val_accuracy")
    assert found.deviation is not None
    assert found.deviation == pytest.approx(np.full(10, 2 * labels.std()))
    assert found.mean.std() > 0


def test_a_label_that_is_not_a_number_is_refused_with_its_row() -> None:
    class Failed(TinyBenchmark):
        def query(self, genes: Genes, *how: Any, **more: Any) -> Floats:
            values = super().query(genes, *how, **more)
            values[2] = np.nan
            return values

    log = Ledger(Failed(), Objective("val_accuracy"), clock=lambda: 0.0)
    predictor, _ = model(Onehot())
    with pytest.raises(CorruptDataError, match=r"training row 2, .* is nan"), log.phase("init"):
        predictor.initialize(log, GENES[:5], np.random.default_rng(0))


def test_a_proxys_key_tells_seed_task_and_data_apart() -> None:
    keys = set()
    for seed in (0, 1):
        for size in (4, 8):
            key = Weights(seed).key(with_batch(size))
            assert str(BENCHMARK.task) in key
            keys.add(key)
    assert len(keys) == 4


def test_a_prediction_is_of_one_shape() -> None:
    assert len(Prediction(np.zeros(3), np.ones(3))) == 3
    for mean, deviation in (([[1.0]], None), ([1.0], [1.0, 2.0]), ([1.0], [-1.0])):
        with pytest.raises(InvalidSettingError, match="deviation"):
            Prediction(np.asarray(mean), None if deviation is None else np.asarray(deviation))
