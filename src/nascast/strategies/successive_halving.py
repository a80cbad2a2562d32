"""Successive halving (Jamieson & Talwalkar 2016, https://arxiv.org/abs/1502.07943)."""

from dataclasses import dataclass

from nascast.core.errors import InvalidSettingError
from nascast.strategies._brackets import Brackets

__all__ = ["SuccessiveHalving"]


@dataclass(eq=False, kw_only=True)
class SuccessiveHalving(Brackets):
    """The inner loop of Algorithm 1 of Hyperband, one bracket like the other.

    Li et al. 2018, https://arxiv.org/abs/1603.06560.

    Deviation: the paper divides a budget by the number of rungs; here the size of the first rung
    is set, which is the same thing.

    Attributes:
        size: number of architectures in the first rung; None is as many as leave one in the last.
    """

    size: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is not None and self.size < 1:
            raise InvalidSettingError(f"size is at least 1; got {self.size}")

    def plan(self, bracket: int) -> list[tuple[int, int]]:
        size = self.eta ** (len(self.levels) - 1) if self.size is None else self.size
        return self.rungs(size, self.levels)
