"""A comparison in numbers: a summary for each predictor and budget, and what did not run.

The terminal table, ``--json`` and the HTML report all read these.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from nascast.core.dominance import pareto
from nascast.core.types import Floats
from nascast.studies.predictors.design import Budget
from nascast.studies.predictors.results import Result

__all__ = ["INSTANT", "Entry", "Summary", "failures", "summarize"]

Entry = tuple[str, Budget]  # a predictor's spec in its written form, and what it may spend

_SCORES = ("kendall", "spearman", "pearson", "sparse_kendall", "precision_at_10")
INSTANT = 1e-3  # seconds; chosen: below it a measured time is overhead and scheduling


@dataclass(frozen=True, slots=True)
class Summary:
    """One predictor with one budget, over the trials that ran.

    Correlations and precision are means over trials, larger is better; ``*_sd`` is the sample
    standard deviation over trials, None where there was one trial.

    Attributes:
        predictor: spec of the predictor in its written form.
        family: kind of evidence that it reads, such as ``model_based``.
        budget: amounts that it may spend, by axis.
        trials: number of trials that ran.
        sparse_kendall: Kendall's τ against true scores rounded to 0.1 percentage points; NaN
            where they are in another unit.
        precision_at_10: share of the 10 predicted best that are among the 10 truly best.
        reads_target: its queries read the very trainings that it is judged by, so that it shares
            their noise and may pass both limits of noise.
        kendall_other: mean τ with another training of the test architectures that have one; NaN
            where there are none.
        other_size: of how many, over all trials.
        init_seconds_total: mean seconds to initialize, training of the labelled networks included.
        query_seconds_each: mean seconds to query one architecture, its partial training included.
        undefined: number of predictions that were not finite, over all trials.
        pareto: whether no other summary is at least as good in τ, initialization and query time and
            better in one of them; see `summarize` for when two times are the same.
    """

    predictor: str
    family: str
    budget: Budget
    trials: int
    kendall: float
    kendall_sd: float | None
    spearman: float
    spearman_sd: float | None
    pearson: float
    pearson_sd: float | None
    sparse_kendall: float
    sparse_kendall_sd: float | None
    precision_at_10: float
    precision_at_10_sd: float | None
    reads_target: bool
    kendall_other: float
    other_size: int
    init_seconds_total: float
    query_seconds_each: float
    undefined: int
    pareto: bool = False

    def plain(self, axes: Iterable[str]) -> dict[str, Any]:
        """Returns the fields as JSON values, with one for each axis; None if not spent on.

        Numbers that are not finite are None, too.
        """
        record: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "budget":
                record |= {axis: value.get(axis) for axis in axes}
            else:
                unknown = isinstance(value, float) and not math.isfinite(value)
                record[item.name] = None if unknown else value
        return record


def summarize(results: Iterable[Result]) -> list[Summary]:
    """Returns a summary for each predictor and budget, in the order of first appearance.

    Results with an ``error`` are left out, and so is a budget that has no others. For Pareto
    optimality, times are the same where their first two digits are, and so are all times below a
    millisecond: two predictors that read the same recorded training differ in clock jitter alone.
    """
    groups: dict[Entry, list[Result]] = {}
    for result in results:
        if result.error is None:
            groups.setdefault((result.predictor, result.budget), []).append(result)
    found = [_summary(group) for group in groups.values()]
    times = np.array([[s.init_seconds_total, s.query_seconds_each] for s in found]).reshape(-1, 2)
    tau = np.array([[s.kendall] for s in found]).reshape(-1, 1)
    best = pareto(np.concatenate([tau, -_coarse(times)], axis=1))
    return [replace(item, pareto=bool(flag)) for item, flag in zip(found, best, strict=True)]


def failures(results: Iterable[Result]) -> dict[Entry, str]:
    """Returns the reasons why predictors have no result with a budget, every reason once."""
    reasons: dict[Entry, dict[str, None]] = {}
    for result in results:
        if result.error is not None:
            reasons.setdefault((result.predictor, result.budget), {})[result.error] = None
    return {entry: "; ".join(found) for entry, found in reasons.items()}


def _summary(group: Sequence[Result]) -> Summary:
    first = group[0]
    scores = {name: np.array([getattr(item, name) for item in group]) for name in _SCORES}
    means = {name: float(values.mean()) for name, values in scores.items()}
    spread = {
        f"{name}_sd": float(values.std(ddof=1)) if len(group) > 1 else None
        for name, values in scores.items()
    }
    return Summary(
        predictor=first.predictor,
        family=first.family,
        budget=first.budget,
        trials=len(group),
        init_seconds_total=float(np.mean([item.init_seconds_total for item in group])),
        query_seconds_each=float(np.mean([item.query_seconds_each for item in group])),
        reads_target=any(item.reads_target for item in group),
        kendall_other=_mean([item.kendall_other for item in group]),
        other_size=sum(item.other_size for item in group),
        undefined=round(sum(item.undefined for item in group)),
        **means,  # type: ignore[arg-type]
        **spread,  # type: ignore[arg-type]
    )


def _mean(values: Sequence[float]) -> float:
    """Returns the mean of the numbers among them; NaN where there are none."""
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan


def _coarse(seconds: Floats) -> Floats:
    """Returns seconds rounded to two digits, shorter ones to `INSTANT`; NaN stays."""
    floored = np.maximum(seconds, INSTANT)
    digit = 10.0 ** (np.floor(np.log10(floored)) - 1)
    return np.asarray(np.round(floored / digit) * digit)
