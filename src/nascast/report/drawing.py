"""Pictures of architectures: their graphs, with operations in colour and a legend."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError, StoreError
from nascast.core.extras import extra
from nascast.core.graph import Graph

__all__ = ["colours", "draw", "ink", "layout"]

_ENDS = "#d9d9d9"
_DARK = ("#009e73", "#d55e00", "#0072b2")  # colours that bear white letters
_COLOURS = (  # Okabe and Ito, for people with any colour vision; then lighter ones for more
    *("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2"),
    *("#bcdff5", "#f6d28a", "#8fd3bd", "#e7c0d6", "#f2b48f", "#9cc4e0", "#c8c8a0"),
)
_LINE = "#555555"  # colour of edges
Places = npt.NDArray[np.float64]


def layout(adjacency: npt.NDArray[np.bool_]) -> Places:
    """Returns ``(v, 2)`` places for the vertices of a DAG: across in their layer, and down.

    A vertex lies below all that it reads. Within a layer, vertices stand in the order of the mean
    place of what they read and feed (Sugiyama et al. 1981), found by a few sweeps.
    """
    v = len(adjacency)
    depth = np.zeros(v, dtype=np.int64)
    for j in range(v):
        before = np.flatnonzero(adjacency[:j, j])
        depth[j] = 1 + depth[before].max() if len(before) else 0
    across = np.zeros(v)
    near = adjacency | adjacency.T
    for sweep in range(8):  # chosen; small graphs settle in a few
        for layer in range(depth.max() + 1):
            members = np.flatnonzero(depth == layer)
            if sweep:
                means = [across[near[m]].mean() if near[m].any() else across[m] for m in members]
                members = members[np.argsort(means, kind="stable")]
            across[members] = np.arange(len(members)) - (len(members) - 1) / 2
    return np.stack([across, -depth.astype(np.float64)], axis=1)


def colours(graph: Graph, labels: list[str]) -> dict[str, str]:
    """Returns the colour of every label; where a space has few, the same in all pictures."""
    kinds = [kind for kind in graph.vocabulary if kind not in ("input", "output")]
    if len(kinds) > len(_COLOURS):
        kinds = [kind for kind in kinds if kind in labels]
    found = {kind: _COLOURS[i % len(_COLOURS)] for i, kind in enumerate(kinds)}
    return {"input": _ENDS, "output": _ENDS, **{k: c for k, c in found.items() if k in labels}}


def ink(colour: str) -> str:
    """Returns the colour of letters on one of these colours."""
    return "white" if colour in _DARK else "black"


def check_picture(path: Path) -> None:
    """Raises InvalidSettingError unless the name of a file is that of a picture."""
    if path.suffix not in (".svg", ".png"):
        raise InvalidSettingError(f"pictures end in .svg or .png; got {path}")


def draw(graph: Graph, title: str, path: Path) -> None:
    """Draws the graph of a batch of one into a file.

    Args:
        graph: graph of one architecture.
        title: title above the picture.
        path: file to write, which ends in ``.svg`` or ``.png``.

    Raises:
        InvalidSettingError: the file has another ending.
        MissingExtraError: Matplotlib is not installed.
        StoreError: the file cannot be written.
    """
    check_picture(path)
    figure = _figure(graph, title)
    try:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def _figure(graph: Graph, title: str) -> Any:
    """Returns the picture as a Matplotlib figure."""
    matplotlib = extra("matplotlib.figure", "report", "a picture")
    alive = np.flatnonzero(graph.mask[0])
    adjacency = graph.adjacency[0][np.ix_(alive, alive)]
    labels = [graph.vocabulary[i] for i in graph.labels[0, alive]]
    places = layout(adjacency)
    width = 2.4 + 1.35 * np.ptp(places[:, 0])
    height = 1.8 + 0.75 * np.ptp(places[:, 1])
    size = (max(width, 4.0) + 2.2, height)
    figure = matplotlib.Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_axis_off()
    if title:
        axes.set_title(_wrapped(title, int(16 * max(width, 4.0))), fontsize=8)
    for i, j in np.argwhere(adjacency):
        _arrow(axes, places, int(i), int(j))
    paint = colours(graph, labels)
    for (x, y), label in zip(places, labels, strict=True):
        axes.text(
            *(x, y, _short(label)),
            ha="center",
            va="center",
            fontsize=8,
            color=ink(paint[label]),
            zorder=3,
            bbox={
                "boxstyle": "round,pad=0.35",
                "facecolor": paint[label],
                "edgecolor": "#333333",
            },
        )
    _legend(axes, paint)
    axes.set_xlim(places[:, 0].min() - 0.7, places[:, 0].max() + 0.7)
    axes.set_ylim(places[:, 1].min() - 0.5, places[:, 1].max() + 0.5)
    return figure


def _arrow(axes: Any, places: Places, i: int, j: int) -> None:
    """Draws an edge; one that passes over a layer bends aside, so as not to run through boxes."""
    drop = places[i, 1] - places[j, 1]
    shift = places[j, 0] - places[i, 0]
    bend = 0.0 if drop <= 1 else (0.28 if shift <= 0 else -0.28)
    axes.annotate(
        "",
        xy=(places[j, 0], places[j, 1]),
        xytext=(places[i, 0], places[i, 1]),
        arrowprops={
            "arrowstyle": "-|>",
            "color": _LINE,
            "linewidth": 1.0,
            "shrinkA": 11,
            "shrinkB": 11,
            "connectionstyle": f"arc3,rad={bend}",
        },
        zorder=2,
    )


def _wrapped(title: str, width: int) -> str:
    name, _, rest = title.partition("\n")
    return "\n".join([name, *textwrap.wrap(rest, width, max_lines=3, placeholder=" …")])


def _short(label: str) -> str:
    return label if len(label) <= 18 else label[:17] + "…"


def _legend(axes: Any, paint: dict[str, str]) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colour, edgecolor="#333333", label=label)
        for label, colour in paint.items()
        if label not in ("input", "output")
    ]
    if handles:
        axes.legend(
            handles=handles,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            fontsize=8,
            frameon=False,
            title="operations",
            title_fontsize=8,
        )
