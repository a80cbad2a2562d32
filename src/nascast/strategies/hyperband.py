"""Hyperband (Li et al. 2018, https://arxiv.org/abs/1603.06560)."""

from collections.abc import Sequence

from nascast.core.space import SearchSpace
from nascast.core.types import Objective
from nascast.strategies.successive_halving import SuccessiveHalving

__all__ = ["Hyperband"]


class Hyperband(SuccessiveHalving):
    """Algorithm 1: brackets of successive halving, from the boldest to plain random search.

    Where halving begins with few epochs, it may drop what is slow to learn; so the brackets begin
    with more epochs, one after the other, and with fewer architectures, such that each costs about
    the same. After the last one it begins again.

    Deviation: a bracket is finished before the next begins, also with many workers.
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
    ) -> None:
        """Begins with the boldest bracket.

        Args:
            space: whose rows are proposed.
            objectives: the first one counts.
            seed: not used; all randomness comes with `ask`.
            min_epochs: no rung has fewer.
            max_epochs: R in the paper; 9 as for successive halving.
            eta: 3 as in the paper.

        Raises:
            InvalidSettingError: settings out of range.
        """
        super().__init__(
            space,
            objectives,
            seed=seed,
            min_epochs=min_epochs,
            max_epochs=max_epochs,
            eta=eta,
        )

    def plan(self, bracket: int) -> list[tuple[int, int]]:
        rungs = len(self.levels)  # s_max + 1 in the paper
        s = rungs - 1 - bracket % rungs
        size = -(-rungs * self.eta**s // (s + 1))  # n in Algorithm 1: rounded up
        return self._rungs(size, self.levels[rungs - 1 - s :])
