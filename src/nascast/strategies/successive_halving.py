"""Successive halving (Jamieson & Talwalkar 2016, https://arxiv.org/abs/1502.07943)."""

import math
from collections.abc import Collection, Sequence

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.met import Met
from nascast.core.space import SearchSpace
from nascast.core.strategy import Strategy
from nascast.core.types import Architecture, Candidate, Genes, Objective, Trial
from nascast.strategies._levels import levels

__all__ = ["SuccessiveHalving"]


class SuccessiveHalving(Strategy):
    """Trains many for a few epochs, the best of them for eta times as many, and so on.

    This is the inner loop of Algorithm 1 of Hyperband (Li et al. 2018,
    https://arxiv.org/abs/1603.06560), one bracket after the other. A rung is finished before the
    next one begins: while its last candidates are pending, `ask` returns none. A failed candidate
    takes its place in the rung and is not promoted. A bracket without successes ends.

    The brackets follow from the trials told, one by one: a trial counts in the open rung if it has
    the rung's epochs and, above the first rung, an architecture that was promoted to it. Others are
    kept in the history alone.

    Deviation: the paper divides a budget by the number of rungs; here the size of the first rung
    is set, which is the same thing.

    Attributes:
        levels: epochs of the rungs, ascending.
    """

    def __init__(
        self,
        space: SearchSpace,
        objectives: Sequence[Objective] = (Objective("val_accuracy"),),
        *,
        seed: int = 0,
        min_epochs: int = 1,
        max_epochs: int = 9,
        eta: int = 3,
        size: int | None = None,
    ) -> None:
        """Begins with the first rung of the first bracket.

        Args:
            space: whose rows are proposed.
            objectives: the first one counts.
            seed: not used; all randomness comes with `ask`.
            min_epochs: no rung has fewer.
            max_epochs: of the last rung. The default, 9, is chosen: with eta 3 it makes three
                rungs, of 1, 3 and 9 epochs, the least number with which halving is more than a
                single selection. Set it to a full training.
            eta: a rung keeps one in so many, and the next trains for that many times the epochs.
            size: architectures in the first rung; None for as many as leave one in the last.

        Raises:
            InvalidSettingError: settings out of range.
        """
        super().__init__(space, objectives, seed=seed)
        self.levels = levels(min_epochs, max_epochs, eta)
        self.eta = eta
        self.size = eta ** (len(self.levels) - 1) if size is None else size
        if self.size < 1:
            raise InvalidSettingError(f"size is at least 1; got {size}")
        self._met = Met(space)
        self._bracket = 0
        self._rung = 0
        self._promoted: tuple[Architecture, ...] = ()
        self._told: list[tuple[Architecture, float]] = []  # of the open rung, with scores

    def plan(self, bracket: int) -> list[tuple[int, int]]:
        """Returns how many architectures, and for how many epochs, rung by rung.

        Args:
            bracket: number from 0.
        """
        return self._rungs(self.size, self.levels)

    def _rungs(self, size: int, epochs: Sequence[int]) -> list[tuple[int, int]]:
        rungs = [(size // self.eta**i, e) for i, e in enumerate(epochs)]
        return [(count, e) for count, e in rungs if count]

    def tell(self, trials: Sequence[Trial]) -> None:
        first = len(self.history)
        super().tell(trials)
        self._met.add(trials)
        scores = self.history.scores[first:, 0]
        for trial, score in zip(trials, scores, strict=True):
            self._take(trial.candidate, float(score))

    def _take(self, candidate: Candidate, score: float) -> None:
        size, epochs = self.plan(self._bracket)[self._rung]
        if candidate.epochs != epochs:
            return
        if self._rung:
            size = len(self._promoted)
            known = (arch for arch, _ in self._told)
            if candidate.arch not in self._promoted or candidate.arch in known:
                return
        self._told.append((candidate.arch, score))
        if len(self._told) == size:
            self._close()

    def _close(self) -> None:
        """Goes to the next rung, or to the next bracket."""
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

        def draw(size: int) -> Genes:
            return self._draw(size, rng)

        return self._met.propose(n, rng, draw, pending=pending, epochs=epochs)

    def _draw(self, size: int, rng: np.random.Generator) -> Genes:
        """Returns rows for the first rung, `size` of them or more, preferred ones first."""
        return self.space.sample(size, rng)
