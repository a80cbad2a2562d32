"""What a reader may take, and what becomes of what parsers raise."""

import errno
import json
import resource
import sys
import threading
import tokenize
import zipfile
import zlib
from pathlib import Path

import pytest

from nascast.core.bounds import Bounds, reading, size_of
from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError
from nascast.core.memory import more_memory

linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")


def test_the_environment_changes_the_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Bounds.from_environment() == Bounds()
    monkeypatch.setenv("NASCAST_READ_MIB", "10")
    monkeypatch.setenv("NASCAST_READ_SECONDS_PER_MIB", "2")
    found = Bounds.from_environment()
    assert found.memory(3 * 2**20) == 10 + 3 * Bounds().mib_per_mib
    assert found.time(3 * 2**20) == Bounds().seconds + 6
    for text in ("many", "0", "-1", "nan", "inf"):
        monkeypatch.setenv("NASCAST_READ_MIB", text)
        with pytest.raises(InvalidSettingError, match=r"NASCAST_READ_MIB: .*above zero"):
            Bounds.from_environment()


@pytest.mark.parametrize(
    "error",
    [
        *(ValueError("a"), KeyError("a"), IndexError("a"), OverflowError("a"), EOFError("a")),
        *(zlib.error("a"), zipfile.BadZipFile("a"), tokenize.TokenError("a"), AssertionError("a")),
        *(UnicodeDecodeError("utf-8", b"", 0, 1, "a"), OSError("a"), OSError(errno.EINVAL, "a")),
    ],
)
def test_whatever_a_parser_raises_is_damage(error: Exception) -> None:
    with (
        pytest.raises(CorruptDataError, match=r"x\.bin: damaged, or not a table .*; make it"),
        reading("x.bin", what="a table", advice="make it again"),
    ):
        raise error


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), MissingDataError("none"), KeyboardInterrupt()]
)
def test_errors_of_the_system_and_ours_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, reading("x.bin"):
        raise error
    assert raised.value is error


def test_depth_is_bounded() -> None:
    with pytest.raises(CorruptDataError, match=r"x\.json: .*nested too deeply"), reading("x.json"):
        json.loads("[" * 100_000)


@linux
def test_memory_is_bounded_by_the_size_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASCAST_READ_MIB", "16")
    with (
        pytest.raises(CorruptDataError, match=r"x\.bin: .*more than 16 MiB.*NASCAST_READ_MIB"),
        reading("x.bin"),
    ):
        bytearray(2**32)  # more than what was freed before and is still held may satisfy
    with reading("x.bin", 2**24):  # sixteen MiB of file may take as much eight times
        bytearray(2**26)


@linux
def test_limits_of_threads_do_not_outlive_them() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with more_memory(512):
            inside.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with more_memory(1024):
        thread.start()
        inside.wait()
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] != before[0]
    leave.set()
    thread.join()
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_sizes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12")
    (tmp_path / "b").mkdir()
    (tmp_path / "b/c").write_bytes(b"345")
    assert size_of(tmp_path) == 5
    assert size_of(tmp_path / "a") == 2
    assert size_of(tmp_path / "none") == 0
