"""How many evaluations strategies need until the best cell of a table is evaluated.

The reward is the validation accuracy of the first recorded training. The best cell is that of the
highest mean validation accuracy over the recorded trainings; a row that computes the same network
is that cell. Also printed: the chosen cell, that of the highest reward, judged after some numbers
of evaluations by another metric, and the processor seconds that the strategy thought.

Run: python perf/guided.py TABLE.nascast --strategies "guided local_search" --runs 50

Strategies are separated by blanks, with settings as in ``nascast search``. Results are added to a
JSON file with --out, and runs that it has are not repeated.

With --from OTHER.nascast every run begins with the trials of a search by the same strategy on that
table, --earlier of them, with another seed; or, with --records N, with N of its records, drawn anew
for each run; with --from known all runs begin alike, with what the package knows of other data
sets; with --from az_nas, or another zero-cost predictor, with its scores of --records random
networks of those whose scores are on record, of NAS-Bench-201 as for CIFAR-10. With --reversed as
well, scores are turned round, so that what was worst is said to be best.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import nascast
from nascast import runner
from nascast.core.evaluator import Benchmark
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.strategy import Strategy
from nascast.core.types import Architecture, Candidate, Evaluation, Floats, Genes, Objective
from nascast.strategies.guided.prior import Prior
from nascast.studies.records import open_benchmark, recorded_scores, recorded_space
from nascast.studies.searches.known import known
from nascast.studies.searches.untrained import is_zero_cost, untrained

_OTHER = 10_000  # seeds of earlier searches begin here
MARKS = (30, 50, 96, 100, 150, 200, 300)  # 96 as in searches of NAS-Bench-301


class Merged:
    """Answers for every row with the first record of an equivalent one, its own before others'."""

    def __init__(self, bench: Benchmark) -> None:
        self.metrics, self.task, self._bench = bench.metrics, bench.task, bench
        self._rows = bench.genes()
        self._own = {row.tobytes(): i for i, row in enumerate(self._rows)}
        canonical = bench.space.canonical(self._rows)
        self._like = {row.tobytes(): i for i, row in reversed([*enumerate(canonical)])}

    def row(self, arch: Architecture) -> Genes:
        """Returns the recorded row, ``(1, length)``."""
        row = arch.row()
        place = self._own.get(row.tobytes())
        if place is None:
            place = self._like.get(self._bench.space.canonical(row).tobytes())
        return row if place is None else self._rows[[place]]  # a function answers others, too

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        """Returns the recorded evaluation."""
        arch = self._bench.space.architecture(self.row(candidate.arch)[0])
        return self._bench.evaluate(Candidate(arch, candidate.epochs), seed)


@dataclass(frozen=True)
class Earlier:
    """A search before the search, or records.

    Attributes:
        table: table that it is on, ``known``, or a zero-cost predictor.
        trials: number of its trials.
        turned: whether its scores are turned round.
        records: number of records that are drawn in place of a search, or None.
    """

    table: str
    trials: int
    turned: bool
    records: int | None = None

    def prior(self, text: str, space: SearchSpace, seed: int, judge: Benchmark) -> Prior:
        """Returns what the search leaves, for one on the benchmark `judge`."""
        if self.table == "known":
            return self._of(space, *known(space, Objective("val_accuracy"), judge))
        if is_zero_cost(self.table):
            named = "nb201_seeds" if judge.name.startswith("nb201-seeds") else judge.name
            table = open_benchmark(named)
            spec, count = Spec.parse("predictor", self.table), self.records or 500
            kept = recorded_scores(table)
            found = untrained(spec, table.space, table.task, count=count, seed=seed, recorded=kept)
            return self._of(space, found.rows, found.scores)
        bench = open_benchmark(self.table)
        if self.records is not None:
            rows = bench.measured("val_accuracy")
            drawn = np.random.default_rng(seed).permutation(len(rows))[: self.records]
            return self._of(space, rows[drawn], bench.query(rows[drawn], "val_accuracy"))
        trials = nascast.run(
            strategy_named(text, recorded_space(bench), seed + _OTHER),
            Merged(bench),
            executor=nascast.load("executor", "simulated"),
            store=nascast.load("store", "memory"),
            name="earlier",
            budget=nascast.Budget(self.trials),
            seed=seed + _OTHER,
        )
        rows = np.array([trial.candidate.arch.genes for trial in trials], dtype=np.int16)
        scores = np.array([trial.evaluation.metrics["val_accuracy"] for trial in trials])
        return self._of(space, rows, scores)

    def _of(self, space: SearchSpace, rows: Genes, scores: Floats) -> Prior:
        return Prior.of(space, [(rows, -scores if self.turned else scores)])


def strategy_named(
    text: str, space: SearchSpace, seed: int, prior: Prior | None = None
) -> Strategy:
    """Returns a fresh strategy."""
    spec = Spec.parse("strategy", text)
    more = {} if prior is None else {"prior": prior}
    made: Strategy = spec.load("strategy", space, (Objective("val_accuracy"),), seed=seed, **more)
    return made


def search(
    bench: Benchmark,
    space: SearchSpace,
    text: str,
    seed: int,
    *,
    evaluations: int,
    judge: str,
    until_best: bool,
    earlier: Earlier | None = None,
) -> dict[str, Any]:
    """Returns what one run found.

    Args:
        bench: recorded trainings.
        space: space of what was recorded.
        text: strategy.
        seed: seed of the run.
        evaluations: number of evaluations at most.
        judge: metric by whose mean over trainings the chosen cells are judged.
        until_best: whether the run ends once the best cell was evaluated.
        earlier: search whose trials it begins with.
    """
    best = best_networks(bench, space)
    prior = None if earlier is None else earlier.prior(text, space, seed, bench)
    strategy = strategy_named(text, space, seed, prior)
    began = time.process_time()
    merged = Merged(bench)
    steps = runner.steps(
        strategy,
        merged,
        executor=nascast.load("executor", "simulated"),
        store=nascast.load("store", "memory"),
        name="run",
        budget=nascast.Budget(evaluations),
        seed=seed,
    )
    trials = []
    found = None
    for step in steps:
        for trial in step.trials:
            trials.append(trial)
            row = space.canonical(trial.candidate.arch.row())
            if found is None and row.tobytes() in best:
                found = len(trials)
        if found is not None and until_best:
            break
    genes = np.concatenate([merged.row(trial.candidate.arch) for trial in trials])
    rewards = np.asarray(
        [trial.evaluation.metrics.get("val_accuracy", -np.inf) for trial in trials]
    )
    judged = bench.query(genes, judge, None, None)
    return {
        "found": found,
        "judged": {
            str(mark): float(judged[int(rewards[:mark].argmax())])
            for mark in MARKS
            if mark <= len(trials) and not until_best
        },
        "thinking": float(sum(trial.thinking for trial in trials)) / len(trials),
        "seconds": time.process_time() - began,
    }


def best_networks(bench: Benchmark, space: SearchSpace) -> set[bytes]:
    """Returns the canonical row of the cell of best mean validation accuracy."""
    rows = bench.genes()
    means = bench.query(rows, "val_accuracy", None, None)
    whole = space.inner if isinstance(space, Restricted) else space
    return {row.tobytes() for row in whole.canonical(rows[means == np.nanmax(means)])}


def report(found: dict[str, dict[str, Any]], evaluations: int) -> None:
    """Prints a line for each strategy."""
    for text, runs in found.items():
        counts = np.asarray([run["found"] or np.inf for run in runs.values()], dtype=np.float64)
        thinking = 1000 * np.mean([run["thinking"] for run in runs.values()])
        print(
            f"{text:40} runs {len(counts):3}  evaluations until the best cell: median "
            f"{shown(counts, 0.5, evaluations)}, 90th percentile "
            f"{shown(counts, 0.9, evaluations)}, not found {np.isinf(counts).sum()}; "
            f"thinking {thinking:.1f} ms a trial"
        )
        for mark in MARKS:
            values = [r["judged"][str(mark)] for r in runs.values() if str(mark) in r["judged"]]
            if len(values) == len(counts):
                print(f"    after {mark:3}: {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}")
    names = list(found)
    for other in names[1:]:
        compare(names[0], found[names[0]], other, found[other])


def compare(one: str, mine: dict[str, Any], other: str, theirs: dict[str, Any]) -> None:
    """Prints the one-sided paired test, of the same seeds, that the first strategy is quicker."""
    seeds = sorted(mine.keys() & theirs.keys(), key=int)
    a, b = (np.asarray([r[s]["found"] or 10**6 for s in seeds], float) for r in (mine, theirs))
    if len(seeds) > 5 and (a != b).any():
        p = stats.wilcoxon(a, b, alternative="less").pvalue
        print(f"{one} before {other}: {(a < b).sum()} of {len(seeds)} seeds, Wilcoxon p {p:.1e}")
    for mark in map(str, MARKS):
        if all(mark in run["judged"] for found in (mine, theirs) for run in found.values()):
            a, b = (np.asarray([r[s]["judged"][mark] for s in seeds]) for r in (mine, theirs))
            p = stats.wilcoxon(a, b).pvalue if (a != b).any() else 1.0
            print(f"    after {mark:>3}: {(a - b).mean():+.3f}, two-sided p {p:.1e}")


def shown(counts: Floats, share: float, evaluations: int) -> str:
    """Writes a quantile; one that was not reached as the limit."""
    value = float(np.quantile(counts, share, method="higher"))
    return f"> {evaluations}" if np.isinf(value) else f"{value:.0f}"


def main() -> None:
    """Searches and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("--strategies", default="guided local_search regularized_evolution")
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--evaluations", type=int, default=300)
    parser.add_argument("--judge", default="val_accuracy")
    parser.add_argument("--until-best", action="store_true", help="end a run at the best cell")
    parser.add_argument("--out", type=Path, help="JSON file of results, extended")
    parser.add_argument("--from", dest="source", help="table of an earlier search")
    parser.add_argument("--earlier", type=int, default=100, help="number of its trials")
    parser.add_argument("--records", type=int, help="records in place of a search")
    parser.add_argument("--reversed", action="store_true", help="turn its scores round")
    options = parser.parse_args()
    bench = open_benchmark(options.table)
    space = recorded_space(bench)
    before = json.loads(options.out.read_text()) if options.out and options.out.exists() else {}
    settings = {k: getattr(options, k) for k in ("evaluations", "judge", "until_best")}
    earlier, names, suffix = None, options.strategies.split(), ""
    if options.source:
        earlier = Earlier(options.source, options.earlier, options.reversed, options.records)
        count = f"{options.earlier} on" if options.records is None else f"{options.records} of"
        suffix = f" from {count} {Path(options.source).stem}"
        if options.source == "known":
            suffix = " from what is known"
        suffix += " reversed" * options.reversed
    for text in names:
        runs = before.setdefault(text + suffix, {})
        for seed in range(options.runs):
            if str(seed) not in runs:
                runs[str(seed)] = search(bench, space, text, seed, earlier=earlier, **settings)
                if options.out:
                    options.out.write_text(json.dumps(before))
    report({text + suffix: before[text + suffix] for text in names}, options.evaluations)


if __name__ == "__main__":
    main()
