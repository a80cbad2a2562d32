"""Synchronous brackets of rungs, which successive halving and Hyperband fill differently."""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from nascast.core.evidence import Records
from nascast.core.strategy import Strategy
from nascast.core.types import Architecture, Candidate, Genes
from nascast.strategies._levels import check_recorded, levels

__all__ = ["Brackets"]


@dataclass(eq=False, kw_only=True)
class Brackets(Strategy, ABC):
    """Trains many architectures for a few epochs, the best for eta times as many, and so on.

    One bracket comes after the other, and a rung is finished before the next one begins: while its
    last candidates are pending, `ask` returns none. A failed candidate takes its place in the rung
    and is not promoted. A bracket without successes ends. First rungs are filled by `propose`.

    The brackets follow from the trials told, one by one: a trial counts in the open rung if it has
    the rung's epochs and, above the first rung, an architecture that was promoted to it. Others are
    kept in the history alone.

    Attributes:
        min_epochs: least number of epochs of a rung.
        max_epochs: number of epochs of the last rung. The default, 9, is chosen: with eta 3 it
            makes three rungs, of 1, 3 and 9 epochs, the least number with which halving is more
            than a single selection. Set it to a full training.
        eta: factor of halving: a rung keeps one architecture in `eta`, and the next trains for
            `eta` times the epochs.
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
        self._bracket = 0
        self._rung = 0
        self._promoted: tuple[Architecture, ...] = ()
        self._told: list[tuple[Architecture, float]] = []  # of the open rung, with scores

    def check(self, records: Records, genes: Genes) -> None:
        check_recorded(self, self.levels, records, genes)

    @abstractmethod
    def plan(self, bracket: int) -> list[tuple[int, int]]:
        """Returns numbers of architectures and of epochs, rung by rung.

        Args:
            bracket: number of the bracket, from 0.
        """

    def rungs(self, size: int, epochs: Sequence[int]) -> list[tuple[int, int]]:
        """Returns the plan of a bracket with `size` architectures in its first rung."""
        rungs = [(size // self.eta**i, e) for i, e in enumerate(epochs)]
        return [(count, e) for count, e in rungs if count]

    def learn(self, index: int) -> None:
        candidate = self.history.trials[index].candidate
        size, epochs = self.plan(self._bracket)[self._rung]
        if candidate.epochs != epochs:
            return
        if self._rung:
            size = len(self._promoted)
            known = (arch for arch, _ in self._told)
            if candidate.arch not in self._promoted or candidate.arch in known:
                return
        self._told.append((candidate.arch, float(self.history.scores[index, 0])))
        if len(self._told) == size:
            self._close()

    def _close(self) -> None:
        """Opens the next rung, or the next bracket."""
        fine = [(arch, score) for arch, score in self._told if not math.isnan(score)]
        ranked = sorted(fine, key=lambda pair: -pair[1])  # stable: earlier ones win ties
        above = self.plan(self._bracket)[self._rung + 1 :]
        keep = above[0][0] if above else 0
        self._promoted = tuple(dict.fromkeys(arch for arch, _ in ranked))[:keep]
        self._rung = self._rung + 1 if self._promoted else 0
        self._bracket += not self._promoted
        self._told = []

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        size, epochs = self.plan(self._bracket)[self._rung]
        waiting = [candidate.arch for candidate in pending if candidate.epochs == epochs]
        if self._rung:
            known = {*waiting, *(arch for arch, _ in self._told)}
            return [Candidate(arch, epochs) for arch in self._promoted if arch not in known][:n]
        n = min(n, size - len(self._told) - len(waiting))
        if n < 1:
            return []
        return self.met.others(n, rng, self.propose, pending=pending, epochs=epochs)

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        return self.space.sample(n, rng)
