"""What the process thought: of each trial before it was told, and of the parts of architectures."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from nascast.core.errors import UnsupportedError
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes
from nascast.strategies.guided.memory import ALL
from nascast.strategies.guided.prior import trust
from nascast.strategies.guided.process import Process

__all__ = ["foreseen", "parts"]

_ENDS = (0.05, 0.95)  # quantiles of errors between which an interval of 90 % lies
_SUPPOSED = ndtri((np.arange(10) + 0.5) / 10)  # errors before there are any; their number is chosen
_SHOWN = 20  # parts that are told, those of the largest correlations; chosen


def foreseen(
    process: Process,
    scores: Floats,
    targets: Callable[[int], Floats],
    *,
    first: int,
    noise: float,
    means: Floats | None = None,
    rungs: npt.NDArray[np.intp] | None = None,
) -> dict[str, Floats]:
    """Returns what was predicted of each trial by those told before it, as ``(n,)`` series.

    ``foreseen`` is the mean, ``foreseen_low`` and ``foreseen_high`` are the ends of the interval
    that is to hold 90 % of what would be measured, all as scores. The process knows ranks only:
    what it places above the best score so far is told as that. ``inside`` is 1 where the score that
    was then measured ranked within the interval, 0 where it did not, and NaN where nothing was
    measured. The first 1,000 trials have values, without the beginning, which no process chose.

    The deviations of the process say too little, since trials are chosen where it errs upwards and
    its settings by what they find. So an interval lies between quantiles of the errors made so far,
    each over the deviation it was made with (conformal prediction in its split form, Lei et al.
    2018, https://arxiv.org/abs/1604.04173, section 5.2, here with what came before as the other
    part). Ten errors as large as the targets spread count with them, and are all at first.

    With several workers a trial was chosen before the last ones ahead of it were told, so that the
    strategy knew a little less.

    Args:
        process: process at the places of the trials, in the order told, of which it was told none.
        scores: ``(n,)`` scores, larger is better, NaN for a failure.
        targets: function from t to the ``(t,)`` targets of the first t trials.
        first: number of trials at the beginning.
        noise: variance of the noise.
        means: ``(n,)`` means of a prior; None is 0.
        rungs: ``(n,)`` lengths of the trainings: a prediction is told as a score of its own
            length. None is one length.
    """
    n = min(len(scores), ALL)
    lengths = np.zeros(n, dtype=np.intp) if rungs is None else rungs
    ends, inside = np.full((n, 3), np.nan), np.full(n, np.nan)
    errors: list[float] = []
    for t in range(n):
        alike = np.flatnonzero((lengths[:t] == lengths[t]) & np.isfinite(scores[:t]))
        if t >= max(first, 1) and len(alike):
            told = targets(t)
            mean, spread = _at(process, t, told, means)
            scale = float(np.hypot(spread, noise**0.5))
            reach = np.quantile([*_SUPPOSED / scale, *errors], _ENDS, method="weibull")
            steps = mean + scale * np.array([0.0, *reach])
            order = alike[np.argsort(told[alike], kind="stable")]
            ends[t] = np.interp(steps, told[order], scores[order])
            if np.isfinite(scores[t]):
                found = targets(t + 1)[t]
                inside[t] = steps[1] <= found <= steps[2]
                errors.append((found - mean) / scale)
        process.add(t)
    names = ("foreseen", "foreseen_low", "foreseen_high")
    return {**dict(zip(names, ends.T, strict=True)), "inside": inside}


def _at(process: Process, t: int, targets: Floats, prior: Floats | None) -> tuple[float, float]:
    """Returns the mean and the deviation at one place."""
    offset = np.zeros(t + 1)
    if prior is not None:
        targets, offset = trust(process, targets, prior)
    mean, deviation = process.moments(targets)
    return float(mean[t] + offset[t]), float(deviation[t])


def parts(space: SearchSpace, rows: Genes, means: Floats) -> dict[str, float]:
    """Returns how the number of each part goes with the prediction, for up to 20 parts.

    It is Pearson's correlation between the number of an operation, or of the edges from one
    operation to another, and what is predicted; those of the largest size are told. Nothing, where
    the space has no graphs or all predictions are equal.

    Args:
        space: search space.
        rows: ``(m, length)`` random rows.
        means: ``(m,)`` means that are predicted of them.
    """
    if not means.std() > 0:
        return {}
    counts = _counts(space, rows)
    found = {name: float(np.corrcoef(each, means)[0, 1]) for name, each in counts.items()}
    return dict(sorted(found.items(), key=lambda item: -abs(item[1]))[:_SHOWN])


def _counts(space: SearchSpace, rows: Genes) -> dict[str, Floats]:
    """Returns the ``(n,)`` numbers of each operation and edge that differ among rows, by name."""
    try:
        graph = space.graphs(rows)
    except UnsupportedError:
        return {}
    ends = {*graph.sources, *graph.sinks, "input", "output"}
    shown = [i for i, name in enumerate(graph.vocabulary) if name in {*graph.operations, *ends}]
    names = [graph.vocabulary[i] for i in shown]
    labels = graph.labels[:, :, None] == np.asarray(shown)
    numbers = labels.sum(1)
    found = {name: numbers[:, i] for i, name in enumerate(names) if name not in ends}
    edges = _edges(graph, labels)
    for i, one in enumerate(names):
        found |= {f"{one} → {other}": edges[:, i, j] for j, other in enumerate(names)}
    return {name: each.astype(np.float64) for name, each in found.items() if each.std() > 0}


def _edges(graph: Graph, labels: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Returns ``(n, c, c)`` numbers of edges from each of c kinds of vertices to each."""
    of = labels.astype(np.float32)
    return np.asarray(of.transpose(0, 2, 1) @ (graph.adjacency.astype(np.float32) @ of))
