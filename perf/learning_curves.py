"""Kendall's τ of learning-curve predictors at every fidelity, and how well intervals cover.

Predictors that only read curves are asked about all architectures of ``nb201-mini``, about those of
NAS-Bench-NLP (WikiText-2), and about a sample of the YAHPO surrogate of NAS-Bench-301; the last two
have to be converted first (``nascast benchmark convert``), and are left out where they are not.
LcSVR and LCNet learn from labels, in trials with test sets apart by what networks compute; the
others are asked about the same test sets beside them. The last part times LCE on 200 curves.

Run: python perf/learning_curves.py [--trials 10] [--labels 100] [--every 1]
"""

import argparse
import time
from typing import Any

import numpy as np

import nascast
from nascast.core.errors import MissingDataError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.types import Floats, Genes, Objective
from nascast.studies.metrics import kendall

_CURVES = ("early_stop_accuracy", "early_stop_loss", "sotl", "sotl_e", "lce", "lce_m")
_LEARN = ("lcsvr", "lcnet")
_SAMPLE = 500  # cells of the surrogate
_SPLIT = 200  # architectures in a test set, at most half of all

Fidelities = tuple[int, ...]


def benchmarks() -> dict[str, tuple[Benchmark, Objective, Fidelities]]:
    """Returns benchmarks that are here, with objectives and fidelities of the 2021 study."""
    nlp = (1, 2, 3, 4, 5, 6, 7, 9, 12, 15, 19, 24, 30, 38, 49)
    darts = (1, 2, 3, 4, 5, 7, 10, 13, 17, 23, 30, 40, 54, 71, 95)
    accuracy, loss = Objective("val_accuracy"), Objective("val_loss", minimize=True)
    wanted: list[tuple[str, dict[str, Any], Objective, Fidelities]] = [
        ("nb201_mini", {}, accuracy, tuple(range(1, 10))),
        ("nasbench_nlp", {"file": "wikitext2"}, loss, nlp),
        ("nasbench301", {"surrogate": "yahpo"}, accuracy, darts),
    ]
    found = {}
    for name, settings, objective, fidelities in wanted:
        try:
            opened = nascast.load("benchmark", name, **settings)
        except MissingDataError:
            print(f"{name}: not converted, left out")
            continue
        found[name] = opened, objective, fidelities
    return found


def rows(benchmark: Benchmark) -> Genes:
    """Returns the rows to ask about."""
    try:
        return benchmark.genes()
    except UnsupportedError:
        return benchmark.space.sample(_SAMPLE, np.random.default_rng(0))


def asked(
    name: str, epochs: int, benchmark: Benchmark, objective: Objective, train: Genes, test: Genes
) -> Prediction:
    """Returns what a predictor says of test rows."""
    predictor = nascast.load("predictor", name, epochs=epochs)
    ledger = Ledger(benchmark, objective)
    with ledger.phase("init"):
        predictor.initialize(ledger, train, np.random.default_rng(len(train)))
    with ledger.phase("query"):
        found: Prediction = predictor.query(ledger, test)
    return found


def truth(benchmark: Benchmark, objective: Objective, genes: Genes) -> Floats:
    """Returns the scores after full training."""
    values = benchmark.query(genes, objective.metric)
    return -values if objective.minimize else values


def judged(found: Prediction, true: Floats) -> tuple[float, float]:
    """Returns τ, and the share of true scores in intervals of 90 %; NaN without deviations."""
    if found.deviation is None:
        return kendall(found.mean, true), np.nan
    return kendall(found.mean, true), float(
        (np.abs(found.mean - true) <= 1.645 * found.deviation).mean()
    )


def curves(every: int) -> None:
    """Prints τ and coverage of predictors that only read curves."""
    for title, (benchmark, objective, fidelities) in benchmarks().items():
        genes = rows(benchmark)
        true = truth(benchmark, objective, genes)
        marks = fidelities[::every]
        print(f"\n{title}, {len(genes)} architectures\n{'epochs':20s}", *(f"{m:5d}" for m in marks))
        for name in _CURVES:
            try:
                both = [
                    judged(asked(name, mark, benchmark, objective, genes[:0], genes), true)
                    for mark in marks
                ]
            except UnsupportedError:
                print(f"{name:20s} not recorded")
                continue
            taus, covered = zip(*both, strict=True)
            mean = f"mean {np.mean(taus):.4f}"
            print(f"{name:20s}", *(f"{tau:5.3f}" for tau in taus), mean, flush=True)
            if np.isfinite(covered).any():
                mean = f"mean {np.nanmean(covered):.3f}"
                print(f"{'  covered':20s}", *(f"{c:5.2f}" for c in covered), mean)


def labelled(trials: int, labels: int, every: int) -> None:
    """Prints τ, mean ± deviation over trials, of those that learn, beside some that do not."""
    for title, (benchmark, objective, fidelities) in benchmarks().items():
        genes = rows(benchmark)
        keys = benchmark.space.networks(benchmark.space.canonical(genes))
        print(f"\n{title}, {labels} labels, {trials} trials")
        for mark in fidelities[1::every]:
            line = []
            for name in ("early_stop_accuracy", "lce", *_LEARN):
                found = []
                for trial in range(trials):
                    order = np.random.default_rng([1, trial]).permutation(len(genes))
                    test, rest = np.split(order, [min(_SPLIT, len(genes) // 2)])
                    train = rest[~np.isin(keys[rest], keys[test])][:labels]
                    said = asked(name, mark, benchmark, objective, genes[train], genes[test])
                    found.append(judged(said, truth(benchmark, objective, genes[test])))
                tau, covered = np.transpose(found)
                shown = "" if np.isnan(covered).all() else f" ({np.nanmean(covered):.2f})"
                line.append(f"{name} {tau.mean():.3f} ± {tau.std(ddof=1):.3f}{shown}")
            print(f"epoch {mark:3d}: " + ", ".join(line), flush=True)


def seconds() -> None:
    """Prints the seconds of 200 curves at half of the training."""
    for title, (benchmark, objective, fidelities) in benchmarks().items():
        genes = rows(benchmark)[:200]
        half = max(m for m in fidelities if m <= (fidelities[-1] + 1) / 2)
        reading = asked("early_stop_accuracy", half, benchmark, objective, genes[:0], genes)
        for name in ("early_stop_accuracy", "lce", "lce_m"):
            began = time.perf_counter()
            asked(name, half, benchmark, objective, genes[:0], genes)
            took = time.perf_counter() - began
            print(f"{title}: {name}, {len(reading)} curves of {half} epochs: {took:.2f} s")


def main() -> None:
    """Prints all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--every", type=int, default=1, help="take every so many-th fidelity")
    options = parser.parse_args()
    seconds()
    curves(options.every)
    labelled(options.trials, options.labels, options.every)


if __name__ == "__main__":
    main()
