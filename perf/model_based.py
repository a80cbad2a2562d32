"""Kendall's τ of predictors that learn from labels, on the three data sets of NAS-Bench-201.

Labels are the validation accuracies of the first training. Predictions are judged by the mean over
all trainings of each cell. Each trial draws its cells anew. With ``--split network`` test cells are
drawn, and training cells of other networks (`SearchSpace.networks`), as in a study; the more test
cells, the fewer of the networks that many cells compute are left to learn from. With ``unseen``
training cells are drawn, and test cells of other networks; with ``random`` both.

One line for each predictor, data set and number of labels: mean and deviation of τ over the trials,
the share of first trainings within 1.645 deviations of the prediction, and the processor seconds of
a fit and of 10,000 queries.

The trials that are done stand in ``--out``, and are not done again. Settings were chosen on trials
below 100; the catalogue in docs/predictors.md is of trials from 100 on, ``--first 100``.

Run: OMP_NUM_THREADS=1 python perf/model_based.py all_seeds.csv.gz --predictors "xgboost,gp"
     [--labels 100,1000] [--trials 10] [--test 500] [--split unseen] [--out model_based.jsonl]
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nascast
from nascast.benchmarks.imported import ColumnSpec, Layout, convert
from nascast.benchmarks.table import Table, read_table, write_table
from nascast.core.correlation import kendall
from nascast.core.errors import NascastError
from nascast.core.spec import Spec
from nascast.core.types import Genes

DATASETS = ("cifar10", "cifar100", "imagenet16")
QUERIES = 10_000


@dataclass(frozen=True, slots=True)
class Trial:
    """One predictor on one draw of cells."""

    predictor: str
    dataset: str
    labels: int
    split: str
    test: int
    trial: int

    def key(self) -> list[Any]:
        """Returns what is written beside the result."""
        return [self.predictor, self.dataset, self.labels, self.split, self.test, self.trial]


def table(path: Path, dataset: str, folder: Path) -> Table:
    """Returns the trainings of one data set."""
    specs = [
        ColumnSpec.parse(f"val_accuracy=val_{dataset}_{seed},epoch=200,seed={seed},unit=percent")
        for seed in range(3)
    ]
    seconds = f"train_seconds_{dataset}"
    specs += [ColumnSpec.parse(f"seconds={seconds},epoch=200,seed={seed}") for seed in range(3)]
    made = convert(path, "nasbench201", Layout("arch_str", tuple(specs)), name=dataset)
    write_table(made, folder / dataset)
    return read_table(folder / dataset)


def cells(bench: Table, job: Trial) -> tuple[Genes, Genes]:
    """Returns training and test cells."""
    rng = np.random.default_rng([job.trial, job.labels])
    pool = rng.permutation(bench.genes())
    keys = bench.space.networks(pool)
    if job.split != "network":
        rest = pool[job.labels :]
        if job.split == "unseen":
            rest = rest[~np.isin(keys[job.labels :], keys[: job.labels])]
        return pool[: job.labels], rest[: job.test]
    test, rest = pool[: job.test], pool[job.test :]
    return rest[~np.isin(keys[job.test :], keys[: job.test])][: job.labels], test


def measure(bench: Table, job: Trial) -> dict[str, Any]:
    """Returns τ, the share within the intervals, and seconds."""
    train, test = cells(bench, job)
    assert len(train) == job.labels
    ledger = nascast.Ledger(bench, nascast.Objective("val_accuracy"), clock=lambda: 0.0)
    predictor = Spec.parse("predictor", job.predictor).load("predictor")
    began = time.process_time()
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng([job.trial, job.labels]))
    fitted = time.process_time()
    with ledger.phase("query"):
        found = predictor.query(ledger, test)
    asked = time.process_time()
    inside = math.nan
    if found.deviation is not None:
        error = np.abs(found.mean - bench.query(test, "val_accuracy"))
        inside = float((error <= 1.645 * found.deviation).mean())
    return {
        "tau": kendall(found.mean, bench.query(test, "val_accuracy", seed=None)),
        "inside": inside,
        "fit": fitted - began,
        "query": (asked - fitted) * QUERIES / len(test),
    }


def grid(options: argparse.Namespace) -> Iterator[Trial]:
    """Yields all trials, those of one line after each other."""
    specs = [str(spec) for spec in Spec.parse_list("predictor", options.predictors)]
    for labels in map(int, options.labels.split(",")):
        for name in specs:
            for dataset in options.datasets.split(","):
                for trial in range(options.first, options.first + options.trials):
                    yield Trial(name, dataset, labels, options.split, options.test, trial)


def line(job: Trial, found: list[dict[str, Any]]) -> str:
    """Writes mean ± deviation over the trials of a line."""
    values = {name: np.array([one[name] for one in found]) for name in found[0]}
    tau = values["tau"]
    spread = tau.std(ddof=1) if len(tau) > 1 else math.nan
    return (
        f"{job.dataset:10} {job.labels:5} labels  τ {tau.mean():.3f} ± {spread:.3f} ({len(tau)})  "
        f"in 90 % {values['inside'].mean():.2f}  fit {np.median(values['fit']):6.2f} s  "
        f"{QUERIES:,} {np.median(values['query']):5.2f} s  {job.predictor}"
    )


def main() -> None:
    """Runs what is not on record, and prints a line when its trials are done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path)
    parser.add_argument("--predictors", required=True)
    parser.add_argument("--labels", default="100,1000")
    parser.add_argument("--datasets", default=",".join(DATASETS))
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--split", choices=("network", "unseen", "random"), default="network")
    parser.add_argument("--out", type=Path, default=Path("model_based.jsonl"))
    options = parser.parse_args()
    options.out.touch()
    records = map(json.loads, options.out.read_text().splitlines())
    known = {json.dumps(record["trial"]): record["found"] for record in records}
    jobs = list(grid(options))
    with tempfile.TemporaryDirectory() as folder, options.out.open("a") as file:
        tables: dict[str, Table] = {}
        for number, job in enumerate(jobs):
            key = json.dumps(job.key())
            if key not in known:
                print(f"\r{number + 1}/{len(jobs)} {key}", end="", file=sys.stderr, flush=True)
                if job.dataset not in tables:
                    tables[job.dataset] = table(options.records, job.dataset, Path(folder))
                try:
                    known[key] = measure(tables[job.dataset], job)
                except NascastError as error:
                    sys.exit(f"\n{job.predictor}: {error}")
                print(json.dumps({"trial": job.key(), "found": known[key]}), file=file, flush=True)
            if job.trial == options.first + options.trials - 1:
                trials = range(options.first, job.trial + 1)
                ended = [known[json.dumps([*job.key()[:-1], t])] for t in trials]
                print(f"\r\x1b[K{line(job, ended)}", flush=True)


if __name__ == "__main__":
    main()
