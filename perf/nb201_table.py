"""Predictors on the real NAS-Bench-201 table: XGBoost with few labels, proxies on real networks.

Labels are drawn from the connected cells (every operation on a path from input to output) and all
the rest is tested, also with the classes of the training cells left out of the test. Proxies are
computed on 300 random connected cells with networks of the full size.

Run: python perf/nb201_table.py TABLE.nascast IMAGES.npz   (made by `nascast benchmark import`)
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

import nascast
from nascast.benchmarks.table import Table, read_table
from nascast.core.types import Floats, Genes
from nascast.studies.metrics import agreement, kendall
from nascast.training.data import Split, image_batch, open_data

TRIALS = 5
PROXY_CELLS = 300


def labels(table: Table, genes: Genes, count: int) -> tuple[list[float], list[float]]:
    """Returns τ on all the rest, and on the rest without twins of the training cells."""
    everything, apart = [], []
    _, classes = np.unique(table.space.canonical(genes), axis=0, return_inverse=True)
    truth = table.query(genes, "val_accuracy")
    for seed in range(TRIALS):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(genes))
        train, test = order[:count], order[count:]
        ledger = nascast.Ledger(table, nascast.Objective("val_accuracy"))
        predictor = nascast.load("predictor", "xgboost")
        with ledger.phase("init"):
            predictor.initialize(ledger, genes[train], rng)
        with ledger.phase("query"):
            predicted: Floats = predictor.query(ledger, genes[test])
        everything.append(kendall(predicted, truth[test]))
        new = ~np.isin(classes[test], classes[train])
        apart.append(kendall(predicted[new], truth[test][new]))
    return everything, apart


def spread(values: list[float]) -> str:
    """Writes mean and standard deviation over the trials."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"


def proxies(table: Table, genes: Genes, images: str, batch_size: int, draws: int) -> None:
    """Prints τ of Jacobian covariance and SynFlow for some draws of cells."""
    torch.set_num_threads(1)
    split = Split(train=batch_size, validation=1, test=1, size=32)
    batch = image_batch(open_data(images, split), batch_size)
    for name in ("synflow", "jacov"):
        predictor = nascast.load("predictor", name)
        found = []
        for seed in range(draws):
            chosen = genes[np.random.default_rng(seed).permutation(len(genes))[:PROXY_CELLS]]
            ledger = nascast.Ledger(table, nascast.Objective("val_accuracy"), batch=batch)
            with ledger.phase("query"):
                scores = predictor.query(ledger, chosen)
            found.append(agreement(scores, table.query(chosen, "val_accuracy"))["kendall"])
            cost = ledger.seconds["query"] / len(chosen)
            print(f"{name}, draw {seed}: τ {found[-1]:.3f}, {cost:.2f} s a cell", flush=True)
        print(f"{name}: mean τ {np.mean(found):.3f} over {draws} draws of {PROXY_CELLS} cells")


def main() -> None:
    """Prints all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("images")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    table = read_table(options.table)
    genes = table.genes()
    genes = genes[table.space.is_connected(genes)]  # type: ignore[attr-defined]
    print(f"{len(genes):,} connected cells")
    for count in (100, 1000):
        began = time.perf_counter()
        everything, apart = labels(table, genes, count)
        print(
            f"xgboost, {count} labels: τ {spread(everything)} on all the rest, {spread(apart)} "
            f"without twins of training cells; {time.perf_counter() - began:.1f} s",
            flush=True,
        )
    proxies(table, genes, options.images, options.batch_size, options.draws)


if __name__ == "__main__":
    main()
