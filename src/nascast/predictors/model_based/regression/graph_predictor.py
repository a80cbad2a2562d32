"""Model-based predictors whose networks read the space's graphs."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nascast.core.feature import Encoding
from nascast.core.ledger import Ledger
from nascast.core.predictor import ModelPredictor, Regressor
from nascast.core.types import Floats, Genes
from nascast.predictors.model_based.regression.settings import MODULE, Training, check_counts

if TYPE_CHECKING:
    from nascast.predictors.model_based.regression.members import Network

__all__ = ["GraphPredictor", "Layout"]

Singles = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layout:
    """How the columns of a graph encoding are a graph.

    Attributes:
        vertices: number v of vertices.
        labels: number of labels.
        diagonal: first diagonal of the adjacency that is encoded, 0 or 1.
    """

    vertices: int
    labels: int
    diagonal: int

    def graphs(self, x: Floats) -> tuple[Singles, Singles]:
        """Returns the graphs of ``(n, d)`` columns.

        Returns:
            ``(n, v, v)`` with ``[g, i, j]`` 1 for an edge from i to j, and ``(n, v, labels)``
            one-hot labels, zeros where there is no vertex.
        """
        v = self.vertices
        start, stop = np.triu_indices(v, self.diagonal)
        columns = x.astype(np.float32)
        adjacency = np.zeros((len(x), v, v), dtype=np.float32)
        adjacency[:, start, stop] = columns[:, : len(start)]
        return adjacency, columns[:, len(start) :].reshape(len(x), v, self.labels)


class GraphPredictor(ModelPredictor):
    """Graph networks on an encoding of the space's graphs.

    A space without graphs is not supported.
    """

    modules = (MODULE,)
    precision = 1e-4

    def __init__(self, encoding: Encoding, members: int, training: Training) -> None:
        """Takes the encoding, the number of networks and how they are trained."""
        super().__init__([encoding])
        check_counts(members=members)
        self.members, self.loss = members, training.loss
        self.learning_rate, self.epochs = training.learning_rate, training.epochs
        self.batch_size = training.batch_size
        self._training = training

    @abstractmethod
    def layout(self, vertices: int, labels: int) -> Layout:
        """Returns the layout of the encoding for the numbers of vertices and labels of a space."""

    @abstractmethod
    def network(self, layout: Layout) -> "Callable[[], Network]":
        """Returns a function that makes untrained networks for graphs of a layout."""

    def unlabelled(self, ledger: Ledger, n: int, rng: np.random.Generator) -> Floats | None:
        """Returns features ``(k, d)`` of rows without labels that help n labelled ones, or None."""
        return None

    def initialize(self, ledger: Ledger, train: Genes, rng: np.random.Generator) -> None:
        graph = ledger.space.graphs(train[:0])
        self._layout = self.layout(graph.labels.shape[1], len(graph.vocabulary))
        self._others = self.unlabelled(ledger, len(train), rng)
        super().initialize(ledger, train, rng)
        self._others = None

    def regressor(self, n: int, rng: np.random.Generator) -> Regressor:
        from nascast.predictors.model_based.regression.regressor import regressor

        make = partial(_made, self.network(self._layout))
        seed = int(rng.integers(2**31))
        return regressor(make, self.members, seed, self._training, self._others)


def _made(make: "Callable[[], Network]", rows: Floats) -> "Network":
    """Returns networks, which are the same whatever rows they will learn from."""
    return make()
