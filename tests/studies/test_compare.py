"""The predictor study."""

import json
import shutil
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, StoreError, UnknownComponentError
from nascast.executors.processes import Processes
from nascast.executors.serial import Serial
from nascast.studies.compare import compare
from nascast.studies.metrics import METRICS
from nascast.studies.study import Progress, Study, cells, open_benchmark, split

STUDY = Study(
    benchmark="nb201-mini",
    predictors=("xgboost", "sotl_e"),
    train_sizes=(5, 100),
    epochs=(1, 8),
    trials=3,
    test_size=60,
    batch_size=4,
)
Rows = list[dict[str, Any]]


def _results(rows: Rows) -> Rows:
    """Drops what is measured by a clock."""
    return [
        {key: value for key, value in row.items() if not key.endswith("_seconds")} for row in rows
    ]


def test_every_predictor_is_run_with_every_budget_it_can_spend() -> None:
    grid = cells(replace(STUDY, predictors=("xgboost", "synflow", "sotl_e", "omni")))
    budgets = {(cell.predictor, cell.train_size, cell.epochs) for cell in grid}
    assert budgets == {
        *(("xgboost", n, None) for n in (5, 100)),
        ("synflow", None, None),
        *(("sotl_e", None, e) for e in (1, 8)),
        *(("omni", n, e) for n in (5, 100) for e in (1, 8)),
    }
    assert len(grid) == len(budgets) * STUDY.trials


def test_no_architecture_of_the_test_set_is_equivalent_to_one_of_the_training_set() -> None:
    class AllCells(type(open_benchmark("nb201-mini"))):  # type: ignore[misc]
        def genes(self) -> Any:
            return self.space.all()

    bench = open_benchmark("nb201-mini")
    everything = AllCells.__new__(AllCells)
    everything.__dict__.update(bench.__dict__)
    for trial in range(3):
        test, train = split(replace(STUDY, train_sizes=(500,)), everything, trial)
        both = bench.space.canonical(np.concatenate([test, train]))
        assert len(np.unique(both, axis=0)) == 500 + STUDY.test_size
        raw = np.concatenate([test, train])
        assert (both != raw).any()  # so rows that are not canonical were drawn too


def test_trials_differ_and_repeat() -> None:
    bench = open_benchmark("nb201-mini")
    first, again = split(STUDY, bench, 0), split(STUDY, bench, 0)
    assert (first[0] == again[0]).all()
    assert (first[1] == again[1]).all()
    assert (split(STUDY, bench, 1)[0] != first[0]).any()
    assert (split(replace(STUDY, seed=1), bench, 0)[0] != first[0]).any()


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rows]:
    """The folder and the rows of the study; read only."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, compare(STUDY, folder)


def test_rows_hold_metrics_times_and_versions(whole: tuple[Path, Rows]) -> None:
    folder, rows = whole
    table = pq.read_table(folder / "results.parquet")
    assert table.num_rows == len(rows) == 12
    assert table.column("error").null_count == 12
    bench = open_benchmark("nb201-mini")
    for row in table.to_pylist():
        assert all(np.isfinite(row[metric]) for metric in METRICS)
        assert json.loads(row["versions"])["nascast"]
        assert len(row["predicted"]) == len(row["true"]) == STUDY.test_size
        test, train = split(STUDY, bench, row["trial"])
        np.testing.assert_array_equal(row["true"], bench.query(test, "val_accuracy"))
        if row["predictor"] == "sotl_e":
            epochs = row["epochs"]
            cost = bench.seconds(test, epochs).mean()
            assert row["query_seconds"] == pytest.approx(cost, rel=0.01)
            expected = -bench.query(test, "train_loss", epochs)
            np.testing.assert_array_equal(row["predicted"], expected)
        else:
            cost = bench.seconds(train[: row["train_size"]]).sum()
            assert cost < row["init_seconds"] < cost + 30


def test_more_labels_and_more_epochs_help(whole: tuple[Path, Rows]) -> None:
    def tau(name: str, budget: str, value: int) -> float:
        found = [r["kendall"] for r in whole[1] if r["predictor"] == name and r[budget] == value]
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


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study, stopped after five cells; read only."""
    folder = tmp_path_factory.mktemp("stopped")
    with pytest.raises(_StoppedError):
        compare(STUDY, folder, _StopsAfter(5))
    return folder


@pytest.mark.parametrize("torn", [False, True])
def test_an_interrupted_study_goes_on_and_gives_the_same(
    whole: tuple[Path, Rows], stopped: Path, tmp_path: Path, torn: bool
) -> None:
    folder = shutil.copytree(stopped, tmp_path / "parts")
    journal = folder / "cells.jsonl"
    if torn:
        journal.write_bytes(journal.read_bytes()[:-20])
    executor = _Counts()
    rows = compare(STUDY, folder, executor)
    assert len(executor.tasks) == 12 - 5 + torn
    assert _results(rows) == _results(whole[1])
    assert compare(STUDY, folder, _StopsAfter(0)) == rows  # nothing is left to do


def test_processes_give_the_same_as_one_process(tmp_path: Path) -> None:
    study = replace(STUDY, predictors=("sotl_e", "synflow"), trials=1, test_size=30)
    serial = compare(study, tmp_path / "serial")
    with Processes(2) as executor:
        parallel = compare(study, tmp_path / "parallel", executor)
    assert _results(parallel) == _results(serial)


def test_other_settings_in_the_same_folder_are_refused(whole: tuple[Path, Rows]) -> None:
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
    seconds = [json.loads(line)["seconds"] for line in kept.splitlines()]
    for (row,) in (first, again):
        assert np.mean(seconds) <= row["query_seconds"] < np.mean(seconds) + 0.05
    other = replace(study, batch_size=5)  # another batch is another score
    compare(other, tmp_path / "c", cache=cache)
    assert len(cache.read_text().splitlines()) == 12


def test_evidence_that_was_not_recorded_is_a_reason_not_a_crash(tmp_path: Path) -> None:
    rows = compare(replace(STUDY, epochs=(3, 99), trials=1), tmp_path)
    wrong = [row for row in rows if row["error"]]
    assert [(row["predictor"], row["epochs"]) for row in wrong] == [("sotl_e", 99)]
    assert "recorded epochs: 1, 2" in wrong[0]["error"]


def test_a_predictor_that_breaks_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("by design")

    monkeypatch.setattr(plugins.resolve("predictor", "xgboost"), "initialize", broken)
    rows = compare(replace(STUDY, trials=1), tmp_path)
    reasons = {row["predictor"]: row["error"] for row in rows}
    assert reasons == {"xgboost": "ZeroDivisionError: by design", "sotl_e": None}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"train_sizes": (0,)}, "train_sizes"),
        ({"train_sizes": ()}, "none"),
        ({"epochs": (2, 2)}, "different"),
        ({"trials": 0}, "trials"),
        ({"test_size": 1}, "at least 2"),
        ({"seed": -1}, "-1"),
        ({"predictors": ()}, "at least one"),
        ({"predictors": ("xgboost", "xgboost")}, "once"),
    ],
)
def test_settings_are_checked(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettingError, match=words):
        replace(STUDY, **change)


def test_unknown_names_list_the_known_ones() -> None:
    with pytest.raises(UnknownComponentError, match="sotl_e"):
        replace(STUDY, predictors=("xgbost",))
    with pytest.raises(UnknownComponentError, match="nb201_mini"):
        open_benchmark("nb202")


def test_more_architectures_than_there_are_is_refused_before_anything_is_written(
    tmp_path: Path,
) -> None:
    with pytest.raises(InvalidSettingError, match="distinct"):
        compare(replace(STUDY, train_sizes=(100_000,)), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write"):
        compare(STUDY, tmp_path / "file" / "run")
