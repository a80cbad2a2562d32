"""The figures of a search's report, as Plotly specifications: plain dictionaries of JSON values.

Every strategy has one colour, line and marker in all figures.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nascast.core.dominance import pareto
from nascast.core.types import Floats
from nascast.report.figures import (
    COLOURS,
    INK,
    MUTED,
    Look,
    Spec,
    axis_name,
    axis_title,
    base_layout,
    time_axis,
)
from nascast.studies.searches.results import Run
from nascast.studies.searches.summary import best_by_clock, best_by_trial

__all__ = [
    "BANDS",
    "best_so_far",
    "front",
    "objectives_of_all",
    "operations",
    "per_update",
    "strategy_looks",
]

_DASHES = {"circle": "solid", "square": "dash", "triangle-up": "dot", "diamond": "dashdot"}
_POINTS = 240  # points of a line at most; chosen, about one for each four pixels
_SHORT = 100  # trials of the longest run up to which all values are in view; chosen
_DOTS = 600  # dots of one run, or dominated ones of one strategy, at most; chosen
BANDS = 6  # strategies at most whose bands are drawn; chosen, more make one grey cloud
_LOG_FROM = 30.0  # last time over first, from which on time has a log axis; chosen
_UNITS = ((120.0, 1.0, "s"), (7200.0, 60.0, "min"), (36e4, 3600.0, "h"), (math.inf, 86400.0, "d"))


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
) -> Spec | None:
    """Returns a figure of the best value so far: means over seeds, bands between quartiles.

    There are no bands for more than `BANDS` strategies.

    Args:
        groups: runs by strategy.
        look: looks by strategy; the legend group of a trace is the strategy's number in it.
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
    layout, unit = _value_layout(metric), 1.0
    if axis == "trials":
        layout["xaxis"] |= _whole([x[-1] for x, _ in curves.values()], "trials")
    else:
        unit, over = _clock_axis([x for x, _ in curves.values()])
        layout["xaxis"] |= over
    bands: list[Spec] = []
    lines: list[Spec] = []
    ends: list[Floats] = []
    for number, (name, one) in enumerate(look.items()):
        if name not in curves:
            continue
        x, scores = curves[name]
        keep = _thinned(x, scores)
        values = -scores[:, keep] if minimize else scores[:, keep]
        shared = {"legendgroup": str(number), "showlegend": False, "type": "scatter"}
        band, line = _band(x[keep] / unit, values, one, name)
        bands += [{**shared, **trace} for trace in band if len(curves) <= BANDS]
        lines += [{**shared, **trace} for trace in line]
        ends.append(values.mean(0))
    layout["yaxis"] |= _zoomed(ends, minimize, _longest(groups))
    return {"data": [*bands, *lines], "layout": layout}


def per_update(
    groups: Mapping[str, Sequence[Run]],
    look: Mapping[str, Look],
    diagnostics: Mapping[str, Mapping[str, Floats]],
    series: Sequence[str],
    title: str,
) -> Spec | None:
    """Returns a figure of diagnostics at each update of the strategies: means over seeds.

    Args:
        groups: runs by strategy.
        look: looks by strategy.
        diagnostics: series by run and by name; may lack runs.
        series: names of the series; the first is a full line with a band between quartiles, others
            are dotted lines without.
        title: title of the vertical axis.
    """
    data: list[Spec] = []
    for number, (name, one) in enumerate(look.items()):
        for place, which in enumerate(series):
            own = [diagnostics.get(run.name, {}).get(which, np.empty(0)) for run in groups[name]]
            own = [values for values in own if np.isfinite(values).any()]
            if not own:
                continue
            length = min(map(len, own))
            values = np.stack([values[:length] for values in own])
            known = np.flatnonzero(np.isfinite(values).all(0))
            known = known[_even(len(known), _POINTS)]
            band, (line, *_) = _band(known + 1.0, values[:, known], one, f"{name} · {which}")
            if place:
                line["line"] |= {"dash": "dot", "width": 1.5}
            for trace in (*band, line):
                trace["line"] = {**trace["line"], "shape": "linear"}
            shared = {"legendgroup": str(number), "showlegend": False, "type": "scatter"}
            data += [{**shared, **trace} for trace in ([] if place else band) + [line]]
    if not data:
        return None
    layout = _value_layout(title, 300)
    layout["xaxis"]["title"] = {**axis_title("update of the controller", 12.5), "standoff": 12}
    return {"data": data, "layout": layout}


def operations(labels: Sequence[str], best: Floats, every: Floats) -> Spec:
    """Returns a figure of ``(n,)`` shares of labels among the best, and among all trials."""
    layout = base_layout(64 + 40 * len(labels), {"l": 130, "r": 36, "t": 8, "b": 48})
    layout |= {"bargap": 0.32, "bargroupgap": 0.08, "barmode": "group"}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "gridcolor": "rgba(0,0,0,0)"}
    layout["xaxis"] |= {"ticksuffix": " %", "rangemode": "tozero", "nticks": 6}
    layout["xaxis"]["title"] = {**axis_title("share of operations", 12.5), "standoff": 12}
    names = [escape(name if len(name) <= 20 else name[:19] + "…", quote=False) for name in labels]
    bars = []
    for title, shares, colour in (
        ("the best tenth", best, COLOURS[0]),
        ("all trials", every, "#9aa4af"),
    ):
        hover = f"%{{y}}<br>%{{x}} of {title}<extra></extra>"
        shown = {"y": names, "x": _short(100 * shares), "orientation": "h", "showlegend": False}
        bars.append({"type": "bar", **shown, "marker": {"color": colour}, "hovertemplate": hover})
    return {"data": bars, "layout": layout}


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
) -> Spec | None:
    """Returns a figure of all trials by their first two objectives, and the Pareto front."""
    signs = np.where(minimize, -1.0, 1.0)
    data: list[Spec] = []
    everything = []
    for number, (name, one) in enumerate(look.items()):
        scores = np.concatenate([run.scores[:, :2] for run in groups[name]])
        everything.append(scores)
        fine = scores[np.isfinite(scores).all(1)]
        values = fine[_even(len(fine), _DOTS)] * signs
        marker = {"color": one.colour, "symbol": one.symbol, "size": 5.5, "opacity": 0.45}
        at = {"x": _short(values[:, 1]), "y": _short(values[:, 0]), "hoverinfo": "x+y"}
        shared = {"legendgroup": str(number), "showlegend": False, "type": "scatter"}
        data.append({**shared, **at, "mode": "markers", "marker": marker})
    scores = np.concatenate(everything)
    best = scores[front(scores)] * signs
    if not len(best):
        return None
    ring = {"symbol": "circle-open", "size": 9, "color": INK, "line": {"width": 1.5}}
    line = {"color": INK, "width": 1.2, "shape": "vh"}
    at = {"x": _short(best[:, 1]), "y": _short(best[:, 0]), "hoverinfo": "x+y"}
    shown = {"type": "scatter", "mode": "lines+markers", "showlegend": False, "name": "front"}
    data.append({**shown, **at, "marker": ring, "line": line})
    layout = _value_layout(metrics[0])
    layout["xaxis"]["title"] = {**axis_title(metrics[1], 12.5), "standoff": 12}
    return {"data": data, "layout": layout}


def _band(x: Floats, values: Floats, look: Look, name: str) -> tuple[list[Spec], list[Spec]]:
    """Returns the band of quartiles, if there are several rows, and the line of the mean."""
    line: Spec = {
        "x": _short(x),
        "y": _short(values.mean(0)),
        "mode": "lines",
        "line": {**_line(look), "shape": "hv"},
        "hovertemplate": f"{escape(name, quote=False)}<br>%{{x}}: %{{y}}<extra></extra>",
    }
    end = {
        **{"x": line["x"][-1:], "y": line["y"][-1:], "mode": "markers", "hoverinfo": "skip"},
        "marker": {"color": look.colour, "symbol": look.symbol, "size": 8},
    }
    if len(values) == 1:
        return [], [line, end]
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    edge = {"x": line["x"], "mode": "lines", "hoverinfo": "skip"}
    quiet = {"line": {"width": 0, "shape": "hv"}}
    fill = {"fill": "tonexty", "fillcolor": _faint(look.colour)}
    bands: list[Spec] = [
        {**edge, **quiet, "y": _short(low)},
        {**edge, **quiet, **fill, "y": _short(high)},
    ]
    return bands, [line, end]


def _line(look: Look) -> Spec:
    return {"color": look.colour, "width": 2.2, "dash": _DASHES[look.symbol]}


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"


def _value_layout(metric: str, height: int = 380) -> Spec:
    layout = base_layout(height, {"l": 56, "r": 16, "t": 34, "b": 54})
    layout["annotations"] = [axis_name(escape(metric, quote=False), size=12, shift=-44)]
    return layout


def _clock_axis(times: Sequence[Floats]) -> tuple[float, Spec]:
    """Returns the seconds of the axis's unit, and the axis; a log one if times differ much."""
    first = min(float(x[x > 0].min(initial=math.inf)) for x in times)
    last = max(float(x[-1]) for x in times)
    title: dict[str, Any] = {**axis_title("time by the clock of a run", 12.5), "standoff": 12}
    if first >= 1e-3 and last >= _LOG_FROM * first:
        ends = [math.log10(first) - 0.06, math.log10(last) + 0.06]
        return 1.0, time_axis([first, last]) | {"title": title, "range": ends}
    unit, word = next((unit, word) for below, unit, word in _UNITS if last < below)
    return unit, {"title": title, "ticksuffix": f" {word}", "rangemode": "tozero"}


def _longest(groups: Mapping[str, Sequence[Run]]) -> int:
    return max(len(run.trials) for runs in groups.values() for run in runs)


def _whole(lasts: Sequence[float], title: str) -> Spec:
    """Returns an axis of whole numbers from 1 to the largest of `lasts`."""
    last = max(lasts)
    step = next(s for k in range(9) for s in (10**k, 2 * 10**k, 5 * 10**k) if last <= 8 * s)
    room = max(0.5, 0.02 * last)
    found = {"title": {**axis_title(title, 12.5), "standoff": 12}, "tickformat": ",d"}
    return {**found, "dtick": step, "tick0": 0, "range": [1 - room, last + room]}


def _thinned(x: Floats, scores: Floats) -> Any:
    """Returns places of ``(k,)`` x to draw: those where the mean changes, and the two ends."""
    mean = scores.mean(0)
    steps = np.flatnonzero(np.diff(mean)) + 1
    steps = np.unique(np.concatenate([[0], steps, [len(x) - 1]]))
    return steps[_even(len(steps), _POINTS)]


def _even(n: int, most: int) -> Any:
    """Returns at most `most` of n indices, evenly, with the first and the last."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(np.intp))


def _zoomed(curves: Sequence[Floats], minimize: bool, trials: int) -> Spec:
    """Returns the range of an axis: all that is drawn, or all but the worst twentieth.

    Of runs of up to `_SHORT` trials nothing is left out, neither is their start.
    """
    values = np.concatenate(curves)
    low, high = (0.0, 0.95) if minimize else (0.05, 1.0)
    if trials <= _SHORT:
        low, high = 0.0, 1.0
    bottom, top = (float(v) for v in np.quantile(values, [low, high]))
    room = 0.06 * (top - bottom) or max(abs(top), 1.0) * 0.01
    return {"range": [bottom - room, top + room], "zerolinecolor": MUTED}


def _short(values: Floats) -> list[float]:
    """Returns values rounded to six digits, more than any figure can show."""
    return [float(f"{value:.6g}") for value in values.tolist()]
