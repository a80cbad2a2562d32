"""Jacobian covariance (Mellor et al. 2020, first version, https://arxiv.org/abs/2006.04647v1)."""

import math
from typing import TYPE_CHECKING

import numpy as np

from nascast.core.predictor import Proxy
from nascast.core.types import Floats

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["JacobianCovariance"]

_K = 1e-5  # keeps the logarithm finite; from the authors' code


class JacobianCovariance(Proxy):
    """The difference between the reactions of an untrained network to different inputs.

    The score is ``−Σ log(v + k) + 1/(v + k)`` over the eigenvalues v of the correlation matrix of
    the images' input Jacobians. It is NaN where an image has no gradient, so that no correlation is
    defined: a network without a path from input to output.
    """

    name = "jacov"

    def score(self, passes: "Passes") -> float:
        return jacobian_score(passes.input_jacobian())


def jacobian_score(jacobian: Floats) -> float:
    """Returns the score of one Jacobian of shape ``(images, inputs)``."""
    if not np.isfinite(jacobian).all():
        return math.nan
    centered = jacobian - jacobian.mean(1, keepdims=True)
    norms = np.linalg.norm(centered, axis=1, keepdims=True)
    if not (norms > 0).all():
        return math.nan
    unit = centered / norms
    values = np.linalg.eigvalsh(unit @ unit.T).clip(min=0) + _K
    return -float((np.log(values) + 1 / values).sum())
