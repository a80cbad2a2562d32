"""NAS-Bench-101 from files in the official layout: what is read, what it means, what is refused."""

import base64
import csv
import gzip
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast import testing
from nascast.benchmarks.nasbench101 import NasBench101
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    UnsupportedError,
)
from nascast.core.types import Genes
from nascast.releases.formats.tfrecord import checksums, read_blocks
from nascast.releases.nasbench101 import release
from nascast.releases.nasbench101.records import decode
from nascast.spaces.nasbench101.space import NasBench101 as Space

SPACE = Space()
BUDGETS = (4, 12, 36, 108)
SAMPLE = "nasbench101_tfrecord_sample/energy_4V9E_real_4-12-36-108"
EVALUATIONS = ("init", "half", "final")
NUMBERS = ("epoch", "training_time_s", "train_acc", "val_acc", "test_acc")


@dataclass(frozen=True)
class Record:
    """What one record is written from."""

    cell: str  # matrix and operations joined by a colon
    hash: str
    budget: int
    numbers: tuple[tuple[float, ...], ...]  # of three evaluations
    parameters: int = 2_694_282


def framed(payloads: list[bytes]) -> bytes:
    def sums(pieces: list[bytes]) -> list[bytes]:
        return [struct.pack("<I", value) for value in checksums(pieces).tolist()]

    heads = [struct.pack("<Q", len(payload)) for payload in payloads]
    parts = zip(heads, sums(heads), payloads, sums(payloads), strict=True)
    return b"".join(b"".join(part) for part in parts)


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def message(record: Record) -> bytes:
    out = b""
    for numbers in record.numbers:
        fields = [bytes([i << 3 | 1]) + struct.pack("<d", x) for i, x in enumerate(numbers, 1)]
        inner = b"".join(fields) + b"\x32\x04path"
        out += b"\x0a" + varint(len(inner)) + inner
    return out + b"\x10" + varint(record.parameters) + b"\x19" + struct.pack("<d", 9.5)


def payload(record: Record, metrics: bytes | None = None) -> bytes:
    matrix, operations = record.cell.split(":")
    text = base64.encodebytes(message(record) if metrics is None else metrics).decode()
    return json.dumps([record.hash, record.budget, matrix, operations, text]).encode()


def records_of(genes: Genes, seed: int, budgets: tuple[int, ...] = BUDGETS) -> list[Record]:
    """Three made-up trainings of every budget for each cell, in random order."""
    rng = np.random.default_rng(seed)
    out = []
    for cell, digest in zip(SPACE.to_text(genes), SPACE.module_hash(genes), strict=True):
        parameters = int(rng.integers(100, 50_000_000))
        for budget in budgets * 3:
            accuracies = rng.random((3, 3))
            numbers = tuple(
                (share * budget, share * budget * 10 + share * float(rng.random()), *values)
                for share, values in zip((0.0, 0.5, 1.0), accuracies.tolist(), strict=True)
            )
            out.append(Record(cell, digest, budget, numbers, parameters))
    return [out[i] for i in rng.permutation(len(out))]


GENES = SPACE.all()[::1777]
RECORDS = records_of(GENES, 0)


def write(folder: Path, records: list[Record], name: str = "made_up.tfrecord") -> Path:
    path = folder / name
    path.write_bytes(framed([payload(record) for record in records]))
    return path


def convert(source: Path, folder: Path) -> NasBench101:
    (path,) = release.converter(source, folder, lambda done, total: None)
    return NasBench101(str(path))


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> NasBench101:
    folder = tmp_path_factory.mktemp("made_up")
    return convert(write(folder, RECORDS), folder)


# --- Real records ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> NasBench101:
    return convert(shared_data / f"{SAMPLE}.tfrecord", tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def sample_rows(shared_data: Path) -> list[dict[str, str]]:
    with open(shared_data / f"{SAMPLE}.csv") as file:
        return list(csv.DictReader(file))


def test_all_numbers_of_the_records(shared_data: Path, sample_rows: list[dict[str, str]]) -> None:
    """Decoded, before anything is made of them: each equals the same record's in the CSV file."""
    path = shared_data / f"{SAMPLE}.tfrecord"
    blocks = [decode(block) for block in read_blocks(path, lambda piece: None)]
    values = np.concatenate([block.values for block in blocks])
    for i, evaluation in enumerate(EVALUATIONS):
        for j, number in enumerate(NUMBERS):
            expected = [float(row[f"{evaluation}_{number}"]) for row in sample_rows]
            assert values[:, i, j].tolist() == expected
    found = [f"{int(a):016x}{int(b):016x}" for block in blocks for a, b in block.hashes]
    assert found == [row["module_hash"] for row in sample_rows]


def test_sample_value_by_value(sample: NasBench101, sample_rows: list[dict[str, str]]) -> None:
    """Of each cell and budget the k-th record in the file is seed k."""
    assert len(sample) == 91
    assert sample.metrics["val_accuracy"].epochs == BUDGETS
    assert sample.metrics["val_accuracy"].seeds == 3
    seen: dict[tuple[str, str], int] = {}
    for row in sample_rows:
        seed = seen.get((row["module_hash"], row["epochs"]), 0)
        seen[row["module_hash"], row["epochs"]] = seed + 1
        genes = SPACE.from_text([f"{row['adjacency_rowmajor']}:{row['ops']}"])
        budget = int(row["epochs"])
        for metric, number in {
            "train_accuracy": "train_acc",
            "val_accuracy": "val_acc",
            "test_accuracy": "test_acc",
        }.items():
            expected = 100 * float(row[f"final_{number}"])
            assert sample.query(genes, metric, budget, seed)[0] == expected
        assert sample.seconds(genes, budget, seed)[0] == float(row["final_training_time_s"])
        parameters = sample.query(genes, "trainable_parameters", budget, seed)[0]
        assert parameters == int(row["trainable_parameters"])
    assert set(seen.values()) == {3}


def test_evaluations_that_are_not_half_way_are_left_out(sample: NasBench101) -> None:
    """The second evaluation of the sample is after the first epoch."""
    assert not any(name.endswith("_half") for name in sample.metrics)


def test_sample_agrees_with_the_other_sample(sample: NasBench101, shared_data: Path) -> None:
    """The same cells in another release: the same module hash is the same network."""
    with gzip.open(shared_data / "nasbench101_sample/sample_5000.csv.gz", "rt") as file:
        others = {row["module_hash"]: row for row in csv.DictReader(file)}
    genes = sample.genes()
    hashes = SPACE.module_hash(genes)
    both = [i for i, digest in enumerate(hashes) if digest in others]
    assert both
    for i in both:
        row = others[hashes[i]]
        other = SPACE.from_text([f"{row['adjacency_rowmajor']}:{row['ops']}"])
        assert np.array_equal(SPACE.canonical(other), genes[i : i + 1])
        parameters = sample.query(other, "trainable_parameters")[0]
        assert parameters == int(row["trainable_parameters"])


@pytest.mark.parametrize("check", testing.checks("benchmark"))
def test_sample_keeps_the_promises(sample: NasBench101, check: Callable[[Any], None]) -> None:
    check(sample)


# --- Made-up records ---------------------------------------------------------------------------


@pytest.mark.parametrize("check", testing.checks("benchmark"))
def test_made_up_keeps_the_promises(made_up: NasBench101, check: Callable[[Any], None]) -> None:
    check(made_up)


def test_made_up_value_by_value(made_up: NasBench101) -> None:
    assert np.array_equal(made_up.genes(), SPACE.canonical(GENES))
    seen: dict[tuple[str, int], int] = {}
    for record in RECORDS:
        key = record.hash, record.budget
        seed = seen[key] = seen.get(key, -1) + 1
        genes = SPACE.from_text([record.cell])
        for ending, (_, seconds, *accuracies) in zip(
            ("_half", ""), record.numbers[1:], strict=True
        ):
            names = [f"{split}_accuracy{ending}" for split in ("train", "val", "test")]
            found = [made_up.query(genes, name, record.budget, seed)[0] for name in names]
            assert found == [100 * value for value in accuracies]
            assert made_up.query(genes, f"seconds{ending}", record.budget, seed)[0] == seconds
        assert made_up.query(genes, "trainable_parameters")[0] == record.parameters


def test_isomorphic_rows_are_one_cell(tmp_path: Path) -> None:
    """Recorded as one row, asked for by others with dead vertices and another order."""
    rng = np.random.default_rng(5)
    rows = SPACE.sample(4000, rng)
    canonical = SPACE.canonical(rows)
    _, first, cell = np.unique(SPACE.codes(canonical), return_index=True, return_inverse=True)
    assert len(first) < len(rows)
    table = convert(write(tmp_path, records_of(rows[first[:200]], 2, (108,))), tmp_path)
    asked = cell < 200
    assert asked.sum() > 200
    for name in table.metrics:
        found = table.query(rows[asked], name)
        assert np.array_equal(found, table.query(canonical[asked], name))
        assert np.array_equal(found, table.query(rows[first[cell[asked]]], name))


def test_budgets_and_seeds_are_arguments(made_up: NasBench101) -> None:
    genes = GENES[:50]
    assert made_up.curve(genes, "val_accuracy", 36).shape == (50, 3)
    values = [made_up.query(genes, "val_accuracy", 12, seed) for seed in range(3)]
    assert np.allclose(made_up.query(genes, "val_accuracy", 12, None), np.mean(values, axis=0))
    assert len({value.tobytes() for value in values}) == 3
    for epochs, seed in ((54, 0), (12, 3)):
        with pytest.raises(UnsupportedError):
            made_up.query(genes, "val_accuracy", epochs, seed)


def test_provenance(made_up: NasBench101) -> None:
    assert made_up.provenance["records"] == len(RECORDS)
    assert made_up.provenance["official file"] == "no"
    assert len(made_up.provenance["sha256"]) == 64
    assert "not points of one curve" in made_up.provenance["epochs"]


def test_file_of_108_epochs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASCAST_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match="nascast benchmark convert nasbench101"):
        plugins.load("benchmark", "nasbench101")
    write(tmp_path, RECORDS, "nasbench_full.tfrecord")
    few = [record for record in RECORDS if record.budget == 108]
    write(tmp_path, few, "nasbench_only108.tfrecord")
    done: list[tuple[int, int]] = []
    written = release.converter(tmp_path, tmp_path, lambda at, of: done.append((at, of)))
    assert [path.name for path in written] == list(NasBench101.files)
    size = sum(path.stat().st_size for path in tmp_path.glob("*.tfrecord"))
    assert done == sorted(done)
    assert done[-1] == (size, size)
    whole = plugins.load("benchmark", "nasbench101")
    only = plugins.load("benchmark", "nasbench101", "nasbench101-only108.nascast")
    assert whole.metrics["val_accuracy"].epochs == BUDGETS
    assert only.metrics["val_accuracy"].epochs == (108,)
    for metric in ("val_accuracy", "test_accuracy_half", "seconds", "trainable_parameters"):
        assert np.array_equal(only.query(GENES, metric), whole.query(GENES, metric))


def test_other_ways_to_write_the_same_json(tmp_path: Path) -> None:
    """Parsed as JSON where the quick way does not fit: other spaces, escapes, no line feeds."""
    cells = [record for record in RECORDS if record.hash == RECORDS[0].hash]
    texts = []
    for i, record in enumerate(cells):
        fields = json.loads(payload(record))
        if i % 3 == 1:
            fields[4] = fields[4].replace("\n", "")
        text = json.dumps(fields, separators=(",", ":") if i % 3 == 0 else None)
        texts.append(text.replace("/", "\\/").encode())
    path = tmp_path / "other.tfrecord"
    path.write_bytes(framed(texts))
    found = convert(path, tmp_path)
    (tmp_path / "usual").mkdir()
    usual = convert(write(tmp_path, cells), tmp_path / "usual")
    for metric in usual.metrics:
        assert np.array_equal(
            found.query(found.genes(), metric, None, None),
            usual.query(usual.genes(), metric, None, None),
        )


def test_messages_of_many_layouts(tmp_path: Path) -> None:
    """Fields in another order, unknown fields, numbers of parameters of 1 to 5 bytes."""
    payloads, expected = [], []
    for i, record in enumerate(records_of(GENES[:60], 1, (108,))):
        record = replace(record, parameters=int(2 ** (i % 31)))
        parts = message(record)
        if i % 2:
            parts = parts[-9:] + parts[:-9]
        if i % 3:
            parts += b"\x52\x03abc" + b"\x58" + varint(i) + b"\x65\x00\x00\x80\x3f"
        payloads.append(payload(record, parts))
        expected.append((record.parameters, record.numbers))
    path = tmp_path / "many.tfrecord"
    path.write_bytes(framed(payloads))
    (block,) = read_blocks(path, lambda piece: None)
    records = decode(block)
    assert records.parameters.tolist() == [parameters for parameters, _ in expected]
    assert np.array_equal(records.values, np.asarray([numbers for _, numbers in expected]))


# --- What is refused ---------------------------------------------------------------------------


FIRST, SECOND = RECORDS[:2]
BEGINS = len(framed([payload(FIRST)]))  # where the second record does


def fields_of(**changes: Any) -> bytes:
    """The second record with some of its fields changed."""
    names = ("hash", "budget", "matrix", "operations", "metrics")
    fields = dict(zip(names, json.loads(payload(SECOND)), strict=True)) | changes
    return json.dumps(list(fields.values())).encode()


def numbers_of(evaluation: int, number: int | None, value: float = 0) -> bytes:
    """The second record with one of its numbers changed, or all from there on left out."""
    numbers = [list(of) for of in SECOND.numbers]
    if number is None:
        del numbers[evaluation]
    elif np.isnan(value):
        del numbers[evaluation][number:]
    else:
        numbers[evaluation][number] = value
    return payload(replace(SECOND, numbers=tuple(map(tuple, numbers))))


METRICS = message(SECOND)
LATER = METRICS.index(b"\x10" + varint(SECOND.parameters), len(METRICS) - 15)
SPOILT = {
    "not JSON": (b"[" + payload(SECOND)[2:], "not JSON"),
    "another version": (json.dumps([1, *json.loads(payload(SECOND))]).encode(), "not known"),
    "a missing field": (json.dumps(json.loads(payload(SECOND))[:4]).encode(), r"expected \[hash"),
    "an object": (b'{"hash": 1}', r"expected \[hash"),
    "a short hash": (fields_of(hash="abc"), "a hash of 32 digits"),
    "a hash with other letters": (fields_of(hash="z" * 32), "hexadecimal module hash"),
    "no epochs": (fields_of(budget=0), "a number of epochs"),
    "epochs as text": (fields_of(budget="108"), "a number"),
    "no square": (fields_of(matrix="01100"), "digits above the diagonal of a matrix"),
    "not connected": (fields_of(matrix="0" * 49), "no path"),
    "another size": (fields_of(matrix="011001000"), "of 3 vertices with 7 operations"),
    "an unknown operation": (
        fields_of(matrix="011001000", operations="input,conv5x5,output"),
        "unknown operation 'conv5x5'",
    ),
    "a quotation mark": (fields_of(operations='in"put'), "escapes"),
    "a hash with accents": (fields_of(hash="é" * 32), "escapes"),
    "no metrics": (fields_of(metrics=""), "groups of four"),
    "a cut text": (fields_of(metrics="AAAAA"), "groups of four; got 5"),
    "no base64": (fields_of(metrics="AA!A"), "not base64"),
    "padding inside": (fields_of(metrics="AA==AAAA"), "not base64"),
    "a cut buffer": (payload(SECOND, METRICS[:-3]), "cut off"),
    "no buffer": (payload(SECOND, b"\x07" * 30), "not a protocol buffer"),
    "no parameters": (payload(SECOND, METRICS[:LATER]), "no number of trainable parameters"),
    "two evaluations": (numbers_of(1, None), "3 evaluations.*got 2.*not known"),
    "no test accuracy": (numbers_of(2, 4, np.nan), "no test accuracy at the end"),
    "no accuracies half-way": (numbers_of(1, 2, np.nan), "no train accuracy half-way"),
    "percent": (numbers_of(2, 3, 93.1), "accuracies from 0 to 1"),
    "a negative time": (numbers_of(2, 1, -1.0), "expected seconds"),
    "an infinite time": (numbers_of(2, 1, np.inf), "expected seconds"),
    "another last epoch": (numbers_of(2, 0, 3.0), f"after {SECOND.budget} epochs"),
    "a float": (payload(SECOND, METRICS + b"\x0a\x05\x0d\0\0\0\0"), "epoch is not a double"),
}


@pytest.mark.parametrize(("record", "message"), SPOILT.values(), ids=SPOILT)
def test_records_that_are_refused(record: bytes, message: str, tmp_path: Path) -> None:
    source = tmp_path / "spoilt.tfrecord"
    source.write_bytes(framed([payload(FIRST), record, *map(payload, RECORDS[2:])]))
    with pytest.raises(CorruptDataError, match=message) as caught:
        convert(source, tmp_path)
    assert f"{source}, the record at byte {BEGINS}: " in str(caught.value)
    assert list(tmp_path.iterdir()) == [source]


def other_cell(records: list[Record]) -> list[Record]:
    """Gives all records of one cell the matrix and operations of a cell that is not there."""
    cell = SPACE.to_text(SPACE.all()[5:6])[0]
    return [replace(r, cell=cell) if r.hash == FIRST.hash else r for r in records]


WHOLE = {
    "a training is missing": (RECORDS[:-1], "has 2 trainings of .* others have 3.*cut off"),
    "a budget is missing": (
        [r for r in RECORDS if (r.hash, r.budget) != (FIRST.hash, 12)],
        "has 0 trainings of 12 epochs",
    ),
    "a cell with two hashes": (
        [replace(RECORDS[-1], hash="0" * 32), *RECORDS[:-1]],
        "are the hashes of one cell",
    ),
    "a hash with two cells": (
        [replace(r, hash=RECORDS[1].hash) if r.hash == FIRST.hash else r for r in RECORDS],
        f"two cells have the hash {RECORDS[1].hash}",
    ),
    "a hash of another cell": (other_cell(RECORDS), f"the cell of hash {FIRST.hash} has the hash"),
    "nothing": ([], "no records"),
}


@pytest.mark.parametrize(("records", "message"), WHOLE.values(), ids=WHOLE)
def test_files_that_are_refused(records: list[Record], message: str, tmp_path: Path) -> None:
    source = write(tmp_path, records)
    with pytest.raises(CorruptDataError, match=message) as caught:
        convert(source, tmp_path)
    assert str(source) in str(caught.value)
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_files_leave_no_table(damage: str, tmp_path: Path) -> None:
    source = write(tmp_path, RECORDS)
    content = bytearray(source.read_bytes())
    if damage == "cut":
        del content[-7:]
    else:
        content[len(content) // 2] ^= 4
    source.write_bytes(content)
    with pytest.raises(CorruptDataError, match=r"made_up\.tfrecord.*at byte \d+"):
        convert(source, tmp_path)
    assert list(tmp_path.iterdir()) == [source]


def test_sources_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"expected nasbench_full\.tfrecord or"):
        convert(tmp_path, tmp_path)
    with pytest.raises(MissingDataError):
        convert(tmp_path / "no.tfrecord", tmp_path)
    for name in ("a.tfrecord", "b.tfrecord"):
        write(tmp_path, RECORDS, name)
    with pytest.raises(InvalidSettingError, match=r"a\.tfrecord and .*b\.tfrecord are of the same"):
        release.converter(tmp_path, tmp_path, lambda done, total: None)
