"""Records of told trials, and of trainings on demand, against the benchmark that they are of."""

import math

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidArchitectureError, UnsupportedError
from nascast.core.evidence import Told, Trained
from nascast.core.history import History
from nascast.core.ledger import Ledger
from nascast.core.types import Candidate, Evaluation, Genes, Objective, Trial
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
SPACE = BENCHMARK.space
ROWS = np.unique(SPACE.canonical(BENCHMARK.genes()), axis=0)
OBJECTIVES = (Objective("val_accuracy"), Objective("val_loss", minimize=True))
FAILED = Evaluation({}, 2.0, "RuntimeError: it diverged")


def arch(row: Genes) -> Candidate:
    return Candidate(SPACE.architecture(row))


def history(*pairs: tuple[Candidate, Evaluation]) -> History:
    found = History(SPACE.length, OBJECTIVES)
    found.extend(Trial(i, *pair, finished=1.0) for i, pair in enumerate(pairs))
    return found


def recorded(*candidates: Candidate) -> list[tuple[Candidate, Evaluation]]:
    return [(candidate, BENCHMARK.evaluate(candidate)) for candidate in candidates]


def test_told_trials_answer_as_the_benchmark_they_were_looked_up_in() -> None:
    rows = ROWS[:8]
    told = Told(history(*recorded(*map(arch, rows))), SPACE)
    assert sorted(map(tuple, told.genes().tolist())) == sorted(map(tuple, rows.tolist()))
    for metric in ("val_accuracy", "val_loss", "parameters"):
        assert np.array_equal(told.query(rows, metric), BENCHMARK.query(rows, metric))
    assert np.array_equal(told.seconds(rows), BENCHMARK.seconds(rows))
    assert told.describe("val_loss").minimize
    assert not told.describe("val_accuracy").minimize


def test_equivalent_rows_are_one_network() -> None:
    equivalent = np.asarray([[0, 0, 1, 2, 0], [1, 0, 2, 0, 0]], dtype=np.int16)
    told = Told(history(*recorded(arch(equivalent[0]))), SPACE)
    assert np.ptp(told.query(equivalent, "val_accuracy")) == 0
    twice = Told(history(*recorded(arch(equivalent[0])), (arch(equivalent[1]), FAILED)), SPACE)
    assert twice.query(equivalent[:1], "val_accuracy", seed=0) > 0
    assert np.isnan(twice.query(equivalent[:1], "val_accuracy", seed=1)).all()


def test_what_was_never_told_is_refused() -> None:
    told = Told(history(*recorded(arch(ROWS[0]))), SPACE)
    with pytest.raises(InvalidArchitectureError, match="was told 0 times"):
        told.query(ROWS[1:2], "val_accuracy")
    with pytest.raises(InvalidArchitectureError, match="was told 1 times; asked for training 1"):
        told.query(ROWS[:1], "val_accuracy", seed=1)
    with pytest.raises(UnsupportedError, match="did not record 'latency'"):
        told.query(ROWS[:1], "latency")


def test_failed_trials_are_not_among_the_rows_and_have_no_value() -> None:
    told = Told(history(*recorded(arch(ROWS[0])), (arch(ROWS[1]), FAILED)), SPACE)
    assert told.genes().tolist() == ROWS[:1].tolist()
    assert np.isnan(told.query(ROWS[1:2], "val_accuracy")).all()
    assert told.seconds(ROWS[1:2]).tolist() == [2.0]


def test_shorter_trainings_are_epochs_of_the_same_training() -> None:
    candidates = [Candidate(SPACE.architecture(ROWS[0]), epochs) for epochs in (2, 5, None)]
    told = Told(history(*recorded(*candidates)), SPACE)
    assert told.describe("val_accuracy").epochs == (1, 2, 3, 4, 5)
    expected = BENCHMARK.query(ROWS[:1], "val_accuracy", 5)
    assert told.query(ROWS[:1], "val_accuracy", 5) == expected
    assert told.query(ROWS[:1], "val_accuracy") == BENCHMARK.query(ROWS[:1], "val_accuracy")
    spent = [BENCHMARK.seconds(ROWS[:1], epochs)[0] for epochs in (2, 5, None)]
    assert told.seconds(ROWS[:1], 2)[0] == pytest.approx(spent[0])
    assert told.seconds(ROWS[:1], 5)[0] == pytest.approx(sum(spent[:2]))
    assert told.seconds(ROWS[:1])[0] == pytest.approx(sum(spent))


def test_without_full_trainings_the_longest_count_as_full() -> None:
    pairs = [Candidate(SPACE.architecture(row), epochs) for row in ROWS[:3] for epochs in (3, 9)]
    told = Told(history(*recorded(*pairs[:5])), SPACE)  # the last one was not promoted
    assert len(told.genes()) == 2
    expected = BENCHMARK.query(ROWS[:2], "val_accuracy", 9)
    assert np.array_equal(told.query(ROWS[:2], "val_accuracy"), expected)
    assert np.isnan(told.query(ROWS[2:3], "val_accuracy")).all()


def test_curves_of_evaluations_are_read() -> None:
    curve = tuple(BENCHMARK.curve(ROWS[:1], "val_accuracy", 10)[0])
    evaluation = Evaluation({"val_accuracy": curve[-1]}, 20.0, curves={"val_accuracy": curve})
    told = Told(history((arch(ROWS[0]), evaluation)), SPACE)
    assert told.curve(ROWS[:1], "val_accuracy", 4).tolist() == [list(curve[:4])]
    assert told.seconds(ROWS[:1], 5).tolist() == [10.0]


def test_a_predictor_lives_on_what_a_strategy_was_told() -> None:
    rng = np.random.default_rng(0)
    order = rng.permutation(len(ROWS))
    train, test = ROWS[order[:30]], ROWS[order[30:]]
    told = Told(history(*recorded(*map(arch, train))), SPACE, BENCHMARK.task)
    scores = []
    for records in (told, BENCHMARK):
        ledger = Ledger(records, OBJECTIVES[0], clock=lambda: 0.0)
        predictor = plugins.load("predictor", "xgboost", n_estimators=20)
        with ledger.phase("init"):
            predictor.initialize(ledger, train, np.random.default_rng(1))
        with ledger.phase("query"):
            scores.append(predictor.query(ledger, test).mean)
        assert ledger.seconds["init"] == pytest.approx(BENCHMARK.seconds(train).sum())
    assert np.array_equal(*scores)


class Counting:
    """Looks up, and remembers what it was asked."""

    metrics = ("val_accuracy",)
    task = BENCHMARK.task

    def __init__(self, *, curves: bool = False) -> None:
        self.asked: list[tuple[int | None, int]] = []
        self.curves = curves

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        self.asked.append((candidate.epochs, seed))
        row, epochs = candidate.arch.row(), candidate.epochs or 10
        value = BENCHMARK.query(row, "val_accuracy", epochs, seed)[0]
        curve = tuple(BENCHMARK.curve(row, "val_accuracy", epochs, seed)[0])
        seconds = float(BENCHMARK.seconds(row, epochs, seed)[0])
        curves = {"val_accuracy": curve} if self.curves else {}
        return Evaluation({"val_accuracy": float(value)}, seconds, curves=curves)


METRICS = [BENCHMARK.metrics["val_accuracy"]]


def test_trainings_on_demand_are_made_once() -> None:
    evaluator = Counting()
    trained = Trained(evaluator, SPACE, METRICS)
    for _ in range(2):
        found = trained.query(ROWS[:2], "val_accuracy")
        assert np.array_equal(found, BENCHMARK.query(ROWS[:2], "val_accuracy"))
        assert np.array_equal(trained.query(ROWS[:2], "val_accuracy", 10), found)
    assert evaluator.asked == [(None, 0)] * 2
    trained.query(ROWS[:1], "val_accuracy", seed=1)
    assert evaluator.asked[-1] == (None, 1)
    both = [BENCHMARK.query(ROWS[:1], "val_accuracy", seed=seed)[0] for seed in (0, 1)]
    assert trained.query(ROWS[:1], "val_accuracy", seed=None)[0] == pytest.approx(np.mean(both))


def test_a_training_is_no_longer_than_it_is_read_and_what_was_spent_adds_up() -> None:
    evaluator = Counting(curves=True)
    trained = Trained(evaluator, SPACE, METRICS)
    ledger = Ledger(trained, OBJECTIVES[0], clock=lambda: 0.0)
    with ledger.phase("query"):
        found = ledger.curve(ROWS[:1], "val_accuracy", 3)
        ledger.curve(ROWS[:1], "val_accuracy", 2)
    assert np.array_equal(found, BENCHMARK.curve(ROWS[:1], "val_accuracy", 3))
    assert evaluator.asked == [(3, 0)]
    with ledger.phase("init"):
        ledger.labels(ROWS[:1])
    spent = [BENCHMARK.seconds(ROWS[:1], epochs)[0] for epochs in (3, 10)]
    assert sum(ledger.seconds.values()) == pytest.approx(sum(spent))


def test_a_training_that_failed_has_no_value() -> None:
    class Failing:
        metrics = ("val_accuracy",)
        task = BENCHMARK.task

        def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
            return FAILED

    trained = Trained(Failing(), SPACE, METRICS)
    assert math.isnan(trained.query(ROWS[:1], "val_accuracy")[0])
    assert trained.seconds(ROWS[:1])[0] == 2.0


def test_rows_without_a_label_are_left_out_and_a_failure_hides_no_success() -> None:
    nan = Evaluation({"val_accuracy": math.nan}, 1.0)
    good = recorded(arch(ROWS[0]), arch(ROWS[1]))
    told = Told(history((arch(ROWS[2]), nan), good[0], (arch(ROWS[1]), FAILED), good[1]), SPACE)
    assert sorted(map(tuple, told.genes().tolist())) == sorted(map(tuple, ROWS[:2].tolist()))
    assert np.array_equal(
        told.query(ROWS[:2], "val_accuracy"), BENCHMARK.query(ROWS[:2], "val_accuracy")
    )
    assert np.isnan(told.query(ROWS[1:2], "val_accuracy", seed=1)).all()


def test_trainings_on_demand_are_paid_for_once_also_by_the_clock() -> None:
    now = [0.0]

    class Working(Counting):
        def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
            found = super().evaluate(candidate, seed)
            now[0] += found.seconds
            return found

    trained = Trained(Working(), SPACE, METRICS)
    for _ in range(2):  # the second ledger finds the training there, and pays the same
        ledger = Ledger(trained, OBJECTIVES[0], clock=lambda: now[0])
        with ledger.phase("init"):
            ledger.labels(ROWS[:1])
        assert ledger.seconds["init"] == pytest.approx(BENCHMARK.seconds(ROWS[:1])[0])
