"""LcSVR (Baker et al., ICLR workshop 2018, https://arxiv.org/abs/1705.10823)."""

from nascast.predictors.hybrid.lcsvr.predictor import LcSVR

__all__ = ["LcSVR"]
