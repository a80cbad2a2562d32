"""EPE-NAS (Lopes et al., ICANN 2021, https://arxiv.org/abs/2102.08099)."""

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nascast.core.errors import UnsupportedError
from nascast.core.predictor import Proxy
from nascast.core.types import Floats, TextTask

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["EpeNas"]

_K = 1e-5  # keeps the logarithm finite; from the paper
_MANY = 100  # classes above which scores of classes are compared; from the paper


class EpeNas(Proxy):
    """How alike an untrained network reacts to images of one class.

    A class's score s is ``Σ log(|r| + k)`` over the correlations r of its images' input Jacobians.
    The network's is ``Σ |s|``; with more than 100 classes the mean of ``|s − s'|`` over pairs of
    classes, each s divided by the number of its correlations. It is NaN where an image has no
    gradient. Columns of text have no class.
    """

    name = "epe_nas"
    ranks_alone = False  # the images of the conformance checks are noise, and so are their classes

    def score(self, passes: "Passes") -> float:
        if isinstance(passes.task, TextTask):
            raise UnsupportedError("images of one class are compared, and text has no classes")
        return class_score(passes.input_jacobian(), passes.batch().labels, passes.task.classes)


def class_score(jacobian: Floats, labels: npt.NDArray[np.int64], classes: int) -> float:
    """Returns the score.

    Args:
        jacobian: ``(n, d)`` gradients by the inputs.
        labels: ``(n,)`` class of each image.
        classes: number of classes.
    """
    centered = jacobian - jacobian.mean(1, keepdims=True)
    norms = np.linalg.norm(centered, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or not (norms > 0).all():
        return math.nan
    logs = np.log(np.abs((centered / norms) @ (centered / norms).T) + _K)
    scores = []
    for label in np.unique(labels):
        own = logs[np.ix_(labels == label, labels == label)]
        scores.append(float(own.mean() if classes > _MANY else own.sum()))
    if classes <= _MANY:
        return float(np.abs(scores).sum())
    if len(scores) < 2:
        return math.nan
    apart = np.abs(np.subtract.outer(scores, scores))
    return float(apart[np.triu_indices(len(scores), 1)].mean())
