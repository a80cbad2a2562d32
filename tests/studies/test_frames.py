"""Trials, results and records as tables, read back by the libraries that others use."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nascast
from nascast.cli.main import main
from nascast.core import plugins
from nascast.core.errors import MissingDataError
from nascast.studies.frames import Columns, columns, pieces
from nascast.studies.searches.results import read_search


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    out = tmp_path / "run"
    line = (
        "nascast search --benchmark nb201-mini --strategy random,hyperband --evaluations 12 --json"
    )
    monkeypatch.setattr("sys.argv", [*line.split(), "--out", str(out)])
    with pytest.raises(SystemExit, match="0"):
        main()
    return out


def test_every_trial_is_a_row(folder: Path) -> None:
    found = read_search(folder)
    frame = nascast.to_pandas(folder)
    assert len(frame) == sum(len(run.trials) for run in found.runs) == 24
    assert nascast.to_pandas(found).equals(frame)
    benchmark = nascast.load("benchmark", "nb201-mini")
    full = frame[frame.strategy == "random"]
    genes = benchmark.space.from_text(list(full.architecture))
    assert np.array_equal(full.val_accuracy, benchmark.query(genes, "val_accuracy"))
    assert sorted(full.trial) == list(range(12))
    assert frame[frame.strategy != "random"].epochs.min() < 12


def test_the_forms_agree(folder: Path) -> None:
    found = columns(folder)
    text = b"".join(pieces("csv", found))
    assert b"".join(pieces("csv", columns(folder))) == text
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    objects = json.loads(b"".join(pieces("json", found)))
    parquet = pd.read_parquet(io.BytesIO(b"".join(pieces("parquet", found))))
    assert [row["architecture"] for row in rows] == list(parquet.architecture)
    assert [float(row["val_accuracy"]) for row in rows] == [o["val_accuracy"] for o in objects]
    assert [o["val_accuracy"] for o in objects] == list(parquet.val_accuracy)
    assert {row["error"] for row in rows} == {""}


def test_the_results_of_a_comparison(
    make_run: Callable[..., Path], make_row: Callable[..., Any]
) -> None:
    run = make_run([make_row(trial=k) for k in (0, 1)])
    frame = nascast.to_pandas(str(run))
    assert list(frame.trial) == [0, 1]
    rows = list(csv.DictReader(io.StringIO(b"".join(pieces("csv", columns(run))).decode())))
    for k, row in enumerate(rows):
        assert json.loads(row["predicted"]) == frame.predicted[k]
        assert json.loads(row["architectures"])[3] == "|arch 3|"


def test_the_records_of_a_benchmark() -> None:
    frame = nascast.to_pandas("nb201-mini")
    benchmark = plugins.load("benchmark", "nb201-mini")
    assert len(frame) == len(benchmark.genes())
    row = frame.iloc[17]
    genes = benchmark.space.from_text([row.architecture])
    for metric in benchmark.metrics:
        assert benchmark.query(genes, metric)[0] == row[metric]


def test_a_folder_of_neither(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"neither search\.json nor study\.json"):
        columns(tmp_path)


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_parts_of_a_long_table_tell_how_many_rows_they_have(form: str) -> None:
    found: Columns = {
        "trial": list(range(1234)),
        "curve": [[0.5, 1.0]] * 1234,
        "error": [None] * 1234,
    }
    told: list[int] = []
    parts = list(pieces(form, found, told.append))
    assert sum(told) == 1234
    assert (len(parts) > 10) == (form == "csv")
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(b"".join(parts).decode())))
        assert [int(row["trial"]) for row in rows] == found["trial"]
        assert {(row["curve"], row["error"]) for row in rows} == {("[0.5, 1.0]", "")}
