"""Bad input to the Bayesian predictors, and the way they use their settings."""

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import ModelPredictor
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes, Objective
from nascast.testing.doubles import TinyBenchmark

NAMES = [
    "bayesian_linear_regression",
    "bohamiann",
    "dngo",
    "gp",
    "gpwl",
    "sparse_gp",
    "variational_sparse_gp",
]
QUICK: dict[str, dict[str, object]] = {
    "bohamiann": {"chains": 2, "steps": 200, "burn_in": 100, "every": 10},
    "dngo": {"members": 2, "steps": 150},
    "variational_sparse_gp": {"steps": 20},
}
ENCODED = [name for name in NAMES if name != "gpwl"]
GENES = np.random.default_rng(0).permutation(TinyBenchmark().genes())
TRAIN, TEST = GENES[:30], GENES[30:60]


class Quarrelling(TinyBenchmark):
    """Every other row that is asked for has a label of a point more."""

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        found = super().query(genes, metric, epochs, seed)
        return found + np.arange(len(genes)) % 2 if metric == "val_accuracy" else found


class Failed(TinyBenchmark):
    """One training failed."""

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        found = super().query(genes, metric, epochs, seed)
        return np.where(np.arange(len(genes)) == 3, np.nan, found)


def make(name: str, **settings: object) -> ModelPredictor:
    made = plugins.load("predictor", name, **{**QUICK.get(name, {}), **settings})
    assert isinstance(made, ModelPredictor)
    return made


def predict(
    predictor: ModelPredictor, train: Genes, benchmark: TinyBenchmark | None = None
) -> Prediction:
    ledger = Ledger(benchmark or TinyBenchmark(), Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(0))
    with ledger.phase("query"):
        return predictor.query(ledger, TEST)


@pytest.mark.parametrize("name", NAMES)
def test_equal_architectures_with_different_labels_are_noise(name: str) -> None:
    found = predict(make(name), np.repeat(TRAIN[:10], 2, axis=0), Quarrelling())
    assert np.isfinite(found.mean).all()
    assert found.deviation is not None
    assert (found.deviation > 0.2).all()  # half a point is the least that the labels differ by


@pytest.mark.parametrize("name", ENCODED)
def test_more_columns_than_rows(name: str) -> None:
    found = predict(make(name, encoding=Spec("wl", {"columns": 64})), TRAIN[:8])
    assert np.isfinite(found.mean).all()
    assert found.deviation is not None
    assert np.isfinite(found.deviation).all()
    assert found.mean.std() > 0


@pytest.mark.parametrize("name", NAMES)
def test_a_failed_training_is_refused_with_its_row(name: str) -> None:
    with pytest.raises(CorruptDataError, match="training row 3"):
        predict(make(name), TRAIN, Failed())


@pytest.mark.parametrize("name", NAMES)
def test_unknown_targets_are_refused(name: str) -> None:
    with pytest.raises(InvalidSettingError, match="known are labels and normal_scores"):
        make(name, targets="ranks")


@pytest.mark.parametrize("name", NAMES)
def test_deviations_of_labels_hold_what_they_claim(name: str) -> None:
    """Of unseen noisy labels about 90 % lie within 1.645 deviations, whatever is fitted."""
    benchmark = TinyBenchmark()
    for targets in ("labels", "normal_scores"):
        found = predict(make(name, targets=targets), GENES[60:])
        assert found.deviation is not None
        true = benchmark.query(TEST, "val_accuracy")
        inside = (np.abs(found.mean - true) <= 1.645 * found.deviation).mean()
        assert inside > 0.75
