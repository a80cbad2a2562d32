import numpy as np
import pytest
from xgboost import XGBRegressor

from nascast.core.errors import UnknownComponentError
from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Objective
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.predictors.model_based.xgboost import XGBoost
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.random.default_rng(0).permutation(BENCHMARK.genes())
TRAIN, TEST = GENES[:40], GENES[40:80]


def scores(predictor: XGBoost, seed: int = 0) -> Floats:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, TRAIN, np.random.default_rng(seed))
    with ledger.phase("query"):
        return predictor.query(ledger, TEST).mean


def by_hand(settings: dict[str, float], seed: int) -> Floats:
    """XGBoost on the encoding and standardised labels, with the seed a predictor draws first."""
    space, encode = BENCHMARK.space, AdjacencyOneHot().encode
    y = BENCHMARK.query(TRAIN, "val_accuracy")
    state = int(np.random.default_rng(seed).integers(2**31))
    model = XGBRegressor(random_state=state, n_jobs=1, **settings)
    model.fit(encode(space, space.canonical(TRAIN)), (y - y.mean()) / y.std())
    z = model.predict(encode(space, space.canonical(TEST))).astype(np.float64)
    return np.asarray(z * y.std() + y.mean())


def test_settings_and_seed_reach_the_trees() -> None:
    settings = {"n_estimators": 20, "max_depth": 3, "learning_rate": 0.2, "subsample": 0.7}
    given = XGBoost(**settings, colsample_bytree=0.5, targets="labels")  # type: ignore[arg-type]
    expected = by_hand({**settings, "colsample_bytree": 0.5}, seed=4)
    assert scores(given, seed=4) == pytest.approx(expected, rel=1e-5)
    assert not np.array_equal(scores(given, seed=5), scores(given, seed=4))


def test_the_studys_settings_change_the_prediction() -> None:
    studied = XGBoost(n_estimators=30, **XGBoost.presets["study"])
    ours = XGBoost(n_estimators=30)
    assert not np.allclose(scores(studied), scores(ours))
    with pytest.raises(TypeError):
        XGBoost.presets["study"] = {}  # type: ignore[index]


def test_the_encoding_is_chosen_by_name() -> None:
    assert isinstance(XGBoost("adjacency-one-hot").features[0], AdjacencyOneHot)
    with pytest.raises(UnknownComponentError, match="unknown encoding 'one_hot'"):
        XGBoost("one_hot")
