"""Search strategies on the real NAS-Bench-201 table against random search.

Every strategy searches with the validation accuracy of one training as reward, and is judged by
another metric of the architecture with the best reward so far, a mean over trainings: its regret is
how much the best cell of the table is better. Strategies are compared with random search seed by
seed, by one-sided paired tests.

Run: python perf/search_nb201.py TABLE.nascast   (made by `nascast benchmark import`)

The table needs val_accuracy after the epochs of the reward, and the metric to judge by, which is
test_accuracy unless --judge names another. It needs no seconds: budgets are numbers of evaluations.
Strategies are separated by blanks, with settings as in ``nascast search``, or a preset after a
colon.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import nascast
from nascast.benchmarks.table import Table
from nascast.core.spec import Spec
from nascast.core.types import Candidate, Evaluation, Floats, Metric, Task
from nascast.executors.processes import Processes
from nascast.studies.journal import Journal
from nascast.studies.progress import finished
from nascast.studies.records import open_benchmark, recorded_space
from nascast.studies.searches.design import Search, preset, strategy_of

STRATEGIES = (
    "random",
    "local_search",
    "regularized_evolution",
    "reinforce",
    "reinforce:small",
    "ppo",
    "ppo:small",
)


@dataclass(frozen=True, slots=True)
class Reward:
    """Answers with the records after so many epochs, whatever the strategy asked for."""

    table: Table
    epochs: int

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """What was recorded."""
        return self.table.metrics

    @property
    def task(self) -> Task:
        """What the networks were built for."""
        return self.table.task

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        """Returns the recorded evaluation."""
        return self.table.evaluate(Candidate(candidate.arch, self.epochs), seed)


def search(
    table: str, name: str, seed: int, *, evaluations: int, epochs: int, judge: str
) -> list[float]:
    """Returns ``(evaluations,)``: what the incumbent is judged by, after each trial."""
    records = open_benchmark(table)
    assert isinstance(records, Table)
    strategy, _, chosen = name.partition(":")
    spec = preset(Spec.parse("strategy", strategy), chosen)
    plan = Search(
        space=records.space.name,
        strategies=(spec,),
        benchmark=table,
        evaluations=evaluations,
    )
    trials = nascast.run(
        strategy_of(plan, spec, recorded_space(records, ["val_accuracy"]), seed),
        Reward(records, epochs),
        executor=nascast.load("executor", "simulated"),
        store=nascast.load("store", "memory"),
        name=name,
        budget=nascast.Budget(evaluations),
        seed=seed,
    )
    genes = np.asarray([trial.candidate.arch.genes for trial in trials], dtype=np.int16)
    rewards = np.asarray([trial.evaluation.metrics["val_accuracy"] for trial in trials])
    incumbent = [int(rewards[: i + 1].argmax()) for i in range(len(rewards))]
    test = records.query(genes, judge)[incumbent]
    return [float(value) for value in test]


def kept(file: Path, settings: dict[str, Any]) -> Iterator[tuple[tuple[str, int], list[float]]]:
    """Yields the searches that were finished with these settings, by strategy and seed."""
    for record in Journal(file).read():
        if record["settings"] == settings:
            yield (record["name"], record["seed"]), record["curve"]


def spread(values: Floats) -> str:
    """Writes mean and standard deviation over the seeds."""
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f}"


def report(found: dict[str, Floats], best: float) -> None:
    """Prints final test accuracy and regret, and the tests against random search."""
    print(f"best in the table: {best:.3f}")
    print(f"{'strategy':24}{'judged by':>18}{'regret':>18}{'Wilcoxon p':>12}{'t-test p':>12}")
    base = best - found["random"][:, -1]
    for name, curves in found.items():
        regret = best - curves[:, -1]
        line = f"{name:24}{spread(curves[:, -1]):>18}{spread(regret):>18}"
        if name != "random" and (regret != base).any():
            rank = stats.wilcoxon(regret, base, alternative="less").pvalue
            mean = stats.ttest_rel(regret, base, alternative="less").pvalue
            line += f"{rank:12.1e}{mean:12.1e}"
        print(line)


def plot(found: dict[str, Floats], best: float, title: str, path: Path) -> None:
    """Draws the mean regret over evaluations, with the quartiles over seeds."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    colours = ("#59636e", "#0072b2", "#d55e00", "#cf7fb0", "#8a3ffc", "#e29a00", "#009e73")
    for (name, curves), colour in zip(found.items(), colours, strict=False):
        regret = best - curves
        x = np.arange(1, regret.shape[1] + 1)
        axes.plot(x, regret.mean(0), color=colour, label=name, linewidth=1.6)
        low, high = np.quantile(regret, [0.25, 0.75], axis=0)
        axes.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_yscale("log")
    axes.set_ylim(bottom=0.05)
    axes.set_xlabel("evaluations")
    axes.set_ylabel("test regret (percentage points)")
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Searches, prints and draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("--evaluations", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=200, help="of the reward: 12 or 200")
    parser.add_argument("--judge", default="test_accuracy")
    parser.add_argument("--strategies", default=" ".join(STRATEGIES))
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--out", type=Path, help="file of finished searches, from which it goes on")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    records = open_benchmark(options.table)
    best = float(records.query(records.genes(), options.judge).max())
    names = options.strategies.split()
    settings = {k: getattr(options, k) for k in ("evaluations", "epochs", "judge")}
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    every = [(name, seed) for name in names for seed in seeds]
    about = {**settings, "table": Path(options.table).name}
    found = dict(kept(options.out, about)) if options.out else {}
    todo = [one for one in every if one not in found]
    with Processes(options.workers) as executor:
        for name, seed in todo:
            executor.submit((name, seed), partial(search, options.table, name, seed, **settings))
        for done in finished(executor, len(todo)):
            if done.error:
                raise RuntimeError(f"{done.task}: {done.error}")
            name, seed = done.task  # type: ignore[misc]
            found[name, seed] = done.value
            if options.out:
                Journal(options.out).append(
                    {"name": name, "seed": seed, "settings": about, "curve": done.value}
                )
    curves = {name: np.asarray([found[name, seed] for seed in seeds]) for name in names}
    report(curves, best)
    if options.picture:
        title = (
            f"NAS-Bench-201, CIFAR-10: reward after {options.epochs} epochs, "
            f"{options.seeds} seeds (mean, quartiles)"
        )
        plot(curves, best, title, options.picture)


if __name__ == "__main__":
    main()
