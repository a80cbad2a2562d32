"""BOHAMIANN (Springenberg et al., NeurIPS 2016).

https://papers.nips.cc/paper/6117-bayesian-optimization-with-robust-bayesian-neural-networks
"""

from nascast.predictors.model_based.bohamiann.predictor import Bohamiann

__all__ = ["Bohamiann"]
