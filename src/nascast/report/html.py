"""A comparison as one HTML file that needs nothing else: no network, no other files."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path, PurePath

import numpy as np

from nascast.report import tables
from nascast.report.figure_parts import Look
from nascast.report.figures import looks, predicted_against_true, tau_against_time
from nascast.report.page import page, plot, plotly_source, tile, write
from nascast.report.words import axis_words, budget_words, count, either, number
from nascast.studies.predictors.head import Head
from nascast.studies.predictors.results import Result, read_run
from nascast.studies.predictors.summary import Summary, failures, summarize

__all__ = ["write_report"]

_FREE = "no labels, no epochs"  # the budget of a predictor that has none


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes the report of a comparison; the same run gives the same bytes.

    Args:
        folder: of the run, as written by ``nascast compare --out``.
        out: the HTML file; None is ``report.html`` in `folder`.

    Returns:
        The file written.

    Raises:
        MissingDataError: no finished run in `folder`.
        CorruptDataError: a file of the run cannot be read.
        MissingExtraError: Plotly is not installed.
        StoreError: the report cannot be written.
    """
    head, results = read_run(folder)
    text = _page(head, results, plotly_source())
    return write(text, out or folder / "report.html")


def _page(head: Head, results: Sequence[Result], plotly: str) -> str:
    summaries = summarize(results)
    look = looks(summaries)
    name = escape(PurePath(head.benchmark).name)
    body = [
        '<header><p class="eyebrow">nascast · predictor comparison</p>',
        f"<h1>Performance predictors on {name}</h1>",
        f'<p class="lead">{_lead(head, results)}</p></header>',
        _tiles(head, summaries),
        *_results(head, results, summaries, look),
        tables.not_run(results, failures(results)),
        tables.settings(head, results),
    ]
    return page(f"Performance predictors on {name}", body, plotly if summaries else "")


def _lead(head: Head, results: Sequence[Result]) -> str:
    """Says in plain words what was compared."""
    settings = head.settings
    names = {item.predictor for item in results}
    ran = {item.predictor for item in results if item.error is None}
    text = [
        f"{count(len(ran or names), 'predictor')} {'ranked' if ran else 'could not rank'} "
        f"{settings['test_size']:,} test architectures by the {settings['metric']} "
        f"({head.unit}) that each reaches after full training."
    ]
    if ran:
        text.append(
            "Kendall’s τ says how well a ranking agrees with the recorded one: "
            "1 is the same order, 0 is chance."
        )
    if settings["trials"] > 1:
        text.append(f"There are {settings['trials']:,} trials, each with other architectures.")
    else:
        text.append("There is one trial.")
    text += _evidence(results, head.axes)
    if 0 < len(ran) < len(names):
        text.append(f"{count(len(names) - len(ran), 'more predictor')} could not run; see below.")
    return escape(" ".join(text))


def _evidence(results: Sequence[Result], axes: Sequence[str]) -> Iterable[str]:
    """Says what the predictors were given: labels, learning curves, images."""
    for axis in axes:
        amounts = sorted({item.budget[axis] for item in results if axis in item.budget})
        if amounts:
            yield axis_words(axis).given.format(either(amounts), s="s" * (amounts[-1] > 1))
    batches = sorted({item.batch for item in results if item.batch})
    if batches:
        yield f"Zero-cost proxies scored untrained networks on one batch: {'; '.join(batches)}."


def _tiles(head: Head, summaries: Sequence[Summary]) -> str:
    tiles = [_best_tile(summaries)]
    if head.noise_ceiling:
        tau, cells = head.noise_ceiling
        note = f"τ between two trainings of the same {cells:,} cells"
        tiles.append(tile("Noise ceiling", number(tau), note))
    else:
        note = "unknown: the benchmark recorded no cell twice"
        tiles.append(tile("Noise ceiling", "–", note))
    optimal = f"{sum(item.pareto for item in summaries)} <small>of {len(summaries)}</small>"
    note = "no other is as good in τ, initialization and query time and better in one"
    tiles.append(tile("Pareto-optimal budgets", optimal if summaries else "–", note))
    return f'<section class="tiles" aria-label="Headline results">{"".join(tiles)}</section>'


def _best_tile(summaries: Sequence[Summary]) -> str:
    ranked = [item for item in summaries if item.kendall == item.kendall]
    if not ranked:
        return tile("Best predictor", "–", "no predictor ran; the reasons are below")
    best = max(ranked, key=lambda item: item.kendall)
    budget = budget_words(best.budget) or _FREE
    value = f"{escape(best.predictor)} <small>τ {tables.spread(best)}</small>"
    return tile("Best predictor", value, f"with {budget}")


def _results(
    head: Head,
    results: Sequence[Result],
    summaries: Sequence[Summary],
    look: Mapping[str, Look],
) -> Iterable[str]:
    if not summaries:
        yield '<p class="empty">There are no results: every predictor failed.</p>'
        return
    yield tables.results(summaries, look, head.axes)
    ceiling = head.noise_ceiling[0] if head.noise_ceiling else None
    key = tables.key(look)
    yield (
        '<section><h2>Accuracy and cost</h2><p class="about">Towards the upper left is better: '
        "rankings that agree more with the truth, sooner. Larger markers are larger budgets of "
        "the same predictor, joined by lines; a ring marks the Pareto-optimal ones"
        + (
            ". Bars are ± one standard deviation over trials."
            if any(item.kendall_sd is not None for item in summaries)
            else "."
        )
        + (
            " A predictor that reads the learning curve of the very training it is judged by "
            "shares the noise of that training, and may pass the noise ceiling."
            if ceiling is not None and any("epochs" in item.budget for item in summaries)
            else ""
        )
        + "</p>"
    )
    for axis, title in (
        ("query", "τ against query time"),
        ("init", "τ against initialization time"),
    ):
        spec = tau_against_time(summaries, axis, look, ceiling)  # type: ignore[arg-type]
        yield f"<figure><figcaption>{title}</figcaption>{key}{plot(f'tau-{axis}', spec, title)}"
        yield "</figure>"
    yield "</section>"
    yield _scatters(head, results, summaries, look)


def _scatters(
    head: Head,
    results: Sequence[Result],
    summaries: Sequence[Summary],
    look: Mapping[str, Look],
) -> str:
    """Draws every predictor at its largest budget, in the first trial that ran."""
    metric = f"{head.settings['metric']} ({head.unit})"
    figures = []
    for place, name in enumerate(look):
        ran = [item for item in results if item.predictor == name and item.error is None]
        shown = max(ran, key=lambda item: (*item.budget.values(), -item.trial))
        figures.append(_scatter(f"scatter-{place}", shown, look[name], metric))
    return (
        '<section><h2>Predicted against true</h2><p class="about">One trial of every predictor at '
        "its largest budget; a point is a test architecture. Only the order of predictions counts, "
        "and larger predictions mean better architectures; units need not be those of the metric."
        f'</p><div class="multiples">{"".join(figures)}</div></section>'
    )


def _scatter(id_: str, shown: Result, look: Look, metric: str) -> str:
    predicted = np.asarray(shown.predicted, dtype=np.float64)
    true = np.asarray(shown.true, dtype=np.float64)
    spec, beyond = predicted_against_true(predicted, true, look, metric)
    undefined = int((~np.isfinite(predicted)).sum())
    remarks = [budget_words(shown.budget)]
    remarks += [f"{undefined:,} undefined"] * (undefined > 0)
    remarks += [f"{beyond:,} off the scale, hollow"] * (beyond > 0)
    name, tau = escape(shown.predictor), number(shown.kendall)
    title = f"{shown.predictor}: predicted against true"
    empty = '<p class="empty">every prediction is undefined</p>'
    drawn = plot(id_, spec, title) if spec else empty
    return (
        f'<figure><figcaption><span class="row"><b>{name}</b><span>τ {tau}</span></span>'
        f'<span class="note">{escape(" · ".join(filter(None, remarks))) or _FREE}</span>'
        f"</figcaption>{drawn}</figure>"
    )
