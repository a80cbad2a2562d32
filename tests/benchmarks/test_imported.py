"""Reading tables of other people: right values, and a bad row named by its place."""

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nascast.benchmarks.imported import ColumnSpec, convert
from nascast.benchmarks.table import TableSource, read_table, write_table
from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    UnknownComponentError,
)
from nascast.spaces.nasbench201 import NasBench201

SPACE = NasBench201()
GENES = SPACE.sample(4, np.random.default_rng(0))
CELLS = SPACE.to_text(GENES)
HEADER = ("arch", "acc_12", "acc_200", "time", "count")
ROWS: list[list[Any]] = [
    [cell, 60.5 + i, 90.25 + i, 14.0 + i, 1000 + i] for i, cell in enumerate(CELLS)
]
COLUMNS = (
    "val_accuracy=acc_12,epoch=12",
    "val_accuracy=acc_200,epoch=200",
    "parameters=count,unit=count",
)


def text(rows: list[list[Any]], header: tuple[str, ...] = HEADER) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in (header, *rows))


def read(path: Path, *columns: str, **settings: Any) -> TableSource:
    specs = [ColumnSpec.parse(column) for column in columns or COLUMNS]
    return convert(path, "nasbench201", "arch", specs, name="mine", **settings)


def written(folder: Path, kind: str, rows: list[list[Any]]) -> Path:
    path = folder / f"records.{kind}"
    if kind == "parquet":
        columns = {name: [row[i] for row in rows] for i, name in enumerate(HEADER)}
        pq.write_table(pa.table(columns), path)
    elif kind == "csv.gz":
        path.write_bytes(gzip.compress(text(rows).encode()))
    else:
        path.write_text(text(rows))
    return path


def changed(row: int, column: str, value: Any) -> list[list[Any]]:
    rows = [list(r) for r in ROWS]
    rows[row][HEADER.index(column)] = value
    return rows


kinds = pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])


@kinds
def test_values_come_through_exactly(tmp_path: Path, kind: str) -> None:
    source = read(written(tmp_path, kind, ROWS), seconds_per_epoch="time")
    assert np.array_equal(source.genes, GENES)
    assert source.values["val_accuracy"].tolist() == [[[60.5 + i, 90.25 + i]] for i in range(4)]
    assert source.values["parameters"].tolist() == [[[1000 + i]] for i in range(4)]
    assert source.values["seconds"].tolist() == [
        [[12 * (14.0 + i), 200 * (14.0 + i)]] for i in range(4)
    ]
    by_name = {metric.name: metric for metric in source.metrics}
    assert by_name["val_accuracy"].epochs == (12, 200)
    assert (by_name["val_accuracy"].unit, by_name["val_accuracy"].split) == (
        "percent",
        "validation",
    )
    assert by_name["parameters"].epochs == ()
    assert by_name["seconds"].epochs == (12, 200)


def test_a_converted_file_is_a_table(tmp_path: Path) -> None:
    source = read(written(tmp_path, "csv", ROWS), seconds_per_epoch="time", source="us, MIT")
    write_table(source, tmp_path / "mine.nascast")
    table = read_table(tmp_path / "mine.nascast")
    assert table.name == "mine"
    assert table.query(GENES, "val_accuracy", 12).tolist() == [60.5, 61.5, 62.5, 63.5]
    assert table.seconds(GENES[1:2], 6).tolist() == [6 * 15.0]
    assert table.provenance["source"] == "us, MIT"
    assert table.provenance["file"] == "records.csv"
    assert len(table.provenance["sha256"]) == 64


def test_fractions_become_percent(tmp_path: Path) -> None:
    rows = [[cell, value] for cell, value in zip(CELLS, (0, 0.25, 0.905, 1), strict=True)]
    path = tmp_path / "records.csv"
    path.write_text(text(rows, ("arch", "acc")))
    source = read(path, "val_accuracy=acc,epoch=108,unit=fraction")
    assert source.values["val_accuracy"].ravel().tolist() == pytest.approx([0, 25, 90.5, 100])
    assert source.metrics[0].unit == "percent"


def test_several_trainings_of_one_network(tmp_path: Path) -> None:
    source = read(
        written(tmp_path, "csv", ROWS), "test_loss=acc_12,epoch=9", "test_loss=time,epoch=9,seed=1"
    )
    (metric,) = source.metrics
    assert (metric.seeds, metric.epochs, metric.minimize) == (2, (9,), True)
    assert source.values["test_loss"][:, :, 0].tolist() == [[60.5 + i, 14.0 + i] for i in range(4)]


@kinds
@pytest.mark.parametrize("row", [0, 2, 3])
@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("arch", "nonsense", "expected a string like"),
        ("arch", "", "expected a string like"),
        ("arch", CELLS[0].replace("~0|+", "~9|+"), "expected a string like"),
        ("acc_12", "", r"column 'acc_12' should be a finite number from 0 to 100 \(percent\)"),
        ("acc_12", "ninety", "'ninety'"),
        ("acc_12", "nan", "'nan'"),
        ("acc_200", "inf", "'inf'"),
        ("acc_200", "-0.5", "from 0 to 100"),
        ("acc_200", "100.5", "from 0 to 100"),
        ("count", "-1", r"from 0 to inf \(count\)"),
        ("time", "-1", r"column 'time' .*\(seconds\)"),
    ],
)
def test_a_bad_row_is_named_by_its_place(
    tmp_path: Path, kind: str, row: int, column: str, value: str, message: str
) -> None:
    rows = [[str(entry) for entry in r] for r in changed(row, column, value)]
    place = f"row {row}" if kind == "parquet" else f"line {row + 2}"
    path = written(tmp_path, kind, rows)
    with pytest.raises(CorruptDataError, match=rf"records\.{kind}, {place}: .*{message}"):
        read(path, seconds_per_epoch="time")


def test_values_that_are_missing_in_parquet(tmp_path: Path) -> None:
    for column in ("arch", "acc_12"):
        path = written(tmp_path, "parquet", changed(1, column, None))
        with pytest.raises(CorruptDataError, match=r"records\.parquet, row 1: "):
            read(path)


@pytest.mark.parametrize("values", [[1, 2, 3, 4], [1.5, 2.5, 3.5, 4.5], [b"a", b"b", b"c", b"d"]])
def test_architectures_that_are_no_texts(tmp_path: Path, values: list[Any]) -> None:
    path = tmp_path / "records.parquet"
    pq.write_table(pa.table({"arch": values, "acc": [1.0, 2.0, 3.0, 4.0]}), path)
    with pytest.raises(CorruptDataError, match=r"records\.parquet, row 0: "):
        read(path, "val_accuracy=acc,epoch=1")


@kinds
def test_an_architecture_twice_names_both_places(tmp_path: Path, kind: str) -> None:
    first, second = ("row 1", "row 3") if kind == "parquet" else ("line 3", "line 5")
    path = written(tmp_path, kind, changed(3, "arch", CELLS[1]))
    with pytest.raises(CorruptDataError, match=rf"{second}: the same architecture as .*{first}$"):
        read(path)


@pytest.mark.parametrize(
    "mangled",
    [
        lambda lines: [lines[0], "", *lines[1:]],
        lambda lines: [*lines[:2], "", "", *lines[2:]],
        lambda lines: [line + "\r" for line in lines],
        lambda lines: ["\ufeff" + lines[0], *lines[1:]],
    ],
    ids=["blank line after the header", "blank lines", "CRLF", "byte order mark"],
)
def test_places_are_lines_of_the_file(tmp_path: Path, mangled: Any) -> None:
    path = tmp_path / "records.csv"
    lines = mangled(text(changed(2, "acc_12", "bad")).splitlines())
    path.write_bytes("\n".join([*lines, ""]).encode())
    line = next(i for i, content in enumerate(lines, 1) if ",bad," in content)
    with pytest.raises(CorruptDataError, match=rf", line {line}: column 'acc_12'"):
        read(path)


def test_quoted_values(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    quoted = [[f'"{cell}"', '"61.5"'] for cell in CELLS]
    path.write_text(text(quoted, ('"arch"', '"the, accuracy"')))
    spec = ColumnSpec("val_accuracy", "the, accuracy", 1, 0, "validation", "percent", False)
    source = convert(path, "nasbench201", "arch", [spec], name="mine")
    assert (source.values["val_accuracy"] == 61.5).all()


@pytest.mark.parametrize(
    ("spec", "architecture", "seconds", "missing"),
    [
        ("val_accuracy=accuracy,epoch=1", "arch", None, "accuracy"),
        ("val_accuracy=acc_12,epoch=1", "cell", None, "cell"),
        ("val_accuracy=acc_12,epoch=1", "arch", "seconds", "seconds"),
    ],
)
@kinds
def test_a_missing_column_lists_the_columns(
    tmp_path: Path, kind: str, spec: str, architecture: str, seconds: str | None, missing: str
) -> None:
    path = written(tmp_path, kind, ROWS)
    with pytest.raises(
        InvalidSettingError, match=rf"no column '{missing}'; it has arch, acc_12, acc_200, time, co"
    ):
        convert(
            path,
            "nasbench201",
            architecture,
            [ColumnSpec.parse(spec)],
            name="mine",
            seconds_per_epoch=seconds,
        )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        text([]).encode(),
        text([*ROWS[:2], ROWS[2][:3]]).encode(),
        text([*ROWS[:2], [*ROWS[2], "more"]]).encode(),
        text(changed(1, "arch", "\udcff")).encode(errors="surrogateescape"),
        b"\x00\x01\x02" * 50,
        text([[*row, 1] for row in ROWS], (*HEADER, "arch")).encode(),
        text([[*row, 1] for row in ROWS], (*HEADER, "acc_12")).encode(),
    ],
    ids=[
        "empty",
        "blank",
        "header only",
        "a short row",
        "a long row",
        "not UTF-8",
        "binary",
        "two columns of architectures",
        "two columns of a metric",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_files_that_are_no_such_tables(tmp_path: Path, content: bytes, packed: bool) -> None:
    path = tmp_path / ("records.csv.gz" if packed else "records.csv")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises((CorruptDataError, InvalidSettingError), match=r"records\.csv"):
        read(path)


@pytest.mark.parametrize("kind", ["csv.gz", "parquet"])
def test_a_packed_file_that_is_cut_off(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, ROWS)
    data = path.read_bytes()
    for length in (0, 1, 10, len(data) // 2, len(data) - 9, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(CorruptDataError, match=r"records\."):
            read(path)


def test_files_that_are_not_there_or_of_another_kind(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(MissingDataError, match="no file"):
            read(path)
    (tmp_path / "records.xlsx").write_text(text(ROWS))
    with pytest.raises(InvalidSettingError, match=r"expected a \.csv, \.csv\.gz or \.parquet file"):
        read(tmp_path / "records.xlsx")


def test_an_unknown_space(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", ROWS)
    with pytest.raises(UnknownComponentError, match="nasbench201"):
        convert(path, "nasbench", "arch", [ColumnSpec.parse(COLUMNS[0])], name="mine")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("a=acc_12,epoch=1", "a=acc_200,epoch=1"), "exactly one column; got acc_12"),
        (("a=acc_12,epoch=1,seed=1",), "every seed from 0"),
        (("a=acc_12,epoch=1", "a=acc_200,epoch=2,seed=1"), "every seed from 0"),
        (("a=acc_12,epoch=1", "a=acc_200"), "some have none"),
        (("a=acc_12,epoch=1", "a=acc_200,epoch=2,split=test"), "disagree on split"),
        (("a=acc_12,epoch=1", "a=acc_200,epoch=2,minimize"), "disagree on split or direction"),
    ],
)
def test_columns_that_contradict_each_other(
    tmp_path: Path, columns: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        read(written(tmp_path, "csv", ROWS), *columns)


@pytest.mark.parametrize(
    ("written_as", "expected"),
    [
        (
            "val_accuracy=acc",
            ("val_accuracy", "acc", None, 0, "validation", "percent", False),
        ),
        (
            "test_loss=l,epoch=12,seed=2",
            ("test_loss", "l", 12, 2, "test", "nats", True),
        ),
        ("train_acc=a b", ("train_acc", "a b", None, 0, "train", "percent", False)),
        ("params=p", ("params", "p", None, 0, "none", "none", False)),
        (
            "flops=f, unit=count, split=none, minimize",
            ("flops", "f", None, 0, "none", "count", True),
        ),
        ("val_loss=l,minimize=false", ("val_loss", "l", None, 0, "validation", "nats", False)),
        (
            "val_accuracy=a,unit=fraction,split=train",
            ("val_accuracy", "a", None, 0, "train", "fraction", False),
        ),
        ("x=a=b", ("x", "a=b", None, 0, "none", "none", False)),
    ],
)
def test_specifications(written_as: str, expected: tuple[Any, ...]) -> None:
    assert ColumnSpec.parse(written_as) == ColumnSpec(*expected)


@pytest.mark.parametrize(
    "written_as",
    [
        "",
        "val_accuracy",
        "=acc",
        "val_accuracy=",
        "a=b,epoch=",
        "a=b,epoch=x",
        "a=b,epoch=1.5",
        "a=b,epoch=0",
        "a=b,epoch=-1",
        "a=b,seed=-1",
        "a=b,seed=x",
        "a=b,split=valid",
        "a=b,colour=red",
        "a=b,",
        "a=b,minimize=perhaps",
    ],
)
def test_specifications_that_are_not_of_the_form(written_as: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"expected METRIC=COLUMN.*; got"):
        ColumnSpec.parse(written_as)


def test_the_published_records(shared_data: Path, tmp_path: Path) -> None:
    """All of NAS-Bench-201, with figures that others have measured on the same file."""
    from scipy.stats import kendalltau

    file = shared_data / "nasbench201_cifar10/table.csv.gz"
    specs = [
        ColumnSpec.parse("val_accuracy=val_acc_200,epoch=200"),
        ColumnSpec.parse("early_accuracy=val_acc_12,epoch=12,split=validation"),
        ColumnSpec.parse("test_accuracy=test_acc_200,epoch=200"),
    ]
    source = convert(
        file,
        "nasbench201",
        "arch_str",
        specs,
        name="nasbench201",
        seconds_per_epoch="train_seconds_per_epoch",
    )
    write_table(source, tmp_path / "nb201.nascast")
    table = read_table(tmp_path / "nb201.nascast")
    genes = SPACE.all()
    accuracy = table.query(genes, "val_accuracy")
    assert accuracy.max() == pytest.approx(91.607, abs=1e-3)
    early = table.query(genes, "early_accuracy")
    assert kendalltau(early, accuracy).statistic == pytest.approx(0.648, abs=5e-4)
    with gzip.open(file, "rt") as rows:
        published = list(csv.DictReader(rows))
    genes = SPACE.from_text([row["arch_str"] for row in published])
    for metric, column in (("val_accuracy", "val_acc_200"), ("test_accuracy", "test_acc_200")):
        values = [float(row[column]) for row in published]
        assert table.query(genes, metric).tolist() == values
    per_epoch = np.asarray([float(row["train_seconds_per_epoch"]) for row in published])
    assert table.seconds(genes, 50) == pytest.approx(50 * per_epoch)


def test_seconds_without_an_epoch_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", ROWS)
    spec = ColumnSpec("seconds", "time", None, 0, "train", "seconds", True)
    with pytest.raises(InvalidSettingError, match=r"say which: seconds=time,epoch=…"):
        convert(path, "nasbench201", "arch", [spec], name="mine")
