"""Whole networks, layer by layer (Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578)."""

from nascast.spaces.layerwise.space import Layerwise

__all__ = ["Layerwise"]
