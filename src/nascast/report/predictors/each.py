"""What a comparison found of every single predictor, and all its numbers as CSV."""

import base64
import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nascast.report.figures import Look
from nascast.report.page import Figure, figure
from nascast.report.predictors.figures import predicted_against_true
from nascast.report.predictors.tables import Failure
from nascast.report.words import axis_words, budget_words, duration, number
from nascast.studies.predictors.head import Head
from nascast.studies.predictors.results import Result
from nascast.studies.predictors.summary import Average, Summary

__all__ = ["FREE", "Section", "csv_link", "sections"]

FREE = "no labels, no epochs"  # the budget of a predictor that has none
_METRICS = {  # columns of the table of a predictor
    "spearman": "Spearman",
    "pearson": "Pearson",
    "sparse_kendall": "Sparse τ",
    "mae": "MAE",
    "rmse": "RMSE",
    "precision_at_10": "P@10",
    "precision_at_20": "P@20",
    "best_ranking_at_10": "Best rank@10",
    "regret_at_1": "Regret@1",
    "regret_at_10": "Regret@10",
    "ndcg": "nDCG",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One predictor.

    Attributes:
        id: id of its table.
        predictor: spec in its written form.
        family: kind of evidence.
        look: colour and marker.
        best: best mean τ, with its standard error.
        shown: budget of the figure, with its τ and remarks.
        tau: τ of the trial in the figure.
        figure: predicted against true of one trial; None if no prediction is finite.
        head: titles of the columns.
        rows: texts of all budgets.
        failed: budgets that did not run, with the reasons.
    """

    id: str
    predictor: str
    family: str
    look: Look
    best: str
    shown: str
    tau: str
    figure: Figure | None
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    failed: Sequence[Failure]


def sections(
    head: Head,
    results: Sequence[Result],
    summaries: Sequence[Summary],
    look: Mapping[str, Look],
    failed: Sequence[Failure],
) -> Iterable[Section]:
    """Yields the sections of all predictors that ran, in the order of their looks."""
    metric = f"{head.settings['metric']} ({head.unit})"
    axes = [axis for axis in head.axes if any(axis in s.budget for s in summaries)]
    for place, (name, one) in enumerate(look.items()):
        own = [s for s in summaries if s.predictor == name]
        ran = [item for item in results if item.predictor == name and item.error is None]
        chosen = max(ran, key=lambda item: (*item.budget.values(), -item.trial))
        drawn, note = _scatter(f"scatter-{place}", chosen, one, metric)
        best = max(own, key=lambda s: s.kendall if math.isfinite(s.kendall) else -math.inf)
        yield Section(
            id=f"predictor-{place}",
            predictor=name,
            family=own[0].family.replace("_", " "),
            look=one,
            best=_with_error(best.metrics["kendall"]),
            shown=note,
            tau=number(chosen.kendall),
            figure=drawn,
            head=_titles(axes),
            rows=[_row(item, axes) for item in own],
            failed=[item for item in failed if item.predictor == name],
        )


def csv_link(summaries: Sequence[Summary], axes: Sequence[str]) -> str:
    """Returns a link that holds all fields of all summaries as CSV, to five digits."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    records = [item.plain(axes) for item in summaries]
    writer.writerow(records[0])
    for record in records:
        writer.writerow(
            [f"{v:.5g}" if isinstance(v, float) else v for v in record.values()],
        )
    text = base64.b64encode(file.getvalue().encode()).decode()
    return f"data:text/csv;base64,{text}"


def _scatter(id_: str, chosen: Result, look: Look, metric: str) -> tuple[Figure | None, str]:
    """Returns predicted against true scores of one trial, and its budget with remarks."""
    predicted = np.asarray(chosen.predicted, dtype=np.float64)
    true = np.asarray(chosen.true, dtype=np.float64)
    chart, beyond = predicted_against_true(predicted, true, look, metric)
    undefined = int((~np.isfinite(predicted)).sum())
    remarks = [budget_words(chosen.budget)]
    remarks += [f"{undefined:,} undefined"] * (undefined > 0)
    remarks += [f"{beyond:,} off the scale, hollow"] * (beyond > 0)
    title = f"{chosen.predictor}: predicted against true"
    note = " · ".join(filter(None, remarks)) or FREE
    return (figure(id_, chart, title) if chart else None), note


def _titles(axes: Sequence[str]) -> list[str]:
    amounts = [axis_words(axis).title for axis in axes]
    return [*amounts, "Trials", "Kendall τ", "Rank", *_METRICS.values(), "Init", "Query", "Pareto"]


def _row(item: Summary, axes: Sequence[str]) -> list[str]:
    amounts = [f"{item.budget[a]:,}" if a in item.budget else "–" for a in axes]
    kendall = item.metrics["kendall"]
    return [
        *amounts,
        f"{item.trials:,}",
        _with_error(kendall),
        f"{kendall.rank:.1f}",
        *(number(item.metrics[name].mean) for name in _METRICS),
        *(duration(item.init_seconds_total), duration(item.query_seconds_each)),
        f"{100 * item.pareto_share:.0f} %",
    ]


def _with_error(average: Average) -> str:
    """Returns a mean and its standard error."""
    error = "" if average.error is None else f" ± {number(average.error)}"
    return number(average.mean) + error
