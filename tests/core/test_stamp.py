"""What changes a stamp, and what does not."""

import os
import time
from pathlib import Path

import pytest

from nascast.core.stamp import stamp


def folder(root: Path) -> Path:
    for name in ("train/a/1.png", "train/b/2.png", "notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"12")
    return root


@pytest.mark.parametrize("name", ["notes.txt", "train/a/1.png", "train/b/3.png", "c/d.png", "e"])
def test_a_file_that_is_written_added_or_removed(tmp_path: Path, name: str) -> None:
    file = folder(tmp_path) / name
    before = stamp(tmp_path)
    assert stamp(str(tmp_path)) == before
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"123")
    written = stamp(tmp_path)
    os.utime(file, ns=(0, 0))
    dated = stamp(tmp_path)
    file.unlink()
    assert len({before, written, dated}) == 3
    assert stamp(tmp_path) not in (written, dated)


def test_a_file_alone_and_none(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    none = stamp(file)
    file.write_bytes(b"1")
    assert stamp(file) != none != stamp("digits") == stamp("digits")
    file.unlink()
    assert stamp(file) == none


def test_a_folder_of_another_place_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for name in "ab":
        folder(tmp_path / name / "images")
        monkeypatch.chdir(tmp_path / name)
        found.add(stamp("images"))
    assert len(found) == 2


@pytest.mark.parametrize("text", ["", "a\0b", "x" * 5000, "\udcff1", "\ud800", "hf:owner/name"])
def test_texts_that_are_no_paths(text: str) -> None:
    assert stamp(text) == stamp(text)


def test_links_in_a_circle_and_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "itself").symlink_to(tmp_path / "itself")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    before = stamp(tmp_path)
    assert stamp(tmp_path / "itself") == stamp(tmp_path / "itself")
    (tmp_path / "a" / "1.png").write_bytes(b"1")
    assert stamp(tmp_path) != before


def test_many_files_take_little_time(tmp_path: Path) -> None:
    for i in range(2000):
        (tmp_path / f"{i}.png").write_bytes(b"")
    began = time.process_time()
    stamp(tmp_path)
    assert time.process_time() - began < 1.0  # it takes 20 ms
