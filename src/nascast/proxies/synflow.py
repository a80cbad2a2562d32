"""SynFlow (Tanaka et al., NeurIPS 2020, https://arxiv.org/abs/2006.05467), as a score."""

import math
from typing import TYPE_CHECKING

from nascast.core.predictor import Proxy

if TYPE_CHECKING:
    from nascast.proxies.passes import Passes

__all__ = ["SynFlow"]


class SynFlow(Proxy):
    """The synaptic flow through an untrained network, without data.

    The score is the logarithm of ``Σ |w ∂R/∂w|`` over all convolution and linear weights, as in
    NAS-Bench-Suite-Zero; the logarithm changes no rank.
    """

    name = "synflow"
    reads_batch = False

    def score(self, passes: "Passes") -> float:
        total = sum(term.sum().item() for term in passes.synflow_terms())
        return math.log(total) if 0 < total < math.inf else math.nan
