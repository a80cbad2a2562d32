"""The cell that a search by training found, against random cells trained the same way.

The best cell of the run is trained again with seeds that the search did not use, so that the luck
of its first training does not count; random cells are trained once each.

Run: python perf/found_cell.py runs/ppo   (a folder made by `nascast search --data …`)
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from nascast.core import plugins
from nascast.core.types import Candidate, Evaluation
from nascast.executors.processes import Processes
from nascast.studies.progress import finished
from nascast.training.data import Split
from nascast.training.evaluator import TrainingEvaluator
from nascast.training.recipe import Recipe

UNUSED = 1_000_000  # seeds from here on are no trial's number


def evaluator(settings: dict[str, Any]) -> TrainingEvaluator:
    """Returns the evaluator of the search."""
    return TrainingEvaluator(
        settings["space"],
        settings["data"],
        Recipe(**settings["recipe"]),
        settings["skeleton"],
        split=Split(**settings["split"]),
        device=settings["device"],
    )


def main() -> None:
    """Trains and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--again", type=int, default=10, help="trainings of the found cell")
    parser.add_argument("--random", type=int, default=20, help="random cells")
    options = parser.parse_args()
    settings = json.loads((options.run / "search.json").read_text())["settings"]
    child = evaluator(settings["training"])
    store = plugins.load("store", "sqlite", options.run / "trials.sqlite")
    trials = [t for run in store.runs() for t in store.read(run) if not t.evaluation.error]
    best = max(trials, key=lambda t: t.evaluation.metrics["val_accuracy"])
    space = plugins.load("space", settings["space"])
    rows = space.sample(options.random, np.random.default_rng(UNUSED))
    found = [Candidate(best.candidate.arch)] * options.again
    drawn = [Candidate(space.architecture(row)) for row in rows]
    scores: dict[int, Evaluation] = {}
    with Processes(2) as executor:
        for k, candidate in enumerate([*found, *drawn]):
            executor.submit(k, partial(child.evaluate, candidate, UNUSED + k))
        for done in finished(executor, len(found) + len(drawn)):
            assert isinstance(done.task, int)
            scores[done.task] = done.value or Evaluation({}, 0.0, done.error)
    print(f"{len(trials)} trials; the best, {best.id}, in the search: {best.evaluation.metrics}")
    for metric in ("val_accuracy", "test_accuracy"):
        values = [scores[k].metrics.get(metric, np.nan) for k in range(len(scores))]
        ours, theirs = np.asarray(values[: len(found)]), np.asarray(values[len(found) :])
        test = stats.mannwhitneyu(ours, theirs[~np.isnan(theirs)], alternative="greater")
        print(
            f"{metric}: found {ours.mean():.2f} ± {ours.std(ddof=1):.2f} over {len(ours)} seeds; "
            f"random {np.nanmean(theirs):.2f} ± {np.nanstd(theirs, ddof=1):.2f}, best "
            f"{np.nanmax(theirs):.2f} of {len(theirs)}; Mann-Whitney p = {test.pvalue:.1e}"
        )


if __name__ == "__main__":
    main()
