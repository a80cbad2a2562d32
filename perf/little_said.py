"""What ``nascast search --data … --hours …`` gives, and what it gives with more said.

Each arm is a text of options, "" with nothing said. Every search has the same time, chooses the
rest by itself, and trains its best network at the end, whose test accuracy counts. Arms are run one
after the other for each seed, on one core each; printed are means and standard errors over seeds,
and paired t tests against the first arm.

Run: OMP_NUM_THREADS=1 python perf/little_said.py IMAGES.npz FOLDER --hours 0.1 --seeds 3 \
         --arms "" "--space nasnet --from none"

What is in FOLDER is not run again.
"""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import stats

from nascast.core.types import Floats


def accuracy(options: argparse.Namespace, arm: str, seed: int) -> float:
    """Returns the test accuracy in percent at the end of a search, which is run if needed."""
    folder = options.folder / f"{'-'.join(shlex.split(arm)) or 'nothing'}-{seed}"
    if not (folder / "done").exists():
        words = [
            "search",
            "--data",
            options.images,
            "--hours",
            str(options.hours),
            *shlex.split(arm),
        ]
        words += ["--workers", "1", "--seed", str(seed), "--export", "safetensors"]
        resume = ["--resume"] if folder.exists() else []
        command = [sys.executable, "-m", "nascast", *words, "--out", str(folder), *resume]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (folder / "done").touch()
    (file,) = folder.glob("model-*/training.json")
    return float(json.loads(file.read_text())["results"]["test_accuracy"])


def told(arms: Sequence[str], found: Floats) -> None:
    """Prints a line for each arm, of ``(arms, seeds)`` accuracies."""
    for arm, values in zip(arms, found, strict=True):
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
        line = f"{arm or 'nothing said':40} {values.mean():.2f} ± {error:.2f}"
        if arm != arms[0] and len(values) > 1:
            p = stats.ttest_rel(found[0], values).pvalue
            line += f"; the first is better by {(found[0] - values).mean():+.2f}, p = {p:.2g}"
        print(line)


def main() -> None:
    """Searches and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=0.1)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", nargs="+", default=["", "--space nasnet --from none"])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    found = [[accuracy(options, arm, k) for arm in options.arms] for k in range(options.seeds)]
    told(options.arms, np.array(found).T)


if __name__ == "__main__":
    main()
