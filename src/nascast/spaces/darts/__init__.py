"""The cells of DARTS (Liu et al., ICLR 2019, https://arxiv.org/abs/1806.09055)."""

from nascast.spaces.darts.space import Darts

__all__ = ["Darts"]
