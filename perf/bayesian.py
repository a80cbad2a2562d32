"""The Bayesian predictors on NAS-Bench-201: rank agreement, coverage and seconds.

For each trial 500 different cells are tested, and the training cells are drawn from those that
compute another function than all of them. Coverage is the share of test cells within 1.645
deviations of the mean, of which 90 % are expected. Seconds are of the processor, the median over
trials: of a fit with its encoding, and of a query of 10,000 cells. All rests on the mean over the
recorded trainings of a cell.

Run: OMP_NUM_THREADS=1 python perf/bayesian.py TABLE.nascast [--trials 10] [--predictors SPECS]
     OMP_NUM_THREADS=1 python perf/bayesian.py TABLE.nascast --gpwl

The table is made by `nascast benchmark import all_seeds.csv.gz --architecture arch_str --metric
val_accuracy=val_cifar10_0,epoch=200,seed=0 --metric val_accuracy=val_cifar10_1,epoch=200,seed=1
--metric val_accuracy=val_cifar10_2,epoch=200,seed=2 --out TABLE.nascast`.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nascast
from nascast.benchmarks.table import Table, read_table
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.threads import one_thread
from nascast.core.types import Floats, Genes
from nascast.studies.metrics import kendall

PREDICTORS = (
    "bayesian_linear_regression,bohamiann,dngo,gp,gpwl,gpwl(kernel=dot),sparse_gp,"
    "variational_sparse_gp"
)
TEST, QUERY = 500, 10_000


def split(table: Table, count: int, trial: int) -> tuple[Genes, Genes]:
    """Returns training and test cells, of which no two compute the same."""
    space = table.space
    rows = table.genes()
    rows = rows[space.distinct(space.canonical(rows))]
    rows = np.random.default_rng([0, trial]).permutation(rows)
    keys = space.networks(rows)
    rest = rows[TEST:][~np.isin(keys[TEST:], keys[:TEST])]
    return rest[:count], rows[:TEST]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Returns the seconds of the processor that a call takes, and what it returns."""
    began = time.process_time()
    found = call()
    return time.process_time() - began, found


def trained(
    table: Table, spec: Spec, train: Genes, seed: int
) -> tuple[float, Callable[[Genes], Prediction]]:
    """Returns the seconds of a fit, and the query."""
    predictor: PerformancePredictor = spec.load("predictor")
    ledger = nascast.Ledger(table, nascast.Objective("val_accuracy"), seed=None)
    rng = np.random.default_rng(seed)
    with ledger.phase("init"):
        ledger.labels(train)
        seconds, _ = timed(lambda: predictor.initialize(ledger, train, rng))

    def query(genes: Genes) -> Prediction:
        with ledger.phase("query"):
            return predictor.query(ledger, genes)

    return seconds, query


def measure(table: Table, spec: Spec, count: int, trial: int) -> Floats:
    """Returns τ, coverage, and the seconds of a fit and of a query of 10,000."""
    train, test = split(table, count, trial)
    fit, query = trained(table, spec, train, trial)
    found, true = query(test), table.query(test, "val_accuracy", seed=None)
    inside = np.nan
    if found.deviation is not None:
        inside = float((np.abs(found.mean - true) <= 1.645 * found.deviation).mean())
    seconds, _ = timed(lambda: query(table.genes()[:QUERY]))
    return np.array([kendall(found.mean, true), inside, fit, seconds])


def gpwl(table: Table) -> None:
    """Prints the seconds of GPWL for queries of 200 and 5,000."""
    for kernel in ("dot", "minimum"):
        for count in (100, 500):
            train, test = split(table, count, 0)
            fit, query = trained(table, Spec("gpwl", {"kernel": kernel}), train, 0)
            small = [timed(lambda: query(test[:200]))[0] for _ in range(50)]  # noqa: B023
            large, _ = timed(lambda: query(table.genes()[:5000]))  # noqa: B023
            print(
                f"gpwl, {kernel}, {count} labels: fit {fit:.3f} s, query of 200 "
                f"{1000 * np.median(small):.1f} ms (least {1000 * min(small):.1f}), of 5,000 "
                f"{large:.2f} s"
            )


def main() -> None:
    """Prints a line for each predictor and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--predictors", default=PREDICTORS)
    parser.add_argument("--labels", default="100,1000")
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--gpwl", action="store_true")
    options = parser.parse_args()
    table = read_table(options.table)
    with one_thread("torch", "sklearn"):
        if options.gpwl:
            gpwl(table)
            return
        for spec in Spec.parse_list("predictor", options.predictors):
            trained(table, spec, split(table, 20, 0)[0], 0)  # imports what it needs
            for count in map(int, options.labels.split(",")):
                trials = [measure(table, spec, count, k) for k in range(options.trials)]
                tau, inside, fit, query = np.array(trials).T
                print(
                    f"{spec!s:28} {count:5} labels: τ {tau.mean():.3f} ± {tau.std(ddof=1):.3f}, "
                    f"coverage {inside.mean():.2f}, fit {np.median(fit):.2f} s, query "
                    f"{np.median(query):.2f} s",
                    flush=True,
                )


if __name__ == "__main__":
    main()
