"""What a predictor that learned on one data set of NAS-Bench-201 is worth on another.

Kendall's τ on 500 cells, whose truth is the mean over their recorded trainings: of what was learned
from labels of the other data set, with no label here; of that adapted by `auto` with a few labels
here; and of the same predictor with these labels alone. Cells with labels here are of other
networks than those tested; of the cells with labels there, which are drawn from all, a few are not.

Run: OMP_NUM_THREADS=1 python perf/transfer.py [--source cifar10] [--trials 10]
     [--labels 10,50] [--there 500] [--predictor "gp(encoding=joined())"]
"""

import argparse

import numpy as np

import nascast
from nascast.core.correlation import kendall
from nascast.core.evaluator import Benchmark
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.types import Genes
from nascast.predictors.auto import Auto
from nascast.predictors.transfer import Transfer
from nascast.studies.records import open_benchmark

SETS = ("cifar10", "cifar100", "imagenet16")
TEST = 500


def split(table: Benchmark, trial: int) -> tuple[Genes, Genes]:
    """Returns test rows, and rows of other networks in random order."""
    rows = np.random.default_rng([11, trial]).permutation(table.genes())
    keys = table.space.networks(rows)
    return rows[:TEST], rows[TEST:][~np.isin(keys[TEST:], keys[:TEST])]


def tau(predictor: PerformancePredictor, table: Benchmark, trial: int, labels: int) -> float:
    """Returns τ of a predictor that is given some labels."""
    test, train = split(table, trial)
    ledger = nascast.Ledger(table, nascast.Objective("val_accuracy"))
    with ledger.phase("init"):
        predictor.initialize(ledger, train[:labels], np.random.default_rng(trial))
    with ledger.phase("query"):
        found = predictor.query(ledger, test).mean
    return kendall(found, table.query(test, "val_accuracy", seed=None))


def main() -> None:
    """Prints a line for each pair of data sets and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", choices=SETS, default=SETS[0])
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--labels", default="10,50")
    parser.add_argument("--there", type=int, default=500)
    parser.add_argument("--predictor", default="gp(encoding=joined())")
    options = parser.parse_args()
    tables = {name: open_benchmark(f"nb201_seeds:{name}") for name in SETS}
    spec = Spec.parse("predictor", options.predictor)
    moved = Transfer(spec, tables[options.source], labels=options.there)
    for name in (name for name in SETS if name != options.source):
        for labels in (0, *map(int, options.labels.split(","))):
            kinds = {"moved": moved if labels == 0 else Auto(members=[moved, spec])}
            if labels:
                kinds["alone"] = spec.load("predictor")
            for kind, predictor in kinds.items():
                found = [tau(predictor, tables[name], t, labels) for t in range(options.trials)]
                print(
                    f"{options.source} → {name}  {labels:3} labels  {kind}  "
                    f"τ {np.mean(found):.3f} ± {np.std(found, ddof=1):.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
