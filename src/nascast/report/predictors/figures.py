"""The figures of a report, as Plotly specifications: plain dictionaries of JSON values.

Nothing here imports Plotly. Every predictor has one colour and one marker in all figures.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal

import numpy as np

from nascast.core.types import Floats
from nascast.report.figures import (
    BAND,
    COLOURS,
    GRID,
    INK,
    MUTED,
    PAPER,
    Look,
    Spec,
    axis_name,
    axis_title,
    base_layout,
    note,
    time_axis,
)
from nascast.report.words import budget_words, duration
from nascast.studies.noise import NoiseLimits
from nascast.studies.predictors.design import Budget
from nascast.studies.predictors.summary import INSTANT, Summary

__all__ = ["looks", "predicted_against_true", "tau_against_time"]

_SYMBOLS = {
    "model_based": "circle",
    "learning_curve": "square",
    "zero_cost": "triangle-up",
    "hybrid": "diamond",
    "weight_sharing": "pentagon",
}


def looks(summaries: Sequence[Summary]) -> dict[str, Look]:
    """Returns looks by predictor, in the order of first appearance; colours repeat after nine."""
    families = {item.predictor: item.family for item in summaries}
    return {
        name: Look(COLOURS[i % len(COLOURS)], _SYMBOLS.get(family, "hexagon"))
        for i, (name, family) in enumerate(families.items())
    }


def tau_against_time(
    summaries: Sequence[Summary],
    axis: Literal["init", "query"],
    look: Mapping[str, Look],
    noise: NoiseLimits | None,
) -> Spec:
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
    points = [s for s in summaries if math.isfinite(_seconds(s, axis) + s.kendall)]
    places = _places(points, axis)
    times = time_axis([_seconds(s, axis) for s in points])
    marks = [] if noise is None else [*zip(_NOISE, (noise.agreement, noise.limit), strict=True)]
    low, high = _tau_range(points, [estimate.value for _, estimate in marks])
    left, right = times["range"]
    shapes: list[Spec] = []
    notes: list[Spec] = []
    for (text, dash), estimate in marks:
        close = [s for s in points if abs(s.kendall - estimate.value) < 0.1 * high]
        near = [(math.log10(places[s]) - left) / (right - left) for s in close]
        line, label = _noise_line(f"{text} τ = {estimate.value:.3f}", estimate.value, dash, near)
        shapes.append(line)
        notes.append(label)
    if any(_seconds(s, axis) < INSTANT for s in points):
        shapes.append(_instant_band())
    layout = base_layout(440, {"l": 48, "r": 12, "t": 36, "b": 56})
    layout["xaxis"] |= times | {"title": {**axis_title(_TITLES[axis], 12.5), "standoff": 12}}
    layout["yaxis"] |= {"range": [low, high], "tickformat": ".1f", "dtick": _step(high - low)}
    layout["yaxis"] |= {"zeroline": low < 0, "zerolinecolor": MUTED, "zerolinewidth": 1}
    layout["annotations"] = [axis_name("Kendall τ", size=12, shift=-36), *notes]
    layout["shapes"] = shapes
    return {"data": _traces(points, places, look), "layout": layout}


def predicted_against_true(
    predicted: Floats, true: Floats, look: Look, metric: str
) -> tuple[Spec | None, int]:
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
    y, x = predicted[fine], true[fine]
    low, high = _fences(y)
    beyond = (y < low) | (y > high)
    y = y.clip(low, high)
    data = [_cloud(x[~beyond], y[~beyond], look, "circle")]
    if beyond.any():
        data.append(_cloud(x[beyond], y[beyond], look, "circle-open"))
    layout = base_layout(260, {"l": 40, "r": 8, "t": 26, "b": 44})
    layout["xaxis"]["title"] = {**axis_title(f"true {metric}", 11.5), "standoff": 8}
    layout["annotations"] = [axis_name("predicted", size=11.5, shift=-32)]
    for name in ("xaxis", "yaxis"):
        layout[name] |= {"nticks": 5, "tickfont": {"size": 11}, "zeroline": False}
    return {"data": data, "layout": layout}, int(beyond.sum())


_NOISE = (("two trainings", "dash"), ("limit of a perfect predictor", "dot"))  # text, line
_TITLES = {"init": "initialization time", "query": "query time for one architecture"}


def _seconds(item: Summary, axis: str) -> float:
    return item.init_seconds_total if axis == "init" else item.query_seconds_each


def _places(points: Sequence[Summary], axis: str) -> dict[Summary, float]:
    """Returns horizontal places in seconds; times below `INSTANT` are side by side in a band."""
    quick = list(dict.fromkeys(s.predictor for s in points if _seconds(s, axis) < INSTANT))
    places = {}
    for item in points:
        places[item] = _seconds(item, axis)
        if places[item] < INSTANT:
            share = (quick.index(item.predictor) + 0.5) / len(quick)
            places[item] = INSTANT * 10 ** (BAND * (share - 1))
    return places


def _traces(
    points: Sequence[Summary], places: Mapping[Summary, float], look: Mapping[str, Look]
) -> list[Spec]:
    """Returns all lines, then all markers; the legend group is the predictor's number in `look`."""
    sizes = _sizes(points)
    lines: list[Spec] = []
    dots: list[Spec] = []
    for number, (name, one) in enumerate(look.items()):
        own = [s for s in points if s.predictor == name]
        shared = {"type": "scatter", "legendgroup": str(number), "showlegend": False}
        x, y = _joined(own, places)
        if x:
            line = {"color": one.colour, "width": 1.5}
            quiet = {"hoverinfo": "skip", "opacity": 0.4, "mode": "lines"}
            lines.append({**shared, **quiet, "x": x, "y": y, "line": line})
        if own:
            dots.append({**shared, **_markers(own, one, places, sizes)})
    return [*lines, *dots]


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
) -> tuple[list[float | None], list[float | None]]:
    """Returns segments, parted by None, between budgets that differ in one step of one axis."""
    x: list[float | None] = []
    y: list[float | None] = []
    axes = dict.fromkeys(axis for item in own for axis in item.budget)
    for moving in reversed(axes):
        groups: dict[Budget, list[Summary]] = {}
        for item in sorted(own, key=lambda item: tuple(item.budget.values())):
            fixed = {axis: n for axis, n in item.budget.items() if axis != moving}
            groups.setdefault(Budget(fixed), []).append(item)
        for group in groups.values():
            if len(group) > 1:
                x += [*(places[item] for item in group), None]
                y += [*(item.kendall for item in group), None]
    return x, y


def _markers(
    own: Sequence[Summary],
    look: Look,
    places: Mapping[Summary, float],
    sizes: Mapping[Summary, float],
) -> Spec:
    spread = [item.kendall_sd for item in own]
    trace: Spec = {
        "mode": "markers",
        "x": [places[item] for item in own],
        "y": [item.kendall for item in own],
        "hoverinfo": "text",
        "hovertext": [_hover(item) for item in own],
        "marker": {
            "color": look.colour,
            "symbol": look.symbol,
            "size": [sizes[item] for item in own],
            "opacity": 1,
            "line": {
                "color": [INK if item.pareto else PAPER for item in own],
                "width": [2 if item.pareto else 1 for item in own],
            },
        },
    }
    if any(value is not None for value in spread):
        bars = {"array": spread, "color": look.colour, "thickness": 1, "width": 3}
        trace["error_y"] = {"type": "data", **bars}
    return trace


def _hover(item: Summary) -> str:
    budget = budget_words(item.budget)
    spread = "" if item.kendall_sd is None else f" ± {item.kendall_sd:.3f}"
    lines = [
        f"<b>{escape(item.predictor, quote=False)}</b>" + (f" · {budget}" if budget else ""),
        f"τ {item.kendall:.3f}{spread}".replace("-", "−"),
        f"init {duration(item.init_seconds_total)} · query {duration(item.query_seconds_each)}",
    ]
    if item.pareto:
        lines.append("Pareto-optimal")
    return "<br>".join(line.replace("< 1", "&lt; 1") for line in lines)


def _noise_line(text: str, tau: float, dash: str, near: Sequence[float]) -> tuple[Spec, Spec]:
    """Returns a line and its label, which stands at the end farther from the points beside it.

    Args:
        text: text of the label.
        tau: where the line is.
        dash: dash of the line.
        near: horizontal places of the points close to the line, from 0 at the left to 1.
    """
    place = {"xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": tau, "y1": tau}
    line = {"type": "line", **place, "line": {"color": MUTED, "width": 1.2, "dash": dash}}
    ends = {1.0: "right", 0.0: "left", 0.5: "center"}
    end = max(ends, key=lambda end: min([abs(end - x) for x in near], default=1.0))
    label = note(text, x=end, y=tau, yref="y", xanchor=ends[end], yanchor="bottom")
    return line, label


def _instant_band() -> Spec:
    left, right = math.log10(INSTANT) - BAND, math.log10(INSTANT)
    place = {"xref": "x", "x0": 10**left, "x1": 10**right, "yref": "paper", "y0": 0, "y1": 1}
    fill = {"fillcolor": GRID, "opacity": 0.4, "line": {"width": 0}, "layer": "below"}
    return {"type": "rect", **place, **fill}


def _tau_range(points: Sequence[Summary], marks: Sequence[float]) -> tuple[float, float]:
    """Returns limits that hold all bars and the marks with their labels; the lower is a tick."""
    ends = [s.kendall + side * (s.kendall_sd or 0) for s in points for side in (-1, 1)]
    ends += marks
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    low, high = min(low, high - 0.2), max(high, 0.0)  # no zoom into nothing; show where chance is
    low = math.floor(10 * low - 0.2) / 10
    if 0 < low <= 0.2:
        low = 0.0
    return low, high + 0.08 * (high - low) + 0.01


def _step(span: float) -> float:
    return 0.1 if span <= 0.8 else 0.2


def _fences(y: Floats) -> tuple[float, float]:
    low = np.quantile(y, 0.05, method="higher")  # a prediction, not a place between two far apart
    high = np.quantile(y, 0.95, method="lower")
    reach = high - low
    if reach <= 0:
        return float(y.min()), float(y.max())
    return float(max(y.min(), low - reach)), float(min(y.max(), high + reach))


def _cloud(x: Floats, y: Floats, look: Look, symbol: str) -> Spec:
    marker = {"color": look.colour, "symbol": symbol, "size": 5.5, "opacity": 0.6}
    where = {"x": x.tolist(), "y": y.tolist(), "hoverinfo": "x+y"}
    return {"type": "scatter", "mode": "markers", "showlegend": False, **where, "marker": marker}
