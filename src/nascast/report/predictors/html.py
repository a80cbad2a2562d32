"""A comparison as one HTML file that needs nothing else: no network, no other files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np

from nascast.report.figures import Look
from nascast.report.page import Figure, Tile, figure, page, write
from nascast.report.predictors import tables
from nascast.report.predictors.figures import looks, predicted_against_true, tau_against_time
from nascast.report.words import axis_words, budget_words, count, either, number
from nascast.studies.noise import METHOD, NoiseLimits
from nascast.studies.predictors.head import Head
from nascast.studies.predictors.results import Result, read_run
from nascast.studies.predictors.summary import Summary, failures, summarize

__all__ = ["write_report"]

_AIMS = {"minimize": ", the smaller the better", "maximize": ", the larger the better"}
_FREE = "no labels, no epochs"  # the budget of a predictor that has none


@dataclass(frozen=True, slots=True)
class _Scatter:
    """Predicted against true scores of one predictor; no figure if no prediction is finite."""

    predictor: str
    tau: str
    note: str
    figure: Figure | None


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes the report of a comparison; the same run gives the same bytes.

    Args:
        folder: folder of the comparison, as written by ``nascast compare --out``.
        out: path of the HTML file; None is ``report.html`` in `folder`.

    Returns:
        The path of the file written.

    Raises:
        MissingDataError: there is no finished comparison in `folder`.
        CorruptDataError: a file of the run cannot be read.
        MissingExtraError: Jinja2 is not installed.
        StoreError: the report cannot be written.
    """
    head, results = read_run(folder)
    summaries = summarize(results)
    values = {
        "eyebrow": "predictor comparison",
        "title": f"Performance predictors on {PurePath(head.benchmark).name}",
        "lead": " ".join(_lead(head, results)),
        "tiles": _tiles(head, summaries),
        "not_run": tables.not_run(results, failures(results)),
        "settings": tables.settings(head, results),
        "results": None,
        **(_drawn(head, results, summaries) if summaries else {}),
    }
    text = page("comparison.html", values)
    return write(text, out or folder / "report.html")


def _lead(head: Head, results: Sequence[Result]) -> Iterable[str]:
    """Yields sentences on what was compared."""
    settings = head.settings
    names = {item.predictor for item in results}
    ran = {item.predictor for item in results if item.error is None}
    yield (
        f"{count(len(ran or names), 'predictor')} {'ranked' if ran else 'could not rank'} "
        f"{settings['test_size']:,} test architectures by the {settings['metric']} "
        f"({head.unit}{_AIMS.get(head.aim, '')}) that each reaches after full training."
    )
    if ran:
        yield (
            "Kendall’s τ says how well a ranking agrees with the recorded one: "
            "1 is the same order, 0 is chance."
        )
    if settings["trials"] > 1:
        yield f"There are {settings['trials']:,} trials, each with other architectures."
    else:
        yield "There is one trial."
    yield from _evidence(results, head.axes)
    if 0 < len(ran) < len(names):
        yield f"{count(len(names) - len(ran), 'more predictor')} could not run; see below."


def _evidence(results: Sequence[Result], axes: Sequence[str]) -> Iterable[str]:
    """Yields sentences on the evidence: labels, learning curves, images."""
    for axis in axes:
        amounts = sorted({item.budget[axis] for item in results if axis in item.budget})
        if amounts:
            yield axis_words(axis).given.format(either(amounts), s="s" * (amounts[-1] > 1))
    batches = sorted({item.batch for item in results if item.batch})
    if batches:
        yield f"Zero-cost proxies scored untrained networks on one batch: {'; '.join(batches)}."


def _tiles(head: Head, summaries: Sequence[Summary]) -> list[Tile]:
    noise = Tile("Noise", "–", "unknown: the benchmark recorded no cell twice")
    if head.noise:
        note = f"τ between two trainings of the same {head.noise.cells:,} cells, and its limit"
        limit = f"limit {number(head.noise.limit.value)}"
        noise = Tile("Noise", number(head.noise.agreement.value), note, small=limit)
    note = "no other is as good in τ, initialization and query time and better in one"
    optimal = Tile("Pareto-optimal budgets", "–", note)
    if summaries:
        some, every = sum(item.pareto for item in summaries), len(summaries)
        optimal = Tile(optimal.label, f"{some}", note, small=f"of {every}")
    return [_best_tile(summaries), noise, optimal]


def _best_tile(summaries: Sequence[Summary]) -> Tile:
    label = "Best predictor"
    ranked = [item for item in summaries if item.kendall == item.kendall]
    if not ranked:
        return Tile(label, "–", "no predictor ran; the reasons are below")
    best = max(ranked, key=lambda item: item.kendall)
    spread = "" if best.kendall_sd is None else number(best.kendall_sd)
    note = f"with {budget_words(best.budget) or _FREE}"
    return Tile(label, best.predictor, note, small=f"τ {number(best.kendall)}", deviation=spread)


def _drawn(head: Head, results: Sequence[Result], summaries: Sequence[Summary]) -> dict[str, Any]:
    """Returns the values of the page that show results, where there are any."""
    look = looks(summaries)
    drawn: tuple[tuple[Literal["query", "init"], str], ...] = (
        ("query", "τ against query time"),
        ("init", "τ against initialization time"),
    )
    return {
        "look": look,
        "results": tables.results(summaries, look, head.axes),
        "notes": tables.notes(summaries),
        "cost": " ".join(_cost(summaries, head.noise)),
        "figures": [
            figure(f"tau-{axis}", tau_against_time(summaries, axis, look, head.noise), title)
            for axis, title in drawn
        ],
        "scatters": list(_scatters(head, results, look)),
    }


def _cost(summaries: Sequence[Summary], noise: NoiseLimits | None) -> Iterable[str]:
    """Yields sentences on how to read the figures of accuracy and cost."""
    yield (
        "Towards the upper left is better: rankings that agree more with the truth, sooner. Larger "
        "markers are larger budgets of the same predictor, joined by lines; a ring marks the "
        "Pareto-optimal ones."
    )
    if any(item.kendall_sd is not None for item in summaries):
        yield "Bars are ± one standard deviation over trials."
    if noise is not None:
        yield ". ".join(line[0].upper() + line[1:] for line in noise.lines()) + "."
        yield METHOD
    if any(item.reads_target for item in summaries):
        yield (
            "A predictor marked * reads the very training that it is judged by, shares its noise, "
            "and may pass both lines; other τ judges by another training."
        )


def _scatters(
    head: Head, results: Sequence[Result], look: Mapping[str, Look]
) -> Iterable[_Scatter]:
    """Yields figures of every predictor at its largest budget, in the first trial that ran."""
    metric = f"{head.settings['metric']} ({head.unit})"
    for place, name in enumerate(look):
        ran = [item for item in results if item.predictor == name and item.error is None]
        shown = max(ran, key=lambda item: (*item.budget.values(), -item.trial))
        yield _scatter(f"scatter-{place}", shown, look[name], metric)


def _scatter(id_: str, shown: Result, look: Look, metric: str) -> _Scatter:
    predicted = np.asarray(shown.predicted, dtype=np.float64)
    true = np.asarray(shown.true, dtype=np.float64)
    chart, beyond = predicted_against_true(predicted, true, look, metric)
    undefined = int((~np.isfinite(predicted)).sum())
    remarks = [budget_words(shown.budget)]
    remarks += [f"{undefined:,} undefined"] * (undefined > 0)
    remarks += [f"{beyond:,} off the scale, hollow"] * (beyond > 0)
    title = f"{shown.predictor}: predicted against true"
    return _Scatter(
        predictor=shown.predictor,
        tau=number(shown.kendall),
        note=" · ".join(filter(None, remarks)) or _FREE,
        figure=figure(id_, chart, title) if chart else None,
    )
