"""Adjacency one-hot encoding (White et al., NeurIPS 2020, https://arxiv.org/abs/2007.04965).

Every decision of the space, edge or operation, is truly one-hot; a decision between two values,
such as an entry of an adjacency matrix, is one bit. NAS-Bench-201 has 6 × 5 = 30 columns.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.feature import Encoding
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

__all__ = ["AdjacencyOneHot"]


class AdjacencyOneHot(Encoding):
    """Genes in one-hot form."""

    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[np.float32]:
        """Returns ``(n, d)``: one column for each value of each gene, one for a gene of two."""
        columns = []
        for gene, cardinality in zip(genes.T, space.cardinalities, strict=True):
            columns += [gene == value for value in range(cardinality == 2, cardinality)]
        out = np.empty((len(genes), len(columns)), dtype=np.float32)
        for i, column in enumerate(columns):
            out[:, i] = column
        return out
