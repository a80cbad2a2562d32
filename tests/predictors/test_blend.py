"""The mean opinion of several predictors."""

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes, Objective
from nascast.predictors.blend import Blend
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
SPACE = BENCHMARK.space
GENES = np.random.default_rng(0).permutation(np.unique(SPACE.canonical(BENCHMARK.genes()), axis=0))
TRAIN, TEST = GENES[:41], GENES[41:]
Y = BENCHMARK.query(TRAIN, "val_accuracy")


class Says(PerformancePredictor):
    """The same values whatever is asked."""

    axes = frozenset({"train_size"})

    def __init__(self, values: Floats, deviation: float | None = None) -> None:
        self.values, self.deviation = values, deviation

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        spread = None if self.deviation is None else np.full(len(genes), self.deviation)
        return Prediction(self.values[: len(genes)], spread)


def fitted(predictor: PerformancePredictor, train: Genes = TRAIN) -> Prediction:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(0))
    assert ledger.seconds["init"] == pytest.approx(BENCHMARK.seconds(train).sum())
    with ledger.phase("query"):
        return predictor.query(ledger, TEST)


def test_normal_scores_among_the_training_labels_are_averaged() -> None:
    """Predictions that are labels have the scores of these labels."""
    scores = norm.ppf((rankdata(Y) - 0.5) / len(Y))
    order = np.argsort(Y)
    pick = np.random.default_rng(1).integers(len(Y), size=(2, len(TEST)))
    found = fitted(Blend([Says(Y[pick[0]]), Says(Y[pick[1]])], weights=[1, 3])).mean
    mean = (scores[pick[0]] + 3 * scores[pick[1]]) / 4
    assert found == pytest.approx(np.interp(mean, scores[order], Y[order]))


def test_one_predictor_is_itself_also_beyond_the_labels() -> None:
    values = np.linspace(Y.min() - 20, Y.max() + 20, len(TEST))
    found = fitted(Blend([Says(values, 2.0)]))
    assert found.mean == pytest.approx(values)
    assert found.deviation == pytest.approx(np.full(len(TEST), 2.0))


def test_the_deviation_is_that_of_the_mixture() -> None:
    values = np.full(len(TEST), 70.0)
    found = fitted(Blend([Says(values, 1.0), Says(values, 3.0), Says(values)]))
    assert found.mean == pytest.approx(values)
    assert found.deviation == pytest.approx(np.full(len(TEST), np.sqrt((1 + 9) / 2)))
    assert fitted(Blend([Says(values), Says(values)])).deviation is None


@pytest.mark.parametrize("n", [1, 2])
def test_with_one_label_or_two_it_is_the_mean(n: int) -> None:
    y = float(Y[:n].mean())
    one, two = (np.full(len(TEST), y + d) for d in (-0.01, 0.03))
    found = fitted(Blend([Says(one), Says(two)]), TRAIN[:n]).mean
    assert found == pytest.approx(np.full(len(TEST), y + 0.01))


def test_it_is_written_as_a_spec() -> None:
    text = "blend([xgboost(n_estimators=5),random_forest],weights=[1,2])"
    spec = Spec.parse("predictor", text)
    made = spec.load("predictor")
    assert made.axes == {"train_size"}
    assert len(made.features) == 2
    assert Spec.of("predictor", made) == spec
    assert str(Spec.of("predictor", Blend())) == "blend"


def test_what_cannot_be_averaged_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="JacobianCovariance only ranks"):
        Blend(["jacov"])
    for wrong in ([1.0], [1.0, 0.0], [1.0, 1.0, 1.0]):
        with pytest.raises(InvalidSettingError, match="weight"):
            Blend(["xgboost", "ngboost"], weights=wrong)
    with pytest.raises(InvalidSettingError, match="at least one"):
        Blend([])
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"))
    with ledger.phase("query"), pytest.raises(InvalidSettingError, match="initialize"):
        Blend(["xgboost"]).query(ledger, TEST)
