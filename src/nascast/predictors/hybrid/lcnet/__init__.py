"""LCNet (Klein et al., ICLR 2017, https://openreview.net/forum?id=S11KBYclx)."""

from nascast.predictors.hybrid.lcnet.predictor import LCNet

__all__ = ["LCNet"]
