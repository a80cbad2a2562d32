from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nascast.core.correlation import kendall
from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.spec import Spec
from nascast.core.types import Batch, Floats, Objective
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.predictors.hybrid.omni import Omni
from nascast.predictors.hybrid.omni.linear import Linear
from nascast.predictors.hybrid.omni.mean import Mean
from nascast.predictors.hybrid.omni.process import Process
from nascast.predictors.hybrid.omni.scaled import Scaler, scaled
from nascast.predictors.hybrid.omni.search import SearchedNGBoost
from nascast.predictors.model_based.ngboost import NGBoost
from nascast.predictors.model_based.xgboost import XGBoost
from nascast.proxies.jacov import JacobianCovariance
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.unique(BENCHMARK.space.canonical(BENCHMARK.genes()), axis=0)
ROWS = np.random.default_rng(0).permutation(GENES)


class Stump:
    """A regressor of the last column, by ±1 around its training mean."""

    def fit(self, X: Floats, y: Floats) -> "Stump":
        high = X[:, -1] > 0
        self.high, self.low = (
            float(y[side].mean()) if side.any() else 0.0 for side in (high, ~high)
        )
        return self

    def predict(self, X: Floats) -> Floats:
        return np.where(X[:, -1] > 0, self.high, self.low)


def rows(n: int, noise: float = 0.1, step: float = 0.0) -> tuple[Floats, Floats]:
    """Two curve statistics, a proxy of another scale, and a column that may add a step."""
    rng = np.random.default_rng(3)
    quality = rng.normal(size=n)
    x = np.column_stack(
        [
            quality + 0.3 * rng.normal(size=n),
            5 * (quality + 2.0 * rng.normal(size=n)),
            np.exp(20 * rng.normal(size=n)),
            rng.choice([-1.0, 1.0], size=n),
        ]
    )
    return x, quality + noise * rng.normal(size=n) + step * x[:, -1]


def mean(**counts: int) -> Mean:
    return Mean(counts.get("curves", 2), counts.get("proxies", 1), lambda n, seed: Stump(), seed=0)


def predicted(omni: Omni, n: int = 20, objective: Objective | None = None) -> Prediction:
    ledger = Ledger(
        BENCHMARK, objective or Objective("val_accuracy"), batch=Batch.random(BENCHMARK.task, 8)
    )
    with ledger.phase("init"):
        omni.initialize(ledger, ROWS[:n], np.random.default_rng(0))
    with ledger.phase("query"):
        return omni.query(ledger, ROWS[20:])


def test_it_reads_evidence_of_three_families() -> None:
    omni = Omni(epochs=3)
    assert omni.axes == {"train_size", "epochs"}
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    loss, accuracy, proxy, encoding = omni.features
    assert isinstance(encoding, AdjacencyOneHot)
    assert isinstance(proxy, JacobianCovariance)
    with ledger.phase("query"):
        found = [curve(ledger, GENES)[:, 0] for curve in (loss, accuracy)]
    assert np.array_equal(found[0], -BENCHMARK.query(GENES, "train_loss", 3))
    assert np.array_equal(found[1], BENCHMARK.query(GENES, "val_accuracy", 3))


def test_errors_on_left_out_rows_in_closed_form() -> None:
    x, y = rows(30)
    line = Linear.of(x, y, (0,))
    left = cross_val_predict(LinearRegression(), x[:, :1], y, cv=LeaveOneOut())
    assert np.allclose(line.held, left)
    both = Linear.of(x, y, (0, 1))
    z = StandardScaler().fit_transform(x[:, :2])
    fits = [Ridge(p).fit(z, y) for p in (0.1, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)]
    assert any(np.allclose(both.predict(x), fit.predict(z)) for fit in fits)


def test_a_score_that_points_the_other_way_is_not_believed() -> None:
    x, _ = rows(60)
    y = -x[:, 0]
    rest = np.arange(60) != 3
    left = Linear.of(x[rest], y[rest], (0,)).predict(x[[3]])
    line = Linear.of(x, y, (0,))
    assert line.flat
    assert not Linear.of(x, -y, (0,)).flat
    assert 0 < np.ptp(line.predict(np.arange(4.0)[:, None])) < 0.1
    assert (np.diff(line.predict(np.arange(4.0)[:, None])) > 0).all()  # larger is better
    assert np.isclose(Linear.of(x, y, (0,)).held[3], left[0], atol=1e-3)
    found, deviation = mean().fit(x, y).predict_normal(x)
    assert deviation[0] > 0.7 * np.sqrt(np.mean((y - found) ** 2))


def test_order_of_predictions_follows_the_order_of_labels_alone() -> None:
    x, y = rows(100, step=1.0)
    far = np.where(y == y.min(), -1e3, np.exp(y))  # the same order, and one far below all others
    one, other = (Omni().regressor(100, np.random.default_rng(0)).fit(x, u) for u in (y, far))
    order = np.argsort(one.predict(x), kind="stable")
    assert (np.diff(other.predict(x)[order]) >= 0).all()


def test_the_mean_follows_a_curve_that_tells_all_and_else_what_is_learned() -> None:
    x, _ = rows(60)
    told = mean().fit(x, x[:, 0])
    assert told.weights.tolist() == [1]  # that of its line
    assert np.allclose(told.predict(x), x[:, 0])
    stepped = mean().fit(x, x[:, -1])
    fresh = rows(200)[0]
    assert kendall(stepped.predict(fresh), fresh[:, -1]) > 0.7  # most pairs are ties
    assert np.isclose(stepped.weights.sum(), 1)


def test_a_curve_with_failed_trainings_counts_by_its_normal_scores() -> None:
    _, y = rows(40)
    x = np.random.default_rng(1).normal(size=(40, 4))
    x[:, 0] = np.where(y < np.median(y), -1e3 + np.exp(3 * y), np.exp(3 * y))
    assert kendall(mean(curves=1).fit(x, y).predict(x), y) > 0.95


def test_the_mean_of_parts_that_complement_each_other() -> None:
    x, y = rows(200, step=1.0)
    found, (fresh, true) = mean().fit(x[:100], y[:100]), (x[100:], y[100:])
    predicted, deviation = found.predict_normal(fresh)
    line = Linear.of(x[:100], y[:100], (0,)).predict(fresh)
    assert np.abs(predicted - true).mean() < 0.6 * np.abs(line - true).mean()
    assert 0.75 < (np.abs(predicted - true) <= 1.645 * deviation).mean() < 1


def test_a_process_knows_its_errors_on_left_out_rows() -> None:
    x, y = rows(30)
    found = Process((0, 1), seed=0).fit(x[:, [0, 1, 3]], y)
    kernel = found._kernel(x[:, [0, 1, 3]]) + found._found.noise * np.eye(30)
    rest = np.arange(30) != 7
    u = y - y.mean()
    left = kernel[7, rest] @ np.linalg.solve(kernel[np.ix_(rest, rest)], u[rest]) + y.mean()
    assert np.isclose(found.held[7], left)


def test_a_process_finds_what_is_linear_and_what_is_near() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(80, 3))
    y = 3 * x[:, 0] + 0.3 * np.sin(3 * x[:, 1])
    found = Process((0,), seed=0).fit(x, y)
    far = np.array([[3.0, 0.0, 0.0]])  # a line goes on where no row is near
    assert found.predict(far)[0] > y.max() + 1
    assert np.abs(Process((), seed=0).fit(x, y).predict(x) - y).max() < 0.5
    many = rng.uniform(-1, 1, size=(450, 3))
    assert np.abs(found.fit(many, many[:, 0]).held - many[:, 0]).max() < 0.3


@pytest.mark.parametrize("n", [2, 3, 7])
def test_with_few_rows_the_first_score_is_believed(n: int) -> None:
    x, y = rows(50)
    found = mean().fit(x[:n], y[:n])
    order = np.argsort(x[:, 0])
    assert (np.diff(found.predict(x)[order]) > 0).all()
    assert np.isfinite(found.predict_normal(x)[1]).all()


def test_far_proxies_and_constant_columns_do_no_harm() -> None:
    x, y = rows(100)
    x[:, 1] = 4.0
    asked = x.copy()
    asked[:, 1:3] = 1e30
    assert np.abs(mean().fit(x, y).predict(asked) - y).max() < 3


def test_scaling_is_that_of_the_training_rows() -> None:
    x, y = rows(40)
    pipeline = make_pipeline(StandardScaler(), Ridge(1.0)).fit(x[:20], y[:20])
    assert np.allclose(
        scaled(Ridge(1.0)).fit(x[:20], y[:20]).predict(x[20:]), pipeline.predict(x[20:])
    )
    assert np.allclose(Scaler.of(x[:20])(x[:20]).std(0), 1)


def test_the_search_takes_the_best_of_its_draws() -> None:
    x, y = rows(30)
    x[:, 2] = np.log(x[:, 2])
    found = SearchedNGBoost(3, seed=0).fit(x, y)
    assert len(found.tried) == 3
    chosen = found.tried.index(min(found.tried))
    rng = np.random.default_rng(0)
    drawn = [found._draw(30, rng) for _ in range(3)][chosen]
    assert found._model is not None
    assert found._model.n_estimators == drawn[0].n_estimators
    assert found._model.Base.min_samples_leaf == drawn[1]["min_samples_leaf"] <= 9
    assert SearchedNGBoost(3, seed=0).fit(x[:5], y[:5]).tried == []


@pytest.mark.parametrize("preset", ["study", "untuned"])
def test_presets_have_one_curve_statistic_and_ngboost(preset: str) -> None:
    settings: dict[str, Any] = dict(Omni.presets[preset])
    if settings.get("draws"):
        settings["draws"] = 2
    omni = Omni(**settings)
    assert len(omni.features) == 3
    found = predicted(omni)
    assert found.deviation is not None
    assert len(np.unique(found.deviation)) > 1  # NGBoost's own
    assert Spec.of("predictor", omni).load("predictor").draws == omni.draws


def test_trees_are_as_they_were_chosen() -> None:
    """Whatever XGBoost and NGBoost do by default on the encoding alone."""
    trees = Omni()._model_predictor
    assert isinstance(trees, XGBoost)
    assert (trees.n_estimators, trees.max_depth, trees.targets) == (200, 3, "labels")
    untuned = Omni(**Omni.presets["untuned"])._model_predictor
    assert isinstance(untuned, NGBoost)
    assert (untuned.n_estimators, untuned.max_depth, untuned.targets) == (505, 6, "labels")


def test_any_features_and_regressor() -> None:
    omni = Omni(
        encodings=("wl", "path"), proxies=("synflow", "jacov"), curves=("lce", "sotl"),
        model="xgboost(n_estimators=20)", lines=False,
    )  # fmt: skip
    assert np.isfinite(predicted(omni).mean).all()
    bare = Omni(encodings=(), proxies=(), curves=("early_stop_accuracy",))
    assert np.isfinite(predicted(bare, 3).mean).all()


def test_losses_are_predicted_on_their_scale() -> None:
    found = predicted(Omni(), objective=Objective("val_loss", minimize=True))
    true = -BENCHMARK.query(ROWS[20:], "val_loss")
    assert np.abs(found.mean - true).mean() < true.std()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "jacov"}, "model should be a model-based predictor"),
        ({"draws": 5}, "of model=ngboost"),
        ({"draws": -1}, "not be negative"),
        ({"curves": ("xgboost",)}, "read curves alone; got xgboost"),
        ({"curves": (), "proxies": ()}, "at least one curve statistic or proxy"),
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        Omni(**settings)
