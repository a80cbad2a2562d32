"""Random search: the strategy that others have to beat."""

from collections.abc import Collection

import numpy as np

from nascast.core.strategy import Strategy
from nascast.core.types import Candidate

__all__ = ["RandomSearch"]


class RandomSearch(Strategy):
    """Draws from the space; an architecture already proposed is drawn again a few times."""

    def ask(
        self, n: int, rng: np.random.Generator, pending: Collection[Candidate] = ()
    ) -> list[Candidate]:
        chosen: dict[Candidate, None] = {}
        for _ in range(10):  # chosen; a small space may have nothing new
            for row in self.space.sample(n - len(chosen), rng):
                candidate = Candidate(self.space.architecture(row))
                if candidate not in self.history and candidate not in pending:
                    chosen[candidate] = None
            if len(chosen) == n:
                break
        if not chosen:
            row = self.space.sample(1, rng)[0]
            chosen[Candidate(self.space.architecture(row))] = None
        return list(chosen)
