"""Gaussian process with a Weisfeiler–Lehman kernel: NAS-BOWL.

Ru et al., ICLR 2021, https://arxiv.org/abs/2006.07556.
"""

from nascast.predictors.model_based.gpwl.predictor import GPWL

__all__ = ["GPWL"]
