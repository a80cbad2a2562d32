"""A predictor that learned on another benchmark."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.benchmarks.table import read_table
from nascast.core.correlation import kendall
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.ledger import Ledger
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes, Objective
from nascast.predictors.model_based.bayesian_linear_regression import BayesianLinearRegression
from nascast.predictors.model_based.gp import GaussianProcess
from nascast.predictors.transfer import Transfer
from nascast.testing.doubles import TinyBenchmark


class Elsewhere(TinyBenchmark):
    """Other trainings of the same architectures."""

    name = "elsewhere"

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        values = super().query(genes, metric, epochs, seed)
        return values + 2.0 * np.cos(self.space.codes(genes))


HERE, THERE = TinyBenchmark(), Elsewhere()
GENES = np.random.default_rng(0).permutation(HERE.genes())
LINE = BayesianLinearRegression()


def asked(transfer: Transfer, train: Genes = GENES[:0]) -> tuple[Floats, dict[str, float]]:
    ledger = Ledger(HERE, Objective("val_accuracy"), clock=lambda: 0.0)
    with ledger.phase("init"):
        transfer.initialize(ledger, train, np.random.default_rng(0))
    with ledger.phase("query"):
        return transfer.query(ledger, GENES[:50]).mean, ledger.seconds


def test_it_ranks_without_a_label_and_for_nothing() -> None:
    moved = Transfer(LINE, THERE, labels=200)
    assert moved.axes == frozenset()
    assert moved.ranks_only
    found, seconds = asked(moved)
    assert seconds == {"init": 0.0, "query": 0.0}
    alone = BayesianLinearRegression()
    ledger = Ledger(THERE, Objective("val_accuracy"))
    rows = np.random.default_rng(0).permutation(THERE.genes())
    with ledger.phase("init"):
        alone.initialize(ledger, rows[:200], np.random.default_rng(1))
        assert found == pytest.approx(alone.query(ledger, GENES[:50]).mean)


def test_both_tables_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    there, ask = Elsewhere(), Elsewhere.query

    def query(self: Elsewhere, genes: Genes, *more: Any, **named: Any) -> Floats:
        reads.append(len(genes))
        return ask(self, genes, *more, **named)

    monkeypatch.setattr(Elsewhere, "query", query)
    for _ in range(3):
        asked(Transfer(LINE, there, labels=20))
    assert reads.count(len(HERE.genes())) == 1


def test_a_metric_of_its_own_has_its_own_direction() -> None:
    found, _ = asked(Transfer(GaussianProcess(), THERE, labels=200, metric="val_loss"))
    assert kendall(found, HERE.query(GENES[:50], "val_accuracy")) > 0.5


def test_without_a_benchmark_it_is_the_predictor() -> None:
    same = Transfer(LINE)
    assert same.axes == {"train_size"}
    assert not same.ranks_only
    found, seconds = asked(same, GENES[:20])
    assert seconds["init"] > 0
    assert np.ptp(found) > 0


def test_it_is_written_as_a_spec_and_reads_tables_by_path() -> None:
    for benchmark in ("nb201_mini()", '"records/other.nascast"'):
        text = f"auto(members=[transfer(benchmark={benchmark},labels=50),gp])"
        spec = Spec.parse("predictor", text)
        made = spec.load("predictor")
        assert Spec.of("predictor", made) == spec
        assert made.axes == {"train_size"}
        assert Spec.parse("predictor", str(spec)) == spec


def test_a_table_of_another_space_says_nothing_here() -> None:
    with pytest.raises(UnsupportedError, match="of nb201-mini are of nasbench201, and these"):
        asked(Transfer(LINE, Spec("nb201_mini")))


def test_what_it_is_judged_by_is_not_learned_from() -> None:
    with pytest.raises(InvalidSettingError, match="tiny has the very trainings of tiny"):
        asked(Transfer(LINE, HERE))


def test_what_cannot_be_moved_is_refused() -> None:
    for wrong in ({"predictor": "omni"}, {"predictor": "jacov"}, {"labels": 0}):
        with pytest.raises(InvalidSettingError, match="reads labels alone"):
            Transfer(**wrong)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "no.nascast"
    with pytest.raises(FileNotFoundError, match=r"no\.nascast"):
        read_table(path)
    with pytest.raises(FileNotFoundError, match=r"no\.nascast"):
        asked(Transfer(LINE, str(path)))


def test_the_same_trainings_under_another_name_are_noticed() -> None:
    copy = TinyBenchmark()
    copy.name = "copied"
    with pytest.raises(InvalidSettingError, match="copied has the very trainings"):
        asked(Transfer(LINE, copy, labels=50))


def test_rounded_and_scaled_labels_are_the_same_trainings() -> None:
    class Rounded(TinyBenchmark):
        def query(self, genes: Genes, metric: str, *more: Any, **named: Any) -> Floats:
            values = super().query(genes, metric, *more, **named)
            return np.asarray(np.round(values, 1) / 100)

    copy = Rounded()
    copy.name = "rounded"
    with pytest.raises(InvalidSettingError, match="rounded has the very trainings"):
        asked(Transfer(LINE, copy, labels=50))
