"""How good the chosen cell of a table is after some seconds of training, short trainings included.

The chosen cell is that of the highest validation accuracy, of the first recorded training, among
those trained fully; a metric, as the mean over trainings, judges it. Seconds are those that the
table recorded, added up; a training that is repeated for more epochs is paid for anew, as tables of
separate trainings have it. The mean is over runs; before the first full training there is none.

Run: python perf/fidelities.py nb201_seeds:cifar10 --judge test_accuracy --goal 94.36 --runs 20

Strategies are separated by blanks; `EPOCHS` in one stands for the recorded epochs, and the proxy
`parameters` of `mf_nas` for the recorded number of parameters, which costs nothing. With --from
every run begins with records, see `guided.py`, whose seconds are not counted.
"""

import argparse
import inspect
import time
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from scipy import stats

import nascast
from nascast.core import plugins
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.spec import Spec
from nascast.core.types import Floats, Genes, Objective
from nascast.studies.records import open_benchmark, recorded_space

Earlier, Merged = (getattr(import_module("guided"), name) for name in ("Earlier", "Merged"))


@dataclass
class Recorded(PerformancePredictor):
    """A number that a table has of each network."""

    table: str
    metric: str

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        """Returns the recorded numbers."""
        bench = open_benchmark(self.table)
        merged = Merged(bench)
        rows = [merged.row(bench.space.architecture(row)) for row in genes]
        return Prediction(bench.query(np.concatenate(rows), self.metric))


def search(
    bench: Benchmark,
    table: str,
    text: str,
    seed: int,
    seconds: float,
    judge: str,
    earlier: Any = None,
) -> tuple[Floats, Floats]:
    """Returns ``(k,)`` seconds and the judged value of the cell chosen by then, NaN before one."""
    marks = bench.describe("val_accuracy").epochs
    text = text.replace("EPOCHS", str(list(marks)).replace(" ", ""))
    spec = Spec.parse("strategy", text)
    known = inspect.signature(plugins.resolve("strategy", spec.name)).parameters
    more: dict[str, Any] = {"max_epochs": marks[-1]} if "max_epochs" in known else {}
    if spec.settings.get("proxy") == "parameters":
        more["proxy"] = Recorded(table, "parameters")
    more = {**spec.settings, **more, "seed": seed}
    if earlier is not None:
        more["prior"] = earlier.prior(text, bench.space, seed, bench)
    objectives = (Objective("val_accuracy"),)
    strategy = plugins.load("strategy", spec.name, recorded_space(bench), objectives, **more)
    merged = Merged(bench)
    trials = nascast.run(
        strategy,
        merged,
        executor=nascast.load("executor", "simulated"),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(seconds=seconds),
        seed=seed,
    )
    best, value, values = -np.inf, np.nan, []
    for trial in trials:
        reward = trial.evaluation.metrics["val_accuracy"]
        if trial.candidate.epochs in (None, marks[-1]) and reward > best:
            best = reward
            value = float(bench.query(merged.row(trial.candidate.arch), judge, None, None)[0])
        values.append(value)
    return np.cumsum([trial.evaluation.seconds for trial in trials]), np.asarray(values)


def at(run: tuple[Floats, Floats], marks: Floats) -> Floats:
    """Returns the values after some seconds."""
    place = np.searchsorted(run[0], marks, side="right") - 1
    return np.where(place >= 0, run[1][place], np.nan)


def main() -> None:
    """Searches and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("--strategies", default="guided guided(fidelities=EPOCHS)")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seconds", type=float, nargs="+", default=[5e3, 1e4, 1.5e4, 2e4, 4e4])
    parser.add_argument("--judge", default="val_accuracy")
    parser.add_argument("--goal", type=float, default=np.inf)
    parser.add_argument("--from", dest="source", help="records of a table, or known")
    parser.add_argument("--records", type=int, default=100, help="number of those of a table")
    options = parser.parse_args()
    bench = open_benchmark(options.table)
    marks, first = np.asarray(options.seconds), None
    earlier = Earlier(options.source, 0, False, options.records) if options.source else None
    fine = np.linspace(0, marks[-1], 401)[1:]
    for text in options.strategies.split():
        began = time.process_time()
        runs = [
            search(bench, options.table, text, seed, marks[-1], options.judge, earlier)
            for seed in range(options.runs)
        ]
        values = np.stack([at(run, marks) for run in runs])
        means = np.stack([at(run, fine) for run in runs]).mean(0)
        reached = fine[means >= options.goal]
        shown = [f"{m:g} s {v:.3f}" for m, v in zip(marks, values.mean(0), strict=True)]
        print(
            f"{text}: {', '.join(shown)}; mean "
            f"reaches {options.goal:g} after {f'{reached[0]:.0f}' if len(reached) else 'no'} s; "
            f"{np.mean([len(run[0]) for run in runs]):.0f} trainings; "
            f"{(time.process_time() - began) / len(runs):.1f} s of a processor a run",
            flush=True,
        )
        if first is None:
            first = values
        else:
            tests = [
                f"{stats.wilcoxon(a, b).pvalue:.1g}" if np.nanmax(np.abs(a - b)) > 0 else "–"
                for a, b in zip(values.T, first.T, strict=True)
                if np.isfinite(a - b).all()
            ]
            print(f"    against the first, two-sided p at the last {len(tests)}: {tests}")


if __name__ == "__main__":
    main()
