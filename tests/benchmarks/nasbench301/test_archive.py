"""The archive of a converted surrogate."""

import os
from pathlib import Path

import pytest

from nascast.benchmarks.nasbench301.archive import read_archive, write_archive
from nascast.core.errors import CorruptDataError

MEMBERS = {"a.bin": bytes(range(256)) * 9, "b.txt": "ü".encode()}


def test_everything_comes_back_and_the_file_is_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_archive(tmp_path / name, {"source": "x", "n": 2}, MEMBERS)
    assert read_archive(tmp_path / "one") == ({"source": "x", "n": 2}, MEMBERS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_changed_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    write_archive(path, {}, MEMBERS)
    data = bytearray(path.read_bytes())
    for where in range(data.index(b"a.bin") + 6, data.index(b"b.txt") - 40, 5):
        data[where] ^= 4
        path.write_bytes(data)
        with pytest.raises(CorruptDataError, match="convert it again"):
            read_archive(path)
        data[where] ^= 4


def test_other_files_are_refused(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "archive"
    path.write_bytes(b"text" * 50)
    with pytest.raises(CorruptDataError):
        read_archive(path)
    for content in ("{}", '{"format": "another"}', "not JSON"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("head.json", content)
        with pytest.raises(CorruptDataError):
            read_archive(path)


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "archive"
    write_archive(path, {}, MEMBERS)
    before = path.read_bytes()

    def fail(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_archive(path, {}, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
