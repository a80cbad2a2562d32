"""The figures of a search's children: every trial, its failures and its learning curve."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from nascast.core.types import Floats
from nascast.report.figures import Look, Spec
from nascast.report.searches.figures import (
    _DOTS,
    _even,
    _line,
    _longest,
    _short,
    _value_layout,
    _whole,
    _zoomed,
)
from nascast.studies.searches.results import Run

__all__ = ["learning_curves", "rewards"]

_WINDOW = 20  # trials in a running mean; chosen
_FEW = 150  # dots up to which each is large and opaque; chosen
_CURVES = 40  # learning curves of one strategy at most; chosen


def rewards(
    groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look], metric: str, minimize: bool
) -> Spec | None:
    """Returns a figure of all trials of the first seed of each strategy, with running means.

    Failures are crosses at the lower edge.
    """
    data: list[Spec] = []
    shown: list[Floats] = []
    failed: list[tuple[str, Look, Run]] = []
    for number, (name, one) in enumerate(look.items()):
        scores = groups[name][0].scores[:, 0]
        failed.append((str(number), one, groups[name][0]))
        known = np.flatnonzero(np.isfinite(scores))
        if not len(known):
            continue
        values = -scores[known] if minimize else scores[known]
        sums = np.cumsum(np.concatenate([[0.0], values]))
        first = np.maximum(np.arange(len(values)) - _WINDOW + 1, 0)
        means = (sums[1:] - sums[first]) / (np.arange(len(values)) - first + 1)
        few = _even(len(known), _DOTS)
        shared = {"legendgroup": str(number), "showlegend": False, "type": "scatter"}
        size, opacity = (7, 0.75) if len(known) <= _FEW else (4.5, 0.4)
        dots = {"color": one.colour, "symbol": one.symbol, "size": size, "opacity": opacity}
        at = {"x": (known[few] + 1).tolist(), "hoverinfo": "skip"}
        data.append({**shared, **at, "y": _short(values[few]), "mode": "markers", "marker": dots})
        hover = f"{escape(name, quote=False)}<br>trial %{{x}}: mean %{{y}}<extra></extra>"
        line = {"mode": "lines", "line": _line(one), "hovertemplate": hover}
        data.append({**shared, "x": at["x"], "y": _short(means[few]), **line})
        shown.append(values)
    if not data:
        return None
    layout = _value_layout(metric)
    trials = _longest(groups)
    layout["xaxis"] |= _whole([trials], "trial, in the order of finishing")
    layout["yaxis"] |= _zoomed(shown, minimize, trials)
    data.sort(key=lambda trace: trace["mode"] == "lines")
    data += _crosses(failed, layout["yaxis"]["range"][0])
    return {"data": data, "layout": layout}


def _crosses(failed: Sequence[tuple[str, Look, Run]], low: float) -> list[Spec]:
    """Returns crosses at the height `low` for the failed trials of runs, with their errors."""
    data: list[Spec] = []
    for group, look, run in failed:
        places = np.flatnonzero(np.isnan(run.scores[:, 0]))
        places = places[_even(len(places), _DOTS)] if len(places) else places
        if not len(places):
            continue
        errors = [str(run.trials[i].evaluation.error or "no value") for i in places.tolist()]
        marker = {"color": look.colour, "symbol": "x-thin-open", "size": 8, "line": {"width": 1.5}}
        data.append(
            {
                **{"legendgroup": group, "showlegend": False, "type": "scatter"},
                **{"x": (places + 1).tolist(), "y": [low] * len(places), "mode": "markers"},
                **{"marker": marker, "cliponaxis": False},
                "text": [escape(error[:120], quote=False) for error in errors],
                "hovertemplate": "trial %{x} failed: %{text}<extra></extra>",
            }
        )
    return data


def learning_curves(
    groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look], metric: str, title: str
) -> Spec | None:
    """Returns a figure of a metric after each epoch of children of the first seed.

    Args:
        groups: runs by strategy.
        look: looks by strategy.
        metric: name of the metric in the curves of trials.
        title: name and unit of the metric, for the axis.

    Returns:
        The figure; None if no trial has such a curve.
    """
    data: list[Spec] = []
    longest = 0
    for number, (name, one) in enumerate(look.items()):
        trials = groups[name][0].trials
        found = [(t.id, c) for t in trials if len(c := t.evaluation.curves.get(metric, ())) > 1]
        for place in _even(len(found), _CURVES).tolist() if found else []:
            trial, values = found[place]
            longest = max(longest, len(values))
            data.append(
                {
                    **{"legendgroup": str(number), "showlegend": False, "type": "scatter"},
                    **{"x": list(range(1, len(values) + 1)), "y": _short(np.asarray(values))},
                    **{"mode": "lines", "opacity": 0.45},
                    "line": {**_line(one), "width": 1.3},
                    "hovertemplate": f"trial {trial}, epoch %{{x}}: %{{y}}<extra></extra>",
                }
            )
    if not data:
        return None
    layout = _value_layout(title)
    layout["xaxis"] |= _whole([longest], "epoch")
    return {"data": data, "layout": layout}
