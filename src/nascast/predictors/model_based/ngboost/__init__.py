"""NGBoost (Duan et al., ICML 2020, https://arxiv.org/abs/1910.03225)."""

from nascast.predictors.model_based.ngboost.predictor import NGBoost

__all__ = ["NGBoost"]
