"""Parts that the figures of all reports share: colours and axes."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nascast.report.chart import Axis
from nascast.report.words import duration
from nascast.studies.predictors.summary import INSTANT

__all__ = [
    "BAND",
    "COLOURS",
    "Look",
    "linear_axis",
    "time_axis",
    "whole_axis",
]

# Okabe and Ito (https://jfly.uni-koeln.de/color/) with yellow and black replaced, since the page
# may be white or dark; pairs differ by ΔE 15 or more under simulated colour blindness of each kind.
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#8a3ffc", "#e29a00"),
    *("#cf7fb0", "#8d5235", "#6b7280", "#56b4e9"),
)
_TICKS = {
    **{1e-3: "1 ms", 1e-2: "10 ms", 0.1: "0.1 s", 1.0: "1 s", 10.0: "10 s"},
    **{60.0: "1 min", 600.0: "10 min", 3600.0: "1 h", 36e3: "10 h", 36e4: "100 h", 36e5: "1000 h"},
}
_LONG = 9  # characters of a tick's number that have room beside a figure; chosen
BAND = 1.0  # decades left of `INSTANT` for what took less


@dataclass(frozen=True, slots=True)
class Look:
    """The look of a predictor or strategy in figures: its colour and marker."""

    colour: str
    symbol: str


def linear_axis(low: float, high: float, title: str = "", *, most: int = 7, unit: str = "") -> Axis:
    """Returns an axis from `low` to `high` with ticks at round numbers.

    Args:
        low: value at one end.
        high: value at the other end.
        title: title as plain text.
        most: number of ticks at most.
        unit: unit behind the numbers.
    """
    step = _round_step((high - low) / most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    place = math.floor(math.log10(step) + 1e-9)  # of the last digit, as a power of ten
    ticks = [(k * step, f"{k * step:,.{max(0, -place)}f}") for k in range(first, last + 1)]
    if any(len(text) > _LONG for _, text in ticks):
        digits = 1 - place + math.floor(math.log10(max(abs(low), abs(high))))
        ticks = [(v, re.sub(r"e\+?(-?)0*", r"e\1", f"{v:.{digits}g}")) for v, _ in ticks]
    named = [(v, f"{t.replace('-', '−') if v else t.lstrip('-')}{unit}") for v, t in ticks]
    return Axis(low, high, title, named, unit=unit)


def whole_axis(last: float, title: str) -> Axis:
    """Returns an axis of whole numbers from 1 to `last`."""
    step = max(1, round(_round_step(last / 8)))
    room = max(0.5, 0.02 * last)
    ticks = [(float(k), f"{k:,}") for k in range(step, int(last) + 1, step)]
    return Axis(1 - room, last + room, title, ticks)


def time_axis(seconds: Sequence[float], title: str = "") -> Axis:
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
    high = 10 ** (math.log10(last) + 0.08)
    return Axis(10**left, high, title, list(ticks.items()), log=True, unit="time")


def _round_step(least: float) -> float:
    """Returns the smallest of 1, 2 or 5 times a power of ten that is not below `least`."""
    if not least > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(s * power for s in (1, 2, 5, 10) if s * power >= least * (1 - 1e-9))
