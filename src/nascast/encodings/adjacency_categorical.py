"""Adjacency categorical encoding (White et al., NeurIPS 2020, https://arxiv.org/abs/2007.04965).

Every decision of the space is one column that holds its value: an edge is 0 or 1, an operation its
number. Short, but the numbers have an order that operations have not.
"""

import numpy as np
import numpy.typing as npt

from nascast.core.feature import Encoding
from nascast.core.space import SearchSpace
from nascast.core.types import Genes

__all__ = ["AdjacencyCategorical"]


class AdjacencyCategorical(Encoding):
    """One column for each gene, which holds its value."""

    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[np.float32]:
        """Returns ``(n, length)``: the genes as they are."""
        return genes.astype(np.float32)
