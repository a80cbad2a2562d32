"""Random forests, against scikit-learn and sums over the trees."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.types import Floats, Genes, Objective
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.predictors.model_based.random_forest import RandomForest
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.random.default_rng(0).permutation(BENCHMARK.genes())
TRAIN, TEST = GENES[:40], GENES[40:90]


def fitted(predictor: RandomForest, train: Genes = TRAIN, seed: int = 4) -> Prediction:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(seed))
    with ledger.phase("query"):
        return predictor.query(ledger, TEST)


def by_hand(n: int, **settings: float) -> tuple[RandomForestRegressor, Floats]:
    """A forest of scikit-learn's on standardised labels, and the encoded test rows."""
    space, encode = BENCHMARK.space, AdjacencyOneHot().encode
    y = BENCHMARK.query(TRAIN[:n], "val_accuracy")
    state = int(np.random.default_rng(4).integers(2**31))
    forest = RandomForestRegressor(random_state=state, **settings)
    forest.fit(encode(space, space.canonical(TRAIN[:n])), (y - y.mean()) / y.std())
    return forest, encode(space, space.canonical(TEST)).astype(np.float64)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_mean_and_deviation_are_those_of_the_leaves(bootstrap: bool) -> None:
    settings = {"n_estimators": 12, "max_features": 0.4, "min_samples_leaf": 4}
    found = fitted(RandomForest(**settings, bootstrap=bootstrap, targets="labels"))  # type: ignore[arg-type]
    forest, x = by_hand(40, **settings, bootstrap=bootstrap)
    y = BENCHMARK.query(TRAIN, "val_accuracy")
    assert found.mean == pytest.approx(forest.predict(x) * y.std() + y.mean())
    means = np.array([tree.predict(x) for tree in forest.estimators_])
    within = [[tree.tree_.impurity[i] for i in tree.apply(x)] for tree in forest.estimators_]
    variance = means.var(axis=0) + np.mean(within, axis=0)
    assert found.deviation == pytest.approx(np.sqrt(variance) * y.std())


def test_leaves_shrink_where_labels_are_few() -> None:
    few = RandomForest(n_estimators=8, min_samples_leaf=19, min_samples_split=19, targets="labels")
    found = fitted(few, TRAIN[:6])
    settings = {"n_estimators": 8, "max_features": few.max_features, "min_samples_leaf": 1}
    forest, x = by_hand(6, **settings, bootstrap=False)
    y = BENCHMARK.query(TRAIN[:6], "val_accuracy")
    assert found.mean == pytest.approx(forest.predict(x) * y.std() + y.mean())
    assert len(np.unique(found.mean)) > 2


def test_equal_architectures_with_different_labels_are_averaged() -> None:
    model = RandomForest(n_estimators=3, targets="labels").regressor(3, np.random.default_rng(0))
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    model.fit(rows, np.array([1.0, 3.0, -4.0]))
    mean, deviation = model.predict_normal(rows[:1])  # type: ignore[attr-defined]
    assert mean == pytest.approx([2.0])
    assert deviation == pytest.approx([1.0])


def test_the_studys_settings_are_those_of_its_benchmark() -> None:
    study = RandomForest(**RandomForest.presets["study"])
    assert (study.n_estimators, round(study.max_features, 5)) == (116, 0.17056)
    assert (study.min_samples_leaf, study.min_samples_split, study.bootstrap) == (2, 2, False)
