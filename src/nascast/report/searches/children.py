"""The figures of a search's children: every trial, its failures and its learning curve."""

from collections.abc import Mapping, Sequence

import numpy as np

from nascast.core.types import Floats
from nascast.report.chart import Chart, Item, Line, Mark
from nascast.report.figures import Look, whole_axis
from nascast.report.searches.figures import (
    DOTS,
    WINDOW,
    dots_of,
    even,
    line_of,
    longest,
    running,
    value_axis,
)
from nascast.studies.searches.results import Run

__all__ = ["learning_curves", "rewards"]

_CURVES = 40  # learning curves of one strategy at most; chosen
_CROSSES = 60  # failures of one strategy that are marked at most; chosen
_MESSAGE = 120  # letters of a failure that are told; chosen


def rewards(
    groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look], metric: str, minimize: bool
) -> Chart | None:
    """Returns a figure of all trials of the first seed of each strategy, with running means.

    Failures are crosses at the lower edge.
    """
    dots: list[Item] = []
    lines: list[Item] = []
    shown: list[Floats] = []
    for place, (name, one) in enumerate(look.items()):
        scores = groups[name][0].scores[:, 0]
        known = np.flatnonzero(np.isfinite(scores))
        if not len(known):
            continue
        values = -scores[known] if minimize else scores[known]
        few = even(len(known), DOTS)
        x = known[few].astype(np.float64) + 1
        dots.append(dots_of(x, values[few], one.colour, name, str(place), trials=len(known)))
        title = f"{name}, mean of the last {WINDOW}"
        lines.append(line_of(one, x, running(values)[few], title, str(place), steps=False))
        shown.append(values)
    if not shown:
        return None
    trials = longest(groups)
    up = value_axis(shown, metric, whole=trials <= DOTS, minimize=minimize)
    crosses = [
        cross
        for place, (name, one) in enumerate(look.items())
        for cross in _crosses(groups[name][0], one, up.low, str(place))
    ]
    across = whole_axis(trials, "trial, in the order of finishing")
    return Chart(across, up, [*dots, *lines, *crosses])


def learning_curves(
    groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look], metric: str, title: str
) -> Chart | None:
    """Returns a figure of a metric after each epoch of children of the first seed.

    Args:
        groups: runs by strategy.
        look: looks by strategy.
        metric: name of the metric in the curves of trials.
        title: name and unit of the metric, for the axis.

    Returns:
        The figure; None if no trial has such a curve.
    """
    items: list[Item] = []
    drawn: list[Floats] = []
    for place, (name, one) in enumerate(look.items()):
        trials = groups[name][0].trials
        found = [(t.id, c) for t in trials if len(c := t.evaluation.curves.get(metric, ())) > 1]
        for at in even(len(found), _CURVES).tolist() if found else []:
            trial, values = found[at]
            y = np.asarray(values, dtype=np.float64)
            told = f"{name}, trial {trial}"
            line = line_of(one, np.arange(1.0, len(y) + 1), y, told, str(place), steps=False)
            items.append(Line(line.x, y, line.colour, told, 1.4, line.dash, 0.55, group=line.group))
            drawn.append(y[np.isfinite(y)])
    if not items:
        return None
    across = whole_axis(max(len(line.x) for line in items if isinstance(line, Line)), "epoch")
    return Chart(across, value_axis(drawn, title), items)


def _crosses(run: Run, look: Look, low: float, group: str) -> list[Mark]:
    """Returns crosses at the height `low` for the failed trials of a run, with their errors."""
    places = np.flatnonzero(np.isnan(run.scores[:, 0]))
    places = places[even(len(places), _CROSSES)] if len(places) else places
    errors = [str(run.trials[k].evaluation.error or "no value") for k in places.tolist()]
    return [
        Mark(
            k + 1.0,
            low,
            look.colour,
            "cross",
            f"trial {k + 1} failed: {error[:_MESSAGE]}",
            group=group,
        )
        for k, error in zip(places.tolist(), errors, strict=True)
    ]
