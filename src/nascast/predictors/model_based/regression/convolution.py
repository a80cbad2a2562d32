"""Graph convolutions that read along edges and against them."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.types import Floats
from nascast.predictors.model_based.regression.graph_predictor import Layout
from nascast.predictors.model_based.regression.graphs import averaged, pooled
from nascast.predictors.model_based.regression.members import Linear, Network, Norm

__all__ = ["BidirectionalConvolution", "GlobalConvolution"]

_HEAD = 128  # units between the mean over vertices and the score, as in the study


class _Layer(nn.Module):
    """Half of what a vertex hears from those before it, and half of what from those after it."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.along = Linear(members, inputs, outputs, bias=False)
        self.against = Linear(members, inputs, outputs, bias=False)
        self.norm = Norm(members, outputs)

    def forward(self, state: Tensor, before: Tensor, after: Tensor) -> Tensor:
        heard = torch.relu(before @ self.along(state)) + torch.relu(after @ self.against(state))
        out: Tensor = self.norm(heard / 2)
        return out


class BidirectionalConvolution(Network):
    """Layers of graph convolution, a mean over vertices and two linear maps."""

    def __init__(
        self, layout: Layout, members: int, layers: int, width: int, dropout: float
    ) -> None:
        """Makes networks for graphs of a layout."""
        super().__init__()
        self.members, self._layout, self._dropout = members, layout, dropout
        sizes = (layout.labels, *[width] * layers)
        self.layers = nn.ModuleList(_Layer(members, a, b) for a, b in itertools.pairwise(sizes))
        self.hidden = Linear(members, width, _HEAD, bias=False)
        self.last = Linear(members, _HEAD, 1)

    def read(self, x: Floats) -> tuple[Tensor, ...]:
        """Returns what each vertex hears before and after it, ``(n, v, v)``, labels and mask."""
        edges, labels = map(torch.from_numpy, self._layout.graphs(x))
        own = torch.eye(edges.shape[1])
        before, after = averaged(edges.transpose(1, 2) + own), averaged(edges + own)
        return before, after, labels, labels.sum(2)

    def forward(self, before: Tensor, after: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        state = labels[None]
        for layer in self.layers:
            state = self._drop(layer(state, before, after))
        scores: Tensor = self.last(self._drop(self.hidden(pooled(state, mask))))[..., 0]
        return scores

    def _drop(self, state: Tensor) -> Tensor:
        return functional.dropout(state, self._dropout, self.training)


class GlobalConvolution(Network):
    """Layers of graph convolution along edges; the last vertex reads all others and is scored."""

    def __init__(self, layout: Layout, members: int, layers: int, width: int) -> None:
        """Makes networks for graphs of a layout."""
        super().__init__()
        self.members, self._layout = members, layout
        sizes = (layout.labels, *[width] * layers)
        pairs = list(itertools.pairwise(sizes))
        self.layers = nn.ModuleList(Linear(members, a, b) for a, b in pairs)
        self.norms = nn.ModuleList(Norm(members, b) for _, b in pairs)
        self.last = Linear(members, width, 1)

    def read(self, x: Floats) -> tuple[Tensor, ...]:
        """Returns what each vertex hears, ``(n, v, v)``, and labels."""
        edges, labels = map(torch.from_numpy, self._layout.graphs(x))
        return averaged(edges.transpose(1, 2)), labels

    def forward(self, before: Tensor, labels: Tensor) -> Tensor:
        state = labels[None]
        for layer, norm in zip(self.layers, self.norms, strict=True):
            heard = torch.relu(norm(before @ layer(state)))
            state = state + heard if state.shape == heard.shape else heard
        scores: Tensor = self.last(state[:, :, -1])[..., 0]
        return scores
