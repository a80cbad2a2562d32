"""Whether OMNI, or `auto`, is above its best part: paired trials on one benchmark.

Every trial has a test set of 200, among the architectures whose zero-cost scores are recorded, and
training sets apart from it by what networks compute. Printed are Kendall's τ of each part, of OMNI
and its presets, and the mean difference of the paired trials to the best part with its standard
error. The best part is chosen by its mean on these test sets, which favours it. ``--asked`` names
other predictors to judge, and ``--parts`` what they are judged by: ``--asked auto --parts auto`` by
auto's own members. Presets of OMNI are run where they are asked for: a fit with the study's search
takes a minute or more.

Run: python perf/omni.py [--benchmark nb201_mini] [--trials 20] [--labels 20,100,300]
    [--epochs 2,4,6,8] [--presets untuned,study] [--asked auto] [--parts auto]
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import nascast
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger, Memo
from nascast.core.spec import Spec
from nascast.core.types import Batch, Genes, Objective
from nascast.predictors.auto import Auto
from nascast.predictors.hybrid.omni import Omni
from nascast.studies.metrics import kendall
from nascast.studies.records import open_benchmark, recorded_scores

_PARTS = "sotl_e,early_stop_accuracy,jacov,xgboost"


@dataclass(frozen=True)
class Evidence:
    """A benchmark, its batch, the rows with all scores, what networks they are, and the scores."""

    benchmark: Benchmark
    batch: Batch
    genes: Genes
    networks: npt.NDArray[Any]
    memo: Memo

    @classmethod
    def of(cls, name: str) -> "Evidence":
        """Returns the evidence about a benchmark that has scores beside it."""
        benchmark = open_benchmark(name)
        scores = recorded_scores(benchmark)
        assert scores is not None, f"{name} has no scores; see perf/proxies.py"
        genes = scores.rows(scores.keys)
        memo = scores.memo(scores.keys)
        batch = Batch.named(benchmark.task, scores.batch)
        return cls(benchmark, batch, genes, benchmark.space.networks(genes), memo)

    def split(self, trial: int) -> tuple[Genes, Genes]:
        """Returns test rows, and all training rows in random order."""
        order = np.random.default_rng([7, trial]).permutation(len(self.genes))
        test, rest = order[:200], order[200:]
        known = np.isin(self.networks[rest], self.networks[test])
        return self.genes[test], self.genes[rest[~known]]

    def tau(
        self, name: str, settings: Mapping[str, Any], epochs: int, labels: int, trial: int
    ) -> float:
        """Returns τ of one predictor in one trial."""
        test, train = self.split(trial)
        predictor = nascast.load("predictor", name, **settings)
        if "epochs" in predictor.axes:
            predictor = predictor.like(epochs=epochs)
        objective = Objective("val_accuracy")
        ledger = Ledger(self.benchmark, objective, batch=self.batch, memo=self.memo)
        with ledger.phase("init"):
            predictor.initialize(ledger, train[:labels], np.random.default_rng(trial))
        with ledger.phase("query"):
            found = predictor.query(ledger, test).mean
        return kendall(found, self.benchmark.query(test, "val_accuracy"))


def named(specs: str) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Returns names and settings of predictors, by their specs."""
    return {str(spec): (spec.name, spec.settings) for spec in Spec.parse_list("predictor", specs)}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    parser.add_argument("--labels", default="20,100,300")
    parser.add_argument("--epochs", default="2,4,6,8")
    parser.add_argument("--presets", default="")
    parser.add_argument("--asked", default="omni")
    parser.add_argument("--parts", default=_PARTS)
    parser.add_argument("--benchmark", default="nb201_mini")
    options = parser.parse_args()
    evidence = Evidence.of(options.benchmark)
    trials = range(options.first, options.first + options.trials)
    asked = named(options.asked)
    parts = named(",".join(map(str, Auto().members)) if options.parts == "auto" else options.parts)
    for preset in filter(None, options.presets.split(",")):
        asked[f"omni {preset}"] = "omni", Omni.presets[preset]
    for epochs in map(int, options.epochs.split(",")):
        for labels in map(int, options.labels.split(",")):
            found = {
                title: np.array([evidence.tau(name, s, epochs, labels, trial) for trial in trials])
                for title, (name, s) in {**parts, **asked}.items()
            }
            best = max(parts, key=lambda part: float(found[part].mean()))
            means = ", ".join(f"{part} {found[part].mean():.3f}" for part in parts)
            print(f"{epochs} epochs, {labels} labels: {means}")
            for title in asked:
                gain = found[title] - found[best]
                error = gain.std(ddof=1) / np.sqrt(len(gain))
                print(
                    f"  {title:14s} {found[title].mean():.3f} ± {found[title].std(ddof=1):.3f}, "
                    f"to {best} {gain.mean():+.4f}, standard error {error:.4f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
