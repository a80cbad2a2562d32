"""Several predictors of one kind."""

from typing import ClassVar

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.types import Batch, Genes, Objective
from nascast.predictors.ensemble import Ensemble
from nascast.predictors.model_based.ngboost import NGBoost
from nascast.predictors.model_based.xgboost import XGBoost
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
SPACE = BENCHMARK.space
GENES = np.random.default_rng(0).permutation(np.unique(SPACE.canonical(BENCHMARK.genes()), axis=0))
TRAIN, TEST = GENES[:40], GENES[40:]


class Mean(PerformancePredictor):
    """The mean label, whatever the generator: a deterministic predictor."""

    axes = frozenset({"train_size"})
    deterministic = True
    rows: ClassVar[list[int]] = []

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        Mean.rows.append(len(np.unique(train, axis=0)))
        self._mean = ledger.labels(train).mean()

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        return Prediction(np.full(len(genes), self._mean))


def fitted(predictor: PerformancePredictor, seed: int = 0) -> tuple[Prediction, Ledger]:
    batch = Batch.random(BENCHMARK.task, 4)
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), batch=batch, clock=lambda: 0.0)
    with ledger.phase("init"):
        predictor.initialize(ledger, TRAIN, np.random.default_rng(seed))
    with ledger.phase("query"):
        return predictor.query(ledger, TEST), ledger


def test_mean_and_deviation_are_those_of_the_members() -> None:
    found, _ = fitted(Ensemble(XGBoost(n_estimators=10), 4), seed=3)
    seeds = np.random.default_rng(3).integers(2**63, size=4)
    alone = [fitted(XGBoost(n_estimators=10), seed)[0].mean for seed in seeds]
    assert found.mean == pytest.approx(np.mean(alone, axis=0))
    assert found.deviation == pytest.approx(np.std(alone, axis=0, ddof=1))
    assert (np.std(alone, axis=0) > 0).all()


def test_own_deviations_are_within_the_mixture() -> None:
    found, _ = fitted(Ensemble(NGBoost(n_estimators=10), 3), seed=3)
    seeds = np.random.default_rng(3).integers(2**63, size=3)
    alone = [fitted(NGBoost(n_estimators=10), seed)[0] for seed in seeds]
    within = np.mean([one.deviation**2 for one in alone if one.deviation is not None], axis=0)
    between = np.var([one.mean for one in alone], axis=0, ddof=1)
    assert found.deviation == pytest.approx(np.sqrt(within + between))


def test_deviation_of_the_means_leaves_out_that_of_the_members() -> None:
    found, _ = fitted(Ensemble(NGBoost(n_estimators=10), 3, deviation="means"), seed=3)
    seeds = np.random.default_rng(3).integers(2**63, size=3)
    alone = [fitted(NGBoost(n_estimators=10), seed)[0].mean for seed in seeds]
    assert found.deviation == pytest.approx(np.std(alone, axis=0, ddof=1))
    assert Ensemble("gp", 2).calibrated
    assert not Ensemble("gp", 2, deviation="means").calibrated
    with pytest.raises(InvalidSettingError, match="is mixture or means; got 'all'"):
        Ensemble("gp", deviation="all")


def test_deterministic_members_learn_from_bootstrap_samples() -> None:
    Mean.rows = []
    found, ledger = fitted(Ensemble(Mean(), 200))
    assert found.deviation is not None
    y = BENCHMARK.query(TRAIN, "val_accuracy")
    assert found.deviation[0] == pytest.approx(y.std() / np.sqrt(len(y)), rel=0.2)
    assert min(Mean.rows) >= 17
    assert max(Mean.rows) <= 34  # of 40 rows, 25 on average
    assert ledger.seconds["init"] == pytest.approx(BENCHMARK.seconds(TRAIN).sum())
    whole, _ = fitted(Ensemble(Mean(), 3, bootstrap=False))
    assert whole.deviation == pytest.approx(np.zeros(len(TEST)))


def test_one_member_is_the_predictor() -> None:
    found, _ = fitted(Ensemble("xgboost(n_estimators=5)", 1), seed=2)
    seed = np.random.default_rng(2).integers(2**63, size=1)[0]
    assert np.array_equal(found.mean, fitted(XGBoost(n_estimators=5), seed)[0].mean)
    assert found.deviation is None


def test_proxies_have_seeds_one_after_the_other() -> None:
    found, ledger = fitted(Ensemble("jacov(seed=2)", 3))
    alone = [fitted(Spec("jacov", {"seed": s}).load("predictor"))[0].mean for s in (2, 3, 4)]
    assert found.mean == pytest.approx(np.mean(alone, axis=0))
    assert ledger.seconds["init"] == 0
    assert len(Ensemble("jacov", 3).features) == 3


def test_members_that_are_trained_together_are_given_their_number() -> None:
    class Together(Mean):
        deterministic = False

        def __init__(self, members: int = 1) -> None:
            self.members = members

    ensemble = Ensemble(Together(), 7)
    Mean.rows = []
    fitted(ensemble)
    assert Mean.rows == [40]
    assert [part.members for part in ensemble._parts] == [7]  # type: ignore[attr-defined]


def test_epochs_are_those_of_the_predictor() -> None:
    made = Spec.parse("predictor", "ensemble(omni,members=2,epochs=3)").load("predictor")
    assert made.axes == {"train_size", "epochs"}
    assert [part.epochs for part in made._parts] == [3, 3]
    assert not Ensemble("sotl_e").calibrated


def test_an_ensemble_has_a_member() -> None:
    with pytest.raises(InvalidSettingError, match="at least one member; got 0"):
        Ensemble("xgboost", 0)
