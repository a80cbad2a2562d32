"""Strategies that search by training, at equal time a run, on data of a user.

Each strategy searches with each seed for the same time, in a process of its own; the best cell of
each run is then trained afresh on all training images but `--kept`, with seeds that no search used,
and judged on test images. Means are over runs; differences from the first strategy are paired by
seed, with the p of a paired t test and the two-sided one of Wilcoxon's signed ranks.

With --from known, or a folder or a table, `guided` begins with what that says; the others cannot.

Stopped, it goes on where it was: searches are resumed, trainings are in a journal. Runs that go on
side by side share the processor or the GPU, and so are to be begun together.

Run, three runs at a time:
  python perf/by_training.py OUT --data IMAGES.npz --space nasbench201 --budget 60m --seeds 3 \
    --jobs 3 --split train=5000,validation=2000 --skeleton cells=1,channels=8 \
    --recipe child,epochs=6
"""

import argparse
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from nascast.core import plugins
from nascast.core.types import Candidate, Evaluation
from nascast.executors.processes import Processes
from nascast.studies.journal import Journal
from nascast.studies.progress import finished
from nascast.studies.searches.results import best_trials, read_search
from nascast.training.data import Split
from nascast.training.evaluator import TrainingEvaluator
from nascast.training.recipe import Recipe

UNUSED = 1_000_000  # seeds from here on are no trial's number
STRATEGIES = "guided,random,regularized_evolution,ppo,asha"


@dataclass(frozen=True)
class Found:
    """The best cell of a run.

    Attributes:
        strategy: strategy of the run.
        seed: its seed.
        text: the cell.
        trials: number of trials.
        validation: its validation accuracy in the search, in percent.
        settings: settings of the search's children.
    """

    strategy: str
    seed: int
    text: str
    trials: int
    validation: float
    settings: dict[str, Any]


def runs_of(options: argparse.Namespace) -> list[tuple[str, int]]:
    """Returns strategies and seeds, those of one seed beside each other."""
    return [(s, k) for k in range(options.seeds) for s in options.strategies.split(",")]


def searched(options: argparse.Namespace, run: tuple[str, int]) -> int:
    """Searches in a process of its own, or goes on with it; returns the exit status."""
    strategy, seed = run
    folder = options.out / f"{strategy}-{seed}"
    words = [sys.executable, "-m", "nascast", "search", "--strategy", strategy]
    words += ["--seed", str(seed), "--budget", options.budget, "--workers", "1"]
    words += ["--space", options.space, "--data", options.data, "--device", options.device]
    words += ["--evaluations", "100000", "--preset", options.preset, "--out", str(folder)]
    for name in ("split", "skeleton", "recipe"):
        if value := getattr(options, name):
            words += [f"--{name}", value]
    if options.source and strategy.startswith("guided"):
        words += ["--from", options.source]
    if (folder / "search.json").exists():
        words.append("--resume")
    folder.mkdir(parents=True, exist_ok=True)
    with (options.out / f"{strategy}-{seed}.log").open("a") as log:
        print(shlex.join(words), file=log, flush=True)
        status = subprocess.run(words, stdout=log, stderr=log, check=False).returncode
    print(f"{strategy} {seed}: exit status {status}", flush=True)
    return status


def found_by(options: argparse.Namespace) -> Iterator[Found]:
    """Yields the best cell of each run that has one."""
    for strategy, seed in runs_of(options):
        result = read_search(options.out / f"{strategy}-{seed}")
        trials = sum(len(run.trials) for run in result.runs)
        for run, place in best_trials(result, 1):
            trial = run.trials[place]
            assert result.training is not None
            yield Found(
                strategy,
                seed,
                result.space.to_text(result.space.row(trial.candidate.arch))[0],
                trials,
                trial.evaluation.metrics["val_accuracy"],
                dict(result.training),
            )


def afresh(options: argparse.Namespace, settings: dict[str, Any]) -> TrainingEvaluator:
    """Returns the evaluator that trains on all training images but the `kept` ones."""
    recipe = replace(Recipe(**settings["recipe"]), epochs=options.epochs)
    skeleton = dict(settings["skeleton"])
    split = Split(**{**settings["split"], "train": None, "validation": options.kept})
    return TrainingEvaluator(
        settings["space"], settings["data"], recipe, skeleton, split=split, device=options.device
    )


def trained(options: argparse.Namespace, cells: Sequence[Found]) -> dict[tuple[str, int], float]:
    """Returns test accuracies in percent by cell and number of the training, all trained."""
    journal = Journal(options.out / f"afresh-{options.epochs}-{options.kept}.jsonl")
    known = {(r["cell"], r["again"]): r["test_accuracy"] for r in journal.read()}
    wanted = [
        (text, k)
        for k in range(options.again)
        for text in dict.fromkeys(cell.text for cell in cells)
        if (text, k) not in known
    ]
    evaluator = afresh(options, cells[0].settings)
    space = plugins.load("space", options.space)
    with Processes(options.jobs) as executor:
        for at, (text, k) in enumerate(wanted):
            arch = space.architecture(space.from_text([text])[0])
            executor.submit(at, partial(evaluator.evaluate, Candidate(arch), UNUSED + k))
        for done in finished(executor, len(wanted)):
            assert isinstance(done.task, int)
            text, k = wanted[done.task]
            result = done.value or Evaluation({}, 0.0, done.error)
            value = result.metrics.get("test_accuracy", float("nan"))
            known[text, k] = value
            journal.append({"cell": text, "again": k, "test_accuracy": value})
    return known


def told(options: argparse.Namespace, cells: Sequence[Found]) -> None:
    """Prints means over runs, and differences paired by seed."""
    tested = trained(options, cells) if options.again else {}
    test = {
        (cell.strategy, cell.seed): np.mean(
            [tested.get((cell.text, k), np.nan) for k in range(options.again)] or [np.nan]
        )
        for cell in cells
    }
    rows = []
    first, *others = options.strategies.split(",")
    for strategy in (first, *others):
        own = [cell for cell in cells if cell.strategy == strategy]
        values = np.asarray([test[strategy, cell.seed] for cell in own])
        row = {
            "strategy": strategy,
            "runs": len(own),
            "trials": float(np.mean([cell.trials for cell in own])),
            "validation": float(np.mean([cell.validation for cell in own])),
            "test": float(values.mean()),
            "error": float(stats.sem(values)),
        }
        if strategy != first:
            seeds = sorted(
                {k for s, k in test if s == strategy} & {k for s, k in test if s == first}
            )
            less = np.asarray([test[first, k] - test[strategy, k] for k in seeds])
            row |= {
                "difference": float(less.mean()),
                "t test": float(stats.ttest_1samp(less, 0).pvalue),
                "signed ranks": float(stats.wilcoxon(less).pvalue) if less.any() else 1.0,
            }
        rows.append(row)
        words = ", ".join(
            f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
            for name, value in row.items()
        )
        print(words, flush=True)
    (options.out / "strategies.json").write_text(json.dumps(rows, indent=1) + "\n")


def main() -> None:
    """Searches, trains and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--strategies", default=STRATEGIES)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--space", default="nasbench201")
    parser.add_argument("--budget", default="60m")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1, help="runs or trainings at a time")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--from", dest="source", help="what guided begins with")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--split", default="")
    parser.add_argument("--skeleton", default="")
    parser.add_argument("--recipe", default="")
    parser.add_argument("--again", type=int, default=5, help="trainings of each found cell")
    parser.add_argument("--epochs", type=int, default=20, help="epochs of these trainings")
    parser.add_argument("--kept", type=int, default=100, help="images they do not train on")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        statuses = list(pool.map(partial(searched, options), runs_of(options)))
    assert not any(statuses), f"exit statuses {statuses}; see the logs in {options.out}"
    told(options, list(found_by(options)))


if __name__ == "__main__":
    main()
