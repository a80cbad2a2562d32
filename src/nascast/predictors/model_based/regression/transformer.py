"""Attention to neighbours and siblings, and graph convolution in the feed-forward part."""

import math

import torch
from torch import Tensor, nn

from nascast.core.types import Floats
from nascast.predictors.model_based.regression.graph_predictor import Layout
from nascast.predictors.model_based.regression.graphs import averaged, pooled
from nascast.predictors.model_based.regression.members import Linear, Network, Norm

__all__ = ["SiblingTransformer"]

_HEADS = 4  # one for each of A, Aᵀ, A Aᵀ and Aᵀ A
_EXPANSION = 2  # units of the feed-forward part for each of a vertex; chosen


class _Layer(nn.Module):
    """Attention, then convolution along edges and against them; each adds to the state."""

    def __init__(self, members: int, width: int, attention: bool) -> None:
        super().__init__()
        inner = _EXPANSION * width
        self.before = Norm(members, width) if attention else None
        self.mixed = Linear(members, width, 3 * width, bias=False) if attention else None
        self.joined = Linear(members, width, width) if attention else None
        self.between = Norm(members, width)
        self.own = Linear(members, width, inner)
        self.along = Linear(members, width, inner // 2, bias=False)
        self.against = Linear(members, width, inner // 2, bias=False)
        self.out = Linear(members, inner, width)

    def forward(self, state: Tensor, heads: Tensor, along: Tensor, against: Tensor) -> Tensor:
        if self.before is not None:
            state = state + self._attention(self.before(state), heads)
        normal = self.between(state)
        heard = torch.cat([along @ self.along(normal), against @ self.against(normal)], 3)
        out: Tensor = state + self.out(torch.relu(self.own(normal) + heard))
        return out

    def _attention(self, state: Tensor, heads: Tensor) -> Tensor:
        m, n, v, width = state.shape
        assert self.mixed is not None
        assert self.joined is not None
        parts = self.mixed(state).reshape(m, n, v, 3, _HEADS, width // _HEADS)
        query, key, value = parts.permute(3, 0, 1, 4, 2, 5)
        weights = query @ key.transpose(3, 4) / math.sqrt(width / _HEADS)
        weights = weights.masked_fill(~heads, -math.inf).softmax(4)
        found = weights @ value
        out: Tensor = self.joined(found.transpose(2, 3).reshape(m, n, v, width))
        return out


class SiblingTransformer(Network):
    """Layers of masked attention and graph convolution, and a mean over the vertices."""

    def __init__(
        self, layout: Layout, members: int, layers: int, width: int, attention: bool
    ) -> None:
        """Makes networks for graphs of a layout."""
        super().__init__()
        self.members, self._layout = members, layout
        self.embedding = Linear(members, layout.labels, width)
        self.layers = nn.ModuleList(_Layer(members, width, attention) for _ in range(layers))
        self.norm = Norm(members, width)
        self.hidden = Linear(members, width, width)
        self.last = Linear(members, width, 1)

    def read(self, x: Floats) -> tuple[Tensor, ...]:
        """Returns what heads may read, ``(n, 4, v, v)``, both means, labels and mask."""
        edges, labels = map(torch.from_numpy, self._layout.graphs(x))
        back = edges.transpose(1, 2)
        own = torch.eye(edges.shape[1])  # a vertex reads itself, so that none has nothing to read
        heads = torch.stack([edges, back, edges @ back, back @ edges], 1) + own > 0
        return heads, averaged(edges), averaged(back), labels, labels.sum(2)

    def forward(
        self, heads: Tensor, along: Tensor, against: Tensor, labels: Tensor, mask: Tensor
    ) -> Tensor:
        state = self.embedding(labels[None])
        for layer in self.layers:
            state = layer(state, heads, along, against)
        mean = pooled(self.norm(state), mask)
        scores: Tensor = self.last(torch.relu(self.hidden(mean)))[..., 0]
        return scores
