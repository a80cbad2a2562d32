"""Features: columns of evidence about architectures, which regressors learn from."""

from abc import ABC, abstractmethod
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nascast.core.ledger import Ledger
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes

__all__ = ["Encoding", "Feature"]


class Feature(Protocol):
    """Columns of evidence: an encoding, a proxy, a statistic of the learning curve."""

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, d)``: d columns of evidence about n architectures."""
        ...


class Encoding(ABC):
    """A feature that needs the search space alone.

    Attributes:
        canonical: whether the feature is of canonical rows, so that predictors say the same of
            equivalent ones.
    """

    canonical: bool = True

    @abstractmethod
    def encode(self, space: SearchSpace, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n, d)``: one row for each architecture."""

    def __call__(self, ledger: Ledger, genes: Genes) -> Floats:
        """Returns ``(n, d)``: the encoding as float64, for regressors."""
        rows = ledger.space.canonical(genes) if self.canonical else genes
        return np.asarray(self.encode(ledger.space, rows), dtype=np.float64)
