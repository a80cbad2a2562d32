"""Pictures of architectures for pages, as SVG: operations in named boxes, blocks as in papers.

A joint whose inputs are all operations that nothing else reads is drawn with them as one block, as
in figure 4 of Zoph et al. (CVPR 2018, https://arxiv.org/abs/1707.07012), though from top to bottom.
Cells that share nothing but the input and the output of the graph stand below each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from nascast.core.graph import Graph
from nascast.core.types import Bools
from nascast.report.drawing import colours, ink, layout

__all__ = ["Picture", "picture"]

_BOX, _ROOM, _GAP = 26, 12, 54  # pixels: height of a box, room in a block, space between layers
_BETWEEN = 22  # pixels between units of a layer, and between the two rows of a block
_LETTER = 7.0  # pixels of a letter, about
_ENDS = ("input", "output")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: an SVG element as markup, and its width in pixels at which texts are 12 high."""

    svg: str
    width: int


@dataclass(frozen=True, slots=True)
class _Box:
    """A vertex: its label, the middle of its upper edge, and its width."""

    label: str
    x: float
    y: float
    width: float


def picture(graph: Graph) -> Picture:
    """Returns the picture of the graph of a batch of one."""
    labels = {int(v): graph.vocabulary[graph.labels[0, v]] for v in np.flatnonzero(graph.mask[0])}
    paint = colours(graph, list(labels.values()))
    cells = _cells(graph, labels)
    found = [_cell(graph, members, labels, paint) for members in cells]
    wide, down = max(width for _, width, _ in found), 0.0
    drawn: list[str] = []
    for members, (markup, width, height) in zip(cells, found, strict=True):
        title = next((labels[v] for v in members if labels[v] in graph.sinks), "")
        if len(cells) > 1:
            drawn.append(f'<text class="title" x="0" y="{down + 16:g}">{escape(title)} cell</text>')
            down += 30
        aside = (wide - width) / 2
        drawn.append(f'<g transform="translate({aside:g} {down:g})">{markup}</g>')
        down += height + 18
    size = f"0 0 {wide:g} {down - 16:g}"
    style = f"--wide:{wide:g}px"
    return Picture(
        f'<svg class="cells" viewBox="{size}" style="{style}" role="img" '
        f'aria-label="its graph">{"".join(drawn)}</svg>',
        round(wide),
    )


def _cells(graph: Graph, labels: dict[int, str]) -> list[list[int]]:
    """Returns the vertices of every cell: all, unless parts with sinks of their own share none."""
    inner = [v for v, label in labels.items() if label not in _ENDS]
    near = graph.adjacency[0] | graph.adjacency[0].T
    parts: list[list[int]] = []
    left = set(inner)
    while left:
        part, new = set(), {min(left)}
        while new:
            part |= new
            new = {v for v in left - part if near[v, sorted(new)].any()}
        parts.append(sorted(part))
        left -= part
    ends = [any(labels[v] in graph.sinks for v in part) for part in parts]
    return parts if len(parts) > 1 and all(ends) else [list(labels)]


def _units(graph: Graph, members: Sequence[int], labels: dict[int, str]) -> list[list[int]]:
    """Returns single vertices, and blocks: the operations of a joint, and last the joint."""
    edges = graph.adjacency[0]
    taken: set[int] = set()
    found: list[list[int]] = []
    for v in members:
        reads = [int(u) for u in np.flatnonzero(edges[:, v]) if u in labels]
        alone = all(labels[u] in graph.operations and edges[u].sum() == 1 for u in reads)
        if labels[v] in graph.joints and len(reads) > 1 and alone:
            found.append([*reads, v])
            taken |= {*reads, v}
    found += [[v] for v in members if v not in taken]
    return sorted(found, key=lambda unit: unit[-1])


def _cell(
    graph: Graph, members: Sequence[int], labels: dict[int, str], paint: dict[str, str]
) -> tuple[str, float, float]:
    """Returns the markup of one cell, its width and its height."""
    units = _units(graph, members, labels)
    where = {v: i for i, unit in enumerate(units) for v in unit}
    edges = [(int(a), int(b)) for a, b in np.argwhere(graph.adjacency[0]) if a in where]
    edges = [(a, b) for a, b in edges if b in where]
    between = np.zeros((len(units), len(units)), dtype=np.bool_)
    for a, b in edges:
        between[where[a], where[b]] |= where[a] != where[b]
    sizes = [_size(unit, labels) for unit in units]
    corners, width, height = _placed(between, sizes)
    boxes: dict[int, _Box] = {}
    frames: list[str] = []
    for unit, (x, y), (w, h) in zip(units, corners, sizes, strict=True):
        boxes |= _inside(unit, labels, x, y)
        if len(unit) > 1:
            frames.append(
                f'<rect class="block" x="{x - w / 2:g}" y="{y:g}" width="{w:g}" height="{h:g}" '
                'rx="8"/>'
            )
    arrows = [_arrow(boxes[a], boxes[b], width) for a, b in edges]
    drawn = [_drawn(box, paint[box.label]) for box in boxes.values()]
    return "".join([*frames, *arrows, *drawn]), width, height


def _size(unit: Sequence[int], labels: dict[int, str]) -> tuple[float, float]:
    if len(unit) == 1:
        return _width(labels[unit[0]]), _BOX
    row = sum(_width(labels[v]) for v in unit[:-1]) + 8 * (len(unit) - 2)
    return row + 2 * _ROOM, 2 * _BOX + _BETWEEN + 2 * _ROOM


def _width(label: str) -> float:
    return max(52.0, _LETTER * len(label) + 14)


def _placed(
    between: Bools, sizes: Sequence[tuple[float, float]]
) -> tuple[list[tuple[float, float]], float, float]:
    """Returns the middle of the upper edge of every unit, and the size of the whole."""
    places = layout(between)
    layers = np.round(-places[:, 1]).astype(int)
    rows = [
        sorted(np.flatnonzero(layers == k).tolist(), key=lambda i: float(places[i, 0]))
        for k in range(layers.max() + 1)
    ]
    widths = [sum(sizes[i][0] + _BETWEEN for i in row) - _BETWEEN for row in rows]
    whole = max(widths) + 48  # room for arrows that bend around a layer
    found = [(0.0, 0.0)] * len(sizes)
    y = 4.0
    for row, wide in zip(rows, widths, strict=True):
        tall = max(sizes[i][1] for i in row)
        x = (whole - wide) / 2
        for i in row:
            found[i] = (x + sizes[i][0] / 2, y + (tall - sizes[i][1]) / 2)
            x += sizes[i][0] + _BETWEEN
        y += tall + _GAP
    return found, whole, y - _GAP + 4


def _inside(unit: Sequence[int], labels: dict[int, str], x: float, y: float) -> dict[int, _Box]:
    """Returns the boxes of a unit: of a block the operations side by side, the joint below."""
    if len(unit) == 1:
        return {unit[0]: _Box(labels[unit[0]], x, y, _width(labels[unit[0]]))}
    widths = [_width(labels[v]) for v in unit[:-1]]
    left = x - (sum(widths) + 8 * (len(widths) - 1)) / 2
    found = {}
    for v, wide in zip(unit, widths, strict=False):
        found[v] = _Box(labels[v], left + wide / 2, y + _ROOM, wide)
        left += wide + 8
    below = y + _ROOM + _BOX + _BETWEEN
    found[unit[-1]] = _Box(labels[unit[-1]], x, below, _width(labels[unit[-1]]))
    return found


def _arrow(start: _Box, end: _Box, width: float) -> str:
    """Returns an arrow; a long one bends outwards, so as not to run through boxes."""
    x1, y1, x2, y2 = start.x, start.y + _BOX, end.x, end.y
    drop = y2 - y1
    aside = 0.0
    if drop > _GAP + _BOX + 2 * _ROOM:
        aside = 0.3 * drop if (x1 + x2) / 2 >= width / 2 else -0.3 * drop
    curve = (
        f"M{x1:.1f} {y1:.1f}C{x1 + aside:.1f} {y1 + 0.45 * drop:.1f} "
        f"{x2 + aside:.1f} {y2 - 0.45 * drop:.1f} {x2:.1f} {y2 - 2:.1f}"
    )
    return f'<path class="edge" d="{curve}m-4-6 4 6 4-6"/>'


def _drawn(box: _Box, colour: str) -> str:
    return (
        f'<rect class="box" x="{box.x - box.width / 2:.1f}" y="{box.y:.1f}" '
        f'width="{box.width:.1f}" height="{_BOX}" rx="5" fill="{colour}"/>'
        f'<text x="{box.x:.1f}" y="{box.y + 17:.1f}" fill="{ink(colour)}">'
        f"{escape(box.label)}</text>"
    )
