"""Weight sharing on nb201-mini: Kendall's τ of `oneshot` and `rsws` after minutes of training.

Each supernet is trained on one core, on the source's training images but for a tenth, at the size
of the benchmark's. It is judged by the recorded validation accuracy of 300 random cells, beside
parameters and multiply-adds of the same cells, with bootstrap intervals of 95 % over cells. Seconds
are processor seconds. Supernets are kept in a folder, and found there when the script is repeated.

Run: OMP_NUM_THREADS=1 python perf/weight_sharing.py IMAGES.npz FOLDER rsws "rsws(epochs=10)" …
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch

import nascast
from nascast.core.spec import Spec
from nascast.core.types import Floats
from nascast.studies.artefacts import ArtefactFolder
from nascast.studies.metrics import kendall
from nascast.training.data import open_data

CELLS, DRAWS = 300, 1000


def interval(scores: Floats, truth: Floats, rng: np.random.Generator) -> str:
    """Returns τ with the interval between its 2.5th and 97.5th percentile over resampled cells."""
    drawn = rng.integers(len(truth), size=(DRAWS, len(truth)))
    taus = [kendall(scores[chosen], truth[chosen]) for chosen in drawn]
    low, high = np.percentile(taus, [2.5, 97.5])
    return f"τ {kendall(scores, truth):.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Prints a line for each predictor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images")
    parser.add_argument("folder", type=Path)
    parser.add_argument("predictors", nargs="+")
    parser.add_argument("--cells", type=int, default=CELLS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    bench = nascast.load("benchmark", "nb201-mini")
    rows = np.random.default_rng(0).permutation(bench.genes())[: options.cells]
    truth = bench.query(rows, "val_accuracy")
    for text in options.predictors:
        ledger = nascast.Ledger(
            bench,
            nascast.Objective("val_accuracy"),
            batch=nascast.Batch.random(bench.task, 2),
            data=partial(open_data, options.images),
            artefacts=ArtefactFolder(options.folder),
        )
        predictor = Spec.parse("predictor", text).load("predictor")
        with ledger.phase("init"):
            predictor.initialize(ledger, rows[:0], np.random.default_rng(0))
        with ledger.phase("query"):
            scores = predictor.query(ledger, rows).mean
        costs = [ledger.seconds["init"], ledger.seconds["query"] / len(rows)]
        said = interval(scores, truth, np.random.default_rng(1))
        print(f"{text}: {said}, {costs[0]:.0f} s of training, {costs[1]:.2f} s a query", flush=True)


if __name__ == "__main__":
    main()
