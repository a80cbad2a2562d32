"""Charts as SVG elements that fill the width of their place, with texts of one size at any width.

The area of a chart has no pixels of its own: what must keep its shape (texts, marks) has places in
percent, and what may be stretched (lines, bands) is in a sheet that is, with strokes that are not.
Every text is escaped here; colours are the program's own.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape

import numpy as np

from nascast.core.types import Floats
from nascast.report.chart import (
    Axis,
    Band,
    Bar,
    Chart,
    Dots,
    Item,
    Line,
    Mark,
    Numbers,
    Patch,
    Rule,
    Spread,
)

__all__ = ["SHAPES", "mark", "render"]

SHAPES = {  # of marks, around 0 and about 12 wide
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "square": "M-4.5-4.5h9v9h-9z",
    "triangle-up": "M0-5.5 5.5 4.5h-11z",
    "diamond": "M0-6 6 0 0 6-6 0z",
    "pentagon": "M0-5.5 5.3-1.6 3.3 4.6h-6.6L-5.3-1.6z",
    "hexagon": "M0-5.5 4.8-2.7v5.4L0 5.5-4.8 2.7v-5.4z",
    "cross": "M-4-4 4 4M4-4-4 4",
}
_WIDE = 100_000  # width and height of the stretched sheet, fine enough to tell values from it
_CLOSE = 0.06  # of the height, within which labels of two rules would overlap; chosen
_MANY_TICKS = 5  # on the horizontal axis, above which every second is dropped on a narrow screen


def render(chart: Chart, title: str) -> str:
    """Returns a chart as an SVG element.

    Args:
        chart: chart to draw.
        title: title for those who cannot see it, as plain text.
    """
    back = [_back(chart, item) for item in chart.items if isinstance(item, Patch | Bar)]
    back += [_inside(chart, item) for item in chart.items if isinstance(item, Patch)]
    sheet = [_stretched(chart, item) for item in chart.items]
    front = [_front(chart, item) for item in chart.items if isinstance(item, Mark | Rule)]
    margin = chart.margin
    style = (
        f"--left:{margin.left}px;--right:{margin.right}px;--top:{margin.top}px;"
        f"--bottom:{margin.bottom}px;--height:{chart.height}px"
    )
    return "".join(
        [
            f'<svg class="chart" role="img" aria-label="{escape(title)}" style="{style}"',
            f' data-x="{_scale(chart.x)}" data-y="{_scale(chart.y)}"',
            f' data-xname="{escape(chart.x.title)}" data-xunit="{escape(chart.x.unit)}"',
            f' data-yunit="{escape(chart.y.unit)}">',
            *_axes(chart),
            *back,
            f'<svg class="sheet" viewBox="0 0 {_WIDE} {_WIDE}" preserveAspectRatio="none">',
            *sheet,
            "</svg>",
            *front,
            "</svg>",
        ]
    )


def mark(symbol: str, colour: str) -> str:
    """Returns a mark as an SVG element that stands in a text."""
    return (
        f'<svg class="mark" viewBox="-6 -6 12 12" fill="{colour}" stroke="{colour}" '
        f'stroke-width="0" aria-hidden="true"><path d="{SHAPES[symbol]}"/></svg>'
    )


def _scale(axis: Axis) -> str:
    return f"{axis.low:.6g} {axis.high:.6g} {int(axis.log)}"


def _axes(chart: Chart) -> Iterable[str]:
    x, y = chart.x, chart.y
    odd = len(x.ticks) > _MANY_TICKS
    for place, (value, text) in enumerate(x.ticks):
        at = _percent(x.places([value])[0])
        if x.lines:
            yield f'<line class="grid" x1="{at}" x2="{at}" y1="0" y2="100%"/>'
        skipped = " odd" if odd and place % 2 else ""
        yield f'<text class="tick x{skipped}" x="{at}" y="100%" dy="20">{escape(text)}</text>'
    for value, text in y.ticks:
        at = _percent(1 - y.places([value])[0])
        if y.lines:
            yield f'<line class="grid" x1="0" x2="100%" y1="{at}" y2="{at}"/>'
        yield f'<text class="tick y" x="-8" y="{at}" dy=".35em">{escape(text)}</text>'
    if x.title:
        down = min(chart.margin.bottom - 8, 44)
        yield f'<text class="name x" x="50%" y="100%" dy="{down}">{escape(x.title)}</text>'
    if y.title:
        yield f'<text class="name y" x="{8 - chart.margin.left}" y="-12">{escape(y.title)}</text>'


def _back(chart: Chart, item: Patch | Bar) -> str:
    """Returns a rectangle and its tip."""
    ends = (0.0, item.value) if isinstance(item, Bar) else item.x
    left, right = sorted(chart.x.places(ends).clip(0, 1))
    top, bottom = sorted((1 - chart.y.places(item.y)).clip(0, 1))
    box = (
        f'<rect x="{_percent(left)}" y="{_percent(top)}" width="{_percent(right - left)}" '
        f'height="{_percent(bottom - top)}" fill="{item.colour}"'
    )
    if isinstance(item, Bar):
        return f"{box}>{_tip(item.tip)}</rect>"
    faint = f' fill-opacity="{item.opacity:g}"' if item.opacity < 1 else ""
    return f"{box}{faint}{_group(item.group)}>{_tip(item.tip)}</rect>"


def _inside(chart: Chart, item: Patch) -> str:
    """Returns the text of a patch, which may be wider than it."""
    if not item.text:
        return ""
    x = _percent(float(chart.x.places(item.x).clip(0, 1).mean()))
    y = _percent(float(1 - chart.y.places(item.y).clip(0, 1).mean()))
    return (
        f'<text class="cell" x="{x}" y="{y}" dy=".35em" style="fill:{item.ink}"'
        f"{_group(item.group)}>{escape(item.text)}</text>"
    )


def _stretched(chart: Chart, item: Item) -> str:
    """Returns the path of what lies in the stretched sheet; empty for other items."""
    match item:
        case Line():
            dash = f' stroke-dasharray="{item.dash}"' if item.dash else ""
            faint = f' opacity="{item.opacity:g}"' if item.opacity < 1 else ""
            path = _path(*_points(chart, item.x, item.y), steps=item.steps)
            look = f'class="line" stroke="{item.colour}" stroke-width="{item.width:g}"{dash}{faint}'
        case Band():
            x, low = _points(chart, item.x, item.low)
            _, high = _points(chart, item.x, item.high)
            edges = [_path(x, low, steps=item.steps)]
            if item.steps:  # walked back, a step is up before it is left
                x, high = np.repeat(x, 2)[1:], np.repeat(high, 2)[:-1]
            edges.append(_path(x[::-1], high[::-1]).replace("M", "L", 1))
            path = "".join(edges) + "Z"
            look = f'class="band" fill="{item.colour}" fill-opacity="{item.opacity:g}"'
        case Dots():
            x, y = _points(chart, item.x, item.y)
            path = "".join(
                f"M{a} {b}h0" for a, b in zip(_whole(x), _whole(y), strict=True) if a and b
            )
            look = (
                f'class="dots" stroke="{item.colour}" stroke-width="{item.size:g}" '
                f'stroke-opacity="{item.opacity:g}"'
            )
        case Spread():
            x, low = _points(chart, item.x, item.low)
            _, high = _points(chart, item.x, item.high)
            ends = zip(_whole(x), _whole(low), _whole(high), strict=True)
            path = "".join(f"M{at} {one}V{two}" for at, one, two in ends)
            look = f'class="line" stroke="{item.colour}" stroke-width="1.2"'
        case _:
            return ""
    name = getattr(item, "name", "")
    told = f' data-name="{escape(name)}"' if name else ""
    return f'<path {look}{_group(item.group)}{told} d="{path}"/>'


def _front(chart: Chart, item: Mark | Rule) -> str:
    y = _percent(1 - chart.y.places([item.y])[0])
    if isinstance(item, Rule):
        line = f'<line class="rule" x1="0" x2="100%" y1="{y}" y2="{y}"'
        anchor = "start" if item.at < 0.25 else "end" if item.at > 0.75 else "middle"
        label = (
            f'<text class="label" x="{_percent(item.at)}" y="{y}" dy="{_beside(chart, item)}" '
            f'text-anchor="{anchor}">{escape(item.text)}</text>'
        )
        return f'{line} stroke-dasharray="{item.dash}"/>{label if item.text else ""}'
    x = _percent(chart.x.places([item.x])[0])
    look = f'fill="{item.colour}"'
    if item.hollow or item.symbol == "cross":
        look = f'class="hollow" style="stroke:{item.colour}"'
    elif item.ring:
        look += ' class="ring"'
    size = item.size / 12
    scale = f' transform="scale({size:.3g})"' if abs(size - 1) > 0.01 else ""
    return (
        f'<svg class="at" x="{x}" y="{y}"{_group(item.group)}>'
        f'<path d="{SHAPES[item.symbol]}" {look}{scale}>{_tip(item.tip)}</path></svg>'
    )


def _beside(chart: Chart, item: Rule) -> int:
    """Returns where the label of a rule is: above it, or below it if another one is close above.

    Of two at one height the first has its label above.
    """
    rules = [rule for rule in chart.items if isinstance(rule, Rule)]
    own = next(i for i, rule in enumerate(rules) if rule is item)
    above = chart.y.places([rule.y for rule in rules]) - chart.y.places([item.y])[0]
    above[own:][above[own:] == 0] = -1
    return 14 if ((above >= 0) & (above < _CLOSE)).any() else -5


def _points(chart: Chart, x: Numbers, y: Numbers) -> tuple[Floats, Floats]:
    return _WIDE * chart.x.places(x), _WIDE * (1 - chart.y.places(y))


def _whole(values: Floats) -> Sequence[str]:
    """Returns values as whole numbers; empty texts for what is not finite."""
    return [f"{value:.0f}" if np.isfinite(value) else "" for value in values.tolist()]


def _path(x: Floats, y: Floats, *, steps: bool = False) -> str:
    """Returns a path through points; what is not finite parts it."""
    found: list[str] = []
    joined = False
    for a, b in zip(_whole(x), _whole(y), strict=True):
        if not (a and b):
            joined = False
            continue
        step: Callable[[str, str], str] = _step if steps else _straight
        found.append(step(a, b) if joined else f"M{a} {b}")
        joined = True
    return "".join(found)


def _step(x: str, y: str) -> str:
    return f"H{x}V{y}"


def _straight(x: str, y: str) -> str:
    return f"L{x} {y}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _group(group: str) -> str:
    return f' data-group="{escape(group)}"' if group else ""


def _tip(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""
