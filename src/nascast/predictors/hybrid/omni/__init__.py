"""OMNI (White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177, section 4)."""

from nascast.predictors.hybrid.omni.predictor import Omni

__all__ = ["Omni"]
