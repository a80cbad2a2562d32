"""Charts as values: two axes and what is drawn between them; `svg.render` makes markup of them.

Coordinates are those of the data. A `group` is what a key shows and hides together; a `name` is
told, with the nearest values, where the reader points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.types import Floats

__all__ = [
    "Axis",
    "Band",
    "Bar",
    "Chart",
    "Dots",
    "Item",
    "Line",
    "Margin",
    "Mark",
    "Patch",
    "Rule",
    "Spread",
]

Numbers = Sequence[float] | npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis.

    Attributes:
        low: value at the left or lower end.
        high: value at the other end, larger than `low`.
        title: title as plain text.
        ticks: values with their texts.
        log: whether the axis has a log scale; its values are positive then.
        unit: unit of the values when they are told; ``time`` is seconds, told in words.
        lines: whether the ticks have lines across the chart.
    """

    low: float
    high: float
    title: str = ""
    ticks: Sequence[tuple[float, str]] = ()
    log: bool = False
    unit: str = ""
    lines: bool = True

    def places(self, values: Numbers) -> Floats:
        """Returns where values are: 0 at `low`, 1 at `high`."""
        ends = np.array([self.low, self.high])
        found = np.asarray(values, dtype=np.float64)
        if self.log:
            ends, found = np.log(ends), np.log(found)
        return np.asarray((found - ends[0]) / (ends[1] - ends[0]))


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; NaN parts it.

    Attributes:
        x: ``(n,)`` places across.
        y: ``(n,)`` values.
        colour: colour in CSS.
        name: name that is told with its values; empty for none.
        width: width in pixels.
        dash: lengths of dashes and gaps in pixels; empty for a full line.
        opacity: opacity, 1 at most.
        steps: whether a value holds until the next one.
        group: group of the key.
    """

    x: Numbers
    y: Numbers
    colour: str
    name: str = ""
    width: float = 2.2
    dash: str = ""
    opacity: float = 1.0
    steps: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """The area between two lines over the same ``(n,)`` places."""

    x: Numbers
    low: Numbers
    high: Numbers
    colour: str
    steps: bool = False
    group: str = ""
    opacity: float = 0.14


@dataclass(frozen=True, slots=True)
class Dots:
    """Many round points of one kind, `size` pixels wide; ``(n,)`` places and values."""

    x: Numbers
    y: Numbers
    colour: str
    name: str = ""
    size: float = 5.5
    opacity: float = 0.6
    group: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """Upright bars from `low` to `high` at each of ``(n,)`` places."""

    x: Numbers
    low: Numbers
    high: Numbers
    colour: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One point with a text of its own.

    Attributes:
        x: place across.
        y: value.
        colour: colour in CSS.
        symbol: shape, a key of `svg.SHAPES`.
        tip: text that is told, in lines; empty for none.
        size: width in pixels.
        ring: whether an outline in the colour of the text sets it off.
        hollow: whether it is an outline alone.
        group: group of the key.
    """

    x: float
    y: float
    colour: str
    symbol: str = "circle"
    tip: str = ""
    size: float = 10.0
    ring: bool = False
    hollow: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A dashed line across the chart at a value.

    Attributes:
        y: value.
        text: label; empty for none.
        dash: lengths of dashes and gaps in pixels.
        at: place of the label, from 0 at the left to 1 at the right.
    """

    y: float
    text: str = ""
    dash: str = "6 4"
    at: float = 1.0


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle between two places and two values, as of a map.

    Attributes:
        x: its two places across.
        y: its two values.
        colour: colour in CSS.
        text: text inside; empty for none.
        tip: text that is told; empty for none.
        opacity: opacity of the colour, 1 at most.
        ink: colour of the text in CSS.
        group: group of the key.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    colour: str
    text: str = ""
    tip: str = ""
    opacity: float = 1.0
    ink: str = "var(--ink)"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A horizontal bar from 0 to a value; its two places are those of the vertical axis."""

    value: float
    y: tuple[float, float]
    colour: str
    tip: str = ""


Item = Line | Band | Dots | Spread | Mark | Rule | Patch | Bar


@dataclass(frozen=True, slots=True)
class Margin:
    """Room around the area of a chart, in pixels."""

    left: int = 56
    right: int = 16
    top: int = 34
    bottom: int = 54


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its axes, and items in the order in which they are drawn.

    Patches and bars are behind everything, marks before everything.

    Attributes:
        x: horizontal axis.
        y: vertical axis.
        items: what is drawn.
        height: height in pixels, margins included.
        margin: room around the area.
    """

    x: Axis
    y: Axis
    items: Sequence[Item]
    height: int = 380
    margin: Margin = Margin()
