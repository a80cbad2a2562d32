"""A search as one HTML file that needs nothing else: no network, no other files."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np

from nascast.core.errors import UnsupportedError
from nascast.report.cells import picture
from nascast.report.chart import Chart
from nascast.report.figures import Look
from nascast.report.page import Figure, Tile, figure, markup, page, write
from nascast.report.searches import children, figures, guidance, tables
from nascast.report.searches.tables import amount, words
from nascast.report.words import count, duration
from nascast.studies.searches.joined import joined
from nascast.studies.searches.results import Run, Searched, best_trials, read_search
from nascast.studies.searches.summary import StrategySummary, operation_shares, summarize

__all__ = ["search_page", "write_search_report"]

_WIDE = 420  # pixels of a picture above which it has the width of the page; chosen
_GUIDED = 3  # strategies whose predictions are drawn at most; chosen
_LABELS = 20  # operations in the figure at most; chosen
_SIZES = {"parameters": "parameters", "multiply_adds": "multiply-adds"}


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A figure under its key.

    Attributes:
        title: title of the figure.
        figure: figure to draw.
        shown: names of the strategies in the key; None is all.
    """

    title: str
    figure: Figure
    shown: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class _Section:
    """Figures under a title and a text."""

    title: str
    about: str
    figures: Sequence[_Drawn]


@dataclass(frozen=True, slots=True)
class _Best:
    """One of the best architectures: its value, sizes, picture as markup, and notation.

    A `wide` one has the width of the page.
    """

    value: str
    note: str
    picture: Any
    wide: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Operations:
    """The figure of operations, and the number that it leaves out, in words."""

    figure: Figure
    rest: str


def write_search_report(folder: Path, *others: Path, out: Path | None = None) -> Path:
    """Writes the report of a search, or of several side by side; the same gives the same bytes.

    Args:
        folder: folder of the search, as written by ``nascast search --out``.
        others: folders of more searches, of the same space and objectives.
        out: path of the HTML file; None is ``report.html`` in `folder`.

    Returns:
        The path of the file written.

    Raises:
        MissingDataError: there is no search in `folder`.
        InvalidSettingError: spaces or objectives differ.
        CorruptDataError: a file of the search cannot be read.
        MissingExtraError: Jinja2 is not installed.
        StoreError: the trials cannot be read, or the report cannot be written.
    """
    return write(search_page(folder, *others), out or folder / "report.html")


def search_page(folder: Path, *others: Path) -> str:
    """Returns the report of searches as HTML; see `write_search_report`."""
    found = joined({str(each): read_search(each) for each in (folder, *others)})
    groups = found.by_strategy()
    items = summarize(found)
    look = figures.strategy_looks(list(groups))
    valued = bool(best_trials(found, 1))
    values = {
        "eyebrow": "architecture search",
        "title": f"Architecture search in {found.space.name}",
        "lead": " ".join(_lead(found, groups)),
        "tiles": _tiles(found, items),
        "look": look,
        "strategies": tables.strategies(found, items, look) if items else None,
        "note": _strategies_note(found, items),
        "failures": tables.failures(found),
        "more_failures": tables.more_failures(found),
        "settings": tables.settings(found),
        "sections": None,
        **(_valued(found, groups, items, look) if valued else {}),
    }
    return page("search.html", values)


def _lead(found: Searched, groups: Mapping[str, Sequence[Run]]) -> Iterable[str]:
    """Yields sentences on what was searched."""
    objective, benchmark = found.objectives[0], found.benchmark
    aim = "smallest" if objective.minimize else "largest"
    names = words(objective.metric, found.unit)
    seeds = max(map(len, groups.values()), default=0)
    yield (
        f"{count(len(groups), 'strategy')} looked for the architecture with the {aim} {names}"
        f"{f' with {seeds:,} seeds each' if seeds > 1 else ''}."
    )
    if differing := found.differing():
        for search, setup in differing.items():
            where = setup.evaluator.get("benchmark")
            how = f"looked trainings up in {PurePath(where).name}" if where else "trained networks"
            yield f"{search} {how}."
        yield "Values of different evidence do not compare."
    elif benchmark:
        name = PurePath(benchmark).name
        seconds = "seconds are those that it recorded and those that the strategies thought"
        if not any(np.isfinite(run.clock).any() for run in found.runs):
            seconds = "it did not record how long they took"
        yield f"Trainings were looked up in {name}, and {seconds}."
    else:
        yield "Every trial is a network that was trained for it."
    for name, prior in _priors(groups).items():
        yield (
            f"{name} began with what was known before: {prior}, not counted among the trials and "
            "seconds here."
        )
    if len(found.objectives) > 1:
        also = ", ".join(words(other.metric) for other in found.objectives[1:])
        yield f"Also counted: {also}."


def _priors(groups: Mapping[str, Sequence[Run]]) -> dict[str, str]:
    """Returns what strategies knew before their first trial, in the words of `Prior`."""
    found = {name: runs[0].spec.settings.get("prior") for name, runs in groups.items()}
    return {name: str(prior) for name, prior in found.items() if prior is not None}


def _tiles(found: Searched, items: Sequence[StrategySummary]) -> list[Tile]:
    first = best_trials(found, 1)
    best = Tile("Best value", "–", "no trial has a value")
    if found.differing():
        best = Tile("Best value", "–", "of each search below; they do not compare")
    elif first:
        ((run, place),) = first
        value = amount(found.measured(run.scores[place, 0]))
        which = f"{run.strategy}, seed {run.seed}, trial {run.trials[place].id:,}"
        unit = {"percent": "%"}.get(found.unit, "")
        best = Tile(f"Best {words(found.objectives[0].metric)}", value, which, unit=unit)
    trials, failed = sum(item.trials for item in items), sum(item.failed for item in items)
    runs = f"of {count(len(found.runs), 'run')}"
    counts = Tile("Trials", f"{trials:,}", f"{runs}, none failed")
    if failed:
        counts = Tile("Trials", f"{trials:,}", runs, small=f"{failed:,} failed")
    spent = sum(item.spent for item in items)
    clocks = [float(np.nanmax(r.clock)) for r in found.runs if np.isfinite(r.clock).any()]
    note = f"of evaluations; the longest run took {duration(max(clocks))}" if clocks else "unknown"
    return [best, counts, Tile("Time", duration(spent) if clocks else "–", note)]


def _valued(
    found: Searched,
    groups: Mapping[str, Sequence[Run]],
    items: Sequence[StrategySummary],
    look: Mapping[str, Look],
) -> dict[str, Any]:
    """Returns the values of the page that show trials with a value, where there are any."""
    sections = (
        _progress(found, groups, look),
        _pareto(found, groups, look),
        _guidance(found, groups, look),
        _controller(found, groups, look),
    )
    return {
        "sections": [section for section in sections if section and section.figures],
        "best": [] if found.differing() else list(_bests(found)),
        "operations": _operations(found),
        "trials": tables.trials(found),
        "shown": f"{min(50, sum(item.trials - item.failed for item in items)):,}",
    }


def _strategies_note(found: Searched, items: Sequence[StrategySummary]) -> str:
    text = []
    if any(item.best_sd is not None for item in items):
        text.append("Means over runs, ± one sample standard deviation.")
    text.append("Best is the best value among the longest trainings of a run.")
    if any(item.test_mean == item.test_mean for item in items):
        text.append("Test is the test value of that same trial, which no strategy saw.")
    if found.optimum is not None:
        text.append(
            f"Regret is how far Best is from {amount(found.optimum)}, the best value that the "
            "benchmark recorded after full training."
        )
    text.append(
        "Clock is the mean length of a run, Thinking the part of it that the strategy took, Spent "
        "the evaluation time of all runs."
    )
    return " ".join(text)


def _progress(
    found: Searched, groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look]
) -> _Section:
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
    drawn.append(("rewards", title, children.rewards(groups, look, metric, objective.minimize)))
    curves = children.learning_curves(groups, look, objective.metric, metric)
    kept = "Learning curves of children" + (", first seed" if several else "")
    drawn.append(("curves", kept, curves))
    return _Section("Progress", about, list(_figures(drawn)))


def _pareto(
    found: Searched, groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look]
) -> _Section | None:
    if len(found.objectives) < 2:
        return None
    one, two = found.objectives[:2]
    chart = figures.objectives_of_all(
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
    return _Section(
        "Pareto front", about, list(_figures([("front", "The first two objectives", chart)]))
    )


def _guidance(
    found: Searched, groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look]
) -> _Section:
    objective = found.objectives[0]
    metric = words(objective.metric, found.unit)
    told = {n: found.diagnostics.get(groups[n][0].name, {}) for n in look}
    guided = [name for name in look if "foreseen" in told[name]]
    drawn: list[tuple[str, str, Chart | None]] = []
    for place, name in enumerate(guided[:_GUIDED]):
        run, whose = groups[name][0], f", {name}" if len(guided) > 1 else ""
        chart = guidance.predictions(
            run, told[name], look[name], metric, minimize=objective.minimize
        )
        drawn.append((f"foreseen-{place}", f"Predicted and measured{whose}", chart))
        title = f"Parts that go with the prediction{whose}"
        drawn.append((f"parts-{place}", title, guidance.parts(told[name])))
    held = guidance.calibration(groups, look, found.diagnostics)
    drawn.insert(1, ("inside", "Trials inside their intervals, of the last 20", held))
    about = (
        "What the strategy predicted of each trial by those told before it: the line is the mean, "
        "the band is to hold 90 % of what is measured. It knows ranks only, so that nothing is "
        "predicted to be above the best so far; it chose where the mean, the interval, or both "
        "reach high. Parts are told by the correlation, over 2,000 random architectures, between "
        "their number and the prediction at the end. First seed."
    )
    return _Section("What guided the search", about, list(_figures(drawn, guided)))


def _controller(
    found: Searched, groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look]
) -> _Section:
    shown = [
        ("entropy", "Entropy of the controller", ("entropy",), "nats"),
        ("reward", "Reward, and dotted its baseline", ("reward", "baseline"), "reward"),
    ]
    series = {one for _, _, names, _ in shown for one in names}
    recorded = [
        name
        for name in look
        if any(series & found.diagnostics.get(run.name, {}).keys() for run in groups[name])
    ]
    drawn = [
        (id_, title, figures.per_update(groups, look, found.diagnostics, names, unit))
        for id_, title, names, unit in shown
    ]
    about = (
        "What strategies recorded at each update of their controller. Entropy falls as it makes up "
        "its mind: at 0 it proposes one architecture only."
    )
    return _Section("Controller", about, list(_figures(drawn, recorded)))


def _bests(found: Searched) -> Iterable[_Best]:
    for run, place in best_trials(found):
        trial = run.trials[place]
        genes = found.space.row(trial.candidate.arch)
        try:
            drawn = picture(found.space.graphs(genes))
        except UnsupportedError:
            drawn = None
        metrics = trial.evaluation.metrics
        sizes = [
            f"{_large(metrics[name])} {word}" for name, word in _SIZES.items() if name in metrics
        ]
        value = amount(found.measured(run.scores[place, 0]))
        (text,) = found.space.to_text(genes)
        yield _Best(
            value=f"{words(found.objectives[0].metric)} {value}",
            note=" · ".join([f"{run.name}, trial {trial.id:,}", *sizes]),
            picture=markup(drawn.svg) if drawn else None,
            wide=drawn is not None and drawn.width > _WIDE,
            text=text,
        )


def _operations(found: Searched) -> _Operations | None:
    try:
        labels, best, every = operation_shares(found)
    except UnsupportedError:
        return None
    if not labels:
        return None
    chart = figures.operations(labels[:_LABELS], best[:_LABELS], every[:_LABELS])
    more = len(labels) - _LABELS
    rest = f" The {_LABELS} most frequent of {len(labels):,} are shown." if more > 0 else ""
    return _Operations(figure("operations", chart, "Frequency of operations"), rest)


def _figures(
    charts: Iterable[tuple[str, str, Chart | None]], shown: Collection[str] | None = None
) -> Iterable[_Drawn]:
    """Yields figures of ids, titles and charts; those without the last are left out."""
    for id_, title, chart in charts:
        if chart is not None:
            yield _Drawn(title, figure(id_, chart, title), shown)


def _large(value: float) -> str:
    """Returns a count as text for people, such as ``1.07 M``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return amount(value)
