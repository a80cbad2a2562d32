"""Rank correlation and seconds of the neural predictors on a table of recorded trainings.

Every trial has its own test and training architectures, no two of one network in both. Labels and
the truth are those of the first recorded training. Seconds are of the processor, with the encoding.

Run: OMP_NUM_THREADS=1 python perf/neural.py TABLE [--labels 100,1000] [--trials 10] [--test 2000]
     [--predictors mlp,gcn(loss=squared)]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau

from nascast.benchmarks.table import Table
from nascast.core.ledger import Ledger
from nascast.core.spec import Spec
from nascast.core.types import Genes, Objective

NEURAL = "mlp,bananas,gcn,bonas,nao,seminas,nn_former,xgboost"


def split(table: Table, trial: int, test_size: int, labels: int) -> tuple[Genes, Genes]:
    """Returns test rows, and training rows of other networks."""
    rows = np.random.default_rng(trial).permutation(table.genes())
    keys = table.space.networks(rows)
    rest = rows[test_size:][~np.isin(keys[test_size:], keys[:test_size])]
    return rows[:test_size], rest[:labels]


def measure(spec: Spec, table: Table, trial: int, test: Genes, train: Genes) -> tuple[float, ...]:
    """Returns τ, the seconds of initialization, and those of a query for 10,000 rows."""
    predictor = spec.load("predictor")
    ledger = Ledger(table, Objective("val_accuracy"))
    began = time.process_time()
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(trial))
    fitted = time.process_time()
    with ledger.phase("query"):
        found = predictor.query(ledger, test).mean
    queried = time.process_time()
    tau = float(kendalltau(found, table.query(test, "val_accuracy"))[0])
    return tau, fitted - began, (queried - fitted) * 10_000 / len(test)


def main() -> None:
    """Prints a line for each predictor and number of labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--labels", default="100,1000")
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--test", type=int, default=2000)
    parser.add_argument("--predictors", default=NEURAL)
    options = parser.parse_args()
    table = Table(options.table)
    for labels in map(int, options.labels.split(",")):
        for spec in Spec.parse_list("predictor", options.predictors):
            runs = []
            for trial in range(options.trials):
                test, train = split(table, trial, options.test, labels)
                runs.append(measure(spec, table, trial, test, train))
            tau, fit, query = np.asarray(runs).T
            print(
                f"{labels:5} labels  {spec!s:40} τ {tau.mean():.3f} ± {tau.std(ddof=1):.3f}  "
                f"fit {np.median(fit):6.2f} s  query of 10,000 {np.median(query):5.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
