"""SemiNAS's networks on sequences that go on with scores of the architecture."""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from nascast.core.types import Floats
from nascast.predictors.model_based.regression.autoencoder import Autoencoder
from nascast.predictors.model_based.regression.graph_predictor import Layout
from nascast.predictors.model_based.regression.regressor import Make

__all__ = ["ScoredAutoencoder", "scored"]

_EACH = 5  # training rows for each threshold, and
_MOST = 9  # thresholds of a score; the study's of SoTL-E


class ScoredAutoencoder(Autoencoder):
    """The autoencoder, whose sequences have a step for each score after those of the vertices.

    The label of such a step is the bin of the score among quantiles of the training rows; it has no
    edges. So scores of any scale are read, and their order is not.
    """

    def __init__(
        self, rows: Floats, *, graph: Layout, scores: int, members: int, width: int
    ) -> None:
        """Makes networks for columns like those of the training rows, ``(n, d + scores)``.

        Args:
            rows: columns of graphs, then scores.
            graph: layout of the graphs.
            scores: number k of scores.
            members: number of networks.
            width: number of units of a code and of each recurrent state.
        """
        count = min(max(len(rows) // _EACH, 1), _MOST)
        at = np.arange(1, count + 1) / (count + 1)
        self._bins = count + 1
        longer = Layout(graph.vertices + scores, graph.labels + scores * self._bins, graph.diagonal)
        super().__init__(longer, members, width)
        self._graph, self._scores = graph, scores
        self._thresholds = np.quantile(rows[:, rows.shape[1] - scores :], at, axis=0)

    def read(self, x: Floats) -> tuple[Tensor, ...]:
        """Returns labels and earlier vertices, ``(n, v + k, labels)``, and mask, ``(n, v + k)``."""
        v, k = self._graph.vertices, self._scores
        edges, labels = self._graph.graphs(x[:, : x.shape[1] - k])
        kinds = self._graph.labels + k * self._bins
        steps = np.zeros((len(x), v + k, kinds + v + k), dtype=np.float32)
        steps[:, :v, : self._graph.labels] = labels
        steps[:, :v, kinds : kinds + v] = edges.transpose(0, 2, 1)
        for i, score in enumerate(x.T[x.shape[1] - k :]):
            found = np.searchsorted(self._thresholds[:, i], score, side="right")
            steps[np.arange(len(x)), v + i, self._graph.labels + i * self._bins + found] = 1
        vertices = torch.from_numpy(steps)
        return vertices, vertices[..., :kinds].sum(2) > 0


def scored(graph: Layout, scores: int, members: int, width: int) -> Make:
    """Returns a function of training rows that makes untrained networks for them."""
    return partial(ScoredAutoencoder, graph=graph, scores=scores, members=members, width=width)
