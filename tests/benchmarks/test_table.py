"""The table format: exact values, every damage noticed, rows found or refused."""

import errno
import hashlib
import io
import json
import os
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nascast.benchmarks.table import Table, TableSource, read_table, write_table
from nascast.benchmarks.table.files import TABLE
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidArchitectureError,
    MissingDataError,
    NascastError,
    UnsupportedError,
)
from nascast.core.evaluator import Benchmark
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Candidate, ImageTask, Metric, Task, TextTask
from nascast.spaces.nasbench201 import NasBench201

SPACE = NasBench201()
GENES = np.random.default_rng(0).permutation(np.unique(SPACE.canonical(SPACE.all()), axis=0))[:5]
ACCURACY = Metric("val_accuracy", "percent", "validation", False, (4, 12), 2)
SECONDS = Metric("seconds", "seconds", "train", True, (4, 12), 1)
PARAMETERS = Metric("parameters", "count", "none")
VALUES = {
    "val_accuracy": np.arange(20.0).reshape(5, 2, 2) + 0.1,
    "seconds": np.asarray([[10.0, 50.0]] * 5)[:, None] + np.arange(5)[:, None, None],
    "parameters": np.arange(5.0)[:, None, None] + 1000,
}
SOURCE = TableSource(
    "five cells",
    "nasbench201",
    GENES,
    (ACCURACY, SECONDS, PARAMETERS),
    VALUES,
    ImageTask((3, 16, 16), 7, {"channels": 8}),
    {"source": "made up", "nested": {"numbers": [1, 2.5, None]}},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "five.nascast"


@pytest.fixture
def table(path: Path) -> Table:
    write_table(SOURCE, path)
    return read_table(path)


def with_missing_seed() -> TableSource:
    """The second training of the last two rows was not recorded."""
    accuracies = VALUES["val_accuracy"].copy()
    accuracies[3:, 1] = np.nan
    return replace(SOURCE, values={**VALUES, "val_accuracy": accuracies})


def test_everything_comes_back(table: Table, path: Path) -> None:
    assert table.name == "five cells"
    assert table.path == path
    assert isinstance(table.space, NasBench201)
    assert table.task == SOURCE.task
    assert table.provenance == SOURCE.provenance
    assert list(table.metrics.values()) == [ACCURACY, SECONDS, PARAMETERS]
    assert not table.canonical
    assert len(table) == 5
    assert np.array_equal(table.genes(), GENES)
    assert table.genes().dtype == np.int16


def test_a_compressed_table_reads_the_same(path: Path) -> None:
    own = replace(ACCURACY, own_seeds=True)
    source = replace(SOURCE, metrics=(own, SECONDS, PARAMETERS))
    write_table(source, path, compressed=True)
    table = read_table(path)
    assert table.metrics["val_accuracy"].own_seeds
    for metric in (own, SECONDS):
        for seed in range(metric.seeds):
            curve = table.curve(GENES, metric.name, metric.epochs[-1], seed)
            assert np.array_equal(curve, VALUES[metric.name][:, seed])


numbers: dict[Any, Callable[..., Any]] = {
    np.float32: lambda: st.floats(width=32, allow_nan=False),
    np.float64: lambda: st.floats(width=64, allow_nan=False),
}


@pytest.mark.parametrize("dtype", numbers)
@settings(max_examples=40)
@given(data=st.data())
def test_values_are_exact(
    dtype: Any, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    seeds, epochs = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    values = data.draw(arrays(dtype, (5, seeds, epochs), elements=numbers[dtype]()))
    metric = Metric("loss", "nats", "train", True, tuple(range(1, epochs + 1)), seeds)
    path = tmp_path_factory.mktemp("exact") / "table"
    write_table(TableSource("t", "nasbench201", GENES, (metric,), {"loss": values}), path)
    table = read_table(path)
    for seed in range(seeds):
        curve = table.curve(GENES, "loss", epochs, seed)
        assert curve.dtype == np.float64
        assert curve.astype(dtype).tobytes() == values[:, seed].tobytes()


def with_head(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Writes a table again with another description, and a sum that fits."""
    body = path.read_bytes()[:-40]
    table = pa.ipc.open_file(pa.py_buffer(body)).read_all()
    head = json.loads(table.schema.metadata[b"nascast"])
    change(head)
    sink = io.BytesIO()
    changed = table.replace_schema_metadata({"nascast": json.dumps(head)})
    with pa.ipc.new_file(sink, changed.schema) as writer:
        writer.write_table(changed)
    path.write_bytes(sink.getvalue() + hashlib.sha256(sink.getvalue()).digest() + b"NASCAST1")


@pytest.mark.parametrize("task", [ImageTask((1, 8, 8), 4), TextTask(7, {"layers": 2})])
def test_a_table_keeps_the_kind_of_its_task(path: Path, task: Task) -> None:
    write_table(replace(SOURCE, task=task), path)
    assert read_table(path).task == task


def test_a_task_without_a_kind_is_of_images(table: Table, path: Path) -> None:
    """As in the tables that were written before there were tasks of text."""

    def forget(head: dict[str, Any]) -> None:
        assert head["task"].pop("kind") == "images"

    with_head(path, forget)
    assert read_table(path).task == SOURCE.task


def test_a_task_of_another_kind_is_refused(table: Table, path: Path) -> None:
    with_head(path, lambda head: head["task"].update(kind="sounds"))
    with pytest.raises(CorruptDataError, match="'sounds'; known are images and text"):
        read_table(path)


def test_every_epoch_and_seed_is_found(table: Table) -> None:
    accuracies = VALUES["val_accuracy"]
    for seed in (0, 1):
        assert np.array_equal(table.query(GENES, "val_accuracy", 4, seed), accuracies[:, seed, 0])
        assert np.array_equal(table.query(GENES, "val_accuracy", 12, seed), accuracies[:, seed, 1])
        assert np.array_equal(
            table.query(GENES, "val_accuracy", None, seed), accuracies[:, seed, 1]
        )
        assert np.array_equal(table.curve(GENES, "val_accuracy", 12, seed), accuracies[:, seed])
        assert np.array_equal(table.curve(GENES, "val_accuracy", 4, seed), accuracies[:, seed, :1])
    assert np.array_equal(table.query(GENES, "val_accuracy", 4, None), accuracies.mean(1)[:, 0])


def test_rows_in_any_order_and_repeated(table: Table) -> None:
    order = [4, 0, 0, 3]
    expected = VALUES["val_accuracy"][order, 0, 1]
    assert np.array_equal(table.query(GENES[order], "val_accuracy"), expected)


def test_a_property_of_the_network_has_no_epoch_or_seed(table: Table) -> None:
    for epochs, seed in ((None, 0), (4, 0), (None, 1), (None, None)):
        found = table.query(GENES, "parameters", epochs, seed)
        assert found.tolist() == [1000, 1001, 1002, 1003, 1004]


@pytest.mark.parametrize("epochs", [0, -1, 5, 13])
def test_other_epochs_are_refused(table: Table, epochs: int) -> None:
    with pytest.raises(UnsupportedError, match=rf"after epoch {epochs}; recorded epochs: 4, 12"):
        table.query(GENES, "val_accuracy", epochs)
    with pytest.raises(UnsupportedError, match=rf"after epoch {epochs}; recorded epochs: 4, 12"):
        table.curve(GENES, "val_accuracy", epochs)


@pytest.mark.parametrize(("metric", "seed"), [("val_accuracy", 2), ("seconds", 1), ("seconds", -1)])
def test_other_seeds_are_refused(table: Table, metric: str, seed: int) -> None:
    with pytest.raises(UnsupportedError, match=rf"recorded seed\(s\); seed {seed} asked for"):
        table.query(GENES, metric, None, seed)


def test_a_training_that_some_rows_lack(path: Path) -> None:
    write_table(with_missing_seed(), path)
    table = read_table(path)
    accuracies = VALUES["val_accuracy"]
    assert np.array_equal(table.query(GENES[:3], "val_accuracy", None, 1), accuracies[:3, 1, 1])
    with pytest.raises(UnsupportedError, match="with seed 1 is recorded for 3 of 5 architectures"):
        table.query(GENES, "val_accuracy", None, 1)
    with pytest.raises(UnsupportedError, match="3 of 5"):
        table.curve(GENES[3:], "val_accuracy", 12, 1)
    means = table.query(GENES, "val_accuracy", 4, None)
    assert np.array_equal(means, [*accuracies[:3, :, 0].mean(1), *accuracies[3:, 0, 0]])
    assert np.array_equal(table.recorded("val_accuracy", 1), GENES[:3])
    assert np.array_equal(table.recorded("val_accuracy", 0), GENES)
    assert table.recorded("val_accuracy", 2).shape == (0, 6)


def test_seconds_are_linear_between_recorded_epochs(table: Table) -> None:
    at_4, at_12 = VALUES["seconds"][:, 0].T
    assert np.array_equal(table.seconds(GENES), at_12)
    assert np.array_equal(table.seconds(GENES, 12), at_12)
    assert np.array_equal(table.seconds(GENES, 4), at_4)
    assert table.seconds(GENES, 1) == pytest.approx(at_4 / 4)
    assert table.seconds(GENES, 3) == pytest.approx(at_4 * 3 / 4)
    assert table.seconds(GENES, 6) == pytest.approx(at_4 + (at_12 - at_4) / 4)
    assert table.seconds(GENES, 11) == pytest.approx(at_12 - (at_12 - at_4) / 8)


@pytest.mark.parametrize("epochs", [0, -4, 13])
def test_seconds_of_epochs_outside_the_training(table: Table, epochs: int) -> None:
    with pytest.raises(UnsupportedError, match=f"trainings have 12 epochs; {epochs} asked for"):
        table.seconds(GENES, epochs)


def test_without_recorded_seconds_they_are_not_a_number(path: Path) -> None:
    write_table(replace(SOURCE, metrics=(ACCURACY,)), path)
    table = read_table(path)
    assert np.isnan(table.seconds(GENES)).all()
    assert table.seconds(GENES, 4).shape == (5,)
    with pytest.raises(InvalidArchitectureError):
        table.seconds(np.full((1, 6), 4, dtype=np.int16))


def test_rows_that_were_not_recorded(table: Table) -> None:
    stranger = np.full((1, 6), 4, dtype=np.int16)
    assert not (stranger == GENES).all(1).any()
    text = SPACE.to_text(stranger)[0].replace("|", r"\|").replace("+", r"\+")
    with pytest.raises(InvalidArchitectureError, match=rf"no record of row 2, {text}; it has 5"):
        table.query(np.concatenate([GENES[:2], stranger]), "val_accuracy")
    with pytest.raises(InvalidArchitectureError, match="gene 0 is 5"):
        table.query(stranger + 1, "val_accuracy")


def test_equivalent_rows_are_one_in_a_canonical_table(path: Path) -> None:
    every = SPACE.all()
    canonical = SPACE.canonical(every)
    write_table(replace(SOURCE, canonical=True), path)
    table = read_table(path)
    assert table.canonical
    for i, row in enumerate(GENES):
        equivalent = every[(canonical == row).all(1)]
        found = table.query(equivalent, "val_accuracy", 4)
        assert (found == VALUES["val_accuracy"][i, 0, 0]).all()
    assert len(every[(canonical == GENES[0]).all(1)]) >= 1
    assert any((canonical == row).all(1).sum() > 1 for row in GENES)


def test_the_first_equivalent_row_answers_for_one_without_a_record(path: Path) -> None:
    every = SPACE.all()
    canonical = SPACE.canonical(every)
    groups = ((canonical == row).all(1) for row in GENES)
    twins = next(every[group] for group in groups if group.sum() > 2)
    genes = np.concatenate([twins[1::-1], GENES[[(row != twins).any() for row in GENES]][:3]])
    genes = genes[: len(GENES)]
    write_table(replace(SOURCE, genes=genes), path)
    table = read_table(path)
    assert not table.canonical
    values = VALUES["val_accuracy"][:, 0, 0]
    assert np.array_equal(table.query(genes, "val_accuracy", 4), values)  # each has its own
    assert (table.query(twins[2:], "val_accuracy", 4) == values[0]).all()
    arch = SPACE.architecture(twins[2])
    assert table.evaluate(Candidate(arch, 4)).metrics["val_accuracy"] == values[0]


def test_rows_of_a_space_too_large_for_integer_codes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Wide(SearchSpace):
        name = "wide"
        cardinalities = (3,) * 60

    monkeypatch.setattr(plugins, "load", lambda kind, name: Wide())
    genes = Wide().sample(500, np.random.default_rng(0))
    values = {"parameters": np.arange(500.0)[:, None, None]}
    write_table(TableSource("wide", "wide", genes, (PARAMETERS,), values), path)
    table = read_table(path)
    assert np.array_equal(table.query(genes[::-1], "parameters"), np.arange(500.0)[::-1])
    with pytest.raises(InvalidArchitectureError, match="no record of row 0"):
        table.query(Wide().sample(1, np.random.default_rng(1)), "parameters")


def test_a_table_that_is_open_survives_being_replaced(table: Table, path: Path) -> None:
    before = table.query(GENES, "val_accuracy")
    values = {**VALUES, "val_accuracy": VALUES["val_accuracy"] + 50}
    write_table(replace(SOURCE, values=values), path)
    assert np.array_equal(table.query(GENES, "val_accuracy"), before)
    assert np.array_equal(read_table(path).query(GENES, "val_accuracy"), before + 50)


def test_the_same_source_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_table(SOURCE, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def some_places(size: int) -> list[int]:
    """The first and last bytes, where the marks of the formats stand, and some between."""
    return sorted({*range(16), *range(16, size - 64, 29), *range(size - 64, size)})


def test_a_file_cut_off_anywhere_is_refused(table: Table, path: Path) -> None:
    data = path.read_bytes()
    for length in some_places(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(CorruptDataError, match=r"five\.nascast: "):
            read_table(path)


def test_a_file_with_any_byte_changed_is_refused(table: Table, path: Path) -> None:
    data = bytearray(path.read_bytes())
    for i in some_places(len(data)):
        data[i] ^= 1 << (i % 8)
        path.write_bytes(data)
        with pytest.raises(CorruptDataError, match=r"five\.nascast: "):
            read_table(path)
        data[i] ^= 1 << (i % 8)


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table counts as large."""
    monkeypatch.setattr("nascast.benchmarks.table.files._LARGE", 0)


@pytest.mark.usefixtures("large")
def test_a_large_table_is_summed_once(
    table: Table, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = path.with_name("five.nascast.checked")
    assert checked.exists()

    def fail(*arguments: object) -> None:
        raise OSError(errno.EIO, "summed again")

    monkeypatch.setattr(hashlib, "sha256", fail)
    assert np.array_equal(read_table(path).genes(), GENES)
    with pytest.raises(OSError, match="summed again"):
        table.verify()
    checked.unlink()
    with pytest.raises(OSError, match="summed again"):
        read_table(path)


@pytest.mark.usefixtures("large")
def test_a_large_table_that_was_changed_since_is_refused(table: Table, path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(0, 0))
    with pytest.raises(CorruptDataError, match="checksum"):
        read_table(path)


@pytest.mark.usefixtures("large")
def test_verifying_notices_what_left_the_time_as_it_was(table: Table, path: Path) -> None:
    stat = path.stat()
    data = bytearray(path.read_bytes())
    where = data.index(VALUES["parameters"].tobytes()) + 3
    data[where] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(CorruptDataError, match="checksum"):
        read_table(path).verify()


@pytest.mark.usefixtures("large")
def test_a_replaced_large_table_is_read_anew(table: Table, path: Path) -> None:
    values = {**VALUES, "parameters": VALUES["parameters"] + 1}
    write_table(replace(SOURCE, values=values), path)
    assert read_table(path).query(GENES, "parameters")[0] == 1001


@pytest.mark.usefixtures("large")
def test_a_large_table_where_nothing_can_be_remembered(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table(SOURCE, path)

    def refuse(*arguments: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "write_text", refuse)
    for _ in range(2):
        assert len(read_table(path)) == 5
    assert list(path.parent.iterdir()) == [path]


def test_the_sum_at_the_end_is_of_what_stands_before(table: Table, path: Path) -> None:
    data = path.read_bytes()
    assert data.endswith(hashlib.sha256(data[:-40]).digest() + b"NASCAST1")


def test_writing_holds_no_second_copy(path: Path) -> None:
    """What is written goes to the file as it stands in the source."""
    rows = SPACE.all()
    metric = Metric("loss", "nats", "train", True, tuple(range(1, 101)))
    values = np.zeros((len(rows), 1, 100))
    before = pa.total_allocated_bytes()  # of tables that are open
    tracemalloc.start()
    write_table(TableSource("t", "nasbench201", rows, (metric,), {"loss": values}), path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size > values.nbytes
    assert peak + pa.total_allocated_bytes() - before < values.nbytes / 2


def test_a_file_with_bytes_added_is_refused(table: Table, path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(CorruptDataError):
        read_table(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.nascast", tmp_path):
        with pytest.raises(MissingDataError, match="no nascast table"):
            read_table(path)


def arrow(metadata: dict[str, str] | None) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"a": [1, 2]}).replace_schema_metadata(metadata)
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


@pytest.mark.parametrize("body", [b"text", b"x" * 500, arrow(None), arrow({"nascast": "{}"})])
@pytest.mark.parametrize("sealed", [False, True])
def test_other_files_are_no_tables(path: Path, body: bytes, sealed: bool) -> None:
    """Also those that carry our checksum and mark."""
    path.write_bytes(body + hashlib.sha256(body).digest() + b"NASCAST1" if sealed else body)
    with pytest.raises(CorruptDataError, match=r"five\.nascast"):
        read_table(path)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([1.0] * 5), "lists of one size; it is of double"),
        (pa.array([["a"]] * 5, pa.list_(pa.string(), 1)), "numbers; it is of string"),
        (pa.array([[None]] * 5, pa.list_(pa.float64(), 1)), "parameters has empty values"),
    ],
)
def test_columns_of_another_type_are_refused(path: Path, column: Any, message: str) -> None:
    write_table(SOURCE, path)
    whole = pa.ipc.open_file(pa.py_buffer(path.read_bytes()[:-40])).read_all()
    index = whole.column_names.index("parameters")
    sink = pa.BufferOutputStream()
    altered = whole.set_column(index, "parameters", column)
    with pa.ipc.new_file(sink, altered.schema) as writer:
        writer.write_table(altered)
    body = sink.getvalue().to_pybytes()
    path.write_bytes(body + hashlib.sha256(body).digest() + b"NASCAST1")
    with pytest.raises(CorruptDataError, match=rf"five\.nascast: .*{message}"):
        read_table(path)


BAD_SOURCES = {
    "no rows": replace(SOURCE, genes=GENES[:0]),
    "a row twice": replace(SOURCE, genes=GENES[[0, 1, 2, 3, 0]]),
    "a row of another space": replace(SOURCE, genes=GENES + 5),
    "rows that are not canonical": replace(
        SOURCE, genes=np.asarray([[4, 0, 0, 0, 0, g] for g in range(5)]), canonical=True
    ),
    "a seed too few": replace(SOURCE, values={**VALUES, "val_accuracy": np.zeros((5, 1, 2))}),
    "a row too few": replace(SOURCE, values={**VALUES, "seconds": np.zeros((4, 1, 2))}),
    "a flat column": replace(SOURCE, values={**VALUES, "parameters": np.zeros(5)}),
    "a metric without values": replace(SOURCE, values={"val_accuracy": VALUES["val_accuracy"]}),
    "epochs that go back": replace(SOURCE, metrics=(replace(ACCURACY, epochs=(12, 4)),)),
    "an epoch twice": replace(SOURCE, metrics=(replace(ACCURACY, epochs=(4, 4)),)),
    "a metric named genes": replace(
        SOURCE,
        metrics=(replace(PARAMETERS, name="genes"),),
        values={"genes": VALUES["parameters"]},
    ),
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_a_source_that_cannot_be_right_is_not_written(path: Path, name: str) -> None:
    with pytest.raises(CorruptDataError):
        write_table(BAD_SOURCES[name], path)
    assert list(path.parent.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_table(SOURCE, path)
    assert list(path.parent.iterdir()) == []


def test_a_write_that_fails_leaves_the_old_table(
    table: Table, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def fail(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hashlib, "sha256", fail)  # after the file was begun
    with pytest.raises(KeyboardInterrupt):
        write_table(replace(SOURCE, name="another"), path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_errors_are_ours_where_the_space_is_unknown(path: Path) -> None:
    with pytest.raises(NascastError, match="unknown space 'nasbench999'"):
        write_table(replace(SOURCE, space="nasbench999"), path)


@pytest.mark.parametrize("space_name", ["nasbench201", "nasbench101"])  # few rows and many
@pytest.mark.parametrize("canonical", [True, False])
def test_one_candidate_gets_what_the_columns_say(
    path: Path, space_name: str, canonical: bool
) -> None:
    space = plugins.load("space", space_name)
    drawn = space.sample(60, np.random.default_rng(3))
    genes = np.unique(space.canonical(drawn), axis=0)[:40] if canonical else drawn[:5]
    values = {
        name: np.random.default_rng(4).random((len(genes), *column.shape[1:]), dtype=np.float32)
        for name, column in VALUES.items()
    }
    values["seconds"] = values["seconds"].cumsum(axis=2)
    source = replace(SOURCE, space=space_name, genes=genes, values=values, canonical=canonical)
    write_table(source, path)
    table = read_table(path)
    for row in drawn:
        for epochs in (None, 4, 12):
            candidate = Candidate(space.architecture(row), epochs)
            try:
                expected = Benchmark.evaluate(table, candidate)
            except InvalidArchitectureError as error:
                with pytest.raises(InvalidArchitectureError, match=re.escape(str(error))):
                    table.evaluate(candidate)
            else:
                assert table.evaluate(candidate) == expected
                assert {type(value) for value in expected.metrics.values()} == {float}


@pytest.mark.parametrize("wrong", [(0, 1), (-1, 0, 0, 0, 0, 0), (9,) * 6, (1.0,) * 6])
def test_a_candidate_that_is_no_row_is_refused(table: Table, wrong: tuple[int, ...]) -> None:
    with pytest.raises(InvalidArchitectureError):
        table.evaluate(Candidate(Architecture("nasbench201", wrong)))
    with pytest.raises(InvalidArchitectureError, match="of nasbench201; got one of darts"):
        table.evaluate(Candidate(Architecture("darts", tuple(GENES[0].tolist()))))


def test_a_candidate_has_what_is_known_of_it(path: Path) -> None:
    holes = {**VALUES, "val_accuracy": VALUES["val_accuracy"].copy()}
    holes["val_accuracy"][2, 0] = np.nan
    sparse = replace(SECONDS, epochs=(12,))
    holes["seconds"] = holes["seconds"][:, :, 1:]
    source = replace(SOURCE, metrics=(ACCURACY, sparse, PARAMETERS), values=holes)
    write_table(source, path)
    table = read_table(path)
    first, third = (Candidate(SPACE.architecture(GENES[i]), 4) for i in (0, 2))
    evaluation = table.evaluate(first)
    assert evaluation.metrics == {"val_accuracy": 0.1, "parameters": 1000}
    assert evaluation.seconds == pytest.approx(50 * 4 / 12)
    with pytest.raises(UnsupportedError, match="val_accuracy with seed 0 is recorded for 4 of 5"):
        table.evaluate(third)
    with pytest.raises(UnsupportedError, match="nothing was recorded after epoch 5"):
        table.evaluate(Candidate(SPACE.architecture(GENES[0]), 5))


def test_without_seconds_nobody_knows_them(path: Path) -> None:
    values = {name: VALUES[name] for name in ("val_accuracy", "parameters")}
    write_table(replace(SOURCE, metrics=(ACCURACY, PARAMETERS), values=values), path)
    evaluation = read_table(path).evaluate(Candidate(SPACE.architecture(GENES[1])))
    assert evaluation.metrics == {
        "val_accuracy": VALUES["val_accuracy"][1, 0, 1],
        "parameters": 1001,
    }
    assert np.isnan(evaluation.seconds)


@pytest.mark.usefixtures("table")
def test_nonsense_whose_checksum_was_made_again(path: Path) -> None:
    """Arrow trusts lengths and offsets; what it raises where it does not is made ours."""
    whole = path.read_bytes()
    body = bytearray(whole[: -32 - len(TABLE.mark)])
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(400):
        changed = body.copy()
        for at in rng.integers(len(body), size=3):
            changed[at] = rng.integers(256)
        path.write_bytes(bytes(changed) + hashlib.sha256(changed).digest() + TABLE.mark)
        try:
            read_table(path)
        except NascastError:
            refused += 1
    assert refused > 50
