"""Mutations of the best architecture: the simplest strategy that learns."""

from collections.abc import Collection

import numpy as np

from nascast.core.strategy import Strategy
from nascast.core.types import Candidate

__all__ = ["GreedyMutation"]

_DRAWS = 20  # of a candidate that was not met before; chosen


class GreedyMutation(Strategy):
    """Proposes mutations of the best trial so far, and every fifth time, at random, any row.

    Before the first success, and where a mutation was met before, it draws again.
    """

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        best = self.history.genes[self.history.best()]
        found: list[Candidate] = []
        for _ in range(n):
            for _ in range(_DRAWS):
                wild = not len(best) or rng.random() < 0.2
                rows = self.space.sample(1, rng) if wild else self.space.mutate(best, rng)
                candidate = Candidate(self.space.architecture(rows[0]))
                if not (candidate in self.history or candidate in pending or candidate in found):
                    break
            found.append(candidate)
        return found
