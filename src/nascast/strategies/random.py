"""Random search: the strategy that others have to beat."""

from typing import ClassVar

import numpy as np

from nascast.core.strategy import Strategy
from nascast.core.types import Genes

__all__ = ["RandomSearch"]


class RandomSearch(Strategy):
    """Random search: candidates are drawn from the space."""

    learns_early: ClassVar[bool] = False
    multi_objective: ClassVar[bool] = True

    def propose(self, n: int, rng: np.random.Generator) -> Genes:
        return self.space.sample(n, rng)
