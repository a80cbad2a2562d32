"""Results: their columns, the file they stand in, and folders that cannot be right."""

import json
import math
import types
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    StoreError,
    UnsupportedError,
)
from nascast.core.spec import Spec
from nascast.studies.noise import Estimate, NoiseLimits
from nascast.studies.predictors.design import Budget, Cell, Study
from nascast.studies.predictors.head import Head
from nascast.studies.predictors.results import (
    Result,
    check_axes,
    columns,
    from_record,
    read_run,
    to_record,
    write_results,
)

Make = Callable[..., Any]
NOISE = NoiseLimits(1000, Estimate(0.84, 0.82, 0.86), Estimate(0.89, 0.87, 0.91))
AXES = ["train_size", "epochs"]


def test_a_run_reads_back(make_run: Make, make_row: Make, make_failed: Make) -> None:
    nan = float("nan")
    rows = [
        make_row("jacov", None, predicted=[nan, *range(11)]),
        make_row("xgboost(encoding=path)", 20, 6, deviation=(0.5,) * 12),
        make_failed("x", "why", epochs=2),
    ]
    head, found = read_run(make_run(rows))
    assert head.noise == NOISE
    assert head.axes == ("train_size", "epochs")
    assert math.isnan(found[0].predicted[0])
    assert found[0].predicted[1:] == rows[0].predicted[1:]
    assert found[1] == rows[1]
    assert found[1].spec == Spec("xgboost", {"encoding": "path"})
    assert found[1].cell == Cell(found[1].spec, Budget({"epochs": 6, "train_size": 20}), 0)
    assert (found[2].error, found[2].budget) == ("why", Budget({"epochs": 2}))
    assert math.isnan(found[2].kendall)


def test_texts_that_many_results_share_are_read_once(
    make_run: Make, make_row: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that hundreds of thousands of results fit into the memory that a file may take."""
    _, found = read_run(make_run([make_row("xgboost", 20), make_row("jacov", None)]))
    one, other = (result.architectures for result in found)
    assert all(a is b for a, b in zip(one, other, strict=True))
    texts = tuple(f"{'long ' * 200}{i}" for i in range(200))
    file = make_run([make_row("xgboost", n, architectures=texts) for n in range(600)])
    monkeypatch.setenv("NASCAST_READ_MIB", "60")  # they would take 120 if each stood alone
    assert {result.architectures for result in read_run(file)[1]} == {texts}


def test_the_file_has_nulls_where_an_error_leaves_nothing(
    make_run: Make, make_row: Make, make_failed: Make
) -> None:
    rows = [make_row(init_seconds_total=float("nan")), make_failed("x", "why", train_size=20)]
    table = pq.read_table(make_run(rows) / "results.parquet")
    first, second = table.to_pylist()
    assert math.isnan(first["init_seconds_total"])  # unknown, and no error
    assert first["deviation"] is None
    for name in ("kendall", "init_seconds_total", "predicted", "architectures", "deviation"):
        assert second[name] is None
    assert (second["train_size"], second["epochs"]) == (20, None)


def test_the_columns_of_the_file_are_the_fields(tmp_path: Path) -> None:
    write_results([], ["train_size", "third"], tmp_path / "empty.parquet")
    found = {field.name: field.type for field in pq.read_schema(tmp_path / "empty.parquet")}
    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    expected: dict[str, pa.DataType] = {}
    for name, hint in get_type_hints(Result).items():
        if name == "budget":
            expected |= {"train_size": pa.int64(), "third": pa.int64()}
            continue
        if isinstance(hint, types.UnionType):
            hint = hint.__args__[0]
        listed = getattr(hint, "__origin__", None) is tuple
        expected[name] = pa.list_(kinds[hint.__args__[0]]) if listed else kinds[hint]
    assert found == expected
    assert list(found) == [column.name for column in columns(["train_size", "third"])]
    assert all(column.about for column in columns(AXES))


def _documented(section: str) -> list[list[str]]:
    """Returns the cells of the table below a heading of docs/results.md, without its head."""
    page = (Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")
    text = page.split(f"## {section}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_column_is_documented() -> None:
    expected = [
        [f"`{column.name}`", column.type, column.unit or "–", column.better or "–", column.about]
        for column in columns(AXES)
    ]
    assert _documented("results.parquet") == expected


def test_every_key_of_the_head_is_documented() -> None:
    keys = {name for name, *_ in _documented("study.json")}
    settings = {f"`settings.{item.name}`" for item in fields(Study)}
    noise = {f"`noise.{item.name}`" for item in fields(NoiseLimits)}
    assert keys == {"`format`", *(f"`{item.name}`" for item in fields(Head)), *settings, *noise}


def test_any_record_comes_back_through_json(make_row: Make, make_failed: Make) -> None:
    for result in (make_row(epochs=6), make_row(deviation=(1.0,) * 12), make_failed("x", "why")):
        record = json.loads(json.dumps(to_record(result, AXES)))
        again = from_record({**record, "more": 1}, AXES)
        assert to_record(again, AXES) == record
        assert again.error or again == result


def test_an_axis_named_as_a_column_is_refused() -> None:
    check_axes(["train_size", "epochs", "third"])
    for name in ("trial", "kendall", "budget"):
        with pytest.raises(InvalidSettingError, match=f"called {name}"):
            check_axes(["epochs", name])


def test_a_folder_of_the_version_before_is_refused(tmp_path: Path) -> None:
    settings = {
        "benchmark": "nb201-mini",
        "predictors": ["jacov"],
        "train_sizes": [20],
        "trials": 1,
    }
    old = {"settings": settings, "benchmark": "nb201-mini", "unit": "percent", "versions": {}}
    (tmp_path / "study.json").write_text(json.dumps(old))
    with pytest.raises(UnsupportedError, match=r"older version.*another --out"):
        read_run(tmp_path)
    (tmp_path / "study.json").write_text(json.dumps({**old, "format": 2}))
    with pytest.raises(UnsupportedError, match="in format 2 where this one reads 4"):
        read_run(tmp_path)


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        write_results([], AXES, tmp_path / "no" / "such" / "results.parquet")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"study\.json.*nascast compare"):
        read_run(tmp_path)


def test_an_unfinished_run_says_how_to_go_on(make_run: Make, make_row: Make) -> None:
    folder = make_run([make_row()])
    (folder / "results.parquet").unlink()
    with pytest.raises(MissingDataError, match="goes on where it stopped"):
        read_run(folder)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"settings": 3}', "settings"),
        ('{"settings": {}, "benchmarc": ""}', "SHA-256"),
        ('{"settings": {"trials": "five"}}', r"settings\.trials"),
    ],
)
def test_a_head_that_is_no_head_is_refused(
    make_run: Make, make_row: Make, text: str, reason: str
) -> None:
    folder = make_run([make_row()])
    (folder / "study.json").write_text(text)
    with pytest.raises(CorruptDataError, match=reason):
        read_run(folder)


def test_a_truncated_table_is_refused(make_run: Make, make_row: Make) -> None:
    folder = make_run([make_row()])
    file = folder / "results.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(CorruptDataError, match="not a whole Parquet file"):
        read_run(folder)


def test_a_table_without_a_column_is_refused(make_run: Make, make_row: Make) -> None:
    folder = make_run([make_row()])
    file = folder / "results.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["query_seconds_each"]), file)
    with pytest.raises(CorruptDataError, match="query_seconds_each"):
        read_run(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"kendall": None}, "no kendall"),
        ({"family": None}, "no family"),
        ({"versions": "{"}, "versions is not JSON"),
        ({"predictor_settings": "{"}, "predictor_settings is not JSON"),
        ({"trial": None, "error": "why"}, "trial"),
    ],
)
def test_a_row_that_cannot_be_right_is_refused(
    make_run: Make, make_row: Make, change: dict[str, Any], reason: str
) -> None:
    file = make_run([make_row(), make_row(trial=1)]) / "results.parquet"
    table = pq.read_table(file)
    records = table.to_pylist()
    records[1] |= change
    pq.write_table(pa.Table.from_pylist(records, schema=table.schema), file)
    with pytest.raises(CorruptDataError, match=f"row 1.*{reason}"):
        read_run(file.parent)


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pa.array(["abc", "abc"]), "expected lists in column architectures; got string"),
        (pa.array([1, 2]), "expected lists in column architectures; got int64"),
        (pa.array([None, None]), "expected lists in column architectures; got null"),
        (pa.array([["a"], ["b", None]]), "an architecture without a text"),
    ],
)
def test_a_column_that_has_no_lists_of_texts_is_refused(
    make_run: Make, make_row: Make, column: pa.Array, reason: str
) -> None:
    file = make_run([make_row(), make_row(trial=1)]) / "results.parquet"
    table = pq.read_table(file)
    place = table.column_names.index("architectures")
    pq.write_table(table.set_column(place, "architectures", column), file)
    with pytest.raises(CorruptDataError, match=reason):
        read_run(file.parent)


def test_row_groups_and_lists_that_are_null_come_back(make_run: Make, make_row: Make) -> None:
    rows = [make_row("a", trial=t, architectures=(f"x{t}", "y")) for t in range(7)]
    file = make_run(rows) / "results.parquet"
    table = pq.read_table(file)
    place = table.column_names.index("deviation")
    gone = pa.array([None if t % 2 else [0.5] for t in range(7)], type=pa.list_(pa.float64()))
    pq.write_table(table.set_column(place, "deviation", gone), file, row_group_size=3)
    found = read_run(file.parent)[1]
    assert [result.architectures for result in found] == [row.architectures for row in rows]
    assert [result.deviation for result in found] == [None if t % 2 else (0.5,) for t in range(7)]
