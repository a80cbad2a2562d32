"""Random search for settings."""

from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.correlation import kendall
from nascast.core.errors import CorruptDataError, InvalidSettingError, UnsupportedError
from nascast.core.evidence import Told
from nascast.core.history import History
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.ranges import Choice, Integers
from nascast.core.spec import Spec
from nascast.core.types import Candidate, Evaluation, Floats, Genes, Objective, Trial
from nascast.predictors.model_based.random_forest import RandomForest
from nascast.predictors.tuned import Tuned
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
SPACE = BENCHMARK.space
GENES = np.random.default_rng(0).permutation(np.unique(SPACE.canonical(BENCHMARK.genes()), axis=0))
TRAIN, TEST = GENES[:30], GENES[30:]
FOREST = RandomForest(n_estimators=5)


class Noted(PerformancePredictor):
    """Remembers the labels of rows, and says a share of the truth, by its setting."""

    axes = frozenset({"train_size"})
    ranges = MappingProxyType({"truth": Choice((0, 1, 2)), "other": Integers(5, 9)})
    seen: ClassVar[list[tuple[int, bytes, bytes]]] = []  # truth, rows trained on, rows asked for

    def __init__(self, truth: int = 0, other: int = 0) -> None:
        self.truth, self.other = truth, other

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        self._train = train.copy()
        ledger.labels(train)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        Noted.seen.append((self.truth, self._train.tobytes(), genes.tobytes()))
        right = BENCHMARK.query(genes, "val_accuracy")
        order = np.arange(len(genes), dtype=np.float64)
        return Prediction(right if self.truth == 1 else order * (self.truth == 2))


def ledger(**settings: Any) -> Ledger:
    return Ledger(BENCHMARK, Objective("val_accuracy"), **{"clock": lambda: 0.0, **settings})


def initialized(tuned: Tuned, train: Genes = TRAIN, seed: int = 0, **settings: Any) -> Ledger:
    book = ledger(**settings)
    with book.phase("init"):
        tuned.initialize(book, train, np.random.default_rng(seed))
    return book


def asked(tuned: Tuned, genes: Genes = TEST) -> Floats:
    book = ledger()
    with book.phase("query"):
        return tuned.query(book, genes).mean


def test_the_best_of_held_out_folds_is_chosen() -> None:
    Noted.seen = []
    tuned = Tuned(Noted(), draws=12, folds=4)
    initialized(tuned)
    assert tuned.tried == len(tuned.scores) == 13
    assert tuned.best["truth"] == 1
    assert 5 <= tuned.best["other"] <= 9
    assert max(tuned.scores) == pytest.approx(1.0)
    assert np.array_equal(asked(tuned), BENCHMARK.query(TEST, "val_accuracy"))
    width = TRAIN.shape[1] * 2
    for _, trained, held in Noted.seen[: 13 * 4]:
        rows = [
            {block[i : i + width] for i in range(0, len(block), width)} for block in (trained, held)
        ]
        assert not rows[0] & rows[1]
        assert len(rows[0] | rows[1]) == len(TRAIN)
    folds = [held for _, _, held in Noted.seen[:4]]
    assert b"".join(folds) != TRAIN.tobytes()  # shuffled
    assert [held for _, _, held in Noted.seen[4:8]] == folds  # the same for all settings


def test_a_score_is_the_mean_tau_of_the_folds() -> None:
    tuned = Tuned(FOREST, draws=0, folds=3)
    book = initialized(tuned, seed=5)
    rng = np.random.default_rng(5)
    order = rng.permutation(len(TRAIN))
    seed = int(rng.integers(2**31))
    found = []
    for fold in np.array_split(order, 3):
        one = RandomForest(n_estimators=5)
        book = ledger()
        with book.phase("init"):
            one.initialize(book, np.delete(TRAIN, fold, axis=0), np.random.default_rng(seed))
            mean = one.query(book, TRAIN[fold]).mean
        found.append(kendall(mean, BENCHMARK.query(TRAIN[fold], "val_accuracy")))
    assert tuned.scores == pytest.approx([np.mean(found)])


def test_a_tie_keeps_the_settings_as_given() -> None:
    class Same(Noted):
        ranges = MappingProxyType({"other": Integers(5, 9)})

    tuned = Tuned(Same(truth=1), draws=5)
    initialized(tuned)
    assert tuned.scores == pytest.approx((1.0,) * 6)
    assert tuned.best == {}


def test_the_same_seed_finds_the_same() -> None:
    def found(seed: int) -> tuple[Any, ...]:
        tuned = Tuned(FOREST, draws=4)
        initialized(tuned, seed=seed)
        return tuned.scores, tuned.best, asked(tuned).tolist()

    assert found(1) == found(1)
    assert found(1) != found(2)


def test_few_or_constant_labels_are_not_searched() -> None:
    tuned = Tuned(FOREST, draws=3)
    initialized(tuned, TRAIN)
    assert tuned.tried == 4
    initialized(tuned, TRAIN[:9])
    assert (tuned.tried, tuned.best, tuned.scores) == (0, {}, ())
    same = Ledger(TinyBenchmark(0.0, 0.0), Objective("val_accuracy"))
    with same.phase("init"):
        tuned.initialize(same, TRAIN, np.random.default_rng(0))
    assert tuned.tried == 0


def test_labels_are_paid_once_and_time_is_initialization() -> None:
    ticks = iter(range(10**6))
    book = initialized(Tuned(Noted(), draws=10), clock=lambda: float(next(ticks)))
    labels = BENCHMARK.seconds(TRAIN).sum()
    assert book.seconds["init"] > labels + 10
    still = initialized(Tuned(FOREST, draws=2))
    assert still.seconds["init"] == pytest.approx(labels)


def test_the_search_ends_when_its_seconds_are_over() -> None:
    """Every reading of the clock is a second: 20 s and 1,000 s · 30 / 1,000 are 50."""
    ticks = iter(range(10**6))
    tuned = Tuned(Noted(), draws=1000, seconds=1000.0)
    initialized(tuned, clock=lambda: float(next(ticks)))
    few = tuned.tried
    assert 2 <= few <= 30
    initialized(Tuned(Noted(), draws=40), clock=lambda: float(next(ticks)))
    longer = Tuned(Noted(), draws=1000, seconds=4000.0)
    initialized(longer, clock=lambda: float(next(ticks)))
    assert 1.5 * few < longer.tried < 4 * few


def test_it_works_on_told_trials() -> None:
    objective = Objective("val_accuracy")
    history = History(SPACE.length, (objective,))
    values = BENCHMARK.query(TRAIN, "val_accuracy").tolist()
    for i, (row, y) in enumerate(zip(TRAIN, values, strict=True)):
        evaluation = Evaluation({"val_accuracy": y}, 3.0)
        history.extend([Trial(i, Candidate(SPACE.architecture(row)), evaluation, 0.0)])
    told = Told(history, SPACE)
    book = Ledger(told, objective, clock=lambda: 0.0)
    tuned = Tuned(FOREST, draws=2)
    with book.phase("init"):
        tuned.initialize(book, told.genes(), np.random.default_rng(0))
    assert tuned.tried == 3
    assert book.seconds["init"] == pytest.approx(3.0 * len(TRAIN))


def test_likelihood_needs_deviations_and_prefers_the_honest() -> None:
    with pytest.raises(UnsupportedError, match="score=likelihood"):
        initialized(Tuned("xgboost(n_estimators=3)", draws=1, score="likelihood"))
    tuned = Tuned(FOREST, draws=3, score="likelihood")
    initialized(tuned)
    assert np.isfinite(tuned.scores).any()
    assert max(tuned.scores) > tuned.scores[0] or tuned.best == {}


def test_the_rows_of_bad_labels_are_those_of_the_training_set() -> None:
    class Broken(TinyBenchmark):
        def query(self, genes: Genes, *given: Any, **named: Any) -> Floats:
            values = super().query(genes, *given, **named)
            return np.where((genes == TRAIN[17]).all(1), np.nan, values)

    book = Ledger(Broken(), Objective("val_accuracy"))
    with book.phase("init"), pytest.raises(CorruptDataError, match="training row 17,"):
        Tuned(FOREST).initialize(book, TRAIN, np.random.default_rng(0))


def test_what_cannot_be_searched_is_refused() -> None:
    for wrong in ({"predictor": "jacov"}, {"draws": -1}, {"folds": 1}, {"score": "r2"}):
        with pytest.raises(InvalidSettingError):
            Tuned(**wrong)


def test_it_is_written_as_a_spec_and_is_what_it_tunes() -> None:
    spec = Spec.parse("predictor", "tuned(ngboost(n_estimators=9),draws=3)")
    made = spec.load("predictor")
    assert Spec.of("predictor", made) == spec
    assert made.axes == {"train_size"}
    assert made.modules == made._parts[0].modules
    assert Tuned("ngboost", **Tuned.presets["study"]).seconds == 900


@pytest.mark.parametrize("name", ["lightgbm", "ngboost", "random_forest", "xgboost"])
def test_ranges_of_trees_hold_their_defaults(name: str) -> None:
    trees = plugins.load("predictor", name)
    for setting, drawn in trees.ranges.items():
        assert drawn.low <= getattr(trees, setting) <= drawn.high
