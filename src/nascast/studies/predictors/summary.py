"""A comparison in numbers: a summary for each predictor and budget, and what did not run.

The terminal table, ``--json`` and the HTML report all read these.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from nascast.core.types import Floats
from nascast.studies.metrics import METRICS
from nascast.studies.overlap import variance_factor
from nascast.studies.predictors.design import Budget
from nascast.studies.predictors.pareto import INSTANT, membership, optimal
from nascast.studies.predictors.results import Result, columns

__all__ = ["INSTANT", "Average", "Entry", "Summary", "failures", "summarize"]

Entry = tuple[str, Budget]  # a predictor's spec in its written form, and what it may spend

_AVERAGED = tuple(name for name in METRICS if name != "undefined")


@dataclass(frozen=True, slots=True)
class Average:
    """A metric over the trials that ran.

    Attributes:
        mean: mean over trials; NaN where the metric is not defined.
        deviation: sample standard deviation over trials; None where there was one trial.
        error: standard error of the mean, larger for the architectures that test sets of several
            trials share, see `variance_factor`; None where there was one trial, or each tested on
            all.
        rank: mean over trials of the rank among all predictors and budgets that ran in the trial,
            1 for the best; equal values share the mean of their ranks.
    """

    mean: float
    deviation: float | None
    error: float | None
    rank: float


@dataclass(frozen=True, slots=True)
class Summary:
    """One predictor with one budget, over the trials that ran.

    Attributes:
        predictor: spec of the predictor in its written form.
        family: kind of evidence that it reads, such as ``model_based``.
        budget: amounts that it may spend, by axis.
        trials: number of trials that ran.
        metrics: averages of the metrics of agreement, by name.
        reads_target: its queries read the very trainings that it is judged by, so that it shares
            their noise and may pass both limits of noise.
        kendall_other: mean τ with another training of the test architectures that have one; NaN
            where there are none.
        other_size: of how many, over all trials.
        init_seconds_total: mean seconds to initialize, training of the labelled networks included.
        query_seconds_each: mean seconds to query one architecture, its partial training included.
        undefined: number of predictions that were not finite, over all trials.
        pareto: whether no other summary is at least as good in τ, initialization and query time and
            better in one of them; see `pareto.optimal` for when two times are the same.
        pareto_share: share of bootstrap samples of the trials in which that is so.
    """

    predictor: str
    family: str
    budget: Budget
    trials: int
    metrics: Mapping[str, Average] = field(hash=False)
    reads_target: bool
    kendall_other: float
    other_size: int
    init_seconds_total: float
    query_seconds_each: float
    undefined: int
    pareto: bool = False
    pareto_share: float = 0.0

    @property
    def kendall(self) -> float:
        """Kendall's τ-b, the mean over trials."""
        return self.metrics["kendall"].mean

    @property
    def kendall_error(self) -> float | None:
        """The standard error of the mean of Kendall's τ-b; None where it is not known."""
        return self.metrics["kendall"].error

    @property
    def kendall_sd(self) -> float | None:
        """The sample standard deviation of Kendall's τ-b over trials; None with one trial."""
        return self.metrics["kendall"].deviation

    def plain(self, axes: Iterable[str]) -> dict[str, Any]:
        """Returns the fields as JSON values, with one for each axis; None if not spent on.

        Numbers that are not finite are None, too.
        """
        record: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "budget":
                record |= {axis: value.get(axis) for axis in axes}
            elif item.name == "metrics":
                for name, average in value.items():
                    record |= {name: average.mean, f"{name}_sd": average.deviation}
                    record |= {f"{name}_se": average.error, f"{name}_rank": average.rank}
            else:
                record[item.name] = value
        return {name: None if _unknown(value) else value for name, value in record.items()}


def summarize(results: Iterable[Result], share: float = 0.0) -> list[Summary]:
    """Returns a summary for each predictor and budget, in the order of first appearance.

    Results with an ``error`` are left out, and so is a budget that has no others.

    Args:
        results: results of a comparison.
        share: share of a test set in the architectures among which it is drawn, as `Head.share`.
    """
    groups: dict[Entry, list[Result]] = {}
    for result in results:
        if result.error is None:
            groups.setdefault((result.predictor, result.budget), []).append(result)
    if not groups:
        return []
    ranks = _ranks([item for group in groups.values() for item in group])
    found = [_summary(group, ranks, share) for group in groups.values()]
    seconds = np.array([[s.init_seconds_total, s.query_seconds_each] for s in found])
    best = optimal(np.array([s.kendall for s in found]), seconds)
    return [
        replace(item, pareto=bool(flag), pareto_share=float(share))
        for item, flag, share in zip(found, best, membership(groups), strict=True)
    ]


def _unknown(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def failures(results: Iterable[Result]) -> dict[Entry, str]:
    """Returns the reasons why predictors have no result with a budget, every reason once."""
    reasons: dict[Entry, dict[str, None]] = {}
    for result in results:
        if result.error is not None:
            reasons.setdefault((result.predictor, result.budget), {})[result.error] = None
    return {entry: "; ".join(found) for entry, found in reasons.items()}


def _ranks(results: Sequence[Result]) -> dict[int, Mapping[str, float]]:
    """Returns the ranks of each result among those of its trial, by metric, by its identity."""
    from scipy.stats import rankdata

    better = {column.name: column.better for column in columns(())}
    trials: dict[int, list[Result]] = {}
    for item in results:
        trials.setdefault(item.trial, []).append(item)
    found: dict[int, Mapping[str, float]] = {}
    for group in trials.values():
        values = np.array([[getattr(item, name) for name in _AVERAGED] for item in group])
        signs = np.array([1.0 if better[name] == "smaller" else -1.0 for name in _AVERAGED])
        losses = np.where(np.isnan(values), np.inf, values * signs)
        for item, row in zip(group, rankdata(losses, axis=0).tolist(), strict=True):
            found[id(item)] = dict(zip(_AVERAGED, row, strict=True))
    return found


def _summary(
    group: Sequence[Result], ranks: Mapping[int, Mapping[str, float]], share: float
) -> Summary:
    first = group[0]
    return Summary(
        predictor=first.predictor,
        family=first.family,
        budget=first.budget,
        trials=len(group),
        metrics={
            name: _average(
                np.array([getattr(item, name) for item in group]),
                float(np.mean([ranks[id(item)][name] for item in group])),
                share,
            )
            for name in _AVERAGED
        },
        init_seconds_total=float(np.mean([item.init_seconds_total for item in group])),
        query_seconds_each=float(np.mean([item.query_seconds_each for item in group])),
        reads_target=any(item.reads_target for item in group),
        kendall_other=_mean([item.kendall_other for item in group]),
        other_size=sum(item.other_size for item in group),
        undefined=round(sum(item.undefined for item in group)),
    )


def _average(values: Floats, rank: float, share: float) -> Average:
    if len(values) == 1:
        return Average(float(values[0]), None, None, rank)
    deviation = float(values.std(ddof=1))
    error = None
    if share < 1:
        error = deviation * math.sqrt(variance_factor(len(values), share) / len(values))
    return Average(float(values.mean()), deviation, error, rank)


def _mean(values: Sequence[float]) -> float:
    """Returns the mean of the numbers among them; NaN where there are none."""
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan
