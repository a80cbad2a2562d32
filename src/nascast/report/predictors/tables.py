"""The tables of a comparison's report, as texts and numbers that the templates lay out."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from nascast.report.figures import Look
from nascast.report.table import Cell, Heading, Row, Table, facts
from nascast.report.words import axis_words, budget_words, duration, number
from nascast.studies.predictors.head import Head
from nascast.studies.predictors.results import Result
from nascast.studies.predictors.significance import compared
from nascast.studies.predictors.summary import Entry, Summary

__all__ = [
    "Failure",
    "differences",
    "not_run",
    "notes",
    "optimal",
    "results",
    "settings",
]


_CHANCE = 0.05  # level of the test


@dataclass(frozen=True, slots=True)
class Failure:
    """Budgets of a predictor that did not run for the same reason, in such a share of trials."""

    predictor: str
    budgets: Sequence[str]
    share: str
    reason: str


def results(summaries: Sequence[Summary], look: Mapping[str, Look], axes: Sequence[str]) -> Table:
    """Returns a table with a row for each predictor and budget, the highest τ first."""
    order = sorted(summaries, key=lambda s: -s.kendall if math.isfinite(s.kendall) else math.inf)
    best = _best(summaries)
    words = [axis_words(axis) for axis in axes]
    head = [
        Heading("Predictor", "name and settings"),
        Heading("Family", "kind of evidence"),
        *(Heading(word.title, word.about, "ascending") for word in words),
        *(Heading(score.title, score.about, "descending") for score in _SCORES),
        Heading("Init", "initialization time", "ascending"),
        Heading("Query", "for one architecture", "ascending"),
        Heading("Pareto", "Pareto-optimal in τ, init and query time", "descending"),
    ]
    rows = [Row(_cells(item, look[item.predictor], axes, best), item.pareto) for item in order]
    return Table(head, rows, order=2 + len(axes))


def notes(summaries: Sequence[Summary]) -> list[str]:
    """Returns remarks on the columns, and on rows of fewer trials or predictions."""
    most = max(item.trials for item in summaries)
    means = "Means over trials, τ ± its standard error. " if most > 1 else ""
    about = (
        f"{means}Sparse τ rounds the true scores to 0.1 percentage points, since smaller "
        "differences are noise, and is not given in other units; P@10 is the share of the 10 "
        "predicted best that are among the 10 truly best. Other τ is with another training, of the "
        "test architectures that have one; * marks predictors that read the very training that "
        "they are judged by, and share its noise. Init is the time to initialize, with the "
        "training of the labelled networks; query the time for one architecture, with its partial "
        "training. ✓ marks the Pareto-optimal budgets: no other is as good in τ, init and query "
        "time and better in one of them. Times count as equal where their first two digits are."
    )
    remarks = []
    for item in summaries:
        budget = budget_words(item.budget)
        name = item.predictor + (f" ({budget})" if budget else "")
        if item.trials < most:
            remarks.append(f"{name}: {item.trials:,} of {most:,} trials.")
        if item.undefined:
            remarks.append(f"{name}: {item.undefined:,} undefined predictions, which rank last.")
    return list(filter(None, [about, " ".join(remarks)]))


def optimal(summaries: Sequence[Summary], look: Mapping[str, Look]) -> Table:
    """Returns a table of the Pareto-optimal budgets, the highest τ first."""
    head = [
        Heading("Predictor", "name and settings"),
        Heading("Budget", "what it may spend"),
        Heading("Kendall τ", "mean over trials, with its standard error", "descending"),
        Heading("Share", "share of bootstrap samples in which it is optimal", "descending"),
        Heading("Init", "initialization time", "ascending"),
        Heading("Query", "for one architecture", "ascending"),
    ]
    rows = []
    for item in sorted((s for s in summaries if s.pareto), key=lambda s: -s.kendall):
        error = item.kendall_error
        times = (item.init_seconds_total, item.query_seconds_each)
        cells = [
            Cell(item.predictor, look=look[item.predictor]),
            Cell(budget_words(item.budget) or "–"),
            Cell(number(item.kendall), item.kendall, "" if error is None else number(error)),
            Cell(f"{100 * item.pareto_share:.0f} %", item.pareto_share),
            *(Cell(duration(seconds), seconds) for seconds in times),
        ]
        rows.append(Row(cells))
    return Table(head, rows, order=2)


def differences(
    results: Sequence[Result], summaries: Sequence[Summary], look: Mapping[str, Look], share: float
) -> Table | None:
    """Returns how far each predictor's best budget is below the best of all, or None for too few.

    Args:
        results: results of all trials.
        summaries: their summaries.
        look: looks of the predictors.
        share: share of a test set in the architectures among which it is drawn.
    """
    known = [s for s in summaries if math.isfinite(s.kendall) and s.trials > 1]
    known.sort(key=lambda s: s.kendall)
    best = {s.predictor: s.budget for s in known}
    if len(best) < 2:
        return None
    top = known[-1].predictor
    groups: dict[str, list[Result]] = {name: [] for name in best}
    for item in results:
        if item.error is None and best.get(item.predictor) == item.budget:
            groups[item.predictor].append(item)
    head = [
        Heading("Predictor", "name and settings"),
        Heading("Budget", "where its mean τ is highest"),
        Heading("Difference", f"of τ from {top}, mean over trials", "descending"),
        Heading("p", "of the paired test, corrected by Holm's method", "ascending"),
        Heading("Trials", "that both ran", "descending"),
    ]
    rows = []
    found = compared(groups, share=share, against=top)
    for one in sorted(found, key=lambda one: -one.difference):
        cells = [
            Cell(one.first, look=look[one.first]),
            Cell(budget_words(best[one.first]) or "–"),
            Cell(number(one.difference), one.difference),
            Cell("< .001" if one.p < 1e-3 else number(one.p), one.p, best=one.p >= _CHANCE),
            Cell(f"{one.trials:,}", one.trials),
        ]
        rows.append(Row(cells))
    return Table(head, rows, order=2)


def not_run(found: Sequence[Result], reasons: Mapping[Entry, str]) -> list[Failure]:
    """Returns the predictors and budgets that did not run, with reasons."""
    trials: dict[Entry, list[bool]] = {}
    for item in found:
        trials.setdefault((item.predictor, item.budget), []).append(item.error is not None)
    groups: dict[tuple[str, str, str], list[str]] = {}
    for entry, reason in reasons.items():
        failed, all_ = sum(trials[entry]), len(trials[entry])
        share = "all" if failed == all_ else f"{failed:,} of {all_:,}"
        groups.setdefault((entry[0], reason, share), []).append(budget_words(entry[1]) or "–")
    return [Failure(name, words, share, why) for (name, why, share), words in groups.items()]


def settings(head: Head, found: Iterable[Result]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Returns all settings, and the versions that took part in the run, under their titles."""
    chosen = {"benchmark": head.benchmark, **head.settings}
    axes = chosen.pop("axes")
    return [
        ("Settings", facts({**chosen, **axes, "batch": head.batch})),
        ("Versions", facts(_versions(head, found))),
    ]


@dataclass(frozen=True, slots=True)
class _Score:
    """A column of scores, larger is better, of which the best is emphasised."""

    title: str
    about: str
    value: Callable[[Summary], float]


_SCORES = (
    _Score("Kendall τ", "agreement of two rankings, 1 at most", lambda s: s.kendall),
    _Score(
        "Other τ",
        "agreement with another training, where there is one",
        lambda s: s.kendall_other,
    ),
    _Score("Spearman", "rank correlation", lambda s: s.metrics["spearman"].mean),
    _Score(
        "Sparse τ",
        "Kendall τ against true scores rounded to 0.1 percentage points; a dash in other units",
        lambda s: s.metrics["sparse_kendall"].mean,
    ),
    _Score(
        "P@10",
        "share of the 10 predicted best among the 10 truly best",
        lambda s: s.metrics["precision_at_10"].mean,
    ),
)


def _cells(
    item: Summary, look: Look, axes: Sequence[str], best: Mapping[_Score, float]
) -> list[Cell]:
    amounts = [item.budget.get(axis) for axis in axes]
    spread = "" if item.kendall_error is None else number(item.kendall_error)
    times = (item.init_seconds_total, item.query_seconds_each)
    return [
        Cell(item.predictor, look=look),
        Cell(item.family.replace("_", " ")),
        *(Cell("–", math.nan) if n is None else Cell(f"{n:,}", n) for n in amounts),
        *(_score(item, score, best, spread if i == 0 else "") for i, score in enumerate(_SCORES)),
        *(Cell(duration(seconds), seconds) for seconds in times),
        Cell("", float(item.pareto), tick=item.pareto),
    ]


def _score(item: Summary, score: _Score, best: Mapping[_Score, float], spread: str) -> Cell:
    value = score.value(item)
    shown = number(value) if math.isfinite(value) else "–"
    if score is _SCORES[0] and item.reads_target:
        shown += "*"
    return Cell(shown, value, spread, best=round(value, 3) == best.get(score))


def _best(summaries: Sequence[Summary]) -> dict[_Score, float]:
    """Returns the best of every score as it is shown, so that equal numbers look equal."""
    best = {}
    for score in _SCORES:
        known = [v for v in map(score.value, summaries) if math.isfinite(v)]
        if known:
            best[score] = round(max(known), 3)
    return best


def _versions(head: Head, found: Iterable[Result]) -> dict[str, list[str]]:
    """Returns all versions of every package; a run that was continued may have several."""
    versions = {name: {str(version): None} for name, version in head.versions.items()}
    for text in dict.fromkeys(item.versions for item in found):
        for name, version in json.loads(text).items() if text else ():
            versions.setdefault(name, {})[str(version)] = None
    return {name: list(values) for name, values in versions.items()}
