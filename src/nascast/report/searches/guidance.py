"""The figures of what guided a search: predictions, how far they held, and the parts that count."""

from collections.abc import Mapping, Sequence

import numpy as np

from nascast.core.types import Floats
from nascast.report.chart import Axis, Band, Bar, Chart, Item, Line, Margin, Rule
from nascast.report.figures import Look, linear_axis, whole_axis
from nascast.report.searches.figures import (
    DOTS,
    WINDOW,
    dots_of,
    even,
    line_of,
    running,
    value_axis,
)
from nascast.studies.searches.results import Run

__all__ = ["calibration", "parts", "predictions"]

Diagnostics = Mapping[str, Mapping[str, Floats]]
_LETTER = 7  # pixels of a letter of a label; chosen, wide fonts have as many
_CLAIMED = 0.9  # share of trials that intervals are to hold; see `strategies.guided.account`
_UP, _DOWN = "#0072b2", "#d55e00"


def predictions(
    run: Run, series: Mapping[str, Floats], look: Look, metric: str, *, minimize: bool
) -> Chart | None:
    """Returns a figure of what was predicted of each trial, with intervals, and what was measured.

    Args:
        run: run whose strategy predicted.
        series: diagnostics of the run; None is returned if they have no predictions.
        look: look of the strategy.
        metric: name and unit of the metric, for the axis.
        minimize: whether smaller is better.
    """
    n = min(len(run.scores), len(series.get("foreseen", ())))
    sign = -1.0 if minimize else 1.0
    mean, low, high = (
        sign * series.get(f"foreseen{end}", np.full(n, np.nan))[:n] for end in ("", "_low", "_high")
    )
    known = np.flatnonzero(np.isfinite(mean))
    if not len(known):
        return None
    measured = sign * run.scores[:n, 0]
    few = known[even(len(known), DOTS)]
    x = few.astype(np.float64) + 1
    own = np.flatnonzero(np.isfinite(measured))
    own = own[even(len(own), DOTS)]
    items: list[Item] = [
        Band(x, np.fmin(low, high)[few], np.fmax(low, high)[few], look.colour),
        Line(x, mean[few], look.colour, "predicted", 1.6),
        dots_of(
            own.astype(np.float64) + 1, measured[own], "var(--ink)", "measured", trials=len(own)
        ),
    ]
    across = whole_axis(len(run.trials), "trial, in the order of finishing")
    return Chart(across, value_axis([measured[own], mean[few]], metric, minimize=minimize), items)


def calibration(
    groups: Mapping[str, Sequence[Run]], look: Mapping[str, Look], diagnostics: Diagnostics
) -> Chart | None:
    """Returns a figure of the share of the last 20 predicted trials inside their intervals.

    It is of the first seed of each strategy; None if none predicted as many.
    """
    lines: list[Item] = []
    last = 1.0
    for place, (name, one) in enumerate(look.items()):
        inside = diagnostics.get(groups[name][0].name, {}).get("inside", np.empty(0))
        known = np.flatnonzero(np.isfinite(inside))
        if len(known) < WINDOW:
            continue
        shares = running(inside[known])[WINDOW - 1 :]
        x = known[WINDOW - 1 :] + 1.0
        few = even(len(x), DOTS)
        lines.append(
            line_of(
                one,
                np.asarray(x[few], dtype=np.float64),
                100 * shares[few],
                name,
                str(place),
                steps=False,
            )
        )
        last = max(last, float(x[-1]))
    if not lines:
        return None
    across = whole_axis(last, "trial, in the order of finishing")
    up = linear_axis(0.0, 104.0, "share inside (%)")
    return Chart(across, up, [Rule(100 * _CLAIMED, "claimed", at=0.98), *lines], 260)


def parts(series: Mapping[str, Floats]) -> Chart | None:
    """Returns a figure of how parts of architectures go with the prediction; None without any."""
    found = {key[6:]: float(value[0]) for key, value in series.items() if key[:6] == "parts/"}
    if not found:
        return None
    ordered = sorted(found.items(), key=lambda item: -item[1])
    n = len(ordered)
    names = [name if len(name) <= 34 else f"{name[:33]}…" for name, _ in ordered]
    up = Axis(0, n, ticks=[(n - k - 0.5, name) for k, name in enumerate(names)], lines=False)
    bars: list[Item] = [
        Bar(
            value,
            (n - k - 0.82, n - k - 0.18),
            _UP if value > 0 else _DOWN,
            f"{name}\ncorrelation {value:+.2f}".replace("-", "−"),
        )
        for k, (name, value) in enumerate(ordered)
    ]
    most = 1.04 * max(abs(value) for value in found.values())
    across = linear_axis(-most, most, "correlation", most=6)
    left = 20 + _LETTER * max(map(len, names))
    return Chart(across, up, bars, 84 + 24 * n, Margin(left, 24, 28, 52))
