"""Records notice what was changed in them, at any place."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nascast.core.errors import CorruptDataError, MissingDataError, StoreError
from nascast.training.files import read_record, write_record, write_whole

RECORD = {"settings": {"seed": 3, "rates": (0.1, 1e-300)}, "versions": {"python": "3.11"}}
KEYS = ("settings", "versions")


def test_a_record_is_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "a" / "record.json"
    write_record(file, RECORD)
    assert read_record(file, KEYS, "again") == json.loads(json.dumps(RECORD))
    file.write_text(json.dumps(RECORD))  # as an earlier version wrote it
    assert read_record(file, KEYS, "again") == json.loads(json.dumps(RECORD))
    with pytest.raises(CorruptDataError, match="SHA-256 is not the one in it; again"):
        read_record(file, ("settings",), "again")
    with pytest.raises(MissingDataError, match="cannot read"):
        read_record(tmp_path / "none.json", KEYS, "again")


def test_every_changed_byte_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    write_record(file, RECORD)
    content = file.read_bytes()
    for place in range(len(content)):
        changed = bytes([content[place] ^ 1])
        file.write_bytes(content[:place] + changed + content[place + 1 :])
        with pytest.raises(CorruptDataError):
            read_record(file, KEYS, "again")


def test_content_that_comes_in_parts_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    write_whole(file, iter([b"one ", b"two"]))

    def broken() -> Iterator[bytes]:
        yield b"three"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_whole(file, broken())
    assert file.read_bytes() == b"one two"
    assert list(tmp_path.iterdir()) == [file]


def test_a_path_that_cannot_even_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot write .*File name too long; choose another"):
        write_record(tmp_path / ("x" * 300) / "record.json", RECORD)


def test_a_pipe_in_place_of_a_record(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "record.json")
    with pytest.raises(MissingDataError, match="a pipe or a device, not a file"):
        read_record(tmp_path / "record.json", KEYS, "again")
