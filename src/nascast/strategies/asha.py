"""Asynchronous successive halving (Li et al. 2020, https://arxiv.org/abs/1810.05934)."""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from nascast.core.evidence import Records
from nascast.core.strategy import Strategy
from nascast.core.types import Architecture, Candidate, Genes
from nascast.strategies._levels import check_recorded, levels

__all__ = ["Asha"]

_Ranked = tuple[float, int, Architecture]  # minus score, place in the history: best first


class _Rung:
    """The architectures told with one number of epochs, each once, failed ones included."""

    def __init__(self) -> None:
        self.told: dict[Architecture, _Ranked] = {}
        self._ranked: list[_Ranked] = []  # those with scores, best first
        self._waiting: list[_Ranked] = []  # those of them that the next rung was not told

    def take(self, entry: _Ranked, waits: bool) -> None:
        """Adds an architecture; one without a score is counted only."""
        self.told[entry[2]] = entry
        if not math.isnan(entry[0]):
            insort(self._ranked, entry)
            if waits:
                insort(self._waiting, entry)

    def promoted(self, arch: Architecture) -> None:
        """Notes that the next rung has the architecture, so that it is not promoted again."""
        entry = self.told.get(arch)
        if entry is not None and not math.isnan(entry[0]):
            del self._waiting[bisect_left(self._waiting, entry)]

    def promotable(self, eta: int) -> list[Architecture]:
        """Returns those of the best one in eta that are not in the next rung, best first."""
        k = min(len(self.told) // eta, len(self._ranked))
        if not k:
            return []
        return [
            arch for *_, arch in self._waiting[: bisect_right(self._waiting, self._ranked[k - 1])]
        ]


@dataclass(eq=False, kw_only=True)
class Asha(Strategy):
    """Algorithm 2: whenever a worker is free, promote if possible, otherwise begin a new one.

    Promotable is an architecture that is among the best one in eta of a rung and not in the next.
    The highest rung comes first. No worker ever waits. A failed candidate counts in its rung and is
    not promoted.

    Deviation: the paper's `min_epochs` is raised by an early-stopping rate s; set `min_epochs`.

    Attributes:
        min_epochs: least number of epochs of a rung.
        max_epochs: number of epochs of the last rung; 9 as for successive halving.
        eta: factor of halving: a rung promotes one architecture in `eta`.
        levels: epochs of the rungs, ascending.

    Raises:
        InvalidSettingError: a setting is out of range.
    """

    min_epochs: int = 1
    max_epochs: int = 9
    eta: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        self.levels = levels(self.min_epochs, self.max_epochs, self.eta)
        self._rungs = [_Rung() for _ in self.levels]

    def check(self, records: Records, genes: Genes) -> None:
        check_recorded(self, self.levels, records, genes)

    def learn(self, index: int) -> None:
        candidate = self.history.trials[index].candidate
        if candidate.epochs in self.levels:
            self._take(self.levels.index(candidate.epochs), candidate.arch, index)

    def _take(self, level: int, arch: Architecture, i: int) -> None:
        rung = self._rungs[level]
        if arch in rung.told:
            return
        above = self._rungs[level + 1 : level + 2]
        entry = (-float(self.history.scores[i, 0]), i, arch)
        rung.take(entry, waits=all(arch not in next_rung.told for next_rung in above))
        if level:
            self._rungs[level - 1].promoted(arch)

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        found = [
            candidate
            for rung, epochs in reversed(list(zip(self._rungs, self.levels[1:], strict=False)))
            for arch in rung.promotable(self.eta)
            if (candidate := Candidate(arch, epochs)) not in pending
        ]
        if len(found) >= n:
            return found[:n]
        busy = [*pending, *found]
        return found + self.met.others(n - len(found), rng, pending=busy, epochs=self.levels[0])
