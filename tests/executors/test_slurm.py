"""Jobs of submitit, by its local executor: no Slurm is needed."""

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nascast.core.errors import InvalidSettingError
from nascast.executors.slurm import Slurm

submitit = pytest.importorskip("submitit")


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"workers": 0}, "at least 1 worker"),
        ({"gpus": -1}, "-1 GPUs"),
        ({"memory": 0.0}, "GiB above 0"),
        ({"cluster": "grid"}, "slurm or local; got 'grid'"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], part: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSettingError, match=part):
        Slurm(**{"cluster": "local", "folder": str(tmp_path), **settings})


def test_no_slurm_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidSettingError, match=r"sbatch is not found.*cluster=local"):
        Slurm(folder=str(tmp_path))


def test_a_job_that_is_preempted_runs_again(tmp_path: Path) -> None:
    """The signal is the one by which Slurm announces a preemption."""
    marks = tmp_path / "marks"
    marks.mkdir()

    def call(folder: str) -> int:  # sent by value, as it is nested
        before = len(os.listdir(folder))
        open(os.path.join(folder, str(os.getpid())), "w").close()
        if not before:
            time.sleep(60)
        return before

    with Slurm(1, folder=str(tmp_path / "jobs"), cluster="local") as executor:
        executor.submit("a", partial(call, str(marks)))
        while not (first := list(marks.iterdir())):
            time.sleep(0.05)
        os.kill(int(first[0].name), signal.SIGUSR2)
        (done,) = executor.collect()
        assert (done.value, done.error) == (1, None)
        assert executor.incidents() == []


def test_a_job_that_dies_runs_once_more(tmp_path: Path) -> None:
    with Slurm(1, folder=str(tmp_path), cluster="local") as executor:
        executor.submit("dies", partial(os._exit, 3))
        (done,) = executor.collect()
        assert "ended without an answer" in (done.error or "")
        assert executor.incidents() == ["the job of dies died; it runs again"]
