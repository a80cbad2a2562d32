"""Mutations of the best architecture: the simplest strategy that learns."""

import numpy as np

from nascast.core.strategy import Strategy
from nascast.core.types import Genes

__all__ = ["GreedyMutation"]


class GreedyMutation(Strategy):
    """Proposes mutations of the best trial so far, and every fifth time, at random, any row."""

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        rows = self.space.sample(n, rng)
        best = self.history.best()
        if len(best):
            tame = rng.random(n) >= 0.2
            parents = np.repeat(self.history.genes[best], tame.sum(), axis=0)
            rows[tame] = self.space.mutate(parents, rng)
        return rows
