"""The tables of a search's report, as HTML; every text that comes from the run is escaped."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from nascast.report.figure_parts import Look
from nascast.report.search_folder import Searched
from nascast.report.search_summary import StrategySummary, best_trials, metric_on_test
from nascast.report.tables import facts, mark
from nascast.report.words import duration

__all__ = ["amount", "failures", "settings", "strategies", "trials", "words"]

_SHOWN = 50  # trials in the table; chosen
_REASONS = 20  # kinds of failure in the table; chosen
_LONG = 400  # letters of a message that are shown; chosen
_METRICS = 6  # columns of further metrics at most; chosen


@dataclass(frozen=True, slots=True)
class _Cell:
    """What stands in a table: HTML, and for numbers what to sort by; NaN comes last."""

    html: str
    value: float | None = None


def amount(value: float) -> str:
    """Writes a metric's value with a true minus sign; NaN is a dash."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    digits = 0 if size >= 1000 or (value == int(value) and size >= 100) else 2 if size >= 10 else 3
    if 0 < size < 0.001:
        return f"{value:.2e}".replace("-", "−")
    return f"{value:,.{digits}f}".replace("-", "−")


def words(metric: str, unit: str = "") -> str:
    """Writes a metric's name for people, with its unit."""
    sign = {"percent": "%", "count": "", "none": ""}.get(unit, unit)
    return metric.replace("_", " ") + (f" ({sign})" if sign else "")


def strategies(found: Searched, items: Sequence[StrategySummary], look: Mapping[str, Look]) -> str:
    """Returns the table with one row per strategy, the best mean first."""
    down = "ascending" if found.objectives[0].minimize else "descending"
    test = any(math.isfinite(item.test_mean) for item in items)
    head = [
        ("Strategy", "registered name", ""),
        ("Seeds", "runs", "descending"),
        ("Trials", "in all runs", "descending"),
        ("Failed", "trials without a value", "descending"),
        ("Best", "mean of the best value of each run", down),
        *([("Test", "of the best trial of each run", down)] if test else []),
        *(
            [("Regret", "best recorded value less the best found", "ascending")]
            * _has_regret(items)
        ),
        ("Clock", "mean time of a run", "ascending"),
        ("Spent", "evaluation time of all runs", "ascending"),
    ]
    rows = []
    for item in items:
        name = f"{mark(look[item.strategy])}{escape(item.strategy)}"
        row = [_Cell(name), *(_Cell(f"{n:,}", n) for n in (item.seeds, item.trials, item.failed))]
        row.append(_mean(item.best_mean, item.best_sd))
        row += [_mean(item.test_mean, item.test_sd)] * test
        row += [_mean(item.regret_mean, item.regret_sd)] * _has_regret(items)
        row += [_Cell(_time(s), s) for s in (item.seconds, item.spent)]
        rows.append(row)
    return _table(head, rows, order=4)


def trials(found: Searched) -> str:
    """Returns the table of the 50 best trials of all runs; empty if none has a value."""
    best = best_trials(found, _SHOWN)
    if not best:
        return ""
    objective = found.objectives[0]
    evaluations = [run.trials[place].evaluation for run, place in best]
    measured = dict.fromkeys(name for e in evaluations for name in e.metrics)
    others = [n for n in measured if n not in (objective.metric, "seconds")]
    wanted = [o.metric for o in found.objectives[1:]] + [metric_on_test(objective.metric)]
    others.sort(key=lambda name: name not in wanted)
    others = others[:_METRICS]
    genes = np.array([run.trials[place].candidate.arch.genes for run, place in best], np.int16)
    texts = found.space.to_text(genes)
    down = "ascending" if objective.minimize else "descending"
    head = [
        ("Run", "strategy and seed", ""),
        ("Trial", "its number in the run", "ascending"),
        (words(objective.metric, found.unit), "what counts", down),
        ("Epochs", "asked for; a dash is full training", "descending"),
        ("Time", "the evaluation took", "ascending"),
        *((words(name), "as measured", "descending") for name in others),
        ("Architecture", f"in the notation of {found.space.name}", ""),
    ]
    rows = []
    for (run, place), evaluation, text in zip(best, evaluations, texts, strict=True):
        trial, epochs = run.trials[place], run.trials[place].candidate.epochs
        value = found.measured(run.scores[place, 0])
        more = [evaluation.metrics.get(name, math.nan) for name in others]
        rows.append(
            [
                _Cell(escape(run.name)),
                _Cell(f"{trial.id:,}", trial.id),
                _Cell(amount(value), value),
                _Cell(
                    "–" if epochs is None else f"{epochs:,}", math.nan if epochs is None else epochs
                ),
                _Cell(_time(evaluation.seconds), evaluation.seconds),
                *(_Cell(amount(number), number) for number in more),
                _Cell(f"<code>{escape(text)}</code>"),
            ]
        )
    return _table(head, rows, order=2)


def failures(found: Searched) -> str:
    """Returns the section with what failed, the same messages counted; empty if nothing did."""
    groups: dict[str, dict[str, int]] = {}
    missing = f"no value of {found.objectives[0].metric}"
    for run in found.runs:
        for k in np.flatnonzero(np.isnan(run.scores[:, 0])).tolist():
            own = groups.setdefault(run.trials[k].evaluation.error or missing, {})
            own[run.strategy] = own.get(run.strategy, 0) + 1
    if not groups:
        return ""
    ranked = sorted(groups.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    head = [("Trials", "that failed so", "descending"), ("Strategies", "", ""), ("Message", "", "")]
    rows = []
    for message, own in ranked[:_REASONS]:
        count = sum(own.values())
        short = message if len(message) <= _LONG else message[:_LONG] + "…"
        who = "<br>".join(f"{escape(name)} {n:,}" for name, n in own.items())
        rows.append([_Cell(f"{count:,}", count), _Cell(who), _Cell(escape(short))])
    rest = ranked[_REASONS:]
    more = sum(sum(own.values()) for _, own in rest)
    tail = f"{len(rest):,} other messages, {more:,} trials in all, are in trials.sqlite."
    note = f'<p class="about small">{tail}</p>' if rest else ""
    return (
        f'<section class="failures"><h2>Failures</h2>{_table(head, rows, order=0)}{note}</section>'
    )


def settings(found: Searched) -> str:
    """Returns the section with settings of the search and its strategies, and all versions."""
    versions = {name: {str(value): None} for name, value in found.versions.items()}
    own: dict[str, Any] = {}
    for run in found.runs:
        for name, value in _mapping(run.info.get("versions")).items():
            versions.setdefault(name, {})[str(value)] = None
        for name, value in _mapping(run.info.get("strategy_settings")).items():
            own.setdefault(f"{run.strategy}: {name}", value)
    parts = [
        facts("Settings", dict(_flat(found.settings))),
        facts("Strategies", dict(_flat(own))) if own else "",
        facts("Versions", {name: list(values) for name, values in versions.items()}),
    ]
    return (
        "<details><summary>Settings and versions</summary>"
        f'<div class="facts">{"".join(parts)}</div></details>'
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """Yields nested settings under dotted names; objectives in words."""
    for name, value in values.items():
        if name == "objectives" and isinstance(value, list):
            ways = ("maximize", "minimize")
            yield name, [f"{ways[item['minimize']]} {item['metric']}" for item in value]
        elif isinstance(value, dict) and value:
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", None if value == {} else value


def _has_regret(items: Sequence[StrategySummary]) -> bool:
    return any(math.isfinite(item.regret_mean) for item in items)


def _time(seconds: float) -> str:
    return duration(seconds).replace("<", "&lt;") if math.isfinite(seconds) else "–"


def _mean(mean: float, deviation: float | None) -> _Cell:
    sd = "" if deviation is None else f' <span class="sd">± {amount(deviation)}</span>'
    return _Cell(amount(mean) + sd, mean)


def _table(
    head: Sequence[tuple[str, str, str]], rows: Sequence[Sequence[_Cell]], order: int
) -> str:
    """Returns a table that can be sorted.

    Args:
        head: title, tooltip, and the order that a first click gives; empty for texts.
        rows: of cells.
        order: the column by which the rows are in order already.
    """
    titles = []
    for i, (title, about, first) in enumerate(head):
        kind = ' class="num"' if first else ""
        now = f' aria-sort="{first}"' if i == order else ""
        titles.append(
            f'<th scope="col"{kind}{now} data-first="{first or "ascending"}" '
            f'title="{escape(about)}"><button type="button">{escape(title)}</button></th>'
        )
    body = "\n".join(f"<tr>{''.join(map(_cell, range(len(row)), row))}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{"".join(titles)}</tr></thead>'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _cell(column: int, cell: _Cell) -> str:
    if cell.value is None:
        return f"<td>{cell.html}</td>" if column else f'<th scope="row">{cell.html}</th>'
    sort = f' data-value="{float(cell.value)!r}"' if math.isfinite(cell.value) else ""
    return f'<td class="num"{sort}>{cell.html}</td>'
