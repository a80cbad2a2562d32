"""Reading tables of other people: right values, and a bad row named by its place."""

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nascast.benchmarks.imported import ColumnSpec, Layout, convert
from nascast.benchmarks.table import TableSource, read_table, write_table
from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    UnknownComponentError,
    UnsupportedError,
)
from nascast.core.ledger import Ledger
from nascast.core.types import ImageTask, Objective, TextTask
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
    specs = tuple(ColumnSpec.parse(column) for column in columns or COLUMNS)
    others = {key: settings.pop(key) for key in ("task", "separate", "source") if key in settings}
    space = settings.pop("space", "nasbench201")
    layout = Layout(settings.pop("architecture", "arch"), specs, **settings)
    return convert(path, space, layout, name="mine", **others)


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
        written(tmp_path, "csv", ROWS),
        "test_loss=acc_12,epoch=9,minimize",
        "test_loss=time,epoch=9,seed=1",
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
        ("acc_12", "ninety", "column 'acc_12' should be a finite number; got 'ninety'"),
        ("acc_12", "abc", "missing=abc"),
        ("acc_12", "-", "missing=-"),
        ("acc_12", ".", "missing=."),
        ("acc_12", "1_0", "'1_0'"),
        ("acc_12", "٩٠", "'٩٠'"),
        ("acc_12", "0x1A", "'0x1A'"),
        ("acc_12", "1e999", "'1e999'"),
        ("acc_12", "9 0", "'9 0'"),
        ("acc_12", "90%", "'90%'"),
        ("acc_200", "inf", "'inf'"),
        (
            "acc_200",
            "-0.5",
            r"column 'acc_200' should be a finite number from 0 to 100 \(percent\)",
        ),
        ("acc_200", "-1", "missing=-1"),
        ("acc_200", "100.5", "from 0 to 100"),
        ("count", "-1", r"of at least 0 \(count\)"),
        ("count", "0.13", "should be a whole number"),
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
    path = written(tmp_path, "parquet", changed(1, "arch", None))
    with pytest.raises(CorruptDataError, match=r"records\.parquet, row 1: "):
        read(path)


@pytest.mark.parametrize("values", [[1.5, 2.5, 3.5, 4.5], [b"a", b"b", b"c", b"d"]])
def test_architectures_that_are_no_texts(tmp_path: Path, values: list[Any]) -> None:
    path = tmp_path / "records.parquet"
    pq.write_table(pa.table({"arch": values, "acc": [1.0, 2.0, 3.0, 4.0]}), path)
    with pytest.raises(CorruptDataError, match=r"records\.parquet, row 0: "):
        read(path, "val_accuracy=acc,epoch=1")


def test_texts_that_parquet_has_as_bytes(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    table = {"arch": [cell.encode() for cell in CELLS], "acc": [b"90", b"80", b"70", b""]}
    pq.write_table(pa.table(table), path)
    source = read(path, "val_accuracy=acc,epoch=1")
    assert np.array_equal(source.genes, GENES)
    assert source.values["val_accuracy"].ravel()[:3].tolist() == [90.0, 80.0, 70.0]
    pq.write_table(pa.table({"arch": [b"\xff"], "acc": [b"1"]}), path)
    with pytest.raises(CorruptDataError, match="utf-8"):
        read(path, "val_accuracy=acc,epoch=1")


def test_architectures_by_their_official_index(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    pq.write_table(pa.table({"arch": [3, 1], "acc": [90.0, 80.0]}), path)
    source = read(path, "val_accuracy=acc,epoch=1")
    assert np.array_equal(source.genes, SPACE.from_text(["3", "1"]))


@kinds
def test_an_architecture_twice_names_both_places(tmp_path: Path, kind: str) -> None:
    first, second = ("row 1", "row 3") if kind == "parquet" else ("line 3", "line 5")
    path = written(tmp_path, kind, changed(3, "arch", CELLS[1]))
    with pytest.raises(
        CorruptDataError, match=rf"{second}: the same architecture as .*{first}; if"
    ):
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
    source = convert(path, "nasbench201", Layout("arch", (spec,)), name="mine")
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
        read(path, spec, architecture=architecture, seconds_per_epoch=seconds)


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
        read(path, COLUMNS[0], space="nasbench")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (("acc=acc_12,epoch=1", "acc=acc_200,epoch=1"), "exactly one column; got acc_12"),
        (("acc=acc_12,epoch=1,seed=1",), "every seed from 0"),
        (("acc=acc_12,epoch=1", "acc=acc_200,epoch=2,seed=1"), "every seed from 0"),
        (("acc=acc_12,epoch=1", "acc=acc_200"), "some have none"),
        (("acc=acc_12,epoch=1", "acc=acc_200,epoch=2,split=test"), "disagree on split"),
        (("acc=acc_12,epoch=1", "acc=acc_200,epoch=2,minimize"), "disagree on split or direction"),
        (("acc=acc_12,epoch=1", "acc=acc_200,epoch=2,unit=real"), "disagree on the unit"),
    ],
)
def test_columns_that_contradict_each_other(
    tmp_path: Path, columns: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        read(written(tmp_path, "csv", ROWS), *columns)


SPECS: dict[str, dict[str, Any]] = {
    "val_accuracy=acc": {"split": "validation", "unit": "percent", "stated": False},
    "test_loss=l,epoch=12,seed=2": {
        "epoch": 12,
        "seed": 2,
        "split": "test",
        "unit": "nats",
        "minimize": True,
        "stated": False,
    },
    "train_acc=a b": {"split": "train", "unit": "percent", "stated": False},
    "params=p": {"unit": "count", "minimize": True, "stated": False},
    "params=params_M": {"unit": "millions", "minimize": True, "stated": False},
    "latency_ms=l": {"unit": "ms", "minimize": True, "stated": False},
    "flops=f, unit=count, split=none, minimize": {"unit": "count", "minimize": True},
    "val_loss=l,minimize=false": {"split": "validation", "unit": "nats", "stated": False},
    "val_accuracy=a,unit=fraction,split=train": {"split": "train", "unit": "fraction"},
    "x=a=b,maximize": {"stated": False},
    "x=a,minimize": {"minimize": True, "stated": False},
    "x=a,maximize=false": {"minimize": True, "stated": False},
    "x=a,unit=real,maximize,missing=-1,missing=NA": {"unit": "real", "missing": ("-1", "NA")},
    "val_accuracy=err,error,unit=%": {"split": "validation", "unit": "percent", "error": True},
}


@pytest.mark.parametrize(
    ("written_as", "column", "epoch"),
    [
        ('val_accuracy="accuracy, %",epoch=200', "accuracy, %", 200),
        ('val_accuracy= "acc" , epoch=2', "acc", 2),
        ('val_accuracy="acc"', "acc", None),
        ('val_accuracy=size of "acc",epoch=2', 'size of "acc"', 2),
        ('val_accuracy="a" b,epoch=2', '"a" b', 2),
        ('val_accuracy="a" or "b"', '"a" or "b"', None),
    ],
)
def test_a_column_may_stand_in_quotes(written_as: str, column: str, epoch: int | None) -> None:
    found = ColumnSpec.parse(written_as)
    assert (found.metric, found.column, found.epoch) == ("val_accuracy", column, epoch)


@pytest.mark.parametrize("written_as", SPECS)
def test_specifications(written_as: str) -> None:
    metric, _, rest = written_as.partition("=")
    column = "a=b" if metric == "x" and "a=b" in rest else rest.partition(",")[0]
    assert ColumnSpec.parse(written_as) == ColumnSpec(metric, column, **SPECS[written_as])


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
        "a=b,minimize,maximize",
        "acc=b,epoch=1,epoch=2",
        "acc=b,epoch=1_0",
        "acc=b,epoch=١",
        "acc=b,missing=",
    ],
)
def test_specifications_that_are_not_of_the_form(written_as: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"expected METRIC=COLUMN.*; got"):
        ColumnSpec.parse(written_as)


def test_the_published_records(shared_data: Path, tmp_path: Path) -> None:
    """All of NAS-Bench-201, with figures that others have measured on the same file."""
    from scipy.stats import kendalltau

    file = shared_data / "nasbench201_cifar10/table.csv.gz"
    source = read(
        file,
        "val_accuracy=val_acc_200,epoch=200",
        "early_accuracy=val_acc_12,epoch=12,split=validation",
        "test_accuracy=test_acc_200,epoch=200",
        architecture="arch_str",
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
        convert(path, "nasbench201", Layout("arch", (spec,)), name="mine")


def long(rows: list[tuple[Any, ...]], *names: str, folder: Path) -> Path:
    path = folder / "long.csv"
    path.write_text(text([list(row) for row in rows], names))
    return path


def test_one_row_for_each_seed_and_epoch(tmp_path: Path) -> None:
    """Against arrays filled by hand; the rows are shuffled, and one training is not there."""
    grid = [(i, s, e) for i in range(3) for s in (777, 888, 1000) for e in (1, 2, 4)]
    grid = [(i, s, e) for i, s, e in grid if (i, s) != (2, 888)]
    order = np.random.default_rng(0).permutation(len(grid))
    rows = [
        (CELLS[i], s, e, (i + 1) * e + s / 10000, i + 0.5, 10 + i, 5 if e == 4 else "")
        for i, s, e in (grid[k] for k in order)
    ]
    names = ("arch", "run", "step", "acc", "size", "time", "test")
    source = read(
        long(rows, *names, folder=tmp_path),
        "val_accuracy=acc",
        "params=size,unit=millions",
        "test_accuracy=test",
        seed="run",
        epoch="step",
        seconds_per_epoch="time",
    )
    first = [CELLS.index(name) for name in SPACE.to_text(source.genes)]
    assert sorted(first) == [0, 1, 2]
    expected = np.full((3, 3, 3), np.nan)
    seconds = np.full((3, 3, 3), np.nan)
    for i, s, e in grid:
        at = first.index(i), (777, 888, 1000).index(s), (1, 2, 4).index(e)
        expected[at] = (i + 1) * e + s / 10000
        seconds[at] = e * (10 + i)
    assert np.array_equal(source.values["val_accuracy"], expected, equal_nan=True)
    assert np.array_equal(source.values["seconds"], seconds, equal_nan=True)
    assert source.values["params"].tolist() == [[[i + 0.5]] for i in first]
    metrics = {metric.name: metric for metric in source.metrics}
    assert (metrics["val_accuracy"].epochs, metrics["val_accuracy"].seeds) == ((1, 2, 4), 3)
    assert (metrics["params"].epochs, metrics["params"].seeds) == ((), 1)
    assert metrics["test_accuracy"].epochs == (4,)  # measured at the end only
    assert source.provenance["seeds"] == {"0": "777", "1": "888", "2": "1000"}
    write_table(source, tmp_path / "mine.nascast")
    table = read_table(tmp_path / "mine.nascast")
    assert table.query(GENES[:2], "test_accuracy").tolist() == [5, 5]
    with pytest.raises(UnsupportedError, match="seed 1"):
        table.query(GENES[2:3], "val_accuracy", seed=1)


def test_seconds_of_epochs_are_added_up(tmp_path: Path) -> None:
    rows = [(CELLS[0], e, 90, t) for e, t in ((1, 3), (2, 5), (5, 2))]
    path = long(rows, "arch", "epoch", "acc", "time", folder=tmp_path)
    source = read(path, "val_accuracy=acc", epoch="epoch", seconds_per_epoch="time")
    assert source.values["seconds"].tolist() == [[[3, 8, 14]]]


def test_seeds_alone_may_have_rows_of_their_own(tmp_path: Path) -> None:
    rows = [(cell, seed, 80 + k) for k, cell in enumerate(CELLS) for seed in ("b", "a")]
    path = long(rows, "arch", "seed", "acc", folder=tmp_path)
    source = read(path, "val_accuracy=acc,epoch=200", seed="seed")
    assert source.metrics[0].epochs == (200,)
    assert source.values["val_accuracy"].shape == (4, 2, 1)
    with pytest.raises(CorruptDataError, match=r"several trainings, .*--seed-column"):
        read(path, "val_accuracy=acc,epoch=200")
    with pytest.raises(InvalidSettingError, match="leave out seed=1"):
        read(path, "val_accuracy=acc,epoch=200,seed=1", seed="seed")


@pytest.mark.parametrize("wrong", ["x", "1.5", "-1", "", "1_0"])
def test_epochs_are_whole_numbers(tmp_path: Path, wrong: str) -> None:
    path = long([(CELLS[0], 1, 90), (CELLS[0], wrong, 90)], "arch", "e", "acc", folder=tmp_path)
    with pytest.raises(CorruptDataError, match="line 3: column 'e' should be"):
        read(path, "val_accuracy=acc", epoch="e")


def test_a_file_may_count_epochs_from_zero(tmp_path: Path) -> None:
    path = long([(CELLS[0], e, 90 + e) for e in (0, 1)], "arch", "e", "acc", folder=tmp_path)
    assert read(path, "val_accuracy=acc", epoch="e", first_epoch=0).metrics[0].epochs == (1, 2)
    with pytest.raises(CorruptDataError, match=r"line 2: epochs count from 1; .*--first-epoch 0"):
        read(path, "val_accuracy=acc", epoch="e")


def test_a_training_twice_names_both_places(tmp_path: Path) -> None:
    rows = [(CELLS[0], 7, 90), (CELLS[1], 7, 90), (CELLS[0], 7, 91)]
    path = long(rows, "arch", "seed", "acc", folder=tmp_path)
    with pytest.raises(CorruptDataError, match=r"line 4: .* with the same seed as .*line 2"):
        read(path, "val_accuracy=acc", seed="seed")


def test_seeds_that_nobody_shares_are_refused(tmp_path: Path) -> None:
    cells = SPACE.to_text(SPACE.all()[:1200])
    rows = [(cell, 10_000 + k, 90) for k, cell in enumerate(cells)]
    path = long(rows, "arch", "seed", "acc", folder=tmp_path)
    with pytest.raises(InvalidSettingError, match="1,200 different seeds"):
        read(path, "val_accuracy=acc", seed="seed")


def test_trainings_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text(f"arch,a,b\n{CELLS[0]},90.5,91.5\n{CELLS[1]},80.5,\n{CELLS[2]},,70\n")
    columns = ("val_accuracy=a,epoch=200,seed=0", "val_accuracy=b,epoch=200,seed=1")
    write_table(read(path, *columns), tmp_path / "mine.nascast")
    table = read_table(tmp_path / "mine.nascast")
    assert table.query(GENES[:3], "val_accuracy", seed=None).tolist() == [91.0, 80.5, 70.0]
    assert table.query(GENES[:2], "val_accuracy", seed=0).tolist() == [90.5, 80.5]
    for row, seed in ((1, 1), (2, 0)):
        with pytest.raises(UnsupportedError, match=f"seed {seed} is recorded for 2 of 3"):
            table.query(GENES[row : row + 1], "val_accuracy", seed=seed)
    assert table.provenance["empty fields"] == {"a": 1, "b": 1}


def test_a_column_without_any_number(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text(f"arch,a\n{CELLS[0]},\n{CELLS[1]},\n")
    with pytest.raises(InvalidSettingError, match="column 'a' has no number in any row"):
        read(path, "val_accuracy=a")


def test_the_seconds_of_all_trainings_of_an_architecture(tmp_path: Path) -> None:
    columns = ("val_accuracy=acc_12,epoch=9", "val_accuracy=acc_200,epoch=9,seed=1")
    source = read(written(tmp_path, "csv", ROWS), *columns, seconds_per_epoch="time")
    write_table(source, tmp_path / "mine.nascast")
    table = read_table(tmp_path / "mine.nascast")
    assert table.seconds(GENES, seed=0).tolist() == table.seconds(GENES, seed=1).tolist()


@pytest.mark.parametrize(
    ("column", "seconds"),
    [
        *(
            ("time_ms", 0.014),
            ("hours", 14 * 3600.0),
            ("t_min", 14 * 60.0),
            ("sec_per_epoch", 14.0),
        ),
        *(("milliseconds", 0.014), ("epochMs", 0.014), ("t_ns", 14e-9), ("gpu_days", 14 * 86400.0)),
    ],
)
def test_the_name_of_a_column_may_tell_the_unit_of_its_times(
    tmp_path: Path, column: str, seconds: float
) -> None:
    path = tmp_path / "records.csv"
    path.write_text(text(ROWS, tuple(column if name == "time" else name for name in HEADER)))
    source = read(path, "val_accuracy=acc_12,epoch=10", seconds_per_epoch=column)
    assert float(source.values["seconds"].ravel()[0]) == pytest.approx(10 * seconds)


def test_a_unit_of_times_that_a_name_does_not_tell_is_said(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text(text(ROWS, tuple("time_m" if name == "time" else name for name in HEADER)))
    with pytest.raises(InvalidSettingError, match=r"ends in 'm'.* as in time_m,unit=minutes"):
        read(path, seconds_per_epoch="time_m")
    with pytest.raises(InvalidSettingError, match="got unit=weeks"):
        read(path, seconds_per_epoch="time_m", seconds_unit="weeks")
    said = {"seconds_per_epoch": "time_m", "seconds_unit": "minutes"}
    source = read(path, "val_accuracy=acc_12,epoch=10", **said)
    assert float(source.values["seconds"].ravel()[0]) == pytest.approx(10 * 14 * 60.0)


WHOLE_TIMES = ("time_total_s", "elapsed", "cumulative_time", "total seconds", "time_200_epochs")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        *((name, "whole trainings: give them as the metric seconds=") for name in WHOLE_TIMES),
        *((name, "sounds like a speed") for name in ("fps", "img/s", "samples_per_second")),
    ],
)
def test_seconds_of_an_epoch_are_not_read_from_other_columns(
    tmp_path: Path, column: str, message: str
) -> None:
    path = tmp_path / "records.csv"
    path.write_text(text(ROWS, tuple(column if name == "time" else name for name in HEADER)))
    said = {"seconds_per_epoch": column, "seconds_unit": "seconds"}
    source = read(path, "val_accuracy=acc_12,epoch=10", **said)
    assert float(source.values["seconds"].ravel()[0]) == 140.0
    with pytest.raises(InvalidSettingError, match=message):
        read(path, seconds_per_epoch=column)


def test_seconds_of_a_training_are_not_read_from_those_of_an_epoch() -> None:
    for column in ("time_per_epoch", "s/epoch", "epoch_time", "train_seconds_per_epoch"):
        with pytest.raises(InvalidSettingError, match=f"--seconds-per-epoch {column}"):
            ColumnSpec.parse(f"seconds={column},epoch=200")
        assert ColumnSpec.parse(f"seconds={column},epoch=200,unit=seconds").unit == "seconds"
    for column in (*WHOLE_TIMES, "time", "time/s", "hours", "seconds_until_epoch"):
        assert ColumnSpec.parse(f"seconds={column},epoch=200").epoch == 200


def test_accuracies_of_two_units_in_one_column_are_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    cells = ("none~0", "skip_connect~0", "nor_conv_1x1~0")
    rest = "|+|none~0|none~1|+|none~0|none~1|none~2|"
    lines = [f"|{cell}{rest},{n}" for cell, n in zip(cells, (0.91, 0.83, 93.5), strict=True)]
    path.write_text("\n".join(["arch,acc", *lines]))
    with pytest.raises(InvalidSettingError, match="most numbers of column 'acc' are at most 1"):
        read(path, "val_accuracy=acc,epoch=9")
    assert read(path, "val_accuracy=acc,epoch=9,unit=percent").values["val_accuracy"].max() == 93.5
    assert read(path, "val_error=acc,epoch=9,minimize").values["val_error"].min() == 0.83


DOUBTFUL = ("acc_error", "acc (error)", "accuracy_loss", "acc_std", "acc_stderr", "acc_rank")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("val_error=val_acc,epoch=9", "'val_acc', which sounds like accuracy; .* say minimize"),
        ("val_accuracy=val_loss,epoch=9", "'val_loss', which sounds like loss; .* say maximize"),
        ("val_accuracy=latency,epoch=9", "sounds like latency"),
        ("latency=acc", "sounds like accuracy"),
        (
            "latency=latency_score",
            "'latency_score', whose .* turn it round, .* say minimize",
        ),
        ("energy=energy_efficiency", "may turn it round"),
        ("val_error=error_reduction,epoch=9", "may turn it round"),
        ("val_accuracy=accuracy_drop,epoch=9", "may turn it round, .* say maximize"),
        ("val_accuracy=1-acc,epoch=9", "may turn it round, or mean something else"),
        *((f"val_accuracy={name},epoch=9", " or mean something else") for name in DOUBTFUL),
        ("latency_ms=latency_std_ms", " or mean something else"),
        ("val_accuracy=WER,epoch=9", "sounds like errors"),
        ("train_seconds=time_ms,epoch=9", "'train_seconds' is told in seconds, and .* in ms"),
        ("params_M=params_K", "told in millions, and its column 'params_K' in thousands"),
        ("seconds=time,epoch=9,maximize", "seconds are spent"),
    ],
)
def test_names_that_contradict_their_columns(column: str, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        ColumnSpec.parse(column)


def test_what_is_said_goes_before_the_names() -> None:
    assert ColumnSpec.parse("val_error=acc,epoch=9,minimize").minimize
    assert ColumnSpec.parse("latency_ms=time_s,unit=ms").unit == "ms"
    assert ColumnSpec.parse("seconds=hours,epoch=9").unit == "hours"
    assert ColumnSpec.parse("latency=latency_us").unit == "us"


def test_seconds_that_add_up_to_infinity_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", changed(0, "time", "1e308"))
    with pytest.raises(CorruptDataError, match="add up to infinity"):
        read(path, "val_accuracy=acc_12,epoch=10", seconds_per_epoch="time")
    with pytest.raises(CorruptDataError, match="should be a finite number"):
        read(path, "seconds=time,epoch=10,unit=days")


def test_seeds_that_are_one_number_are_one_seed(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    cell = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    lines = [f"{cell},{seed},{epoch},{epoch}0" for seed, epoch in (("777", 1), ("777.0", 2))]
    path.write_text("\n".join(["arch,seed,epoch,acc", *lines]))
    source = read(path, "val_accuracy=acc", seed="seed", epoch="epoch")
    assert source.values["val_accuracy"].tolist() == [[[10.0, 20.0]]]
    assert source.provenance["seeds"] == {"0": "777"}


def test_the_task_is_recorded_and_whether_it_was_said(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", ROWS)
    task = ImageTask((3, 16, 16), 120, {"cells": 2})
    said = read(path, task=task)
    assert (said.task, said.provenance["task"]) == (task, "given")
    assert read(path).task == ImageTask()
    assert read(path).provenance["task"].startswith("not given")
    for wrong, words in (
        (ImageTask(skeleton={"cellz": 2}), "the skeleton takes channels.* got cellz"),
        (TextTask(100), "networks for images, and none for text"),
    ):
        with pytest.raises(InvalidSettingError, match=words):
            read(path, task=wrong)


def test_separate_budgets_are_kept_and_honoured(tmp_path: Path) -> None:
    path = written(tmp_path, "csv", ROWS)
    for separate in (False, True):
        source = read(path, seconds_per_epoch="time", separate=separate)
        write_table(source, tmp_path / "mine.nascast")
        table = read_table(tmp_path / "mine.nascast")
        assert table.separate is separate
        ledger = Ledger(table, Objective("val_accuracy"))
        with ledger.phase("init"):
            ledger.curve(GENES[:1], "val_accuracy", 200)
        assert ledger.seconds["init"] == pytest.approx(14 * (212 if separate else 200), rel=1e-3)
    with pytest.raises(UnsupportedError, match="a training of its own, and none of 50"):
        table.seconds(GENES, 50)
