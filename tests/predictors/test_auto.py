"""Members weighed by held-out errors."""

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from nascast.core.correlation import kendall
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes, Objective
from nascast.predictors._combinator import part_of
from nascast.predictors.auto import Auto, _convex
from nascast.predictors.model_based.xgboost import XGBoost
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
GENES = np.random.default_rng(0).permutation(BENCHMARK.genes())
TRAIN, TEST = GENES[:100], GENES[100:]


def noise(genes: Genes, seed: int) -> Floats:
    """The same numbers for the same rows, wherever they stand."""
    weights = np.random.default_rng(seed).normal(size=(genes.shape[1], 7))
    return np.asarray(np.cos(37 * genes @ weights).sum(1))


class Says(PerformancePredictor):
    """The truth and some noise, on a scale of its own."""

    ranks_only = True

    def __init__(self, noise: float, seed: int = 0) -> None:
        self.noise, self.seed = noise, seed
        self.asked = 0

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        self.asked += 1
        truth = BENCHMARK.query(genes, "val_accuracy")
        return Prediction(1e6 * (truth + self.noise * noise(genes, self.seed)))


class Recites(PerformancePredictor):
    """The label of a row that it was trained on, and nonsense of others."""

    axes = frozenset({"train_size"})

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        self._known = dict(zip(map(bytes, train), ledger.labels(train), strict=True))

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        found = [self._known.get(bytes(row), 50.0 + i % 3) for i, row in enumerate(genes)]
        return Prediction(np.array(found))


class Lacking(PerformancePredictor):
    """Reads what is not there."""

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        raise UnsupportedError("nothing of the kind is recorded")


def initialized(auto: Auto, train: Genes = TRAIN, **settings: Any) -> Ledger:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0, **settings)
    with ledger.phase("init"):
        auto.initialize(ledger, train, np.random.default_rng(0))
    return ledger


def asked(auto: Auto, genes: Genes = TEST) -> Prediction:
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("query"):
        return auto.query(ledger, genes)


def test_members_whose_errors_differ_are_joined_and_rank_better_than_each() -> None:
    one, two, bad = Says(4.0, 1), Says(4.0, 2), Says(1e9, 3)
    truth = BENCHMARK.query(TEST, "val_accuracy")
    ledger = Ledger(BENCHMARK, Objective("val_accuracy"))
    single = [kendall(part.query(ledger, TEST).mean, truth) for part in (one, two)]
    for n in (60, 100):
        auto = Auto(members=[bad, one, two])
        initialized(auto, TRAIN[:n])
        assert set(auto.chosen) == {one, two}
        found = asked(auto)
        assert kendall(found.mean, truth) > max(single)
    assert found.deviation is not None
    errors = found.mean - truth
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(found.deviation[0], rel=0.5)


def test_the_weights_are_those_of_the_least_error_by_the_shrunken_covariance() -> None:
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(5, 40)) + np.array([0, 0, 1, 1, 4])[:, None] * rng.normal(size=40)
    cross, apart = errors @ errors.T / 40, 50 / 90
    shrunk = (1 - apart) * cross + apart * np.diag(np.diag(cross))
    start, some = np.full(5, 0.2), {"type": "eq", "fun": lambda w: w.sum() - 1}
    best = minimize(lambda w: w @ shrunk @ w, start, bounds=[(0, 1)] * 5, constraints=some)
    assert np.allclose(_convex(errors), best.x, atol=1e-3)
    assert best.x.min() < 1e-6  # one is left out


def test_a_member_without_error_stands_alone_and_all_errors_may_vanish() -> None:
    errors = np.random.default_rng(0).normal(size=(3, 10))
    errors[1] = 0
    assert np.allclose(_convex(errors), [0, 1, 0])
    assert _convex(0 * errors).sum() == pytest.approx(1)


def test_means_on_a_scale_of_their_own_count_by_their_normal_scores() -> None:
    """A line on powers would be bent by the largest."""

    class Powers(Says):
        ranks_only = False

        def query(self, ledger: Ledger, genes: Genes) -> Prediction:
            return Prediction(np.exp(super().query(ledger, genes).mean / 1e6))

    auto = Auto(members=[Powers(0.0), Says(4.0, 1)])
    initialized(auto, TRAIN[:60])
    truth = BENCHMARK.query(TEST, "val_accuracy")
    found = asked(auto).mean
    assert kendall(found, truth) > 0.95
    assert np.abs(found - truth).mean() < 0.3 * truth.std()


class Constant(PerformancePredictor):
    """The same of all training rows, but for what is said of each."""

    def __init__(self, training: float = 0.0, others: float = 0.0) -> None:
        self.training, self.others = training, others

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        known = np.isin([bytes(row) for row in genes], [bytes(row) for row in TRAIN])
        return Prediction(50 + np.where(known, self.training, self.others) * noise(genes, 5))


@pytest.mark.parametrize("n", [8, 20, 100])
def test_what_tells_nothing_is_left_out(n: int) -> None:
    good = Says(1.0, 1)
    auto = Auto(members=[Constant(), good, Constant(1e-13, 10.0)])  # all but for rounding
    initialized(auto, TRAIN[:n])
    assert auto.chosen == (good,)
    alone = Auto(members=[Constant()])
    initialized(alone, TRAIN[:n])
    assert len(alone.chosen) == 1
    assert np.ptp(asked(alone).mean) < 1e-6
    both = Auto(members=[Constant(1e-13, 10.0), Constant()])
    initialized(both, TRAIN[:n])
    assert np.ptp(asked(both).mean) < 1


def test_what_is_not_chosen_is_not_asked_and_not_used() -> None:
    good, bad = Says(0.0), Says(1e9, 3)
    auto = Auto(members=[bad, good])
    initialized(auto)
    before = bad.asked
    assert auto.chosen == (good,)
    truth = BENCHMARK.query(TEST, "val_accuracy")
    assert kendall(asked(auto).mean, truth) == pytest.approx(1.0)
    assert bad.asked == before


def test_labels_that_were_learned_from_do_not_count() -> None:
    """It would be perfect on the rows that it was trained on."""
    honest = Says(3.0)
    auto = Auto(members=[Recites(), honest])
    ledger = initialized(auto)
    assert auto.chosen == (honest,)
    assert ledger.seconds["init"] == pytest.approx(
        BENCHMARK.seconds(np.unique(BENCHMARK.space.canonical(TRAIN), axis=0)).sum()
    )


def test_with_few_labels_the_first_that_is_supported_ranks() -> None:
    first, second = Says(5.0), Says(0.0)
    auto = Auto(members=[Lacking(), first, second])
    for n in (1, 2, 7):
        initialized(auto, TRAIN[:n])
        assert auto.chosen == (first,)
        plain = first.query(Ledger(BENCHMARK, Objective("val_accuracy")), TEST).mean
        assert kendall(asked(auto).mean, plain) == pytest.approx(1.0)
    initialized(auto, TRAIN[:30])
    assert auto.chosen == (second,)


def test_without_support_it_says_why() -> None:
    with pytest.raises(UnsupportedError, match="no member of auto: nothing of the kind"):
        initialized(Auto(members=[Lacking()]))
    initialized(Auto(members=["jacov", "xgboost(n_estimators=3)"]))  # there is no batch


def test_the_same_seed_finds_the_same_and_it_is_written_as_a_spec() -> None:
    text = "auto(epochs=3,members=[sotl_e,xgboost(n_estimators=5)])"
    spec = Spec.parse("predictor", text)
    found = []
    for _ in range(2):
        auto = spec.load("predictor")
        initialized(auto)
        found.append(asked(auto).mean)
    assert np.array_equal(found[0], found[1])
    assert Spec.of("predictor", auto) == spec
    assert auto.axes == {"train_size", "epochs"}
    assert Auto(members=["gp"]).axes == {"train_size"}


def test_late_members_wait_for_a_hundred_labels() -> None:
    members = ["gp", "xgboost(n_estimators=3)"]
    for late, labels, heard in ((["xgboost"], 99, 1), (["xgboost"], 100, 2), (members, 99, 2)):
        auto = Auto(members=members, late=[name.partition("(")[0] for name in late])
        initialized(auto, TRAIN[:labels])
        assert auto._columns == heard
    assert Auto()._late() == {6}  # NAO


def test_trees_are_as_they_were_chosen() -> None:
    """Whatever XGBoost does by default on the encoding alone."""
    made = [part_of(member) for member in Auto().members]
    trees = [tree for tree in made if isinstance(tree, XGBoost)]
    assert [(tree.max_depth, tree.targets) for tree in trees] == [(3, "labels")]


def test_what_cannot_be_is_refused() -> None:
    wrongs: list[dict[str, Any]] = [{"members": []}, {"folds": 1}]
    for wrong in wrongs:
        with pytest.raises(InvalidSettingError, match="one member and two folds"):
            Auto(**wrong)
    with pytest.raises(InvalidSettingError, match="initialize"):
        asked(Auto(members=["xgboost"]))
