"""What evidence costs. The clock is moved by hand, so that every second is accounted for."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.errors import UnsupportedError
from nascast.core.ledger import Ledger, Memo, Score
from nascast.core.types import Batch, Floats, Genes, Objective
from nascast.proxies.passes import Passes
from nascast.testing.doubles import TinyBenchmark

BENCHMARK = TinyBenchmark()
ROWS = BENCHMARK.genes()[:6]  # some of one network
GENES = np.unique(BENCHMARK.space.canonical(BENCHMARK.genes()), axis=0)[:6]
ACCURACY = Objective("val_accuracy")


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Timed:
    """A score that takes 2 seconds to compute, and counts how often it was."""

    def __init__(self, clock: Clock, key: str = "key") -> None:
        self.clock, self.name, self.seed = clock, key, 0
        self.calls: list[Passes] = []

    def key(self, ledger: Ledger) -> str:
        return self.name

    def score(self, passes: Passes) -> float:
        self.calls.append(passes)
        self.clock.now += 2
        return float(len(self.calls))


class Sharing(Timed):
    """A score of 2 seconds that rests on a pass of 3 seconds, ``common``."""

    def score(self, passes: Passes) -> float:
        def common() -> None:
            self.clock.now += 3

        passes.made("common", common)
        return super().score(passes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(clock: Clock) -> Ledger:
    return Ledger(BENCHMARK, ACCURACY, clock=clock)


def seconds(rows: int | slice, epochs: int | None = None) -> float:
    genes = GENES[rows] if isinstance(rows, slice) else GENES[rows : rows + 1]
    return float(BENCHMARK.seconds(genes, epochs).sum())


def test_labels_are_the_metric_and_cost_full_training(ledger: Ledger) -> None:
    with ledger.phase("init"):
        labels = ledger.labels(GENES)
    assert np.array_equal(labels, BENCHMARK.query(GENES, "val_accuracy"))
    assert ledger.seconds == {"init": pytest.approx(seconds(slice(None)))}


def test_labels_of_a_loss_are_turned_so_that_larger_is_better(clock: Clock) -> None:
    ledger = Ledger(BENCHMARK, Objective("val_loss", minimize=True), clock=clock)
    with ledger.phase("init"):
        assert np.array_equal(ledger.labels(GENES), -BENCHMARK.query(GENES, "val_loss"))


@pytest.mark.parametrize("seed", [0, 1, None])
def test_the_seed_decides_which_training_is_read_and_paid_for(
    seed: int | None, clock: Clock
) -> None:
    ledger = Ledger(BENCHMARK, ACCURACY, seed=seed, clock=clock)
    with ledger.phase("init"):
        labels = ledger.labels(GENES)
    with ledger.phase("query"):
        curve = ledger.curve(GENES, "train_loss", 4)
    assert np.array_equal(labels, BENCHMARK.query(GENES, "val_accuracy", None, seed))
    assert np.array_equal(curve, -BENCHMARK.curve(GENES, "train_loss", 4, seed))
    assert ledger.seconds["init"] == pytest.approx(BENCHMARK.seconds(GENES, None, seed).sum())


def test_training_is_charged_once(ledger: Ledger) -> None:
    with ledger.phase("init"):
        ledger.labels(GENES[:3])
        ledger.labels(GENES[:3])
        ledger.labels(np.concatenate([GENES[2:4], GENES[2:4]]))
    assert ledger.seconds["init"] == pytest.approx(seconds(slice(0, 4)))


def test_a_longer_curve_costs_the_epochs_that_are_new(ledger: Ledger) -> None:
    with ledger.phase("query"):
        assert ledger.curve(GENES, "train_loss", 3).shape == (6, 3)
        three = ledger.seconds["query"]
        assert three == pytest.approx(seconds(slice(None), 3))
        ledger.curve(GENES, "val_accuracy", 2)  # another metric of the same epochs
        assert ledger.seconds["query"] == three
        ledger.curve(GENES, "train_loss", 5)
    assert ledger.seconds["query"] == pytest.approx(seconds(slice(None), 5))


def test_after_the_label_the_curve_is_free_also_in_another_phase(ledger: Ledger) -> None:
    with ledger.phase("init"):
        ledger.labels(GENES[:2])
    with ledger.phase("query"):
        ledger.curve(GENES[:3], "train_loss", 10)
    assert ledger.seconds["init"] == pytest.approx(seconds(slice(0, 2)))
    assert ledger.seconds["query"] == pytest.approx(seconds(2))


def test_after_the_curve_the_label_costs_the_rest(ledger: Ledger) -> None:
    with ledger.phase("init"):
        ledger.curve(GENES[:1], "train_loss", 4)
    with ledger.phase("query"):
        ledger.labels(GENES[:1])
    assert ledger.seconds["query"] == pytest.approx(seconds(0) - seconds(0, 4))


reads = st.lists(st.tuples(st.integers(0, 5), st.none() | st.integers(1, 10)), max_size=12)


@given(reads)
def test_each_row_costs_its_longest_reading_in_any_order(order: list[tuple[int, int]]) -> None:
    ledger = Ledger(BENCHMARK, ACCURACY, clock=Clock())
    for row, epochs in order:
        with ledger.phase("query"):
            if epochs is None:
                ledger.labels(GENES[row : row + 1])
            else:
                ledger.curve(GENES[row : row + 1], "val_loss", epochs)
    longest: dict[int, int] = {}
    for row, epochs in order:
        longest[row] = max(longest.get(row, 0), epochs or 10)
    expected = sum(seconds(row, epochs) for row, epochs in longest.items())
    assert ledger.seconds.get("query", 0.0) == pytest.approx(expected)


def test_time_in_a_phase_is_charged_to_it(ledger: Ledger, clock: Clock) -> None:
    clock.now += 1000  # before any phase
    with ledger.phase("init"):
        clock.now += 3
    clock.now += 1000  # between phases
    for _ in range(2):
        with ledger.phase("query"):
            clock.now += 5
    assert ledger.seconds == {"init": 3, "query": 10}


def test_time_and_training_add_up(ledger: Ledger, clock: Clock) -> None:
    with ledger.phase("init"):
        clock.now += 3
        ledger.labels(GENES[:1])
        clock.now += 4
    assert ledger.seconds["init"] == pytest.approx(7 + seconds(0))


def test_a_phase_in_which_nothing_happens_costs_nothing(ledger: Ledger) -> None:
    with ledger.phase("init"):
        pass
    assert ledger.seconds == {"init": 0}


def test_phases_do_not_nest(ledger: Ledger, clock: Clock) -> None:
    with ledger.phase("init"):
        clock.now += 1
        with pytest.raises(UnsupportedError, match="'init' is still open"), ledger.phase("query"):
            raise AssertionError("the inner phase was entered")
        clock.now += 2
        ledger.labels(GENES[:1])
    assert ledger.seconds == {"init": pytest.approx(3 + seconds(0))}
    with ledger.phase("query"):
        clock.now += 4
    assert ledger.seconds["query"] == 4


def test_an_error_closes_the_phase_and_is_charged(ledger: Ledger, clock: Clock) -> None:
    def fails() -> None:
        with ledger.phase("init"):
            clock.now += 3
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert ledger.seconds == {"init": 3}
    with ledger.phase("query"):
        clock.now += 1
    assert ledger.seconds == {"init": 3, "query": 1}


def test_evidence_is_not_read_outside_a_phase(ledger: Ledger, clock: Clock) -> None:
    refused = pytest.raises(UnsupportedError, match=r"inside `with ledger\.phase")
    with refused:
        ledger.labels(GENES)
    with refused:
        ledger.curve(GENES, "train_loss", 2)
    with refused:
        ledger.scores([Timed(clock)], GENES)
    assert ledger.seconds == {}


def test_a_refused_reading_does_not_make_the_next_one_free(ledger: Ledger, clock: Clock) -> None:
    with pytest.raises(UnsupportedError):
        ledger.labels(GENES[:1])
    with pytest.raises(UnsupportedError):
        ledger.scores([Timed(clock)], GENES[:1])
    with ledger.phase("init"):
        ledger.labels(GENES[:1])
    with ledger.phase("query"):
        ledger.scores([Timed(clock)], GENES[:1])
    assert ledger.seconds == {"init": pytest.approx(seconds(0)), "query": 2}


def test_an_epoch_that_was_not_recorded_costs_nothing(ledger: Ledger) -> None:
    with ledger.phase("query"), pytest.raises(UnsupportedError):
        ledger.curve(GENES, "train_loss", 11)
    assert ledger.seconds == {"query": 0}


def test_measured_scores_are_charged_once_and_not_twice_with_the_clock(
    ledger: Ledger, clock: Clock
) -> None:
    score = Timed(clock)
    with ledger.phase("query"):
        clock.now += 1
        values = ledger.scores([score], ROWS)
        clock.now += 4
    rows = BENCHMARK.space.canonical(ROWS)
    distinct = len(np.unique(rows, axis=0))
    assert distinct < len(ROWS)
    for row, value in zip(rows, values[:, 0], strict=True):  # numbered as they first come
        assert value == values[(rows == row).all(1).argmax(), 0]
    assert sorted(set(values[:, 0])) == list(range(1, distinct + 1))
    assert len(score.calls) == distinct
    assert ledger.seconds["query"] == 1 + 4 + 2 * distinct


def test_scores_known_to_the_ledger_are_free(ledger: Ledger, clock: Clock) -> None:
    score = Timed(clock)
    with ledger.phase("init"):
        first = ledger.scores([score], GENES[:1])
    with ledger.phase("query"):
        again = ledger.scores([score], GENES[:1])
    assert np.array_equal(first, again)
    assert ledger.seconds == {"init": 2, "query": 0}


def test_a_memo_makes_a_ledger_faster_and_not_cheaper(clock: Clock) -> None:
    memo: Memo = {}
    spent = []
    for calls in (True, False):
        score = Timed(clock)
        ledger = Ledger(BENCHMARK, ACCURACY, memo=memo, clock=clock)
        with ledger.phase("query"):
            clock.now += 1
            ledger.scores([score], GENES)
        assert bool(score.calls) is calls
        spent.append(ledger.seconds)
    assert spent[0] == spent[1]
    assert spent[0]["query"] == 1 + 2 * len(memo)


def test_a_memo_knows_keys_and_canonical_rows_apart(clock: Clock) -> None:
    memo: Memo = {}
    ledger = Ledger(BENCHMARK, ACCURACY, memo=memo, clock=clock)
    equivalent = np.asarray([[0, 0, 1, 2, 0], [1, 0, 2, 0, 0], [0, 0, 2, 1, 0]], dtype=np.int16)
    with ledger.phase("query"):
        ledger.scores([Timed(clock, "one")], equivalent)
        ledger.scores([Timed(clock, "two")], equivalent[:1])
    assert {(key, row) for key, row in memo} == {
        ("one", equivalent[0].tobytes()),
        ("one", equivalent[2].tobytes()),
        ("two", equivalent[0].tobytes()),
    }
    assert all(score.seconds == 2 for score in memo.values())
    assert ledger.seconds["query"] == 6


def test_time_spent_looking_up_is_not_charged() -> None:
    """Every reading of this clock takes a second, so that all time that passes is counted."""

    class Ticking(Clock):
        def __call__(self) -> float:
            self.now += 1
            return self.now

    clock = Ticking()
    row = BENCHMARK.space.canonical(GENES[:1])
    memo: Memo = {("key", row.tobytes()): Score(7.0, 50.0, {})}
    ledger = Ledger(BENCHMARK, ACCURACY, memo=memo, clock=clock)
    with ledger.phase("query"):
        assert ledger.scores([Timed(clock)], GENES[:1]).tolist() == [[7.0]]
    # The recorded 50; around it one tick before the look-up began and one after it ended.
    assert ledger.seconds["query"] == 52


def test_networks_and_batches_are_free_but_time_is_not(clock: Clock) -> None:
    batch = Batch.random(BENCHMARK.task, 4)
    ledger = Ledger(BENCHMARK, ACCURACY, batch=batch, clock=clock)
    with ledger.phase("query"):
        network = ledger.network(ledger.space.architecture(GENES[0]))
        assert ledger.batch() is batch
        clock.now += 1
    assert sum(p.numel() for p in network.parameters()) == BENCHMARK.query(GENES, "parameters")[0]
    assert ledger.seconds == {"query": 1}
    assert ledger.task == BENCHMARK.task


def test_a_ledger_without_a_batch_says_so(ledger: Ledger) -> None:
    with pytest.raises(UnsupportedError, match="open it with batch="):
        ledger.batch()


class _Separate(TinyBenchmark):
    """A benchmark in which every number of epochs is a training of its own."""

    separate = True


def test_separate_trainings_are_each_paid_for() -> None:
    benchmark = _Separate()
    genes = benchmark.genes()[:3]
    ledger = Ledger(benchmark, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("query"):
        ledger.curve(genes, "val_accuracy", 2)
        ledger.curve(genes, "val_accuracy", 2)
        assert not ledger.trained  # not the trainings that the labels come from
        ledger.labels(genes)
        ledger.labels(genes)
    assert ledger.trained == {"query"}
    whole = sum(benchmark.seconds(genes, epochs).sum() for epochs in (1, 2, 10))
    assert ledger.seconds["query"] == pytest.approx(whole)


def test_scores_of_one_network_share_its_passes_and_pay_for_them_once(clock: Clock) -> None:
    memo: Memo = {}
    one, other = Sharing(clock, "one"), Sharing(clock, "two")
    genes = np.unique(BENCHMARK.space.canonical(GENES), axis=0)
    together = Ledger(BENCHMARK, ACCURACY, memo=memo, clock=clock)
    with together.phase("query"):
        values = together.scores([one, other], genes)
    assert values.shape == (len(genes), 2)
    assert together.seconds["query"] == len(genes) * (3 + 2 + 2)
    for scorers, cost in (([one], 3 + 2), ([other], 3 + 2), ([other, one], 3 + 2 + 2)):
        alone = Ledger(BENCHMARK, ACCURACY, memo=memo, clock=clock)
        with alone.phase("query"):
            alone.scores(scorers, genes)
        assert alone.seconds["query"] == len(genes) * cost
    assert len(one.calls) == len(genes)  # all but the first time they were in the memo


def test_a_pass_paid_for_at_initialization_is_free_at_query(clock: Clock) -> None:
    ledger = Ledger(BENCHMARK, ACCURACY, clock=clock)
    with ledger.phase("init"):
        ledger.scores([Sharing(clock, "one")], GENES[:1])
    with ledger.phase("query"):
        ledger.scores([Sharing(clock, "two")], GENES[:1])
    assert ledger.seconds["init"] == 3 + 2
    # The network was let go meanwhile; what a pass costs is known all the same.
    assert ledger.seconds["query"] == 2


def test_an_artefact_is_made_once_and_paid_for_by_everyone_who_uses_it(clock: Clock) -> None:
    made = []

    def make() -> dict[str, Floats]:
        made.append(1)
        clock.now += 60
        return {"weights": np.arange(3.0)}

    kept: dict[str, Any] = {}
    for _ in range(2):
        ledger = Ledger(BENCHMARK, ACCURACY, artefacts=kept, clock=clock)
        with ledger.phase("init"):
            clock.now += 1
            assert ledger.shared("supernet", make)["weights"].tolist() == [0, 1, 2]
        with ledger.phase("query"):
            ledger.shared("supernet", make)
        assert ledger.seconds == {"init": 61, "query": 0}
    assert made == [1]
    with pytest.raises(UnsupportedError, match=r"inside `with ledger\.phase"):
        ledger.shared("supernet", make)


def test_data_is_what_the_ledger_was_opened_with(ledger: Ledger) -> None:
    with pytest.raises(
        UnsupportedError, match=r"--data on the command line, .* data=… of a ledger"
    ):
        ledger.data()
    assert Ledger(BENCHMARK, ACCURACY, data=str).data()(16) == "16"


class _Untimed(TinyBenchmark):
    """Records without seconds."""

    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        return np.full(len(genes), np.nan)


def test_seconds_that_nobody_knows_are_charged_as_unknown(clock: Clock) -> None:
    ledger = Ledger(_Untimed(), ACCURACY, clock=clock)
    with ledger.phase("init"):
        ledger.labels(GENES[:2])
    with ledger.phase("query"):
        ledger.curve(GENES[:2], "train_loss", 10)  # of the same training, so nothing is owed
    assert np.isnan(ledger.seconds["init"])
    assert ledger.seconds["query"] == 0
    with ledger.phase("query"):
        ledger.curve(GENES[:3], "train_loss", 1)
    assert np.isnan(ledger.seconds["query"])


def test_equivalent_rows_pay_once(ledger: Ledger) -> None:
    equivalent = np.asarray([[0, 0, 1, 2, 0], [1, 0, 2, 0, 0], [0, 1, 0, 2, 0]], dtype=np.int16)
    assert len(np.unique(BENCHMARK.space.canonical(equivalent), axis=0)) == 1
    with ledger.phase("init"):
        ledger.labels(equivalent)
    assert ledger.seconds["init"] == pytest.approx(BENCHMARK.seconds(equivalent[:1])[0])


@pytest.mark.parametrize("direct_first", [True, False])
def test_a_pass_taken_directly_and_by_a_score_is_paid_for_once(
    clock: Clock, direct_first: bool
) -> None:
    ledger = Ledger(BENCHMARK, ACCURACY, clock=clock)
    arch = BENCHMARK.space.architecture(GENES[0])

    def common() -> None:
        clock.now += 3

    for step in (0, 1):
        with ledger.phase("query"):
            if direct_first == (step == 0):
                ledger.passes(arch).made("common", common)
            else:
                ledger.scores([Sharing(clock, "one")], GENES[:1])
    assert ledger.seconds["query"] == 3 + 2


def test_a_label_of_a_metric_recorded_early_covers_the_whole_training(clock: Clock) -> None:
    class Early(TinyBenchmark):
        def __init__(self) -> None:
            super().__init__()
            old = self.metrics["val_accuracy"]
            self.metrics = {**self.metrics, "val_accuracy": replace(old, epochs=(1, 2, 3))}

        def query(
            self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
        ) -> Floats:
            return super().query(genes, metric, epochs or 3, seed)

    ledger = Ledger(Early(), ACCURACY, clock=clock)
    with ledger.phase("init"):
        ledger.labels(GENES[:1])
    with ledger.phase("query"):
        ledger.curve(GENES[:1], "train_loss", 8)
    assert ledger.seconds["query"] == 0


def test_architectures_are_drawn_in_the_space_or_among_some() -> None:
    rows = BENCHMARK.genes()[:5]
    rng = np.random.default_rng(0)
    few = Ledger(BENCHMARK, ACCURACY, among=rows)
    drawn = few.sample(3, rng)
    assert len({row.tobytes() for row in drawn} & {row.tobytes() for row in rows}) == 3
    assert len(few.sample(9, rng)) == 5
    assert len(Ledger(BENCHMARK, ACCURACY).sample(9, rng)) == 9
