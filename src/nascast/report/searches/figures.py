"""The figures of a search's report, as charts.

Every strategy has one colour, line and marker in all figures.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from nascast.core.dominance import pareto
from nascast.core.types import Floats
from nascast.report.chart import Axis, Band, Bar, Chart, Dots, Item, Line, Margin, Mark
from nascast.report.figures import COLOURS, Look, linear_axis, time_axis, whole_axis
from nascast.studies.searches.results import Run
from nascast.studies.searches.summary import best_by_clock, best_by_trial

__all__ = [
    "BANDS",
    "DOTS",
    "WINDOW",
    "best_so_far",
    "dots_of",
    "even",
    "front",
    "line_of",
    "longest",
    "objectives_of_all",
    "operations",
    "per_update",
    "running",
    "strategy_looks",
    "value_axis",
]

_DASHES = {"circle": "", "square": "7 5", "triangle-up": "2 4", "diamond": "7 4 2 4"}
_POINTS = 240  # points of a line at most; chosen, about one for each four pixels
_SHORT = 100  # trials of the longest run up to which all values are in view; chosen
DOTS = 600  # dots of one run, or dominated ones of one strategy, at most; chosen
WINDOW = 20  # trials in a running mean; chosen
_FEW = 150  # dots up to which each is large and opaque; chosen
BANDS = 6  # strategies at most whose bands are drawn; chosen, more make one grey cloud
_LOG_FROM = 30.0  # last time over first, from which on time has a log axis; chosen
_UNITS = ((120.0, 1.0, "s"), (7200.0, 60.0, "min"), (36e4, 3600.0, "h"), (math.inf, 86400.0, "d"))
_GREY = "#9aa4af"


def strategy_looks(strategies: Sequence[str]) -> dict[str, Look]:
    """Returns looks by strategy; after nine, colours repeat with other lines and markers."""
    symbols = list(_DASHES)
    return {
        name: Look(COLOURS[i % len(COLOURS)], symbols[i // len(COLOURS) % len(symbols)])
        for i, name in enumerate(strategies)
    }


def best_so_far(
    groups: Mapping[str, Sequence[Run]],
    look: Mapping[str, Look],
    *,
    axis: Literal["trials", "clock"],
    metric: str,
    minimize: bool,
) -> Chart | None:
    """Returns a figure of the best value so far: means over seeds, bands between quartiles.

    There are no bands for more than `BANDS` strategies.

    Args:
        groups: runs by strategy.
        look: looks by strategy; the group of an item is the strategy's number in it.
        axis: horizontal axis: trials, or seconds on the executor's clock.
        metric: name and unit of the metric, for the axis.
        minimize: whether smaller is better.

    Returns:
        The figure; None if no trial has a value.
    """
    find = best_by_trial if axis == "trials" else best_by_clock
    curves = {name: find(groups[name]) for name in look}
    curves = {name: curve for name, curve in curves.items() if len(curve[0])}
    if not curves:
        return None
    across, unit = _across(axis, [x for x, _ in curves.values()])
    bands: list[Item] = []
    lines: list[Item] = []
    ends: list[Floats] = []
    for place, (name, one) in enumerate(look.items()):
        if name not in curves:
            continue
        x, scores = curves[name]
        keep = _thinned(x, scores)
        values = -scores[:, keep] if minimize else scores[:, keep]
        if len(curves) <= BANDS:
            bands += _band(x[keep] / unit, values, one.colour, str(place))
        mean = values.mean(0)
        lines += [
            line_of(one, x[keep] / unit, mean, name, str(place)),
            Mark(
                *(float(x[-1] / unit), float(mean[-1]), one.colour, one.symbol),
                size=9.0,
                group=str(place),
            ),
        ]
        ends.append(mean)
    up = value_axis(ends, metric, whole=longest(groups) <= _SHORT, minimize=minimize)
    return Chart(across, up, [*bands, *lines])


def per_update(
    groups: Mapping[str, Sequence[Run]],
    look: Mapping[str, Look],
    diagnostics: Mapping[str, Mapping[str, Floats]],
    series: Sequence[str],
    title: str,
) -> Chart | None:
    """Returns a figure of diagnostics at each update of the strategies: means over seeds.

    Args:
        groups: runs by strategy.
        look: looks by strategy.
        diagnostics: series by run and by name; may lack runs.
        series: names of the series; the first is a full line with a band between quartiles, others
            are dotted lines without.
        title: title of the vertical axis.
    """
    items: list[Item] = []
    drawn: list[Floats] = []
    last = 1.0
    for place, (name, one) in enumerate(look.items()):
        for which, key in enumerate(series):
            own = [diagnostics.get(run.name, {}).get(key, np.empty(0)) for run in groups[name]]
            own = [values for values in own if np.isfinite(values).any()]
            if not own:
                continue
            length = min(map(len, own))
            values = np.stack([values[:length] for values in own])
            known = np.flatnonzero(np.isfinite(values).all(0))
            known = known[even(len(known), _POINTS)]
            values, x = values[:, known], known.astype(np.float64) + 1
            width, dash = (1.5, "2 4") if which else (2.2, _DASHES[one.symbol])
            told = f"{name} · {key}"
            line = Line(x, values.mean(0), one.colour, told, width, dash, group=str(place))
            items += [] if which else _band(x, values, one.colour, str(place), steps=False)
            items.append(line)
            drawn.append(values.mean(0))
            last = max(last, float(x[-1]))
    if not items:
        return None
    across = whole_axis(last, "update of the controller")
    return Chart(across, value_axis(drawn, title), items, 300)


def operations(labels: Sequence[str], best: Floats, every: Floats) -> Chart:
    """Returns a figure of ``(n,)`` shares of labels among the best, and among all trials."""
    n = len(labels)
    names = [name if len(name) <= 20 else name[:19] + "…" for name in labels]
    up = Axis(0, n, ticks=[(n - k - 0.5, name) for k, name in enumerate(names)], lines=False)
    bars: list[Item] = []
    sides = (("the best tenth", best, "#0072b2", 0.34), ("all trials", every, _GREY, 0.0))
    for title, shares, colour, above in sides:
        for k, share in enumerate(100 * shares):
            low = n - k - 0.84 + above
            tip = f"{labels[k]}\n{share:.1f} % of {title}"
            bars.append(Bar(float(share), (low, low + 0.31), colour, tip))
    most = 100 * float(max(best.max(), every.max()))
    across = linear_axis(0, 1.04 * most, "share of operations", most=6, unit=" %")
    return Chart(across, up, bars, 84 + 40 * n, Margin(150, 24, 28, 52))


def front(scores: Floats) -> npt.NDArray[np.intp]:
    """Returns the indices of the points nobody dominates, by descending first score.

    Args:
        scores: ``(n, 2)``, larger is better; rows that are not finite are never on the front. Of
            equal points the first counts.
    """
    fine = np.flatnonzero(np.isfinite(scores).all(1))
    best = fine[pareto(scores[fine])]
    _, first = np.unique(-scores[best], axis=0, return_index=True)
    return best[first]


def objectives_of_all(
    groups: Mapping[str, Sequence[Run]],
    look: Mapping[str, Look],
    metrics: tuple[str, str],
    minimize: tuple[bool, bool],
) -> Chart | None:
    """Returns a figure of all trials by their first two objectives, and the Pareto front."""
    signs = np.where(minimize, -1.0, 1.0)
    items: list[Item] = []
    scores = [np.concatenate([run.scores[:, :2] for run in groups[name]]) for name in look]
    for place, (name, one) in enumerate(look.items()):
        fine = scores[place][np.isfinite(scores[place]).all(1)]
        values = fine[even(len(fine), DOTS)] * signs
        items.append(
            Dots(values[:, 1], values[:, 0], one.colour, name, opacity=0.5, group=str(place))
        )
    every = np.concatenate(scores)
    best = every[front(every)] * signs
    if not len(best):
        return None
    corners = np.repeat(best, 2, axis=0)
    corners = np.stack([corners[:-1, 0], corners[1:, 1]], axis=1)[::-1]
    items.append(Line(corners[:, 1], corners[:, 0], "var(--ink)", width=1.2))
    tips = (f"{metrics[0]} {y:.6g}\n{metrics[1]} {x:.6g}\non the front" for y, x in best.tolist())
    items += [
        Mark(x, y, "var(--ink)", tip=tip, size=9.0, hollow=True)
        for (y, x), tip in zip(best.tolist(), tips, strict=True)
    ]
    shown = every[np.isfinite(every).all(1)] * signs
    return Chart(
        value_axis([shown[:, 1]], metrics[1]), value_axis([shown[:, 0]], metrics[0]), items
    )


def line_of(look: Look, x: Floats, y: Floats, name: str, group: str, *, steps: bool = True) -> Line:
    """Returns the line of a strategy, named `name` where it is told."""
    dash = _DASHES[look.symbol]
    return Line(x, y, look.colour, name, dash=dash, steps=steps, group=group)


def value_axis(
    curves: Sequence[Floats], title: str, *, whole: bool = True, minimize: bool = False
) -> Axis:
    """Returns an axis of all that is drawn; without `whole`, of all but the worst twentieth."""
    values = np.concatenate(curves)
    ends = [0.0, 1.0] if whole else [0.0, 0.95] if minimize else [0.05, 1.0]
    bottom, top = (float(v) for v in np.quantile(values, ends))
    room = 0.06 * (top - bottom) or max(abs(top), 1.0) * 0.01
    return linear_axis(bottom - room, top + room, title)


def dots_of(x: Floats, y: Floats, colour: str, name: str, group: str = "", *, trials: int) -> Dots:
    """Returns the dots of trials, large and opaque ones where there are few `trials`."""
    size, opacity = (7.0, 0.75) if trials <= _FEW else (4.5, 0.45)
    return Dots(x, y, colour, name, size, opacity, group)


def running(values: Floats) -> Floats:
    """Returns the mean of each value and of up to 19 before it."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    at = np.arange(len(values))
    first = np.maximum(at - WINDOW + 1, 0)
    return np.asarray((sums[1:] - sums[first]) / (at - first + 1))


def longest(groups: Mapping[str, Sequence[Run]]) -> int:
    """Returns the number of trials of the longest run."""
    return max(len(run.trials) for runs in groups.values() for run in runs)


def _band(x: Floats, values: Floats, colour: str, group: str, *, steps: bool = True) -> list[Item]:
    """Returns the band of quartiles, if there are several rows."""
    if len(values) == 1:
        return []
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    return [Band(x, low, high, colour, steps=steps, group=group)]


def _across(axis: str, times: Sequence[Floats]) -> tuple[Axis, float]:
    """Returns the axis of trials or of time, a log one if times differ much, and its unit."""
    last = max(float(x[-1]) for x in times)
    if axis == "trials":
        return whole_axis(last, "trials"), 1.0
    first = min(float(x[x > 0].min(initial=math.inf)) for x in times)
    title = "time by the clock of a run"
    if first >= 1e-3 and last >= _LOG_FROM * first:
        found = time_axis([first, last], title)
        ends = [10 ** (math.log10(end) + room) for end, room in ((first, -0.06), (last, 0.06))]
        ticks = [tick for tick in found.ticks if ends[0] <= tick[0] <= ends[1]]
        return replace(found, low=ends[0], high=ends[1], ticks=ticks), 1.0
    unit, word = next((unit, word) for below, unit, word in _UNITS if last < below)
    return linear_axis(0.0, 1.03 * (last / unit or 1.0), title, unit=f" {word}"), unit


def _thinned(x: Floats, scores: Floats) -> npt.NDArray[np.intp]:
    """Returns places of ``(k,)`` x to draw: those where the mean changes, and the two ends."""
    mean = scores.mean(0)
    steps = np.flatnonzero(np.diff(mean)) + 1
    steps = np.unique(np.concatenate([[0], steps, [len(x) - 1]]))
    return steps[even(len(steps), _POINTS)]


def even(n: int, most: int) -> npt.NDArray[np.intp]:
    """Returns at most `most` of n indices, evenly, with the first and the last."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.intp))
