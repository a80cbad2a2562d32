"""SIGTERM ends a command as Ctrl-C does, with a status of its own and no process left."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")

CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
SEARCH = "search --space nasbench201 --data digits --strategy random --recipe epochs=200"
GOES_ON = "Stopped. The same command "


def session(leader: int) -> list[str]:
    """Returns the commands of the processes that run in a session."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            state, _, _, number = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(number) == leader and state != "Z":
                found.append((folder / "cmdline").read_text())
        except (OSError, ValueError):  # no process, or none any more
            continue
    return found


def wait_until(fulfilled: Callable[[], object]) -> None:
    for _ in range(1200):
        if fulfilled():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def handles_sigterm(process: int) -> bool:
    """Returns whether a process has come so far; before, Python itself ends."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    (caught,) = (line.split()[1] for line in lines if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Runs a command, ends it by SIGTERM once something is there; returns what it said."""
    started: list[int] = []

    def run(words: list[str], there: Callable[[], object]) -> str:
        command = [sys.executable, "-m", "nascast", *words]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as program:  # type: ignore[call-overload]
            started.append(program.pid)
            wait_until(lambda: program.poll() is not None or handles_sigterm(program.pid))
            wait_until(lambda: there() or program.poll() is not None)
            program.terminate()
            _, said = program.communicate(timeout=60)
        assert program.returncode == 143, said
        wait_until(lambda: not session(program.pid))
        assert "Traceback" not in said
        return str(said)

    yield run
    for leader in started:
        if session(leader):
            os.killpg(leader, signal.SIGKILL)


def test_a_search_with_workers_goes_on(stopped: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = [*SEARCH.split(), "--workers", "2", "--out", str(out)]
    said = stopped(words, lambda: list(out.glob("running/*.json")))
    assert f"{GOES_ON}with --resume goes on" in said
    assert (out / "report.html").exists()


def test_a_training_goes_on(stopped: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "model"
    words = ["train", "--space", "nasbench201", "--architecture", CELL, "--filters", "2"]
    words += ["--repeats", "1", "--epochs", "500", "--out", str(out)]
    said = stopped(words, lambda: list(out.glob("checkpoint*")))
    assert f"{GOES_ON}with --resume goes on" in said


def test_a_comparison_goes_on(stopped: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "compared"
    words = ["compare", "--benchmark", "nb201-mini", "--predictors", "params,xgboost"]
    words += ["--trials", "500", "--workers", "2", "--out", str(out)]
    said = stopped(words, lambda: list(out.glob("cells.jsonl")))
    assert f"{GOES_ON}goes on" in said


def test_a_command_that_keeps_nothing_says_a_word(
    stopped: Callable[..., str], tmp_path: Path
) -> None:
    """At whatever moment, so that it need not be known when the page is served."""
    began = time.monotonic()
    words = ["watch", str(searched(tmp_path))]
    assert stopped(words, lambda: time.monotonic() > began + 3) == "Stopped.\n"


def searched(folder: Path) -> Path:
    line = "search --benchmark nb201-mini --strategy random --evaluations 3"
    command = [sys.executable, "-m", "nascast", *line.split(), "--out", str(folder / "run")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "run"
