"""Hyperband (Li et al. 2018, https://arxiv.org/abs/1603.06560)."""

from nascast.strategies._brackets import Brackets

__all__ = ["Hyperband"]


class Hyperband(Brackets):
    """Algorithm 1: brackets of successive halving, from the boldest to plain random search.

    Where halving begins with few epochs, it may drop what is slow to learn; so the brackets begin
    with more epochs, one after the other, and with fewer architectures, such that each costs about
    the same. After the last one it begins again. R in the paper is `max_epochs`.

    Deviation: a bracket is finished before the next begins, also with many workers.
    """

    def plan(self, bracket: int) -> list[tuple[int, int]]:
        rungs = len(self.levels)  # s_max + 1 in the paper
        s = rungs - 1 - bracket % rungs
        size = -(-rungs * self.eta**s // (s + 1))  # n in Algorithm 1: rounded up
        return self.rungs(size, self.levels[rungs - 1 - s :])
