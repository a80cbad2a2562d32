"""Hierarchical cells (Liu et al., ICLR 2018, https://arxiv.org/abs/1711.00436)."""

from nascast.spaces.hierarchical.space import Hierarchical

__all__ = ["Hierarchical"]
