"""The figures of a comparison, as charts.

Every predictor has one colour and one marker in all figures.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from nascast.core.dominance import pareto
from nascast.core.types import Floats
from nascast.report.chart import Axis, Chart, Dots, Item, Line, Margin, Mark, Patch, Rule, Spread
from nascast.report.figures import BAND, COLOURS, Look, linear_axis, time_axis
from nascast.report.words import budget_words, duration, number
from nascast.studies.noise import NoiseLimits
from nascast.studies.predictors.design import Budget
from nascast.studies.predictors.summary import INSTANT, Summary

__all__ = [
    "MOST",
    "SYMBOLS",
    "hover",
    "instant",
    "looks",
    "noise_marks",
    "predicted_against_true",
    "seconds_of",
    "tau_against_time",
    "tau_axis",
    "thinned",
]

SYMBOLS = {
    "model_based": "circle",
    "learning_curve": "square",
    "zero_cost": "triangle-up",
    "hybrid": "diamond",
    "weight_sharing": "pentagon",
}
MOST = 9  # budgets of one predictor that are drawn over a time; chosen, a grid of 3 × 3
_HUGE = 1e300  # with room for the difference of two in a float
_NOISE = (("two trainings", "7 5"), ("limit of a perfect predictor", "2 4"))  # text, dash
_TITLES = {"init": "initialization time", "query": "query time for one architecture"}
_MARGIN = Margin(left=48, right=12, top=36, bottom=56)


def looks(summaries: Sequence[Summary], apart: Sequence[str] = ()) -> dict[str, Look]:
    """Returns looks by predictor, in the order of first appearance; colours repeat after nine.

    Args:
        summaries: summaries of all predictors.
        apart: predictors that have colours of their own before others have any, for figures in
            which nothing else tells them apart.
    """
    families = {item.predictor: item.family for item in summaries}
    places = {name: i for i, name in enumerate(dict.fromkeys([*apart, *families]))}
    return {
        name: Look(COLOURS[places[name] % len(COLOURS)], SYMBOLS.get(family, "hexagon"))
        for name, family in families.items()
    }


def tau_against_time(
    summaries: Sequence[Summary],
    axis: Literal["init", "query"],
    look: Mapping[str, Look],
    noise: NoiseLimits | None,
) -> Chart:
    """Returns a figure of Kendall's τ, with its deviation over trials, over one of two times.

    Args:
        summaries: summaries to draw, one point each, larger for larger budgets; those of a
            predictor are joined.
        axis: time on the horizontal axis: initialization seconds, or query seconds per
            architecture, on a log scale. Times below a millisecond have a band of their own, in
            which places mean nothing.
        look: looks by predictor.
        noise: limits of noise, drawn as two lines, or None.
    """
    points = [s for s in summaries if math.isfinite(seconds_of(s, axis) + s.kendall)]
    places = _places(points, axis)
    times = time_axis([seconds_of(s, axis) for s in points], _TITLES[axis])
    marks = noise_marks(noise)
    values = tau_axis(points, [tau for _, _, tau in marks])
    items: list[Item] = []
    if any(seconds_of(s, axis) < INSTANT for s in points):
        items.append(instant(values))
    for text, dash, tau in marks:
        close = [s for s in points if abs(s.kendall - tau) < 0.1 * values.high]
        near = times.places([places[s] for s in close]).tolist()
        items.append(Rule(tau, f"{text} τ = {tau:.3f}", dash, _end(near)))
    items += _drawn(points, places, look)
    return Chart(times, values, items, 440, _MARGIN)


def thinned(summaries: Sequence[Summary], axis: str) -> list[Summary]:
    """Returns all summaries of predictors with few budgets, of others at most `MOST` each.

    These are the ones that none of its others surpasses in τ and this time; of more, an even choice
    with the first and the last.
    """
    found: list[Summary] = []
    for name in dict.fromkeys(s.predictor for s in summaries):
        own = [s for s in summaries if s.predictor == name]
        if len(own) > MOST:
            values = np.array([[s.kendall, -seconds_of(s, axis)] for s in own])
            best = [s for s, flag in zip(own, pareto(values), strict=True) if flag]
            best.sort(key=lambda s: seconds_of(s, axis))
            places = np.linspace(0, len(best) - 1, min(len(best), MOST)).round().astype(int)
            own = [best[i] for i in places.tolist()]
        found += own
    return found


def predicted_against_true(
    predicted: Floats, true: Floats, look: Look, metric: str
) -> tuple[Chart | None, int]:
    """Returns a figure of one trial, with a point for each test architecture.

    A few predictions far from the rest would flatten everything else, so points farther from the
    central 90 % than it is wide (chosen) are drawn hollow on the edge.

    Args:
        predicted: ``(n,)`` predicted scores, larger is better; those not finite are left out.
        true: ``(n,)`` true values as measured.
        look: look of the predictor.
        metric: name and unit of the metric, for the axis.

    Returns:
        The figure, None if no prediction is finite; and the number of points on the edge.
    """
    fine = np.isfinite(predicted) & np.isfinite(true)
    if not fine.any():
        return None, 0
    y, x = predicted[fine].clip(-_HUGE, _HUGE), true[fine]
    low, high = _fences(y)
    beyond = (y < low) | (y > high)
    y = y.clip(low, high)
    items: list[Item] = [Dots(x[~beyond], y[~beyond], look.colour, "true, predicted")]
    items += [
        Mark(a, b, look.colour, size=7, hollow=True, tip="off the scale")
        for a, b in zip(x[beyond].tolist(), y[beyond].tolist(), strict=True)
    ]
    across, up = _roomy(x, f"true {metric}"), _roomy(y, "predicted")
    return Chart(across, up, items, 260, Margin(46, 8, 28, 48)), int(beyond.sum())


def noise_marks(noise: NoiseLimits | None) -> list[tuple[str, str, float]]:
    """Returns text, dash and τ of the limits of noise."""
    if noise is None:
        return []
    pairs = zip(_NOISE, (noise.agreement, noise.limit), strict=True)
    return [(text, dash, estimate.value) for (text, dash), estimate in pairs]


def seconds_of(item: Summary, axis: str) -> float:
    """Returns the initialization or query seconds of a summary."""
    return item.init_seconds_total if axis == "init" else item.query_seconds_each


def tau_axis(points: Sequence[Summary], marks: Sequence[float]) -> Axis:
    """Returns an axis that holds all bars and the marks with their labels; its end is a tick."""
    ends = [s.kendall + side * (s.kendall_sd or 0) for s in points for side in (-1, 1)]
    ends += marks
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    low, high = min(low, high - 0.2), max(high, 0.0)  # no zoom into nothing; show where chance is
    low = math.floor(10 * low - 0.2) / 10
    if 0 < low <= 0.2:
        low = 0.0
    return linear_axis(low, high + 0.08 * (high - low) + 0.01, "Kendall τ", most=9)


def instant(values: Axis) -> Patch:
    """Returns the band of times below `INSTANT`, as high as the axis."""
    ends = INSTANT * 10**-BAND, INSTANT
    return Patch(ends, (values.low, values.high), "var(--line)", opacity=0.4)


def hover(item: Summary) -> str:
    """Returns what is told of a summary, in lines."""
    budget = budget_words(item.budget)
    spread = "" if item.kendall_sd is None else f" ± {item.kendall_sd:.3f}"
    lines = [
        item.predictor + (f" · {budget}" if budget else ""),
        f"τ {number(item.kendall)}{spread}",
        f"init {duration(item.init_seconds_total)} · query {duration(item.query_seconds_each)}",
    ]
    return "\n".join([*lines, *["Pareto-optimal"] * item.pareto])


def _places(points: Sequence[Summary], axis: str) -> dict[Summary, float]:
    """Returns horizontal places in seconds; times below `INSTANT` are side by side in a band."""
    quick = list(dict.fromkeys(s.predictor for s in points if seconds_of(s, axis) < INSTANT))
    places = {}
    for item in points:
        places[item] = seconds_of(item, axis)
        if places[item] < INSTANT:
            share = (quick.index(item.predictor) + 0.5) / len(quick)
            places[item] = INSTANT * 10 ** (BAND * (share - 1))
    return places


def _drawn(
    points: Sequence[Summary], places: Mapping[Summary, float], look: Mapping[str, Look]
) -> list[Item]:
    """Returns all lines, then all marks; the group is the predictor's number in `look`."""
    sizes = _sizes(points)
    lines: list[Item] = []
    marks: list[Item] = []
    for place, (name, one) in enumerate(look.items()):
        own = [s for s in points if s.predictor == name]
        group = str(place)
        x, y = _joined(own, places)
        if x:
            lines.append(Line(x, y, one.colour, width=1.5, opacity=0.4, group=group))
        spread = [s for s in own if s.kendall_sd is not None]
        if spread:
            low, high = (
                [s.kendall + side * (s.kendall_sd or 0) for s in spread] for side in (-1, 1)
            )
            lines.append(Spread([places[s] for s in spread], low, high, one.colour, group))
        marks += [
            Mark(
                places[s],
                s.kendall,
                one.colour,
                one.symbol,
                hover(s),
                size=sizes[s],
                ring=s.pareto,
                group=group,
            )
            for s in own
        ]
    return [*lines, *marks]


def _sizes(points: Sequence[Summary]) -> dict[Summary, float]:
    """Returns marker diameters in pixels: 10 for a predictor's smallest budget up to 15."""
    sizes = {}
    for name in {s.predictor for s in points}:
        own = [s for s in points if s.predictor == name]
        own.sort(key=lambda item: tuple(item.budget.values()))
        for rank, item in enumerate(own):
            sizes[item] = 10 + 5 * (rank / (len(own) - 1) if len(own) > 1 else 0.4)
    return sizes


def _joined(
    own: Sequence[Summary], places: Mapping[Summary, float]
) -> tuple[list[float], list[float]]:
    """Returns segments, parted by NaN, between budgets that differ in one step of one axis."""
    x: list[float] = []
    y: list[float] = []
    axes = dict.fromkeys(axis for item in own for axis in item.budget)
    for moving in reversed(axes):
        groups: dict[Budget, list[Summary]] = {}
        for item in sorted(own, key=lambda item: tuple(item.budget.values())):
            fixed = {axis: n for axis, n in item.budget.items() if axis != moving}
            groups.setdefault(Budget(fixed), []).append(item)
        for group in groups.values():
            if len(group) > 1:
                x += [*(places[item] for item in group), math.nan]
                y += [*(item.kendall for item in group), math.nan]
    return x, y


def _end(near: Sequence[float]) -> float:
    """Returns the end of a line at which its label is farthest from points at these places."""
    ends = (1.0, 0.0, 0.5)
    return max(ends, key=lambda end: min([abs(end - x) for x in near], default=1.0))


def _roomy(values: Floats, title: str) -> Axis:
    """Returns an axis with a little room around all values."""
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or max(abs(high), 1.0) * 0.01
    return linear_axis(low - room, high + room, title, most=5)


def _fences(y: Floats) -> tuple[float, float]:
    low = np.quantile(y, 0.05, method="higher")  # a prediction, not a place between two far apart
    high = np.quantile(y, 0.95, method="lower")
    reach = high - low
    if reach <= 0:
        return float(y.min()), float(y.max())
    return float(max(y.min(), low - reach)), float(min(y.max(), high + reach))
