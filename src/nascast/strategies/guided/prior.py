"""What is thought of architectures before the first trial: earlier trials, and a user's opinion."""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes
from nascast.strategies.guided.field import Coordinates, some_rows
from nascast.strategies.guided.process import Process
from nascast.strategies.guided.targets import normal_scores

__all__ = ["Prior", "trust"]

_MOST = 1000  # earlier trials that are looked at, evenly from the best to the worst; chosen
_PRAISE = 2.0  # score of an architecture that the user names, in deviations; chosen
_TRUST = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0])  # weights that are tried; chosen
_LENGTH, _NOISE = 2.0, 0.1  # of the kernel and of scores, in other data than these; chosen
_DOUBT = 1.0  # deviation of the weight around 1, before a trial speaks for or against it; chosen


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prior:
    """Scores of some architectures, and weights of operations.

    Attributes:
        rows: ``(k, length)`` architectures.
        scores: ``(k,)`` scores, larger is better, in deviations from the mean.
        operations: weights by the names that operations have in the graphs of the space.
    """

    rows: Genes
    scores: Floats
    operations: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        space: SearchSpace,
        earlier: Sequence[tuple[Genes, Floats]] = (),
        praised: Genes | None = None,
        operations: Mapping[str, float] | None = None,
    ) -> "Prior":
        """Returns a prior.

        Args:
            space: search space.
            earlier: groups of ``(m, length)`` rows and ``(m,)`` scores, larger is better, NaN for a
                failure; only the order within a group counts, so that groups may be of other data.
            praised: ``(p, length)`` rows of architectures that the user holds good.
            operations: weights of operations; larger is better.

        Raises:
            InvalidSettingError: there is no such operation, or a weight is not finite.
            InvalidArchitectureError: a row is none of the space.
            UnsupportedError: weights are given, and the space has no graphs.
        """
        for name, weight in (operations or {}).items():
            if not math.isfinite(weight):
                raise InvalidSettingError(f"the weight of {name} is a finite number; got {weight}")
        groups = [_thinned(rows, normal_scores(scores)) for rows, scores in earlier]
        if praised is not None:
            groups.append((praised, np.full(len(praised), _PRAISE)))
        empty = np.empty((0, space.length), dtype=np.int16)
        rows = np.concatenate([empty, *(rows for rows, _ in groups)])
        space.canonical(rows)  # what is none of the space shows here
        found = cls(
            rows, np.concatenate([np.empty(0), *(s for _, s in groups)]), dict(operations or {})
        )
        found._counted(space, rows[:1])
        return found

    def means(self, coordinates: Coordinates, genes: Genes) -> Floats:
        """Returns ``(n,)`` scores that are expected of ``(n, length)`` rows, before any trial.

        Args:
            coordinates: coordinates of the rows.
            genes: rows.
        """
        k, opinion = len(self.rows), self._counted(coordinates.space, genes)
        if not k:
            return opinion
        places = np.concatenate([coordinates(self.rows), coordinates(genes)])
        process = Process(places, list(range(k)), length=_LENGTH, noise=_NOISE)
        return opinion + process.moments(self.scores)[0][k:]

    def _counted(self, space: SearchSpace, genes: Genes) -> Floats:
        """Returns ``(n,)`` weighted numbers of operations, in deviations among random rows."""
        if not self.operations:
            return np.zeros(len(genes))
        usual = some_rows(space)
        graph = space.graphs(np.concatenate([usual, genes]))
        ends = {*graph.sources, *graph.sinks, *graph.joints}
        known = [name for name in graph.vocabulary if name not in ends]
        if unknown := [name for name in self.operations if name not in known]:
            raise InvalidSettingError(
                f"{space.name} has no operation {unknown[0]!r}; it has {', '.join(known)}"
            )
        weights = np.array([self.operations.get(name, 0.0) for name in graph.vocabulary])
        sums = np.where(graph.labels >= 0, weights[graph.labels], 0.0).sum(1)
        spread = sums[: len(usual)].std()
        deviations = (sums - sums[: len(usual)].mean()) / (spread if spread > 0 else 1.0)
        return np.asarray(deviations[len(usual) :])

    def __repr__(self) -> str:
        text = f"{self.rows.tolist()}{self.scores.tolist()}{sorted(self.operations.items())}"
        weights = ", ".join(f"{name}={weight:g}" for name, weight in self.operations.items())
        parts = filter(None, (f"{len(self.rows)} architectures" if len(self.rows) else "", weights))
        return f"{'; '.join(parts)} ({zlib.crc32(text.encode()):08x})"


def trust(process: Process, targets: Floats, means: Floats) -> tuple[Floats, Floats]:
    """Returns what the trials leave of a prior: ``(k,)`` targets without it, and ``(n,)`` means.

    The prior's means have a weight, which is its expected value given the trials: that of each
    weight is its likelihood by the process. So a prior that the trials contradict soon weighs
    nothing, and the search goes on as without one.

    Args:
        process: process of which the first k rows were told.
        targets: ``(k,)`` targets of those.
        means: ``(n,)`` means of the prior at all places.
    """
    told = process.told[: len(targets)]
    if not told:
        return targets, means
    around = means - means[told].mean()  # as targets, whose mean is 0
    left = targets[:, None] - around[told][:, None] * _TRUST
    logs = process.fit(left) - 0.5 * ((_TRUST - 1) / _DOUBT) ** 2
    odds = np.exp(logs - logs.max())
    weight = float(odds @ _TRUST / odds.sum())
    return targets - weight * around[told], weight * around


def _thinned(rows: Genes, scores: Floats) -> tuple[Genes, Floats]:
    if len(rows) <= _MOST:
        return rows, scores
    order = np.argsort(-scores, kind="stable")
    few = order[np.linspace(0, len(order) - 1, _MOST).round().astype(np.intp)]
    return rows[few], scores[few]
