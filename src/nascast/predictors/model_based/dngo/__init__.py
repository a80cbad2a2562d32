"""DNGO (Snoek et al., ICML 2015, https://arxiv.org/abs/1502.05700)."""

from nascast.predictors.model_based.dngo.predictor import DNGO

__all__ = ["DNGO"]
