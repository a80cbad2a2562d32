"""A search as one HTML file that needs nothing else: no network, no other files."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path, PurePath
from typing import Literal

import numpy as np

from nascast.core.errors import UnsupportedError
from nascast.report import search_figures as figures
from nascast.report import search_tables as tables
from nascast.report.drawing import svg
from nascast.report.figure_parts import Look, Spec
from nascast.report.page import page, plot, plotly_source, tile, write
from nascast.report.search_folder import Run, Searched, read_search
from nascast.report.search_summary import (
    StrategySummary,
    best_trials,
    operation_shares,
    summarize,
)
from nascast.report.search_tables import amount, words
from nascast.report.tables import key
from nascast.report.words import duration

__all__ = ["write_search_report"]

_LABELS = 20  # operations in the figure at most; chosen
_SIZES = {"parameters": "parameters", "multiply_adds": "multiply-adds"}


def write_search_report(folder: Path, out: Path | None = None) -> Path:
    """Writes the report of a search; the same search gives the same bytes.

    Args:
        folder: of the search, as written by ``nascast search --out``.
        out: the HTML file; None is ``report.html`` in `folder`.

    Returns:
        The file written.

    Raises:
        MissingDataError: no search in `folder`.
        CorruptDataError: a file of the search cannot be read.
        MissingExtraError: Plotly or Matplotlib is not installed.
        StoreError: the trials cannot be read, or the report cannot be written.
    """
    found = read_search(folder)
    groups = found.by_strategy()
    title = escape(f"Architecture search in {found.space.name}")
    items = summarize(found)
    body = [
        '<header><p class="eyebrow">nascast · architecture search</p>',
        f'<h1>{title}</h1><p class="lead">{escape(" ".join(_lead(found, groups)))}</p></header>',
        _tiles(found, items),
        *_sections(found, groups, items, figures.strategy_looks(list(groups))),
        tables.failures(found),
        tables.settings(found),
    ]
    valued = bool(best_trials(found, 1))
    return write(
        page(title, body, plotly_source() if valued else ""), out or folder / "report.html"
    )


def _lead(found: Searched, groups: Mapping[str, Sequence[Run]]) -> Iterable[str]:
    """Says in plain words what was searched."""
    objective, benchmark = found.objectives[0], found.settings["benchmark"]
    aim = "smallest" if objective.minimize else "largest"
    names = words(objective.metric, found.unit)
    seeds = max(map(len, groups.values()), default=0)
    yield (
        f"{_count(len(groups), 'strategy')} looked for the architecture with the {aim} {names}"
        f"{f' with {seeds:,} seeds each' if seeds > 1 else ''}."
    )
    if benchmark:
        name = PurePath(benchmark).name
        yield f"Trainings were looked up in {name}, and seconds are those that it recorded."
    else:
        yield "Every trial is a network that was trained for it."
    if len(found.objectives) > 1:
        also = ", ".join(words(other.metric) for other in found.objectives[1:])
        yield f"Also counted: {also}."


def _tiles(found: Searched, items: Sequence[StrategySummary]) -> str:
    first = best_trials(found, 1)
    if first:
        ((run, place),) = first
        value = amount(found.measured(run.scores[place, 0]))
        unit = {"percent": " %"}.get(found.unit, "")
        which = f"{run.strategy}, seed {run.seed}, trial {run.trials[place].id:,}"
        name = words(found.objectives[0].metric)
        best = tile(f"Best {name}", f"{value}<small>{unit}</small>", which)
    else:
        best = tile("Best value", "–", "no trial has a value")
    trials, failed = sum(item.trials for item in items), sum(item.failed for item in items)
    runs = _count(len(found.runs), "run")
    counts = tile(
        "Trials",
        f"{trials:,} <small>{failed:,} failed</small>" if failed else f"{trials:,}",
        f"of {runs}" + ("" if failed else ", none failed"),
    )
    spent = float(np.nansum([item.spent for item in items]))
    clocks = [float(np.nanmax(r.clock)) for r in found.runs if np.isfinite(r.clock).any()]
    note = f"of evaluations; the longest run took {duration(max(clocks))}" if clocks else "unknown"
    time = tile("Time", escape(duration(spent)) if clocks else "–", note)
    return f'<section class="tiles" aria-label="Headline results">{best}{counts}{time}</section>'


def _sections(
    found: Searched,
    groups: Mapping[str, Sequence[Run]],
    items: Sequence[StrategySummary],
    look: Mapping[str, Look],
) -> Iterable[str]:
    if not items:
        yield '<p class="empty">There are no trials yet.</p>'
        return
    yield (
        f"<section><h2>Strategies</h2>{tables.strategies(found, items, look)}"
        f'<p class="about small">{escape(_strategies_note(found, items))}</p></section>'
    )
    if not best_trials(found, 1):
        yield '<p class="empty">There is nothing to draw: no trial has a value.</p>'
        return
    yield _progress(found, groups, look)
    yield _pareto(found, groups, look)
    yield _controller(found, groups, look)
    yield _pictures(found)
    yield _operations(found)
    shown = min(50, sum(item.trials - item.failed for item in items))
    yield (
        f'<section><h2>Best trials</h2><p class="about">The best {shown:,} of all runs; click a '
        f'title to sort.</p><div class="trials">{tables.trials(found)}</div></section>'
    )


def _strategies_note(found: Searched, items: Sequence[StrategySummary]) -> str:
    text = []
    if any(item.best_sd is not None for item in items):
        text.append("Means over runs, ± one sample standard deviation.")
    text.append("Best is the best value that a run measured, after however many epochs.")
    if any(item.test_mean == item.test_mean for item in items):
        text.append("Test is the test value of that same trial, which no strategy saw.")
    if found.optimum is not None:
        text.append(
            f"Regret is how far Best is from {amount(found.optimum)}, the best value that the "
            "benchmark recorded after full training."
        )
    text.append("Clock is the mean length of a run, Spent the evaluation time of all runs.")
    return " ".join(text)


def _progress(
    found: Searched, groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look]
) -> str:
    objective = found.objectives[0]
    metric = words(objective.metric, found.unit)
    several = any(len(runs) > 1 for runs in groups.values())
    banded = len(groups) <= figures.BANDS
    about = (
        "The best value that was found so far"
        + (", as the mean over seeds" if several else "")
        + ("; the band is the middle half of the seeds" if several and banded else "")
        + ". A line begins when every run of its strategy has a value, and a run that has ended "
        "keeps its best."
    )
    axes: tuple[tuple[Literal["trials", "clock"], str], ...]
    axes = ("trials", "trials"), ("clock", "time")
    drawn = [
        (
            f"best-{axis}",
            f"Best so far over {over}",
            figures.best_so_far(
                groups, look, axis=axis, metric=metric, minimize=objective.minimize
            ),
        )
        for axis, over in axes
    ]
    title = "Every trial, and the mean of the last 20" + (", first seed" if several else "")
    drawn.append(("rewards", title, figures.rewards(groups, look, metric, objective.minimize)))
    parts = "".join(_figure(id_, caption, spec, look) for id_, caption, spec in drawn)
    return f'<section><h2>Progress</h2><p class="about">{about}</p>{parts}</section>'


def _pareto(found: Searched, groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look]) -> str:
    if len(found.objectives) < 2:
        return ""
    one, two = found.objectives[:2]
    spec = figures.objectives_of_all(
        groups,
        look,
        (words(one.metric, found.unit), words(two.metric)),
        (one.minimize, two.minimize),
    )
    ways = [f"{'smaller' if o.minimize else 'larger'} {words(o.metric)}" for o in (one, two)]
    about = (
        f"A point is a trial; better is {ways[0]} and {ways[1]}. Rings are the trials of all "
        "strategies together that no other surpasses in both."
    )
    drawn = _figure("front", "The first two objectives", spec, look)
    return f'<section><h2>Pareto front</h2><p class="about">{escape(about)}</p>{drawn}</section>'


def _controller(
    found: Searched, groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look]
) -> str:
    recorded = [name for name in look if any(run.name in found.diagnostics for run in groups[name])]
    shown = [
        ("entropy", "Entropy of the controller", ("entropy",), "nats"),
        ("reward", "Reward, and dotted its baseline", ("reward", "baseline"), "reward"),
    ]
    drawn = "".join(
        _figure(
            id_,
            title,
            figures.per_update(groups, look, found.diagnostics, series, unit),
            look,
            recorded,
        )
        for id_, title, series, unit in shown
    )
    if not drawn:
        return ""
    about = (
        "What strategies recorded at each update of their controller. Entropy falls as it makes up "
        "its mind: at 0 it proposes one architecture only."
    )
    return f'<section><h2>Controller</h2><p class="about">{about}</p>{drawn}</section>'


def _pictures(found: Searched) -> str:
    cards = []
    for rank, (run, place) in enumerate(best_trials(found)):
        trial = run.trials[place]
        genes = found.space.row(trial.candidate.arch)
        try:
            picture = f'<div class="picture">{svg(found.space.graphs(genes), f"best{rank}")}</div>'
        except UnsupportedError:
            picture = ""
        metrics = trial.evaluation.metrics
        sizes = [
            f"{_large(metrics[name])} {word}" for name, word in _SIZES.items() if name in metrics
        ]
        note = " · ".join([f"{run.name}, trial {trial.id:,}", *sizes])
        (text,) = found.space.to_text(genes)
        value = amount(found.measured(run.scores[place, 0]))
        cards.append(
            f'<figure class="best"><figcaption><span class="row"><b>No. {rank + 1}</b>'
            f"<span>{escape(words(found.objectives[0].metric))} {value}</span></span>"
            f'<span class="note">{escape(note)}</span></figcaption>{picture}'
            f'<p class="text"><code>{escape(text)}</code>'
            '<button type="button" data-copy>copy</button></p></figure>'
        )
    return (
        f'<section><h2>Best architectures</h2><div class="bests">{"".join(cards)}</div></section>'
    )


def _operations(found: Searched) -> str:
    try:
        labels, best, every = operation_shares(found)
    except UnsupportedError:
        return ""
    if not labels:
        return ""
    spec = figures.operations(labels[:_LABELS], best[:_LABELS], every[:_LABELS])
    more = len(labels) - _LABELS
    rest = f" The {_LABELS} most frequent of {len(labels):,} are shown." if more > 0 else ""
    return (
        '<section><h2>Operations</h2><p class="about">How often each operation stands in the '
        f"architectures of the best tenth of all trials, against all trials with a value.{rest}</p>"
        '<figure><figcaption><span class="bars"><i class="first"></i>the best tenth'
        '<i class="second"></i>all trials</span></figcaption>'
        f"{plot('operations', spec, 'Frequency of operations')}</figure></section>"
    )


def _figure(
    id_: str,
    title: str,
    spec: Spec | None,
    look: Mapping[str, Look],
    shown: Collection[str] | None = None,
) -> str:
    """Returns a figure under its key; nothing without a specification."""
    if spec is None:
        return ""
    names = key(look, shown) if len(look) > 1 else ""
    return f"<figure><figcaption>{title}</figcaption>{names}{plot(id_, spec, title)}</figure>"


def _large(value: float) -> str:
    """Writes a count for people, such as ``1.07 M``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return amount(value)


def _count(number: int, word: str) -> str:
    many = word[:-1] + "ies" if word.endswith("y") else word + "s"
    return f"{number:,} {word if number == 1 else many}"
