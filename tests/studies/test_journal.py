"""A journal that is cut off at any byte loses at most the record that was being written."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nascast.core.errors import StoreError
from nascast.studies.journal import Journal

RECORDS: list[dict[str, Any]] = [
    {"genes": [1, 2, 3], "seed": 0, "loss": 0.1},
    {"text": 'a "quoted" line\nand another ü', "none": None},
    {"nested": {"curve": [1.5, 2.5], "empty": {}}},
]

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def filled(path: Path) -> Journal:
    journal = Journal(path)
    for record in RECORDS:
        journal.append(record)
    return journal


def test_a_journal_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(Journal(tmp_path / "none").read()) == []
    (tmp_path / "empty").touch()
    assert list(Journal(tmp_path / "empty").read()) == []


def test_records_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert list(filled(path).read()) == RECORDS
    assert list(Journal(path).read()) == RECORDS
    assert path.read_bytes().count(b"\n") == len(RECORDS)


@settings(max_examples=25)  # each writes to disk
@given(st.lists(st.dictionaries(st.text(), plain, max_size=3), max_size=4))
def test_any_record_comes_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]]
) -> None:
    journal = Journal(tmp_path_factory.mktemp("any") / "journal")
    for record in records:
        journal.append(record)
    assert list(journal.read()) == records


@settings(max_examples=25)
@given(st.floats())
def test_floats_are_exact(tmp_path_factory: pytest.TempPathFactory, value: float) -> None:
    journal = Journal(tmp_path_factory.mktemp("float") / "journal")
    journal.append({"value": value})
    (record,) = journal.read()
    assert repr(record["value"]) == repr(value)
    assert math.copysign(1, record["value"]) == math.copysign(1, value) or math.isnan(value)


def test_cut_off_anywhere_in_the_last_record(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    filled(path)
    data = path.read_bytes()
    last = data.rindex(b"\n", 0, -1) + 1
    for length in range(last, len(data)):
        path.write_bytes(data[:length])
        journal = Journal(path)
        whole = length == len(data) - 1  # only the end of the line is missing
        kept = RECORDS if whole else RECORDS[:-1]
        assert list(journal.read()) == kept
        journal.append({"after": 1})
        journal.append({"after": 2})
        assert list(journal.read()) == [*kept, {"after": 1}, {"after": 2}]


def test_cut_off_anywhere_in_a_chunk_keeps_the_records_before(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.append({"before": 0})
    start = len(path.read_bytes())
    journal.append_all(RECORDS)
    data = path.read_bytes()
    ends = [i for i in range(start, len(data)) if data[i : i + 1] == b"\n"]
    assert len(ends) == len(RECORDS)
    for length in range(start, len(data)):
        path.write_bytes(data[:length])
        kept = [{"before": 0}, *RECORDS[: sum(end <= length for end in ends)]]
        assert list(journal.read()) == kept
        journal.append_all([{"after": 1}, {"after": 2}])
        assert list(journal.read()) == [*kept, {"after": 1}, {"after": 2}]


def test_a_chunk_is_one_write_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    journal = Journal(tmp_path / "journal")
    journal.append_all(RECORDS)
    journal.append_all([])
    assert len(synced) == 1
    assert list(journal.read()) == RECORDS


def test_cut_off_in_the_first_record(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    for length in range(1, len(json.dumps(RECORDS[0]))):
        path.write_bytes(json.dumps(RECORDS[0]).encode()[:length])
        journal = Journal(path)
        assert list(journal.read()) == []
        journal.append(RECORDS[1])
        assert list(journal.read()) == [RECORDS[1]]


def test_cut_off_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    for k in range(5):
        journal.append({"kept": k})
        with open(path, "ab") as file:
            file.write(b'{"lost": ')
    assert list(journal.read()) == [{"kept": k} for k in range(5)]


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b'\n\n[1, 2]\n3\nnull\n"text"\n\xff\xfe\n\0\n{"a": 1}\n{"b": }\n')
    Journal(path).append({"a": 1})
    assert list(Journal(path).read()) == [{"a": 1}]


def test_a_flipped_bit_costs_its_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    filled(path)
    data = path.read_bytes()
    ends = [i for i in range(len(data)) if data[i : i + 1] == b"\n"]
    for at in range(len(data)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        path.write_bytes(flipped)
        lost = {sum(end < at for end in ends)}
        lost |= {min(lost) + 1} if at in ends else set()  # two lines become one
        assert list(Journal(path).read()) == [r for i, r in enumerate(RECORDS) if i not in lost]


def test_lines_are_json(tmp_path: Path) -> None:
    lines = filled(tmp_path / "journal").path.read_text().splitlines()
    assert [{**json.loads(line), "sum": 0} for line in lines] == [{**r, "sum": 0} for r in RECORDS]


def test_two_writers_at_one_file(tmp_path: Path) -> None:
    one, other = Journal(tmp_path / "journal"), Journal(tmp_path / "journal")
    for k in range(4):
        (one if k % 2 else other).append({"k": k})
    assert list(one.read()) == list(other.read()) == [{"k": k} for k in range(4)]


def test_appended_records_are_forced_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: sizes.append(os.fstat(file).st_size))
    journal = Journal(path)
    for record in RECORDS:
        journal.append(record)
        assert sizes[-1] == path.stat().st_size
    assert len(sizes) == len(RECORDS)


def test_a_record_that_is_not_plain_writes_nothing(tmp_path: Path) -> None:
    journal = filled(tmp_path / "journal")
    before = journal.path.read_bytes()
    with pytest.raises(TypeError, match="not JSON serializable"):
        journal.append({"fine": 1, "bad": object()})
    assert journal.path.read_bytes() == before


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "journal")
    with pytest.raises(StoreError, match="is no file"):
        list(Journal(tmp_path / "journal").read())
