"""Parts that the figures of all reports share: colours, axes and layout."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nascast.report.words import duration
from nascast.studies.predictors.summary import INSTANT

__all__ = [
    "BAND",
    "COLOURS",
    "GRID",
    "INK",
    "MUTED",
    "PAPER",
    "Look",
    "Spec",
    "axis_name",
    "axis_title",
    "base_layout",
    "note",
    "time_axis",
]

Spec = dict[str, Any]

# Okabe and Ito (https://jfly.uni-koeln.de/color/) with yellow and black replaced, since the page
# may be white or dark; pairs differ by ΔE 15 or more under simulated colour blindness of each kind.
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#8a3ffc", "#e29a00"),
    *("#cf7fb0", "#8d5235", "#6b7280", "#56b4e9"),
)
# The page's own colours; report.js exchanges them where the reader prefers a dark page.
INK, MUTED, GRID, PAPER = "#1f2328", "#59636e", "#e4e7eb", "#fffffe"
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_TICKS = {
    **{1e-3: "1 ms", 1e-2: "10 ms", 0.1: "0.1 s", 1.0: "1 s", 10.0: "10 s"},
    **{60.0: "1 min", 600.0: "10 min", 3600.0: "1 h", 36e3: "10 h", 36e4: "100 h", 36e5: "1000 h"},
}
BAND = 1.0  # decades left of `INSTANT` for what took less


@dataclass(frozen=True, slots=True)
class Look:
    """The look of a predictor or strategy in figures: its colour and marker."""

    colour: str
    symbol: str


def base_layout(height: int, margin: Mapping[str, int]) -> Spec:
    """Returns the layout that all figures share; height and margins are in pixels."""
    axis = {
        "gridcolor": GRID,
        "linecolor": GRID,
        "zeroline": False,
        "automargin": False,
        "fixedrange": True,
        "ticks": "",
        "title": {"text": ""},
    }
    return {
        "height": height,
        "margin": {**margin, "pad": 4},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": _FONT, "size": 12, "color": MUTED},
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "bgcolor": PAPER, "font": {"color": INK, "size": 12}},
        "showlegend": False,
        "dragmode": False,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": MUTED, "activecolor": INK},
        "xaxis": {**axis},
        "yaxis": {**axis},
    }


def axis_title(text: str, size: float) -> Spec:
    """Returns the title of an axis; `text` is plain, `size` in pixels."""
    return {"text": escape(text, quote=False), "font": {"size": size}}


def note(text: str, **place: Any) -> Spec:
    """Returns a quiet annotation, placed on the paper unless `place` says otherwise."""
    font = {"size": 12, "color": MUTED}
    return {
        "text": text,
        "showarrow": False,
        "xref": "paper",
        "yref": "paper",
        "font": font,
        **place,
    }


def axis_name(text: str, *, size: float, shift: int) -> Spec:
    """Returns the name of the vertical axis as a note above its upper end, not turned."""
    corner = {"x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "yshift": 8, "xshift": shift}
    return note(text, **corner) | {"font": {"size": size, "color": MUTED}}


def time_axis(seconds: Sequence[float]) -> Spec:
    """Returns a log axis from the tick below the shortest time to the tick above the longest."""
    slow = [value for value in seconds if value >= INSTANT]
    marks = list(_TICKS)
    first = max([m for m in marks if m <= min(slow)], default=marks[0]) if slow else INSTANT
    last = min([m for m in marks if m >= max(slow)], default=max(slow)) if slow else 10 * INSTANT
    if first >= last:
        last = first * 10
    ticks = {m: text for m, text in _TICKS.items() if first <= m <= last}
    left = math.log10(first) - 0.08
    if len(slow) < len(seconds):
        ticks = {m: text for m, text in _TICKS.items() if INSTANT < m <= last}
        ticks = {INSTANT * 10 ** (-BAND / 2): f"≤ {duration(INSTANT).replace('.0', '')}"} | ticks
        left = math.log10(INSTANT) - BAND
    return {
        "type": "log",
        "range": [left, math.log10(last) + 0.08],
        "tickmode": "array",
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
        "tickangle": 0,
        "minor": {"ticks": ""},
    }
