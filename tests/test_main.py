"""The package as a program."""

import subprocess
import sys

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


def test_a_mistake_ends_it_with_status_2() -> None:
    done = nascast_module("show", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Error: nasbench201: ")
    assert "Traceback" not in done.stderr
