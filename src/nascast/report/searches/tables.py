"""The tables of a search's report, as texts and numbers that the templates lay out."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nascast.report.figures import Look
from nascast.report.table import Cell, Heading, Row, Table, facts
from nascast.report.words import duration
from nascast.studies.searches.results import Searched, best_trials
from nascast.studies.searches.summary import StrategySummary, metric_on_test

__all__ = ["amount", "failures", "more_failures", "settings", "strategies", "trials", "words"]

_SHOWN = 50  # trials in the table; chosen
_REASONS = 20  # kinds of failure in the table; chosen
_LONG = 400  # letters of a message that are shown; chosen
_METRICS = 6  # columns of further metrics at most; chosen


def amount(value: float) -> str:
    """Returns a metric's value as text, with a true minus sign; NaN is a dash."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    digits = 0 if size >= 1000 or (value == int(value) and size >= 100) else 2 if size >= 10 else 3
    if 0 < size < 0.001:
        return f"{value:.2e}".replace("-", "−")
    return f"{value:,.{digits}f}".replace("-", "−")


def words(metric: str, unit: str = "") -> str:
    """Returns a metric's name in words, with its unit."""
    sign = {"percent": "%", "count": "", "none": ""}.get(unit, unit)
    return metric.replace("_", " ") + (f" ({sign})" if sign else "")


def strategies(
    found: Searched, items: Sequence[StrategySummary], look: Mapping[str, Look]
) -> Table:
    """Returns a table with a row for each strategy, the best mean first."""
    down = "ascending" if found.objectives[0].minimize else "descending"
    test = any(math.isfinite(item.test_mean) for item in items)
    head = [
        ("Strategy", "name, and settings in which others of that name differ", ""),
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
        ("Thinking", "mean processor time of the strategy in a run", "ascending"),
        ("Spent", "evaluation time of all runs", "ascending"),
    ]
    rows = []
    for item in items:
        name = Cell(item.strategy, look=look[item.strategy])
        row = [name, *(Cell(f"{n:,}", n) for n in (item.seeds, item.trials, item.failed))]
        row.append(_mean(item.best_mean, item.best_sd))
        row += [_mean(item.test_mean, item.test_sd)] * test
        row += [_mean(item.regret_mean, item.regret_sd)] * _has_regret(items)
        row += [Cell(_time(s), s) for s in (item.seconds, item.thinking, item.spent)]
        rows.append(row)
    return _table(head, rows, order=4)


def trials(found: Searched) -> Table:
    """Returns a table of the 50 best trials of all runs, at least one of which has a value.

    Longer trainings come before shorter ones.
    """
    best = best_trials(found, _SHOWN)
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
                Cell(run.name),
                Cell(f"{trial.id:,}", trial.id),
                Cell(amount(value), value),
                Cell(
                    "–" if epochs is None else f"{epochs:,}", math.nan if epochs is None else epochs
                ),
                Cell(_time(evaluation.seconds), evaluation.seconds),
                *(Cell(amount(number), number) for number in more),
                Cell(text, code=True),
            ]
        )
    lengths = {float(run.epochs[place]) for run, place in best}
    return _table(head, rows, order=2 if len(lengths) == 1 else 3)  # long trainings come first


def failures(found: Searched) -> Table:
    """Returns a table of the messages of failed trials with counts, the most frequent first."""
    head = [
        Heading("Trials", "that failed so", "descending"),
        Heading("Strategies", ""),
        Heading("Message", ""),
    ]
    rows = []
    for message, own in _messages(found)[:_REASONS]:
        count = sum(own.values())
        short = message if len(message) <= _LONG else message[:_LONG] + "…"
        first, *more = (f"{name} {n:,}" for name, n in own.items())
        rows.append(Row([Cell(f"{count:,}", count), Cell(first, more=more), Cell(short)]))
    return Table(head, rows, order=0)


def more_failures(found: Searched) -> str:
    """Returns a remark on the messages that the table of failures leaves out; empty if none."""
    rest = _messages(found)[_REASONS:]
    more = sum(sum(own.values()) for _, own in rest)
    return f"{len(rest):,} other messages, {more:,} trials in all, are in trials.sqlite." * bool(
        rest
    )


def _messages(found: Searched) -> list[tuple[str, dict[str, int]]]:
    """Returns every message with its number of trials by strategy, the most frequent first."""
    groups: dict[str, dict[str, int]] = {}
    missing = f"no value of {found.objectives[0].metric}"
    for run in found.runs:
        for k in np.flatnonzero(np.isnan(run.scores[:, 0])).tolist():
            own = groups.setdefault(run.trials[k].evaluation.error or missing, {})
            own[run.strategy] = own.get(run.strategy, 0) + 1
    return sorted(groups.items(), key=lambda item: (-sum(item[1].values()), item[0]))


def settings(found: Searched) -> list[tuple[str, list[tuple[str, str]]]]:
    """Returns settings of the search and its strategies, and all versions, under their titles."""
    versions = {name: {str(value): None} for name, value in found.versions.items()}
    own: dict[str, Any] = {}
    for run in found.runs:
        for name, value in _mapping(run.info.get("versions")).items():
            versions.setdefault(name, {})[str(value)] = None
        own[run.strategy] = str(run.spec)
    setups = found.differing() or {"": found.setup}
    named = {f"Settings of {name}" if name else "Settings": s for name, s in setups.items()}
    groups = {
        **{title: dict(_flat(setup.json())) for title, setup in named.items()},
        "Strategies": own,
        "Versions": {name: list(values) for name, values in versions.items()},
    }
    return [(title, facts(group)) for title, group in groups.items() if group]


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
    return duration(seconds) if math.isfinite(seconds) else "–"


def _mean(mean: float, deviation: float | None) -> Cell:
    return Cell(amount(mean), mean, "" if deviation is None else amount(deviation))


def _table(
    head: Sequence[tuple[str, str, str]], rows: Sequence[Sequence[Cell]], order: int
) -> Table:
    """Returns a table of columns with title, tooltip and order of a first click."""
    return Table([Heading(*column) for column in head], [Row(cells) for cells in rows], order)
