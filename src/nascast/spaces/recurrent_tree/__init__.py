"""Recurrent cells as trees (Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578)."""

from nascast.spaces.recurrent_tree.space import RecurrentTree

__all__ = ["RecurrentTree"]
