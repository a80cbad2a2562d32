"""How many processor seconds a small comparison takes, beside another version of nascast.

Each version compares six predictors on nb201-mini as a command of its own, with an empty cache of
proxy scores. Processor seconds are those of the command and of every process that it started, also
of those that outlived it. The correlations of both versions are compared to the last digit.

Run: python perf/demo.py [--old PATH_OF_THE_OTHER_VERSION/src] [--trials 5] [--repeats 1]
"""

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

_NEW = Path(__file__).parents[1] / "src"
_MAIN = "import sys; from nascast.cli.main import main; sys.argv[0] = 'nascast'; main()"
_DEMO = (
    *("compare", "--benchmark", "nb201-mini", "--train-sizes", "20,100", "--epochs", "2,6"),
    *("--predictors", "xgboost,jacov,synflow,sotl_e,early_stop_accuracy,omni", "--seed", "0"),
)
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h: orphans become this process's children


def run(source: Path, folder: Path, trials: int) -> tuple[float, float]:
    """Runs the demo of one version into a folder; returns processor and wall seconds."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(source),
        "NASCAST_CACHE": str(folder / "cache"),
    }
    command = [sys.executable, "-c", _MAIN, *_DEMO, "--trials", str(trials), "--out", str(folder)]
    before = used()
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    while True:  # processes that the command left behind
        try:
            os.wait()
        except ChildProcessError:
            return used() - before, wall


def used() -> float:
    """Returns the processor seconds of all ended children, in user and system mode."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def correlations(folder: Path) -> dict[tuple[Any, ...], float]:
    """Returns Kendall's τ of every cell."""
    columns = ["predictor", "train_size", "epochs", "trial", "kendall"]
    rows = pq.read_table(folder / "results.parquet", columns=columns).to_pylist()
    return {tuple(row[name] for name in columns[:-1]): row["kendall"] for row in rows}


def main() -> None:
    """Prints the seconds of each version, their ratio, and whether the results are the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=Path)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=1)
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    versions = {"old": options.old.resolve()} if options.old else {}
    versions["new"] = _NEW
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.2f}")
    for _ in range(options.repeats):
        seconds, found = {}, {}
        for name, source in versions.items():
            with tempfile.TemporaryDirectory() as folder:
                seconds[name], wall = run(source, Path(folder), options.trials)
                found[name] = correlations(Path(folder))
            print(f"{name}: {seconds[name]:6.1f} processor s, {wall:6.1f} wall s", flush=True)
        if options.old:
            same = found["old"] == found["new"]
            print(f"old / new: {seconds['old'] / seconds['new']:.2f}; same τ: {same}", flush=True)


if __name__ == "__main__":
    main()
