"""The predictor study."""

import json
import re
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from nascast.core import plugins
from nascast.core.errors import (
    InvalidSettingError,
    MissingDataError,
    StoreError,
    UnsupportedError,
)
from nascast.core.evidence import Trained
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.types import Candidate, Evaluation, Genes
from nascast.executors.processes import Processes
from nascast.executors.serial import Serial
from nascast.report.predictors.html import write_report
from nascast.studies.metrics import METRICS, kendall
from nascast.studies.predictors.design import Study
from nascast.studies.predictors.head import read_head
from nascast.studies.predictors.results import Result, read_run
from nascast.studies.predictors.run import compare
from nascast.studies.predictors.split import split
from nascast.studies.progress import Progress
from nascast.studies.records import open_benchmark
from nascast.testing.doubles import TinyBenchmark

STUDY = Study(
    benchmark="nb201-mini",
    predictors=("xgboost", "sotl_e"),
    axes={"train_size": (5, 100), "epochs": (1, 8)},
    trials=3,
    test_size=60,
    batch_size=4,
)


def _results(results: list[Result]) -> list[str]:
    """Drops what is measured by a clock; as texts, in which NaN is NaN."""
    return [repr(replace(item, init_seconds_total=0, query_seconds_each=0)) for item in results]


Run = tuple[Path, list[Result]]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The folder and the results of the study, for tests that only read them."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, compare(STUDY, folder)


def test_rows_hold_metrics_times_and_versions(whole: Run) -> None:
    folder, rows = whole
    table = pq.read_table(folder / "results.parquet")
    assert table.num_rows == len(rows) == 12
    assert table.column("error").null_count == 12
    bench = open_benchmark("nb201-mini")
    for row in table.to_pylist():
        known = {metric for metric in METRICS if np.isfinite(row[metric])}
        assert known == {*METRICS} - ({"mae", "rmse"} if row["predictor"] == "sotl_e" else set())
        assert json.loads(row["versions"])["nascast"]
        assert len(row["predicted"]) == len(row["true"]) == STUDY.test_size
        test, train = split(STUDY, bench, row["trial"])
        assert row["architectures"] == bench.space.to_text(test)
        assert row["deviation"] is None
        np.testing.assert_array_equal(row["true"], bench.query(test, "val_accuracy"))
        if row["predictor"] == "sotl_e":
            epochs = row["epochs"]
            cost = bench.seconds(test, epochs).mean()
            assert row["query_seconds_each"] == pytest.approx(cost, rel=0.01)
            expected = -bench.query(test, "train_loss", epochs)
            np.testing.assert_array_equal(row["predicted"], expected)
        else:
            cost = bench.seconds(train[: row["train_size"]]).sum()
            assert cost < row["init_seconds_total"] < cost + 30


def test_who_reads_the_training_it_is_judged_by_is_marked_and_judged_by_another(whole: Run) -> None:
    bench = open_benchmark("nb201-mini")
    twice = {row.tobytes() for row in bench.recorded("val_accuracy", 1)}
    for row in whole[1]:
        assert row.reads_target == (row.predictor == "sotl_e")
        test = split(STUDY, bench, row.trial)[0]
        there = np.array([one.tobytes() in twice for one in test])
        assert row.other_size == there.sum() > 1
        other = bench.query(test[there], "val_accuracy", seed=1)
        assert row.kendall_other == kendall(np.array(row.predicted)[there], other)


def test_nothing_is_judged_by_another_training_where_there_is_none(tmp_path: Path) -> None:
    study = replace(STUDY, predictors=("xgboost",), trials=1, axes={"train_size": (5,)})
    folder = tmp_path / "once"
    (row,) = compare(replace(study, test_size=20), folder, records=_once)
    assert (row.error, row.other_size, row.reads_target) == (None, 0, False)
    assert np.isnan(row.kendall_other)
    head, (again,) = read_run(folder)
    assert head.noise is None
    assert np.isnan(again.kendall_other)
    assert np.isnan(pq.read_table(folder / "results.parquet")["kendall_other"][0].as_py())


def _once(study: Study) -> TinyBenchmark:
    """Records of one training each."""

    class Once(TinyBenchmark):
        def recorded(self, metric: str, seed: int) -> Genes:
            return self.genes() if seed == 0 else self.genes()[:0]

    return Once()


def test_more_labels_and_more_epochs_help(whole: Run) -> None:
    rows = whole[1]

    def tau(name: str, budget: str, value: int) -> float:
        found = [r.kendall for r in rows if r.predictor == name and r.budget[budget] == value]
        return float(np.mean(found))

    assert tau("xgboost", "train_size", 100) > tau("xgboost", "train_size", 5)
    assert tau("sotl_e", "epochs", 8) > tau("sotl_e", "epochs", 1) > 0.2


class _StoppedError(Exception):
    pass


class _StopsAfter(Serial):
    """Stops the study after some cells, as an interruption would."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def collect(self) -> list[Any]:
        if not self.count:
            raise _StoppedError
        self.count -= 1
        return super().collect()


class _Counts(Serial):
    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[Hashable] = []

    def submit(self, task: Hashable, call: Callable[[], Any]) -> None:
        self.tasks.append(task)
        super().submit(task, call)


@pytest.mark.parametrize("torn", [False, True])
def test_an_interrupted_study_goes_on_and_gives_the_same(
    whole: Run, tmp_path: Path, torn: bool
) -> None:
    with pytest.raises(_StoppedError):
        compare(STUDY, tmp_path / "parts", _StopsAfter(5))
    journal = tmp_path / "parts" / "cells.jsonl"
    if torn:
        journal.write_bytes(journal.read_bytes()[:-20])
    executor = _Counts()
    rows = compare(STUDY, tmp_path / "parts", executor)
    assert len(executor.tasks) == 12 - 5 + torn
    assert _results(rows) == _results(whole[1])
    again = compare(STUDY, tmp_path / "parts", _StopsAfter(0))  # nothing is left to do
    assert repr(again) == repr(rows)


def test_a_study_goes_on_with_more_trials(whole: Run, tmp_path: Path) -> None:
    assert STUDY.trials == 3
    before = compare(replace(STUDY, trials=2), tmp_path / "grown")
    executor = _Counts()
    rows = compare(STUDY, tmp_path / "grown", executor)
    assert len(executor.tasks) == len(rows) - len(before) == 4
    assert _results(rows) == _results(whole[1])
    assert read_head(tmp_path / "grown").settings == read_head(whole[0]).settings
    with pytest.raises(StoreError, match=r"seed was 0, is 1"):
        compare(replace(STUDY, trials=4, seed=1), tmp_path / "grown")


def test_a_study_that_stopped_among_more_trials_is_that_of_before(
    whole: Run, tmp_path: Path
) -> None:
    few = replace(STUDY, trials=2)
    before = compare(few, tmp_path)
    with pytest.raises(_StoppedError):
        compare(STUDY, tmp_path, _StopsAfter(1))
    head, rows = read_run(tmp_path)
    assert (head.settings["trials"], len(rows)) == (2, 8)
    assert repr(compare(few, tmp_path, _StopsAfter(0))) == repr(before)
    executor = _Counts()
    assert _results(compare(STUDY, tmp_path, executor)) == _results(whole[1])
    assert len(executor.tasks) == 3


def test_processes_give_the_same_as_one_process(tmp_path: Path) -> None:
    study = replace(STUDY, predictors=("sotl_e", "synflow"), trials=1)
    serial = compare(study, tmp_path / "serial")
    with Processes(2) as executor:
        parallel = compare(study, tmp_path / "parallel", executor)
    assert _results(parallel) == _results(serial)


def test_other_settings_in_the_same_folder_are_refused(whole: Run) -> None:
    with pytest.raises(StoreError, match=r"trials was 3, is 2"):
        compare(replace(STUDY, trials=2), whole[0])


def test_proxy_scores_are_kept_and_charged_with_their_seconds(tmp_path: Path) -> None:
    study = replace(STUDY, predictors=("jacov",), trials=1, test_size=6)
    cache = tmp_path / "cache.jsonl"
    steps: list[str] = []
    progress = Progress(start=lambda name, count: steps.append(name))
    first = compare(study, tmp_path / "a", cache=cache, progress=progress)
    kept = cache.read_text()
    assert len(kept.splitlines()) == 6
    again = compare(study, tmp_path / "b", cache=cache, progress=progress)
    assert steps == ["proxies", "predictors", "predictors"]
    assert cache.read_text() == kept
    scores = [json.loads(line) for line in kept.splitlines()]
    seconds = [score["seconds"] + sum(score["passes"].values()) for score in scores]
    for (row,) in (first, again):
        assert np.mean(seconds) <= row.query_seconds_each < np.mean(seconds) + 0.05
    other = replace(study, batch_size=5)  # another batch is another score
    compare(other, tmp_path / "c", cache=cache)
    assert len(cache.read_text().splitlines()) == 12


def test_evidence_that_was_not_recorded_is_a_reason_not_a_crash(tmp_path: Path) -> None:
    rows = compare(replace(STUDY, axes={"train_size": (5,), "epochs": (3, 99)}, trials=1), tmp_path)
    wrong = [row for row in rows if row.error]
    assert [(row.predictor, dict(row.budget)) for row in wrong] == [("sotl_e", {"epochs": 99})]
    assert "recorded epochs: 1, 2" in str(wrong[0].error)


def test_a_predictor_that_breaks_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr(plugins.resolve("predictor", "xgboost"), "initialize", broken)
    rows = compare(replace(STUDY, trials=1), tmp_path)
    reasons = {row.predictor: row.error for row in rows}
    assert reasons == {"xgboost": "ZeroDivisionError: by design", "sotl_e": None}


@pytest.mark.parametrize(
    ("given", "told"),
    [(np.zeros(60), "a ndarray"), (Prediction(np.zeros(61)), "a Prediction of 61"), (None, "None")],
)
def test_what_is_no_prediction_of_all_that_was_asked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Any, told: str
) -> None:
    monkeypatch.setattr(plugins.resolve("predictor", "xgboost"), "query", lambda *_: given)
    wrong = compare(replace(STUDY, trials=1), tmp_path)[0].error
    assert re.search(f"a Prediction of the 60 architectures .* got .*{told}", str(wrong))


def test_a_predictor_that_shuffles_its_rows_fails_and_leaves_those_of_others(
    tmp_path: Path, whole: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shuffling(self: Any, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        rng.shuffle(train)

    monkeypatch.setattr(plugins.resolve("predictor", "gp"), "initialize", shuffling)
    study = replace(STUDY, predictors=("gp", *STUDY.predictors))
    rows = compare(study, tmp_path)
    assert all("read-only" in str(row.error) for row in rows if row.predictor == "gp")
    assert _results([row for row in rows if row.predictor != "gp"]) == _results(whole[1])


def test_more_architectures_than_there_are_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(InvalidSettingError, match="distinct"):
        compare(replace(STUDY, axes={"train_size": (100_000,)}), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_where_no_predictor_can_work_nothing_is_written(tmp_path: Path) -> None:
    study = Study("nb201_mini", ("sotl_e", "early_stop_loss"), {"epochs": (77,)}, trials=1)
    with pytest.raises(UnsupportedError, match=r"nothing was written; sotl_e: .*early_stop_loss: "):
        compare(study, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write"):
        compare(STUDY, tmp_path / "file" / "run")


def test_a_folder_in_place_of_the_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "study.json").mkdir()
    with pytest.raises(MissingDataError, match=r"has no study\.json"):
        compare(STUDY, tmp_path)


def test_a_folder_of_the_version_before_is_refused(tmp_path: Path) -> None:
    old = {"settings": {"predictors": ["sotl_e"], "train_sizes": [20]}, "benchmark": "nb201-mini"}
    (tmp_path / "study.json").write_text(json.dumps(old))
    with pytest.raises(UnsupportedError, match="older version"):
        compare(STUDY, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["study.json"]


def test_one_predictor_with_several_settings(tmp_path: Path) -> None:
    specs = ("xgboost", "xgboost(encoding=path)", "sotl_e(epochs=2)")
    rows = compare(replace(STUDY, predictors=specs, trials=1), tmp_path)
    found = [(row.predictor, *row.budget.values()) for row in rows]
    assert found == [
        *(("xgboost", 5), ("xgboost", 100)),
        *(("xgboost(encoding=path)", 5), ("xgboost(encoding=path)", 100)),
        ("sotl_e(epochs=2)", 2),
    ]
    assert len({row.predicted for row in rows}) == 5
    assert rows[2].predictor_name == "xgboost"
    assert json.loads(rows[2].predictor_settings) == {"encoding": "path"}
    test, _ = split(STUDY, open_benchmark("nb201-mini"), 0)
    losses = open_benchmark("nb201-mini").query(test, "train_loss", 2)
    assert rows[4].predicted == tuple((-losses).tolist())
    head, again = read_run(tmp_path)
    assert repr(again) == repr(rows)
    assert head.settings["predictors"] == list(specs)


class _Noisy(PerformancePredictor):
    """The label with as much noise as its third axis says, and half the labels' mean."""

    axes = frozenset({"train_size", "noise"})

    def __init__(self, noise: int = 1) -> None:
        self.noise = noise

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        self.mean = ledger.labels(train).mean()

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        drawn = np.random.default_rng(0).normal(0, self.noise, len(genes))
        mean = ledger.labels(genes) + drawn + self.mean / 2
        return Prediction(mean, np.full(len(genes), float(self.noise)))


def _tiny(study: Study, spread: float) -> TinyBenchmark:
    return TinyBenchmark(spread=spread)


def test_a_third_axis_and_records_that_are_no_named_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = plugins.resolve
    monkeypatch.setattr(
        plugins, "resolve", lambda kind, name: _Noisy if name == "noisy" else resolve(kind, name)
    )
    study = Study(
        "nb201-mini",
        ("noisy", "sotl_e"),
        axes={"train_size": (5,), "noise": (1, 30), "epochs": (2,)},
        trials=2,
        test_size=20,
    )
    rows = compare(study, tmp_path, records=partial(_tiny, spread=2.0))
    table = pq.read_table(tmp_path / "results.parquet").to_pylist()
    assert [(r["predictor"], r["train_size"], r["noise"], r["epochs"]) for r in table[::2]] == [
        *(("noisy", 5, 1, None), ("noisy", 5, 30, None), ("sotl_e", None, None, 2))
    ]
    assert [r["deviation"] for r in table[::2]] == [[1.0] * 20, [30.0] * 20, None]
    assert min(rows[i].kendall for i in (0, 1)) > max(rows[i].kendall for i in (2, 3))
    test, _ = split(study, _tiny(study, 2.0), 0)
    np.testing.assert_array_equal(rows[0].true, _tiny(study, 2.0).query(test, "val_accuracy"))
    assert write_report(tmp_path).exists()


class _Children:
    """Trains networks of the tiny space; here by looking them up."""

    metrics = ("val_accuracy", "train_loss")
    task = TinyBenchmark().task

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        table, row, epochs = TinyBenchmark(), candidate.arch.row(), candidate.epochs or 10
        curves = {m: tuple(table.curve(row, m, epochs, seed)[0].tolist()) for m in self.metrics}
        final = {name: curve[-1] for name, curve in curves.items()}
        return Evaluation(final, float(table.seconds(row, epochs, seed)[0]), curves=curves)


@cache
def _children() -> Trained:
    table = TinyBenchmark()
    return Trained(_Children(), table.space, [table.metrics[name] for name in _Children.metrics])


def _trained(study: Study) -> Trained:
    return _children()  # one for all cells, so that nothing is trained twice


def test_a_study_on_children_that_are_trained_when_they_are_asked_for(tmp_path: Path) -> None:
    study = Study("nb201-mini", ("sotl_e",), axes={"epochs": (3,)}, trials=2, test_size=20)
    trained = compare(study, tmp_path / "trained", records=_trained)
    recorded = compare(study, tmp_path / "recorded", records=partial(_tiny, spread=1.0))
    for one in trained:
        assert one.error is None
        assert one.kendall > 0.5
        assert one.query_seconds_each > 1
    assert len(trained) == len(recorded) == 2
