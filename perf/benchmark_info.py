"""How long `nascast benchmark info` takes for each table in the package, also in another version.

Wall seconds of the whole process, with warm files: the median of some runs, in which the versions
take turns, so that a busy machine slows both alike.

Run: python perf/benchmark_info.py [--old PATH_OF_THE_OTHER_VERSION/src] [--runs 7]
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

_NEW = Path(__file__).parents[1] / "src"
_TABLES = (
    *("nb201-mini", "nb201-seeds", "nb201-seeds:cifar100", "nb201-seeds:imagenet16"),
    *("nb101-sample", "nb301-sample", "nbnlp-logs"),
)


def took(source: Path, table: str) -> float:
    """Returns the wall seconds of one run of the version in a folder."""
    command = [sys.executable, "-m", "nascast", "benchmark", "info", table]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Prints the median seconds of each table and version."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--old", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    versions = [options.old.resolve(), _NEW] if options.old else [_NEW]
    print(f"load before: {os.getloadavg()[0]:.2f}")
    for table in _TABLES:
        for source in versions:
            took(source, table)  # reads the files for the first time
        runs = [[took(source, table) for source in versions] for _ in range(options.runs)]
        medians = [statistics.median(times) for times in zip(*runs, strict=True)]
        words = " → ".join(f"{median:.3f}" for median in medians)
        print(f"{table:24}{words} s", flush=True)


if __name__ == "__main__":
    main()
