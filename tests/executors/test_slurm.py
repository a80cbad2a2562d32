"""Jobs of submitit, by its local executor: no Slurm is needed."""

import os
import signal
import subprocess
import sys
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


@pytest.mark.parametrize(
    ("handler", "status"),
    [("", 143), ("import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))\n", 9)],
)
def test_sigterm_cancels_the_jobs(handler: str, status: int, tmp_path: Path) -> None:
    """And then does what the program has it do."""
    code = (
        f"import os, sys, time\nfrom functools import partial\n{handler}"
        "from nascast.executors.slurm import Slurm\n"
        "executor = Slurm(1, folder=sys.argv[1], cluster='local')\n"
        "def call(mark):\n"
        "    open(mark, 'w').write(str(os.getpid())); time.sleep(60)\n"
        "executor.submit('a', partial(call, sys.argv[2]))\n"
        "print('ready', flush=True); executor.collect()"
    )
    mark = tmp_path / "mark"
    words = [sys.executable, "-c", code, str(tmp_path / "jobs"), str(mark)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        while not (mark.exists() and mark.read_text()):
            time.sleep(0.05)
        other.terminate()
        assert other.wait(30) == status
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
