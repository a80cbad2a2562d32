"""Kernel regression over genes (Nadaraya 1964, Watson 1964)."""

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.ledger import Ledger
from nascast.core.prediction import Prediction
from nascast.core.predictor import PerformancePredictor
from nascast.core.types import Genes

__all__ = ["KernelMean"]


class KernelMean(PerformancePredictor):
    """The mean of all labels, each weighted by how near its architecture is.

    The weight is ``exp(−d / bandwidth)``, where d is the number of genes in which the canonical
    rows differ.
    """

    axes = frozenset({"train_size"})

    def __init__(self, bandwidth: float = 0.5) -> None:
        """Keeps the bandwidth, in genes; the default was chosen.

        Raises:
            InvalidSettingError: it is not positive.
        """
        if not bandwidth > 0:
            raise InvalidSettingError(f"a bandwidth is positive; got {bandwidth}")
        self.bandwidth = bandwidth

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        self._rows = ledger.space.canonical(train)
        self._labels = ledger.labels(train)

    def query(self, ledger: Ledger, genes: Genes) -> Prediction:
        rows = ledger.space.canonical(genes)
        distance = (rows[:, None] != self._rows[None]).sum(2)
        weight = np.exp(-(distance - distance.min(1, keepdims=True)) / self.bandwidth)
        return Prediction((weight * self._labels).sum(1) / weight.sum(1))
