"""How much more two workers train than one: children per hour, really training.

Children are cells of NAS-Bench-201 in a small network on scikit-learn's digits, drawn by random
search; each worker trains with one thread. The same children are trained with every number of
workers, and the start of the workers is left out. Run it on an idle machine.

Run: python perf/workers.py [--workers 1,2] [--children 24] [--executor processes]
"""

import argparse
import os
import time
from functools import partial

import nascast
from nascast.core import plugins
from nascast.core.executor import Executor
from nascast.core.types import Architecture, Candidate
from nascast.training.evaluator import TrainingEvaluator
from nascast.training.recipe import Recipe

_SKELETON = {"channels": 8, "cells": 1}  # chosen: a child takes seconds on one core


def warm(executor: Executor, evaluator: TrainingEvaluator) -> None:
    """Makes every worker import torch and open the data: it trains one cell for one epoch."""
    cell = Candidate(Architecture("nasbench201", (3,) * 6), 1)
    for k in range(executor.workers):
        executor.submit(("warm", k), partial(evaluator.evaluate, cell, 0))
    count = 0
    while count < executor.workers:
        for done in executor.collect():
            if done.error:
                raise RuntimeError(done.error)
            count += 1


def children_per_hour(name: str, workers: int, children: int, epochs: int) -> float:
    """Trains the children; returns the pace."""
    evaluator = TrainingEvaluator(
        "nasbench201", "digits", Recipe(epochs=epochs), skeleton=_SKELETON
    )
    strategy = plugins.load("strategy", "random", plugins.load("space", "nasbench201"))
    with plugins.load("executor", name, workers) as executor:
        warm(executor, evaluator)
        began = time.perf_counter()
        trials = nascast.run(
            strategy,
            evaluator,
            executor=executor,
            store=plugins.load("store", "memory"),
            name="run",
            budget=nascast.Budget(children),
        )
        wall = time.perf_counter() - began
    failed = [trial.evaluation.error for trial in trials if trial.evaluation.error]
    if failed:
        raise RuntimeError(f"{len(failed)} children failed, the first: {failed[0]}")
    return 3600 * len(trials) / wall


def main() -> None:
    """Prints children per hour and the ratio to one worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--children", type=int, default=24)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--executor", default="processes")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.2f}")
    paces: dict[int, float] = {}
    for workers in map(int, options.workers.split(",")):
        pace = children_per_hour(options.executor, workers, options.children, options.epochs)
        paces[workers] = pace
        ratio = pace / next(iter(paces.values()))
        print(f"{workers} workers: {pace:,.0f} children an hour, {ratio:.2f} ×", flush=True)


if __name__ == "__main__":
    main()
