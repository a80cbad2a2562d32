"""LightGBM on an encoding, against LightGBM by hand."""

import lightgbm
import numpy as np
import pytest

from nascast.core.ledger import Ledger
from nascast.core.types import Floats, Genes, Objective
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.predictors.model_based.lightgbm import LightGbm
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.random.default_rng(0).permutation(BENCHMARK.genes())
TRAIN, TEST = GENES[:48], GENES[48:90]


def scores(predictor: LightGbm, train: Genes = TRAIN, seed: int = 4) -> Floats:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(seed))
    with ledger.phase("query"):
        return predictor.query(ledger, TEST).mean


def test_settings_and_seed_reach_the_trees() -> None:
    made = LightGbm(
        n_estimators=30,
        num_leaves=7,
        learning_rate=0.2,
        colsample_bytree=0.5,
        targets="labels",
    )
    space, encode = BENCHMARK.space, AdjacencyOneHot().encode
    y = BENCHMARK.query(TRAIN, "val_accuracy")
    settings = {
        **{"objective": "regression", "num_leaves": 7, "learning_rate": 0.2, "verbosity": -1},
        **{"feature_fraction": 0.5, "bagging_fraction": 0.8, "bagging_freq": 5, "num_threads": 1},
        **{"min_data_in_leaf": 5, "min_data_in_bin": 1, "deterministic": True},
        **{"force_col_wise": True, "seed": int(np.random.default_rng(4).integers(2**31))},
    }
    data = lightgbm.Dataset(encode(space, space.canonical(TRAIN)), (y - y.mean()) / y.std())
    z = lightgbm.train(settings, data, 30).predict(encode(space, space.canonical(TEST)))
    assert scores(made) == pytest.approx(np.asarray(z) * y.std() + y.mean())
    assert not np.array_equal(scores(made), scores(made, seed=5))


@pytest.mark.parametrize("n", [4, 8, 12])
def test_few_labels_are_told_apart(n: int) -> None:
    """With the study's five rows in a leaf all predictions would be the same."""
    assert len(np.unique(scores(LightGbm(n_estimators=50), TRAIN[:n]).round(6))) > 1


def test_the_preset_is_the_studys() -> None:
    made = LightGbm(**LightGbm.presets["study"])
    assert made.targets == "labels"
    assert (made.n_estimators, made.num_leaves, made.learning_rate) == (500, 31, 0.05)
    assert (made.min_child_samples, made.subsample, made.colsample_bytree) == (5, 0.8, 0.9)
