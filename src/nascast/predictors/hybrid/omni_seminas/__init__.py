"""OMNI with SemiNAS as its model (White et al., NeurIPS 2021, https://arxiv.org/abs/2104.01177)."""

from nascast.predictors.hybrid.omni_seminas.predictor import OmniSemiNas

__all__ = ["OmniSemiNas"]
