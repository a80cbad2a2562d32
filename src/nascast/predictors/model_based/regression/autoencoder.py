"""Encoder, predictor and decoder of sequences of vertices."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.types import Floats
from nascast.predictors.model_based.regression.graph_predictor import Layout
from nascast.predictors.model_based.regression.graphs import averaged
from nascast.predictors.model_based.regression.losses import LOSSES
from nascast.predictors.model_based.regression.members import Linear, Network

__all__ = ["Autoencoder"]

_DECODING = 0.2  # weight of the decoder's loss; the order or the values have the rest (NAO)
_BOTTLENECK = 16  # units of the predictor's hidden layer, as in the study


class _Lstm(nn.Module):
    """A long short-term memory for each member; a vertex that is not there changes no state."""

    def __init__(self, members: int, width: int) -> None:
        super().__init__()
        self.gates = Linear(members, width, 4 * width)
        self.recurrent = Linear(members, width, 4 * width, bias=False)

    def forward(self, x: Tensor, mask: Tensor, state: Tensor) -> Tensor:
        """Maps ``(m, v, n, width)`` to as many states, from a first one, ``(m, n, width)``."""
        width, recurrent = x.shape[3], self.recurrent.weight
        gates, everywhere = self.gates(x).unbind(1), bool(mask.all())
        memory, outputs = state, []
        for step, gate in enumerate(gates):
            opened, news = torch.baddbmm(gate, state, recurrent).split_with_sizes(
                (3 * width, width), 2
            )
            write, keep, show = opened.sigmoid().chunk(3, 2)
            later = keep * memory + write * news.tanh()
            heard = show * later.tanh()
            if everywhere:
                memory, state = later, heard
            else:
                there = mask[:, step, :, None]
                memory, state = torch.where(there, later, memory), torch.where(there, heard, state)
            outputs.append(state)
        return torch.stack(outputs, dim=1)


class Autoencoder(Network):
    """Encodes the vertices one after the other, in both directions; scores and decodes the code.

    A vertex is read and written with its label and its edges from earlier ones at once.
    """

    def __init__(self, layout: Layout, members: int, width: int) -> None:
        """Makes networks for graphs of a layout."""
        super().__init__()
        self.members, self._layout = members, layout
        columns = layout.labels + layout.vertices
        self.embedding = Linear(members, columns, width)
        self.encoder = _Lstm(2 * members, width)  # along the sequence, and against it
        self.both = Linear(members, 2 * width, width)
        self.narrow = Linear(members, width, _BOTTLENECK)
        self.wide = Linear(members, _BOTTLENECK, width)
        self.last = Linear(members, width, 1)
        self.previous = Linear(members, columns, width)
        self.decoder = _Lstm(members, width)
        self.writer = Linear(members, width, columns)

    def read(self, x: Floats) -> tuple[Tensor, ...]:
        """Returns labels and earlier vertices, ``(n, v, labels + v)``, and mask, ``(n, v)``."""
        edges, labels = map(torch.from_numpy, self._layout.graphs(x))
        return torch.cat([labels, edges.transpose(1, 2)], 2), labels.sum(2) > 0

    def forward(self, vertices: Tensor, mask: Tensor) -> Tensor:
        return self._score(self._encode(vertices, mask))

    def loss(self, name: str, inputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Returns the loss of scores and that of decoding, weighted as in NAO."""
        code = self._encode(*inputs)
        scores = LOSSES[name](self._score(code), targets)
        return (1 - _DECODING) * scores + _DECODING * self._decoding(code, *inputs)

    def _encode(self, vertices: Tensor, mask: Tensor) -> Tensor:
        """Returns ``(m, n, width)`` codes of length 1."""
        embedded = self.embedding(vertices.transpose(0, 1)[None])
        there = mask.T.expand(self.members, -1, -1)
        states = self.encoder(
            torch.cat([embedded, embedded.flip(1)]),
            torch.cat([there, there.flip(1)]),
            embedded.new_zeros(2 * self.members, len(mask), embedded.shape[3]),
        )
        along, against = states.chunk(2)
        joined = self.both(torch.cat([along, against.flip(1)], 3)) + embedded
        weights = averaged(mask.float()).T[..., None]
        return functional.normalize((functional.normalize(joined, dim=3) * weights).sum(1), dim=2)

    def _score(self, code: Tensor) -> Tensor:
        hidden = torch.relu(self.wide(torch.relu(self.narrow(code))))
        scores: Tensor = self.last((code + hidden) * math.sqrt(0.5))[..., 0]
        return scores

    def _decoding(self, code: Tensor, vertices: Tensor, mask: Tensor) -> Tensor:
        """Returns the negative log-likelihood of a vertex, given its code and those before it."""
        true, there = vertices.transpose(0, 1), mask.T
        before = functional.pad(true, (0, 0, 0, 0, 1, -1))  # nothing is before the first
        states = self.decoder(self.previous(before[None]), there[None], code)
        written = self.writer(states)
        kinds = self._layout.labels
        labels = (written[..., :kinds].log_softmax(3) * true[..., :kinds]).sum(3)
        signs = 2 * true[..., kinds:] - 1
        edges = functional.logsigmoid(signs * written[..., kinds:]).sum(3)
        total: Tensor = -((labels + edges) * there).sum()
        return total / there.sum()
