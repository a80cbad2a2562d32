"""What a search does now, in a file that other processes read."""

import json
import math
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nascast.core.errors import StoreError
from nascast.core.types import Architecture, Candidate, Evaluation, Trial
from nascast.report.searches.now import now_part
from nascast.runner import Step
from nascast.studies.searches.now import RUNNING, Writer, _born, read_now
from nascast.training.files import write_record
from nascast.training.running import Reached, reached, tell


def trial(number: int, error: str | None = None) -> Trial:
    return Trial(number, Candidate(Architecture("tiny", (number,))), Evaluation({}, 1.0, error), 1)


def test_it_is_current_and_goes_with_the_search(tmp_path: Path) -> None:
    folder = tmp_path / RUNNING
    assert read_now(tmp_path) is None
    with Writer(tmp_path, "val_accuracy", 2, 10) as now:
        now("ppo-0", Step([trial(0), trial(1, "it diverged")], 2, 50.0, {2: 20.0, 3: 50.0}))
        tell(folder, 2, Reached(6))
        found = read_now(tmp_path)
        assert found is not None
        assert (found.run, found.finished, found.failed, found.queued) == ("ppo-0", 2, 1, 6)
        assert found.error == "it diverged"
        assert 30 <= found.elapsed(2) < 40
        now("ppo-0", Step([trial(2)], 1, 60.0, {3: 50.0}), ["lost node 1a2b"])
        found = read_now(tmp_path)
        assert found is not None
        assert (found.finished, found.error) == (3, "it diverged")
        assert (found.incident, found.running) == ("lost node 1a2b", {3: 50.0})
        assert reached(folder, [2]) == {}  # it runs no more
        now("ppo-1", Step([], 1, math.nan, {0: math.nan}))
        found = read_now(tmp_path)
        assert found is not None
        assert (found.run, found.finished, found.failed, found.error) == ("ppo-1", 0, 0, "")
    assert not folder.exists()


def test_one_that_was_killed_does_not_run(tmp_path: Path) -> None:
    with Writer(tmp_path, "val_accuracy", 1, None) as now:
        now("random-0", Step([], 1, 0.0, {0: 0.0}))
        found = read_now(tmp_path)
        assert found is not None
        assert found.queued is None
        child = subprocess.Popen(["true"])
        while _born(child.pid) not in ("ended", ""):  # nobody has waited for it
            time.sleep(0.01)
        if _born(child.pid):
            assert not replace(found, process=child.pid).is_alive()
        child.wait()
        for other, alive in ((child.pid, False), (os.getpid(), True)):
            values = {name: getattr(found, name) for name in found.__slots__}
            write_record(tmp_path / RUNNING / "search.json", {**values, "process": other})
            assert (read_now(tmp_path) is not None) == alive
        assert not replace(found, born="an earlier boot").is_alive()  # but its number is used again
        assert replace(found, host="elsewhere", process=child.pid).is_alive()  # nobody knows


def test_two_processes_do_not_search_in_one_folder(tmp_path: Path) -> None:
    file = tmp_path / RUNNING / "search.json"
    with Writer(tmp_path, "val_accuracy", 1, None) as now:
        now("random-0", Step([], 1, 0.0, {0: 0.0}))
        mine = json.loads(file.read_bytes())
    del mine["sha256"]
    with subprocess.Popen(["sleep", "60"]) as other:
        theirs = {**mine, "process": other.pid, "born": _born(other.pid)}
        write_record(file, theirs)
        with pytest.raises(StoreError, match=f"process {other.pid} searches in"):
            Writer(tmp_path, "val_accuracy", 1, None).__enter__()
        assert read_now(tmp_path) is not None  # it is left as it was
        other.kill()
    with Writer(tmp_path, "val_accuracy", 1, None):  # one that was killed is in nobody's way
        assert process_there(tmp_path) == os.getpid()  # before its first step
    write_record(file, {**theirs, "host": "elsewhere"})
    with Writer(tmp_path, "val_accuracy", 1, None):  # of another machine nobody knows
        assert process_there(tmp_path) == os.getpid()


def process_there(out: Path) -> int | None:
    found = read_now(out)
    return None if found is None else found.process


def test_a_folder_of_the_same_name_keeps_what_others_put_there(tmp_path: Path) -> None:
    folder = tmp_path / RUNNING
    folder.mkdir()
    for name in ("shoes.png", "12.json", "7.json.4711"):
        (folder / name).write_text("{}")
    with Writer(tmp_path, "val_accuracy", 1, None) as now:
        assert {file.name for file in folder.iterdir()} == {"shoes.png", "search.json"}
        now("random-0", Step([], 1, 0.0, {0: 0.0}))
        tell(folder, 0, Reached(6))
    assert [file.name for file in folder.iterdir()] == ["shoes.png"]


def test_where_it_cannot_be_written_the_search_goes_on(tmp_path: Path) -> None:
    (tmp_path / RUNNING).write_text("a file in its place")
    with Writer(tmp_path, "val_accuracy", 1, None) as now:
        now("random-0", Step([], 1, 0.0, {0: 0.0}))
        now("random-0", Step([trial(0)], 0, 1.0))
        assert read_now(tmp_path) is None
    assert (tmp_path / RUNNING).is_file()


HOSTILE: tuple[Any, ...] = (None, True, "x", "", [], {}, ["x"], {"x": "x"}, {"0": None}, -1, 0.5)
HOSTILE += (10**400, -(10**400), math.inf, math.nan)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda value: repr(value)[:12])
def test_garbled_records_are_told_or_left_out(hostile: Any, tmp_path: Path) -> None:
    with Writer(tmp_path, "val_accuracy", 2, 10) as now:
        now("ppo-0", Step([], 2, 5.0, {0: 1.0}), ["lost node 1a2b"])
        tell(tmp_path / RUNNING, 0, Reached(6, {"val_accuracy": (50.0, 60.5)}))
        assert "50.0" in now_part(tmp_path) or "60.5" in now_part(tmp_path)
        for name in ("search.json", "0.json"):
            file = tmp_path / RUNNING / name
            record = json.loads(file.read_bytes())
            del record["sha256"]
            for key in record:
                write_record(file, {**record, key: hostile})
                now_part(tmp_path)  # raises nothing
            write_record(file, record)
        write_record(tmp_path / RUNNING / "0.json", {"epochs": 1, "curves": {"a": [1, 2]}})
        assert reached(tmp_path / RUNNING, [0]) == {}
