"""The folder of a search, begun and read back."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError, StoreError
from nascast.core.spec import Spec
from nascast.core.types import Objective
from nascast.executors.serial import Serial
from nascast.stores.sqlite import Sqlite
from nascast.studies.limits import Limits
from nascast.studies.searches.design import Search
from nascast.studies.searches.results import TRIALS, begin, keep_diagnostics, read_search
from nascast.studies.searches.run import simulations

MINI = Search(
    space="nasbench201",
    strategies=("random", "regularized_evolution(population=4)"),
    benchmark="nb201-mini",
    evaluations=6,
)


def test_a_folder_holds_one_search(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(StoreError, match="no search to resume"):
        begin(MINI, out, resume=True)
    begin(MINI, out, resume=False)
    begin(MINI, out, resume=False)  # nothing was tried yet
    (out / TRIALS).touch()
    with pytest.raises(StoreError, match="add --resume"):
        begin(MINI, out, resume=False)
    begin(replace(MINI, evaluations=99, workers=4), out, resume=True)  # budgets may change
    with pytest.raises(StoreError, match=r"evaluator\.benchmark was nb201_mini, is other\.nascast"):
        begin(replace(MINI, benchmark="other.nascast"), out, resume=True)
    words = "limits was not set, is parameters ≤ 5; .* only the nascast that began it can go on"
    with pytest.raises(StoreError, match=words):
        begin(replace(MINI, limits=Limits(parameters=5)), out, resume=True)
    for text in ("{", "[]", "{}", '{"setup": {"space": "nasbench201"}, "versions": {}}'):
        (out / "search.json").write_text(text)
        with pytest.raises(CorruptDataError, match=r"search\.json"):
            begin(MINI, out, resume=True)
    (out / "search.json").unlink()
    (out / "search.json").mkdir()
    with pytest.raises(MissingDataError, match=r"cannot read .*search\.json: Is a directory"):
        begin(MINI, out, resume=True)
    wrong = replace(MINI, strategies=(Spec("random", {"colour": 1}),))
    with pytest.raises(InvalidSettingError, match="no setting 'colour'"):
        begin(wrong, tmp_path / "other", resume=False)
    assert not (tmp_path / "other").exists()


def test_what_was_searched_is_read_back(tmp_path: Path) -> None:
    begin(MINI, tmp_path, resume=False)
    trials = dict(simulations(MINI, Sqlite(tmp_path / TRIALS), Serial()))
    keep_diagnostics(tmp_path, "random-0", {"entropy": [1.0, 0.5]})
    found = read_search(tmp_path)
    assert found.setup == MINI.setup()
    assert (found.benchmark, found.training, found.unit) == ("nb201_mini", None, "percent")
    assert [run.strategy for run in found.runs] == ["random", "regularized_evolution"]
    assert [run.spec for run in found.runs] == list(MINI.specs)
    for run in found.runs:
        assert run.trials == trials[run.name]
        assert run.clock.tolist() == [trial.finished for trial in run.trials]
    assert found.diagnostics["random-0"]["entropy"].tolist() == [1.0, 0.5]


def test_a_strategy_is_what_its_run_says_and_not_its_name(tmp_path: Path) -> None:
    begin(MINI, tmp_path, resume=False)
    store = Sqlite(tmp_path / TRIALS)
    dict(simulations(MINI, store, Serial()))
    store.begin("another name-77", store.info("random-0"))
    store.append("another name-77", store.read("random-0"))
    run = next(run for run in read_search(tmp_path).runs if run.name == "another name-77")
    assert (run.strategy, run.seed) == ("random", 0)


OLD: dict[str, Any] = {  # as written by the version before there was a `Setup`
    "space": "nasbench201",
    "benchmark": "nb201-mini",
    "training": None,
    "objectives": [{"metric": "val_accuracy", "minimize": False}],
    "limits": {},
}
OLD_RUN = {
    "strategy": "RandomSearch",
    "strategy_settings": {"seed": 1},
    "space": "nasbench201",
    "space_rule": "a record in nb201-mini",
    "objectives": [{"metric": "val_accuracy", "minimize": False}],
    "evaluator": "nb201-mini",
    "seed": 1,
    "versions": {"nascast": "0.1.0"},
}
OLD_TABLES = """
CREATE TABLE runs (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, info TEXT NOT NULL
) STRICT;
CREATE TABLE trials (
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, id INTEGER NOT NULL,
  space TEXT NOT NULL, genes TEXT NOT NULL, epochs INTEGER, metrics TEXT NOT NULL, seconds REAL,
  error TEXT, curves TEXT NOT NULL, finished REAL,
  PRIMARY KEY (run, position), UNIQUE (run, id)
) STRICT, WITHOUT ROWID;
INSERT INTO trials VALUES (1, 0, 0, 'nasbench201', '[0, 2, 1, 0, 4, 3]', NULL,
  '{"val_accuracy": 61.5}', 1.5, NULL, '{}', 1.5);
PRAGMA application_id = 1851880291;
PRAGMA user_version = 1;
"""


def _old(folder: Path, **changes: object) -> Path:
    folder.mkdir()
    head = {"settings": {**OLD, **changes}, "versions": {"nascast": "0.0.9"}}
    (folder / "search.json").write_text(json.dumps(head))
    with closing(sqlite3.connect(folder / TRIALS)) as connection:
        connection.executescript(OLD_TABLES)
        row = ("random-1", json.dumps(OLD_RUN))
        connection.execute("INSERT INTO runs (name, info) VALUES (?, ?)", row)
        connection.commit()
    return folder


def test_a_folder_of_the_version_before_can_be_read(tmp_path: Path) -> None:
    found = read_search(_old(tmp_path / "old"))
    assert (found.benchmark, found.objectives) == ("nb201-mini", (Objective("val_accuracy"),))
    (run,) = found.runs
    assert (run.strategy, run.seed, run.scores.tolist()) == ("RandomSearch", 1, [[61.5]])
    assert np.isnan([trial.thinking for trial in run.trials]).all()
    trained = {"data": "digits", "recipe": {"epochs": 3}}
    folder = _old(tmp_path / "b", benchmark=None, training=trained, limits={"parameters": 5})
    found = read_search(folder)
    assert (found.training, found.benchmark) == (trained, None)
    assert found.setup.limits == "parameters ≤ 5"


def test_a_folder_of_the_version_before_does_not_go_on(tmp_path: Path) -> None:
    folder = _old(tmp_path / "old")
    before = (folder / TRIALS).read_bytes()
    with pytest.raises(StoreError, match=r"an earlier nascast \(0\.0\.9\).* finish it with that"):
        begin(MINI, folder, resume=True)
    assert (folder / TRIALS).read_bytes() == before
    search = replace(MINI, strategies=("random",), seeds=(1,))
    with pytest.raises(StoreError, match=r"begun by another version .* go on with that version"):
        dict(simulations(search, Sqlite(folder / TRIALS), Serial()))
