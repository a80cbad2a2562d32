"""Hyperband (Li et al. 2018, https://arxiv.org/abs/1603.06560)."""

from nascast.strategies._brackets import Brackets

__all__ = ["Hyperband"]


class Hyperband(Brackets):
    """Algorithm 1: brackets of successive halving, from the boldest to plain random search.

    Where halving begins with few epochs, it may drop architectures that learn slowly; so each
    bracket begins with more epochs than the one before, and with fewer architectures, such that all
    cost about the same. After the last one the first follows. R in the paper is `max_epochs`.

    Deviation: a bracket is finished before the next begins, also with many workers.
    """

    def plan(self, bracket: int) -> list[tuple[int, int]]:
        rungs = len(self.levels)  # s_max + 1 in the paper
        s = rungs - 1 - bracket % rungs
        size = -(-rungs * self.eta**s // (s + 1))  # n in Algorithm 1: rounded up
        return self.rungs(size, self.levels[rungs - 1 - s :])
