"""NGBoost made cheaper predicts what NGBoost does."""

import pickle

import numpy as np
import pytest
from ngboost import NGBRegressor
from ngboost.distns import Normal as SlowNormal
from ngboost.manifold import manifold
from ngboost.scores import LogScore
from sklearn.tree import DecisionTreeRegressor

from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Objective
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.predictors.model_based.ngboost import NGBoost
from nascast.predictors.model_based.ngboost.regressor import Normal, regressor
from nascast.predictors.model_based.ngboost.settings import Settings
from nascast.testing.doubles import TinyBenchmark

FEW = {"n_estimators": 30}
SETTINGS = [
    Settings(**FEW),
    Settings(**FEW, max_depth=2, max_features=0.2, learning_rate=0.02, minibatch_frac=1.0),
    Settings(**FEW, max_depth=20, max_features=1.0, learning_rate=0.3, minibatch_frac=0.7),
]


def plain(n: int, seed: int, settings: Settings) -> NGBRegressor:
    tree = DecisionTreeRegressor(
        max_depth=settings.max_depth, max_features=settings.max_features, random_state=seed
    )
    return NGBRegressor(
        Base=tree,
        n_estimators=settings.n_estimators,
        learning_rate=settings.learning_rate,
        minibatch_frac=settings.minibatch_frac if n >= 20 else 1.0,
        verbose=False,
        random_state=seed,
    )


def rows(n: int, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    x = np.concatenate([rng.integers(0, 2, (n, 12)), rng.normal(size=(n, 2))], axis=1)
    return x, x @ rng.normal(size=14) + 0.3 * rng.normal(size=n)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("n", "seed"), [(2, 0), (7, 1), (20, 2), (80, 3), (80, 4)])
def test_mean_and_deviation_are_those_of_the_library(n: int, seed: int, settings: Settings) -> None:
    x, y = rows(n, seed)
    others, _ = rows(50, seed + 100)
    expected = plain(n, seed, settings).fit(x, y).pred_dist(others)
    model = regressor(n, seed, settings).fit(x, y)
    found = model.pred_dist(others)
    assert found.mean() == pytest.approx(expected.mean(), rel=1e-10)
    assert found.std() == pytest.approx(expected.std(), rel=1e-10)
    assert np.array_equal(model.predict(others), found.mean())


def test_loss_gradient_and_metric_are_those_of_the_library() -> None:
    rng = np.random.default_rng(0)
    parameters, y = rng.normal(size=(2, 40)), rng.normal(size=40)
    ours, theirs = (manifold(LogScore, kind)(parameters) for kind in (Normal, SlowNormal))
    assert ours.score(y) == pytest.approx(theirs.score(y), rel=1e-12)
    assert ours.metric() == pytest.approx(theirs.metric(), rel=1e-12)
    for natural in (True, False):
        expected = theirs.grad(y, natural)
        assert ours.grad(y, natural) == pytest.approx(expected, rel=1e-12)
    assert Normal.fit(y) == pytest.approx(SlowNormal.fit(y), rel=1e-12)
    assert ours[3:5].mean() == pytest.approx(parameters[0, 3:5])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_features_that_are_not_finite_are_refused(bad: float) -> None:
    x, y = rows(20, 0)
    model = regressor(20, 0, SETTINGS[0]).fit(x, y)
    x[3, 13] = bad
    with pytest.raises(ValueError, match=r"infinity|finite in single precision"):
        model.predict(x)
    with pytest.raises(ValueError, match=r"infinity|finite in single precision"):
        regressor(20, 0, SETTINGS[0]).fit(x, y)


def test_a_fitted_regressor_pickles() -> None:
    x, y = rows(20, 0)
    model = regressor(20, 0, SETTINGS[0]).fit(x, y)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(x), model.predict(x))


def test_the_predictor_is_an_encoding_and_the_regressor() -> None:
    benchmark = TinyBenchmark()
    genes = np.random.default_rng(0).permutation(benchmark.genes())
    train, test = genes[:40], genes[40:80]
    ledger = Ledger(benchmark, Objective("val_accuracy"), clock=lambda: 0.0)
    predictor = NGBoost(n_estimators=20, learning_rate=0.08127, targets="labels")
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(5))
    with ledger.phase("query"):
        found = predictor.query(ledger, test)
    y = benchmark.query(train, "val_accuracy")
    space, encode = benchmark.space, AdjacencyOneHot().encode
    model = plain(40, int(np.random.default_rng(5).integers(2**31)), Settings(20, max_depth=3))
    model.fit(encode(space, space.canonical(train)), (y - y.mean()) / y.std())
    expected = model.pred_dist(encode(space, space.canonical(test)))
    assert found.mean == pytest.approx(expected.mean() * y.std() + y.mean(), rel=1e-10)
    assert found.deviation is not None
    assert found.deviation == pytest.approx(expected.std() * y.std(), rel=1e-10)
