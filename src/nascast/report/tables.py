"""The tables of a report, as HTML; every text that comes from the run is escaped."""

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nascast.report.figure_parts import Look
from nascast.report.words import axis_words, budget_words, duration, number
from nascast.studies.predictors.head import Head
from nascast.studies.predictors.results import Result
from nascast.studies.predictors.summary import Entry, Summary

__all__ = ["facts", "key", "mark", "not_run", "results", "settings", "spread"]

# Marker outlines in a box of 12 × 12, the shapes that Plotly draws under the same names.
_SHAPES = {
    "circle": '<circle cx="6" cy="6" r="4.5"/>',
    "square": '<rect x="2" y="2" width="8" height="8"/>',
    "triangle-up": '<path d="M6 1.2 11 10H1z"/>',
    "diamond": '<path d="M6 .5 11.5 6 6 11.5.5 6z"/>',
    "pentagon": '<path d="M6 1l5 3.7-1.9 6H2.9L1 4.7z"/>',
    "hexagon": '<path d="M6 1l4.4 2.5v5L6 11 1.6 8.5v-5z"/>',
}


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the result table.

    Attributes:
        title: in the header.
        about: what it means, for the header's tooltip and the notes.
        field: of a summary, or an axis, to sort by; None and NaN come last.
        text: what stands in the cell, as HTML.
        score: larger is better, and the best is emphasised.
    """

    title: str
    about: str
    field: str
    text: Callable[[Summary], str]
    score: bool = False


def spread(item: Summary) -> str:
    """Writes mean τ and its deviation over trials as HTML; without the latter for one trial."""
    text = number(item.kendall)
    if item.kendall_sd is None:
        return text
    return f'{text} <span class="sd">± {number(item.kendall_sd)}</span>'


def key(look: Mapping[str, Look], shown: Collection[str] | None = None) -> str:
    """Returns the key to colours and markers; its buttons show and hide what has a name.

    Args:
        look: all looks; the number of one is the legend group of its traces.
        shown: names that the figure has; None is all.
    """
    buttons = "".join(
        f'<li><button type="button" data-trace="{i}" aria-pressed="true">'
        f"{mark(one)}{escape(name)}</button></li>"
        for i, (name, one) in enumerate(look.items())
        if shown is None or name in shown
    )
    return f'<ul class="key">{buttons}</ul>'


def results(summaries: Sequence[Summary], look: Mapping[str, Look], axes: Sequence[str]) -> str:
    """Returns the section with one row per budget, the highest τ first."""
    columns = _columns(axes)
    order = sorted(summaries, key=lambda s: -s.kendall if math.isfinite(s.kendall) else math.inf)
    best = _best(summaries, columns)
    header = "".join(map(_header, columns))
    body = "\n".join(_row(item, look[item.predictor], columns, best) for item in order)
    return (
        "<section><h2>Results</h2>"
        f'<div class="wide"><table id="results"><thead><tr>{header}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>{_notes(summaries)}</section>"
    )


def not_run(found: Sequence[Result], reasons: Mapping[Entry, str]) -> str:
    """Returns the section with what failed and why; empty if nothing did."""
    if not reasons:
        return ""
    trials: dict[Entry, list[bool]] = {}
    for item in found:
        trials.setdefault((item.predictor, item.budget), []).append(item.error is not None)
    groups: dict[tuple[str, str, str], list[str]] = {}
    for entry, reason in reasons.items():
        failed, all_ = sum(trials[entry]), len(trials[entry])
        share = "all" if failed == all_ else f"{failed:,} of {all_:,}"
        words = escape(budget_words(entry[1])) or "–"
        groups.setdefault((entry[0], reason, share), []).append(words)
    body = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{"<br>".join(budgets)}</td>'
        f'<td>{share}</td><td class="reason">{escape(reason)}</td></tr>'
        for (name, reason, share), budgets in groups.items()
    )
    return (
        '<section><h2>Not run</h2><div class="wide"><table class="plain"><thead><tr>'
        "<th>Predictor</th><th>Budget</th><th>Trials</th><th>Reason</th></tr></thead>"
        f"<tbody>\n{body}\n</tbody></table></div></section>"
    )


def settings(head: Head, found: Iterable[Result]) -> str:
    """Returns the section with all settings, and the versions that took part in the run."""
    chosen = {"benchmark": head.benchmark, **head.settings}
    axes = chosen.pop("axes")
    return (
        "<details><summary>Settings and versions</summary>"
        f'<div class="facts">{facts("Settings", {**chosen, **axes, "batch": head.batch})}'
        f"{facts('Versions', _versions(head, found))}</div></details>"
    )


def _tick(item: Summary) -> str:
    return '<span role="img" aria-label="yes">✓</span>' if item.pareto else ""


def _whole(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _columns(axes: Sequence[str]) -> list[_Column]:
    return [*_FIRST, *map(_axis_column, axes), *_SCORES]


def _axis_column(axis: str) -> _Column:
    words = axis_words(axis)
    return _Column(words.title, words.about, axis, lambda s: _whole(s.budget.get(axis)))


def _value(item: Summary, column: _Column) -> Any:
    return getattr(item, column.field, item.budget.get(column.field))


_FIRST = (
    _Column("Predictor", "name and settings", "predictor", lambda s: escape(s.predictor)),
    _Column("Family", "kind of evidence", "family", lambda s: escape(s.family.replace("_", " "))),
)
_SCORES = (
    _Column("Kendall τ", "agreement of two rankings, 1 at most", "kendall", spread, True),
    _Column("Spearman", "rank correlation", "spearman", lambda s: number(s.spearman), True),
    _Column(
        "Sparse τ",
        "Kendall τ against true scores rounded to 0.1",
        "sparse_kendall",
        lambda s: number(s.sparse_kendall),
        True,
    ),
    _Column(
        "P@10",
        "share of the 10 predicted best among the 10 truly best",
        "precision_at_10",
        lambda s: number(s.precision_at_10, 2),
        True,
    ),
    _Column(
        "Init",
        "initialization time",
        "init_seconds_total",
        lambda s: duration(s.init_seconds_total),
    ),
    _Column(
        "Query",
        "for one architecture",
        "query_seconds_each",
        lambda s: duration(s.query_seconds_each),
    ),
    _Column("Pareto", "Pareto-optimal in τ, init and query time", "pareto", _tick),
)
_TEXTS = ("predictor", "family")


def _header(column: _Column) -> str:
    kind = "" if column.field in _TEXTS else ' class="num"'
    down = "descending" if column.score or column.field == "pareto" else "ascending"
    now = ' aria-sort="descending"' if column.field == "kendall" else ""
    return (
        f'<th scope="col"{kind}{now} data-first="{down}" title="{escape(column.about)}">'
        f'<button type="button">{escape(column.title)}</button></th>'
    )


def _row(item: Summary, look: Look, columns: Sequence[_Column], best: Mapping[str, float]) -> str:
    cells = []
    for column in columns:
        value, text = _value(item, column), column.text(item)
        if column.field == "predictor":
            cells.append(f'<th scope="row">{mark(look)}{text}</th>')
        elif column.field in _TEXTS:
            cells.append(f"<td>{text}</td>")
        else:
            known = value is not None and math.isfinite(value)
            sort = f' data-value="{float(value)!r}"' if known else ""
            if column.field in best and known and round(value, 3) == best[column.field]:
                text = f"<strong>{text}</strong>"
            cells.append(f'<td class="num"{sort}>{text}</td>')
    kind = ' class="pareto"' if item.pareto else ""
    return f"<tr{kind}>{''.join(cells)}</tr>"


def _best(summaries: Sequence[Summary], columns: Sequence[_Column]) -> dict[str, float]:
    """Returns the best of every score as it is shown, so that equal numbers look equal."""
    best = {}
    for column in columns:
        values = [getattr(item, column.field) for item in summaries] if column.score else []
        known = [value for value in values if math.isfinite(value)]
        if known:
            best[column.field] = round(max(known), 3)
    return best


def mark(look: Look) -> str:
    """Returns the marker of a look, as SVG."""
    return (
        f'<svg class="mark" viewBox="0 0 12 12" fill="{look.colour}" aria-hidden="true">'
        f"{_SHAPES[look.symbol]}</svg>"
    )


def _notes(summaries: Sequence[Summary]) -> str:
    """Explains the columns, and says where fewer trials or predictions stand behind a row."""
    most = max(item.trials for item in summaries)
    means = "Means over trials, ± one sample standard deviation. " if most > 1 else ""
    about = (
        f"{means}Sparse τ rounds the true scores to 0.1, since smaller differences are noise; P@10 "
        "is the share of the 10 predicted best that are among the 10 truly best. Init is the time "
        "to initialize, with the training of the labelled networks; query the time for one "
        "architecture, with its partial training. ✓ marks the Pareto-optimal budgets: no other is "
        "as good in τ, init and query time and better in one of them. Times count as equal where "
        "their first two digits are."
    )
    remarks = []
    for item in summaries:
        budget = budget_words(item.budget)
        name = item.predictor + (f" ({budget})" if budget else "")
        if item.trials < most:
            remarks.append(f"{name}: {item.trials:,} of {most:,} trials.")
        if item.undefined:
            remarks.append(f"{name}: {item.undefined:,} undefined predictions, which rank last.")
    paragraphs = filter(None, [about, " ".join(remarks)])
    return "".join(f'<p class="about small">{escape(text)}</p>' for text in paragraphs)


def facts(title: str, values: Mapping[str, Any]) -> str:
    """Returns a list of names and values under a heading."""
    items = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(_plain(value))}</dd>"
        for name, value in values.items()
    )
    return f"<div><h3>{title}</h3><dl>{items}</dl></div>"


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return "–" if value is None else str(value)


def _versions(head: Head, found: Iterable[Result]) -> dict[str, list[str]]:
    """Returns all versions of every package; a run that was continued may have several."""
    versions = {name: {str(version): None} for name, version in head.versions.items()}
    for text in dict.fromkeys(item.versions for item in found):
        for name, version in json.loads(text).items() if text else ():
            versions.setdefault(name, {})[str(version)] = None
    return {name: list(values) for name, values in versions.items()}
