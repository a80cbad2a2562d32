"""Calls in a process of their own, which may crash, hang or take all memory."""

import ctypes
import importlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from nascast.core.bounds import Bounds
from nascast.core.child import Child
from nascast.core.errors import CorruptDataError, MissingDataError

SMALL = Bounds(mib=64, seconds=1)
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
JOBS = """
from nascast.core.errors import MissingDataError

def tell_all(values, tell):
    for i, value in enumerate(values):
        tell(i, value)
    return len(values)

def fail():
    raise MissingDataError("no file")
"""


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that other processes can import, as they get the path of this one."""
    (tmp_path / "nascast_test_jobs.py").write_text(JOBS)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("nascast_test_jobs")


def test_a_call_and_what_it_tells(jobs: Any) -> None:
    told: list[tuple[int, str]] = []
    with Child("a file") as child:
        assert child.call(divmod, 17, 5) == (3, 2)
        assert child.call(os.getpid) == child.call(os.getpid) != os.getpid()
        assert child.call(jobs.tell_all, ["a", "b"], told=lambda *pair: told.append(pair)) == 2
    assert told == [(0, "a"), (1, "b")]


def test_what_is_printed_there_is_not_taken_for_an_answer() -> None:
    with Child("a file") as child:
        assert child.call(os.write, 1, b"noise") == 5
        child.call(print, "noise")
        assert child.call(abs, -3) == 3


def test_a_crash_is_a_damaged_file() -> None:
    with Child("the file", begin=(sys.setswitchinterval, 0.5)) as child:
        with pytest.raises(CorruptDataError, match=r"the file: the process .*crashed \(SIGSEGV"):
            child.call(ctypes.string_at, 0)
        with pytest.raises(CorruptDataError, match=r"crashed \(SIGABRT\)"):
            child.call(os.abort)
        assert child.call(sys.getswitchinterval) == 0.5  # the next one begins as the first did


@linux
def test_memory_is_bounded() -> None:
    with Child("the file", bounds=SMALL) as child:
        assert len(child.call(bytes, 2**24)) == 2**24
        with pytest.raises(CorruptDataError, match="more than 64 MiB of memory"):
            child.call(bytes, 2**28)
        assert child.call(abs, -3) == 3


@linux
def test_processor_time_is_bounded_also_inside_a_library() -> None:
    began = time.monotonic()
    with Child("the file", bounds=SMALL) as child:
        for call in ((dict.fromkeys, [k * (2**61 - 1) for k in range(60_000)]), (pow, 3, 10**10)):
            with pytest.raises(CorruptDataError, match="more than 1 seconds"):
                child.call(*call)
    assert time.monotonic() - began < 60


def test_waiting_is_bounded() -> None:
    with (
        Child("the file", bounds=Bounds(seconds=0.2)) as child,
        pytest.raises(CorruptDataError, match="seconds"),
    ):
        child.call(time.sleep, 600)


def test_errors_come_back(jobs: Any) -> None:
    with Child("a file") as child:
        with pytest.raises(MissingDataError, match="no file"):
            child.call(jobs.fail)
        with pytest.raises(ZeroDivisionError) as raised:
            child.call(divmod, 1, 0)
    assert "Traceback" in raised.value.__notes__[0]


def test_it_ends_with_its_owner() -> None:
    child = Child("a file")
    pid = child.call(os.getpid)
    del child
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_interrupt_from_the_keyboard_does_not_reach_it() -> None:
    with Child("a file") as child:
        pid = child.call(os.getpid)
        os.kill(pid, signal.SIGINT)
        assert child.call(os.getpid) == pid
