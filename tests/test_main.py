"""The package as a program."""

import signal
import subprocess
import sys

import pytest

import nascast
from nascast.core import plugins


def nascast_module(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nascast", *words]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_the_package_runs_as_the_command_does() -> None:
    assert nascast_module("--version").stdout == f"{nascast.__version__}\n"
    listed = nascast_module("list", "strategies")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == plugins.names("strategy")


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_end_while_modules_are_imported_leaves_no_traceback(sent: int, status: int) -> None:
    """Python itself says when it has imported typer, with about half of the modules to come."""
    command = [sys.executable, "-X", "importtime", "-m", "nascast", "search", "--help"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr
        while "typer.main" not in started.stderr.readline():
            assert started.poll() is None
        started.send_signal(sent)
        said = started.stderr.read()
    assert started.returncode == status
    assert "Traceback" not in said
    assert said.rstrip().endswith("Stopped.")


def test_a_mistake_ends_it_with_status_2() -> None:
    done = nascast_module("show", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: nasbench201: ")
    assert "Traceback" not in done.stderr
