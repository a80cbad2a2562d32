"""A search in numbers: a summary for each strategy, and best-so-far curves.

The terminal table, ``--json`` and the HTML report all read these.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes
from nascast.studies.searches.results import Run, Searched, read_search

__all__ = [
    "StrategySummary",
    "all_failed",
    "best_by_clock",
    "best_by_trial",
    "metric_on_test",
    "operation_shares",
    "summarize",
    "summary_rows",
]

_SAMPLE = 20_000  # trials whose operations are counted, at most; chosen


@dataclass(frozen=True, slots=True)
class StrategySummary:
    """One strategy over its seeds; means and sample deviations are over runs, None for one run.

    Attributes:
        strategy: name of the strategy, with the settings in which others of that name differ.
        seeds: number of runs.
        trials: number of trials in all runs.
        failed: number of trials without a value.
        best_mean: mean of the best value of the first objective as measured, among the longest
            trainings of a run, over the runs that have any; NaN if none has.
        best_quartiles: lower quartile, median and upper quartile of these values.
        test_mean: mean of the test metric that belongs to the first objective, for the best trial
            of each run, where it was recorded; NaN if it never was.
        regret_mean: mean of the best recorded value less the best found, larger is worse; NaN if
            unknown.
        seconds: mean of the seconds of a run on the executor's clock.
        thinking: mean of the seconds that the strategy was busy in a run; NaN if unknown.
        spent: seconds that the evaluations of all runs cost.
    """

    strategy: str
    seeds: int
    trials: int
    failed: int
    best_mean: float
    best_sd: float | None
    best_quartiles: tuple[float, float, float]
    test_mean: float
    test_sd: float | None
    regret_mean: float
    regret_sd: float | None
    seconds: float
    thinking: float
    spent: float


def summary_rows(folder: Path) -> list[dict[str, Any]]:
    """Returns a row for each strategy as plain JSON values, the best mean first; NaN is None.

    Raises:
        NascastError: as `read_search`.
    """
    rows = []
    for item in summarize(read_search(folder)):
        row = {
            "strategy": item.strategy,
            "seeds": item.seeds,
            "trials": item.trials,
            "failed": item.failed,
            "best_mean": item.best_mean,
            "best_sd": item.best_sd,
            "test_mean": item.test_mean,
            "test_sd": item.test_sd,
            "regret_mean": item.regret_mean,
            "seconds": item.seconds,
            "thinking": item.thinking,
        }
        rows.append({key: _known(value) for key, value in row.items()})
    return rows


def summarize(found: Searched) -> list[StrategySummary]:
    """Returns a summary for each strategy, the best mean first; those without a value last."""
    minimize = found.objectives[0].minimize
    items = [_summary(found, name, runs) for name, runs in found.by_strategy().items()]

    def order(item: StrategySummary) -> tuple[bool, float]:
        mean = item.best_mean
        return math.isnan(mean), 0.0 if math.isnan(mean) else mean if minimize else -mean

    return sorted(items, key=order)


def all_failed(found: Searched) -> str:
    """Returns why all trials failed, in words; empty if one has a value, or there are none."""
    if any(np.isfinite(run.scores[:, 0]).any() for run in found.runs):
        return ""
    trials = [trial for run in found.runs for trial in run.trials]
    if not trials:
        return ""
    metric = found.objectives[0].metric
    ways = Counter(trial.evaluation.error or f"no {metric}" for trial in trials)
    ((way, times),) = ways.most_common(1)
    often = "" if times == len(trials) else f"{times:,} of them "
    return f"all {len(trials):,} trials failed, {often}with: {way}"


def metric_on_test(metric: str) -> str | None:
    """Returns the name of the test metric that belongs to a validation metric, or None."""
    return f"test_{metric[4:]}" if metric.startswith("val_") else None


def best_by_trial(runs: Sequence[Run]) -> tuple[Floats, Floats]:
    """Returns the best score so far after each trial, failed ones included; see `Run.judged`.

    Args:
        runs: runs of one strategy; those without any value are left out.

    Returns:
        ``(k,)`` numbers of trials, from the first after which every run has a value; and
        ``(runs, k)`` scores. A run that has ended keeps its best.
    """
    useful = [run for run in runs if run.best() is not None]
    length = max((len(run.trials) for run in useful), default=0)
    curves = np.full((len(useful), length), np.nan)
    for row, run in zip(curves, useful, strict=True):
        best = np.fmax.accumulate(run.judged)
        row[: len(best)] = best
        row[len(best) :] = best[-1]
    known = np.isfinite(curves).all(0)
    places = np.flatnonzero(known).astype(np.float64) + 1
    return places, curves[:, known]


def best_by_clock(runs: Sequence[Run]) -> tuple[Floats, Floats]:
    """Returns ``(k,)`` seconds and ``(runs, k)`` best scores so far, as `best_by_trial` does."""
    useful = []
    for run in runs:
        known = np.isfinite(run.clock) & np.isfinite(run.judged)
        if known.any():
            best = np.maximum.accumulate(run.judged[known])
            useful.append((run.clock[known], best, np.nanmax(run.clock)))
    if not useful:
        return np.empty(0), np.empty((0, 0))
    begin = max(clock[0] for clock, _, _ in useful)
    end = max(last for _, _, last in useful)
    times = np.unique(np.concatenate([*(clock for clock, _, _ in useful), [begin, end]]))
    times = times[times >= begin]
    rows = [best[np.searchsorted(clock, times, side="right") - 1] for clock, best, _ in useful]
    return times, np.stack(rows)


def operation_shares(found: Searched) -> tuple[list[str], Floats, Floats]:
    """Returns labels of the graphs, and their ``(n,)`` shares among the best tenth and among all.

    Counted are trials with a value; of many, an even sample. What joins tensors, passes one on or
    is the absence of an operation is none.

    Raises:
        UnsupportedError: the space has no graphs.
    """
    pairs = [
        (run.scores[k, 0], run.trials[k].candidate.arch.genes)
        for run in found.runs
        for k in np.flatnonzero(np.isfinite(run.scores[:, 0])).tolist()
    ]
    if not pairs:
        return [], np.empty(0), np.empty(0)
    pairs = pairs[:: -(-len(pairs) // _SAMPLE)]
    scores = np.array([score for score, _ in pairs])
    rows = np.array([genes for _, genes in pairs], dtype=np.int16)
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    parts = [
        _counts(found.space, chunk) for chunk in np.array_split(distinct, -(-len(distinct) // 512))
    ]
    vocabulary, operations, _ = parts[0]
    counts = np.concatenate([part for *_, part in parts])[which.ravel()]
    best = np.argsort(-scores, kind="stable")[: -(-len(scores) // 10)]
    kinds = [i for i, word in enumerate(vocabulary) if word in operations]
    shares = []
    for chosen in (counts[best], counts):
        sums = chosen[:, kinds].sum(0)
        shares.append(sums / max(sums.sum(), 1.0))
    order = [i for i in np.argsort(-shares[1], kind="stable") if shares[1][i] > 0]
    return [vocabulary[kinds[i]] for i in order], shares[0][order], shares[1][order]


def _counts(space: SearchSpace, genes: Genes) -> tuple[tuple[str, ...], tuple[str, ...], Floats]:
    """Returns vocabulary, operations in it, and how often each row has each of its labels."""
    graph = space.graphs(genes)
    counts = np.zeros((len(genes), len(graph.vocabulary)))
    row, vertex = np.nonzero(graph.mask)
    np.add.at(counts, (row, graph.labels[row, vertex]), 1.0)
    return graph.vocabulary, graph.operations, counts


def _summary(found: Searched, name: str, runs: Sequence[Run]) -> StrategySummary:
    objective = found.objectives[0]
    test = metric_on_test(objective.metric)
    bests = [(run, place) for run in runs if (place := run.best()) is not None]
    scores = np.array([run.scores[place, 0] for run, place in bests])
    values = -scores if objective.minimize else scores
    tests = np.array(
        [run.trials[place].evaluation.metrics.get(test or "", math.nan) for run, place in bests]
    )
    best_mean, best_sd = _spread(values)
    test_mean, test_sd = _spread(tests)
    optimum = math.nan if found.optimum is None else found.optimum
    regret_mean, regret_sd = _spread((values - optimum) if objective.minimize else optimum - values)
    lengths = [float(np.nanmax(run.clock)) for run in runs if np.isfinite(run.clock).any()]
    quartiles = np.quantile(values, [0.25, 0.5, 0.75]) if len(values) else np.full(3, np.nan)
    return StrategySummary(
        strategy=name,
        seeds=len(runs),
        trials=sum(len(run.trials) for run in runs),
        failed=sum(int(np.isnan(run.scores[:, 0]).sum()) for run in runs),
        best_mean=best_mean,
        best_sd=best_sd,
        best_quartiles=tuple(quartiles.tolist()),
        test_mean=test_mean,
        test_sd=test_sd,
        regret_mean=regret_mean,
        regret_sd=regret_sd,
        seconds=float(np.mean(lengths)) if lengths else math.nan,
        thinking=float(np.mean([sum(trial.thinking for trial in run.trials) for run in runs])),
        spent=float(sum(trial.evaluation.seconds for run in runs for trial in run.trials)),
    )


def _spread(values: Floats) -> tuple[float, float | None]:
    """Returns mean and sample deviation of the finite values; NaN and None without any."""
    fine = values[np.isfinite(values)]
    mean = float(fine.mean()) if len(fine) else math.nan
    return mean, float(fine.std(ddof=1)) if len(fine) > 1 else None


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
