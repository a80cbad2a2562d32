"""What can be had within given budgets: maps of the best predictor, and the best of each family."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from nascast.core.types import Floats
from nascast.report.chart import Axis, Band, Chart, Dots, Item, Line, Margin, Mark, Patch, Rule
from nascast.report.figures import BAND, COLOURS, Look, time_axis
from nascast.report.predictors.figures import (
    SYMBOLS,
    hover,
    instant,
    noise_marks,
    seconds_of,
    tau_axis,
)
from nascast.report.words import duration
from nascast.studies.noise import NoiseLimits
from nascast.studies.predictors.pareto import coarse
from nascast.studies.predictors.summary import INSTANT, Summary

__all__ = [
    "Within",
    "best_of_families",
    "best_within",
    "family_looks",
    "front",
    "map_of_best",
    "map_of_tau",
]

_ROWS, _COLUMNS = 11, 14  # initialization and query budgets, as many as the study of 2021 has
_LETTERS = 10  # of a name that fit into a cell of a map on a wide screen, about
_MARGIN = Margin(left=70, right=12, top=36, bottom=56)
_TITLES = ("query time for one architecture", "initialization time")


@dataclass(frozen=True, slots=True)
class Within:
    """The best of what needs no more than each pair of budgets.

    Attributes:
        init: ``(rows,)`` initialization budgets in seconds, ascending, in equal factors.
        query: ``(columns,)`` query budgets in seconds for one architecture, likewise.
        best: ``(rows, columns)`` the summary of the highest mean τ; None where nothing is so quick.
    """

    init: Floats
    query: Floats
    best: Sequence[Sequence[Summary | None]]

    def winners(self) -> list[str]:
        """Returns the predictors that are best somewhere, once each."""
        return list(dict.fromkeys(s.predictor for row in self.best for s in row if s is not None))


def best_within(summaries: Sequence[Summary]) -> Within | None:
    """Returns the best within 11 × 14 budgets from the shortest to the longest that was measured.

    Times below `INSTANT` count as that. None where no summary has τ and both times.
    """
    known = [s for s in summaries if math.isfinite(s.kendall + _total(s))]
    if not known:
        return None
    init = np.maximum([s.init_seconds_total for s in known], INSTANT)
    query = np.maximum([s.query_seconds_each for s in known], INSTANT)
    rows, columns = _budgets(init, _ROWS), _budgets(query, _COLUMNS)
    enough = (init <= rows[:, None, None]) & (query <= columns[:, None])
    tau = np.where(enough, [s.kendall for s in known], -np.inf)
    places = np.where(enough.any(-1), tau.argmax(-1), -1)
    best = [[known[i] if i >= 0 else None for i in row] for row in places.tolist()]
    return Within(rows, columns, best)


def map_of_best(found: Within, look: Mapping[str, Look]) -> Chart:
    """Returns a map of the best predictor within both budgets, each in its colour and by name."""
    patches: list[Item] = []
    groups = {name: str(i) for i, name in enumerate(look)}
    for row, ends in zip(found.best, _cells(found.init), strict=True):
        named = _named([s.predictor if s else "" for s in row])
        for item, span, text in zip(row, _cells(found.query), named, strict=True):
            if item is not None:
                colour, group = look[item.predictor].colour, groups[item.predictor]
                tip = _tip(span, ends, item)
                patches.append(Patch(span, ends, colour, text, tip, 0.5, group=group))
    return _map(found, patches)


def map_of_tau(found: Within) -> Chart:
    """Returns a map of the highest mean τ within both budgets: the deeper, the higher."""
    taus = [s.kendall for row in found.best for s in row if s is not None]
    low, high = min(taus), max(taus)
    patches: list[Item] = []
    for row, ends in zip(found.best, _cells(found.init), strict=True):
        for item, span in zip(row, _cells(found.query), strict=True):
            if item is not None:
                depth = 0.12 + 0.76 * (item.kendall - low) / (high - low or 1.0)
                ink = "#ffffff" if depth > 0.55 else "var(--ink)"
                text = f"{item.kendall:.2f}".replace("-", "−").replace("0.", ".")
                tip = _tip(span, ends, item)
                patches.append(Patch(span, ends, COLOURS[0], text, tip, depth, ink))
    return _map(found, patches)


def best_of_families(
    summaries: Sequence[Summary],
    axis: Literal["init", "query"],
    families: Mapping[str, Look],
    noise: NoiseLimits | None,
) -> Chart:
    """Returns a figure of the highest τ of each family within a time, whatever the other time.

    Args:
        summaries: summaries of all predictors.
        axis: time on the horizontal axis, as in `tau_against_time`.
        families: looks by family.
        noise: limits of noise, or None.
    """
    known = [s for s in summaries if math.isfinite(s.kendall + seconds_of(s, axis))]
    times_of = coarse(np.array([seconds_of(s, axis) for s in known])).tolist()
    order = sorted(range(len(known)), key=lambda i: (times_of[i], -known[i].kendall))
    known = [known[i] for i in order]
    times = time_axis([seconds_of(s, axis) for s in known], _TITLES[axis == "init"])
    limits = noise_marks(noise)
    values = tau_axis(known, [tau for _, _, tau in limits])
    items: list[Item] = []
    if any(seconds_of(s, axis) < INSTANT for s in known):
        items.append(instant(values))
    items += [Rule(tau, f"{text} τ = {tau:.3f}", dash, 0.0) for text, dash, tau in limits]
    for family, one in families.items():
        items += _rising([s for s in known if s.family == family], axis, one, family, times.high)
    return Chart(times, values, items, 400, Margin(48, 12, 36, 56))


def front(summaries: Sequence[Summary], look: Mapping[str, Look]) -> Chart:
    """Returns a figure of all budgets by both times; those that are Pareto-optimal stand out."""
    known = [s for s in summaries if math.isfinite(_total(s))]
    x = time_axis([s.query_seconds_each for s in known], _TITLES[0])
    y = time_axis([s.init_seconds_total for s in known], _TITLES[1])
    items: list[Item] = []
    for i, (name, one) in enumerate(look.items()):
        rest = [s for s in known if s.predictor == name and not s.pareto]
        across = [_shown(s.query_seconds_each) for s in rest]
        up = [_shown(s.init_seconds_total) for s in rest]
        items.append(Dots(across, up, one.colour, "", 5.0, group=str(i)))
    places = {name: str(i) for i, name in enumerate(look)}
    for s in [s for s in known if s.pareto]:
        one, group = look[s.predictor], places[s.predictor]
        at = _shown(s.query_seconds_each), _shown(s.init_seconds_total)
        items.append(Mark(*at, one.colour, one.symbol, hover(s), 13.0, ring=True, group=group))
    return Chart(x, y, items, 400, _MARGIN)


def family_looks(summaries: Sequence[Summary]) -> dict[str, Look]:
    """Returns looks by family, in the order of first appearance."""
    names = dict.fromkeys(s.family for s in summaries)
    return {
        name: Look(COLOURS[i % len(COLOURS)], SYMBOLS.get(name, "hexagon"))
        for i, name in enumerate(names)
    }


def _total(item: Summary) -> float:
    return item.init_seconds_total + item.query_seconds_each


def _shown(seconds: float) -> float:
    """Returns where a time is drawn; those below `INSTANT` are in the middle of their band."""
    return seconds if seconds >= INSTANT else INSTANT * 10 ** (-BAND / 2)


def _budgets(seconds: npt.NDArray[np.float64], count: int) -> Floats:
    """Returns budgets in equal factors from the shortest time to the longest."""
    low, high = float(seconds.min()), float(seconds.max())
    if high <= low * 1.001:
        return np.array([high])
    found = np.geomspace(low, high, count)
    found[-1] = high  # a rounded one would leave out what takes longest
    return found


def _cells(budgets: Floats) -> list[tuple[float, float]]:
    """Returns the ends of the cells of budgets, whose upper ends they are."""
    factor = budgets[1] / budgets[0] if len(budgets) > 1 else 10.0
    return [(float(b / factor), float(b)) for b in budgets]


def _named(names: Sequence[str]) -> list[str]:
    """Returns for each cell its text: of equal neighbours the middle one has the name."""
    found = [""] * len(names)
    first = 0
    for i in range(1, len(names) + 1):
        if i == len(names) or names[i] != names[first]:
            wide = i - first
            text, most = names[first], _LETTERS * wide
            found[first + (wide - 1) // 2] = text if len(text) <= most else text[: most - 1] + "…"
            first = i
    return found


def _tip(query: tuple[float, float], init: tuple[float, float], item: Summary) -> str:
    within = f"within init {duration(init[1])}, query {duration(query[1])}:"
    return f"{within.replace('< 1 ms', '1 ms')}\n{hover(item)}"


def _map(found: Within, patches: Sequence[Item]) -> Chart:
    axes = []
    for budgets, title in zip((found.query, found.init), _TITLES, strict=True):
        ends = _cells(budgets)[0][0], float(budgets[-1])
        ticks = time_axis([max(ends[0], INSTANT), ends[1]]).ticks
        ticks = [tick for tick in ticks if ends[0] <= tick[0] <= ends[1]]
        axes.append(Axis(*ends, title, ticks, log=True, unit="time", lines=False))
    return Chart(axes[0], axes[1], patches, 420, _MARGIN)


def _rising(own: Sequence[Summary], axis: str, look: Look, family: str, end: float) -> list[Item]:
    """Returns the line of the best so far of summaries in the order of time, and its band."""
    better: list[Summary] = []
    for item in own:
        if not better or item.kendall > better[-1].kendall:
            better.append(item)
    if not better:
        return []
    x = [*(_shown(seconds_of(s, axis)) for s in better), end]
    tau = np.array([*(s.kendall for s in better), better[-1].kendall])
    spread = np.array([s.kendall_sd or 0.0 for s in [*better, better[-1]]])
    group, told = f"family {family}", family.replace("_", " ")
    line = Line(x, tau, look.colour, f"best {told}", steps=True, group=group)
    marks = [
        Mark(at, s.kendall, look.colour, look.symbol, hover(s), group=group)
        for at, s in zip(x, better, strict=False)
    ]
    band = Band(x, tau - spread, tau + spread, look.colour, steps=True, group=group)
    return [*[band] * bool(spread.any()), line, *marks]
