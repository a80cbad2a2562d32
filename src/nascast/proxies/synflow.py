"""SynFlow (Tanaka et al., NeurIPS 2020, https://arxiv.org/abs/2006.05467), as a score."""

import math

from nascast.core.ledger import Ledger
from nascast.core.predictor import Proxy
from nascast.core.types import Architecture, Batch, ImageTask

__all__ = ["SynFlow"]


class SynFlow(Proxy):
    """How much flows through a network at birth, without data.

    The score is the logarithm of ``Σ |w ∂R/∂w|`` over all convolution and linear weights, as in
    NAS-Bench-Suite-Zero; the logarithm changes no rank.
    """

    name = "synflow"

    def key(self, ledger: Ledger) -> str:
        return f"{self.name}|seed {self.seed}|{ledger.task}"  # it reads no data

    def score(self, ledger: Ledger, arch: Architecture, batch: Batch) -> float:
        from nascast.proxies.passes import fresh_network, synflow_terms

        task = ledger.space.expect_task(ledger.task, ImageTask)
        terms = synflow_terms(fresh_network(ledger, arch, self.seed), task.input_shape)
        total = sum(term.sum().item() for term in terms)
        return math.log(total) if 0 < total < math.inf else math.nan
