"""A recurrent policy over the decisions of any search space."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import expit
from torch import Tensor, nn
from torch.nn.functional import embedding

from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes
from nascast.strategies.controller.anchors import anchor_logits

__all__ = ["Controller", "Rows"]

_NEVER = -1e9  # logit of a value that is not allowed: finite, so that gradients are

_OF_LAYERS = ("inputs", "recurrent", "offsets")

_Array = npt.NDArray[np.float32]
_Arrays = Mapping[str, _Array]


@dataclass(frozen=True, slots=True)
class _Part:
    """Genes that are decided one by one, and then, at an anchor, those that are links.

    Attributes:
        own: genes decided one by one.
        first: number of the first of these decisions.
        links: genes decided at the anchor; None where the row ends before it.
    """

    own: range
    first: int
    links: range | None


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as the network reads them, made once for several passes.

    Attributes:
        chosen: ``(length, n, 1)`` int64: genes.
        places: ``(decisions, n)`` places of the embeddings of the values that were decided.
        allowed: ``(length, n or 1, most)``: whether a value is allowed after the genes before it;
            None where all are.
        reads: ``(n, 1, k)`` for each part with an anchor: 1 for each earlier part that it reads.
    """

    chosen: Tensor
    places: Tensor
    allowed: Tensor | None
    reads: tuple[Tensor, ...]


class Controller(nn.Module):
    """An LSTM that decides gene by gene; the product of its softmaxes is the probability of a row.

    Each decision has a softmax of its own, over the values that the space allows after the genes
    before it, and an embedding of its own, which is the input of the next step. Where the space has
    `links`, these genes are drawn together at an anchor of their part, see `anchor_logits`. The
    input of the next step is then the sum of the states at the anchors that are read, divided by
    one more than their number, as in the code of ENAS (the paper does not say).

    Rows are drawn by numpy, which starts small sums sooner than torch; known rows go through
    torch's own LSTM, all decisions between two anchors at once.
    """

    def __init__(
        self, space: SearchSpace, *, units: int, layers: int, spread: float, seed: int
    ) -> None:
        """Draws the initial weights.

        Args:
            space: search space whose rows are drawn.
            units: number of units of each layer, of embeddings and of anchors.
            layers: number of layers of the LSTM.
            spread: largest absolute value of a weight; weights are uniform in ±spread.
            seed: seed of the weights; torch's own generator is left alone.
        """
        super().__init__()
        self.space = space
        self.units = units
        self._layers = layers
        self._parts = _parts(space)
        own = [gene for part in self._parts for gene in part.own]
        self._own = torch.tensor(own)
        self._most = most = max(space.cardinalities)
        # A space that says nothing of its own about what is allowed allows everything.
        self._free = type(space).allowed is SearchSpace.allowed
        shapes = {
            "start": (1, units),
            "inputs": (layers, units, 4 * units),
            "recurrent": (layers, units, 4 * units),
            "offsets": (layers, 4 * units),
            "embeddings": (len(own), most, units),
            "heads": (len(own), units, most),
            "biases": (len(own), 1, most),
        }
        if space.links:
            shapes |= {"anchors_before": (units, units), "anchors_current": (units, units)}
            shapes |= {"anchors_vector": (units,)}
        links = [(gene, k, j) for k, link in enumerate(space.links) for j, gene in enumerate(link)]
        self._links = torch.tensor(links, dtype=torch.long).reshape(-1, 3)
        rng = np.random.default_rng(seed)
        for name, shape in shapes.items():
            weights = rng.uniform(-spread, spread, shape).astype(np.float32)
            if name not in _OF_LAYERS:
                self.register_parameter(name, nn.Parameter(torch.from_numpy(weights)))
                continue
            for k, layer in enumerate(weights):  # drawn are the gates i, f, o, g
                i, f, o, g = np.split(layer.T, 4)
                own_order = torch.from_numpy(np.concatenate([i, f, g, o]))  # torch's
                self.register_parameter(f"{name}_{k}", nn.Parameter(own_order))

    def draw(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns ``(n, length)`` drawn rows of allowed values; not all need to be valid."""
        weights = {name: w.detach().numpy() for name, w in self.named_parameters()}
        lstm = _Lstm(weights, self._layers, n)
        genes = np.zeros((n, self.space.length), dtype=np.int16)
        draws = rng.random((self.space.length, n, 1))
        x = np.repeat(weights["start"], n, axis=0)
        anchors: list[_Array] = []
        for part in self._parts:
            for decision, gene in enumerate(part.own, part.first):
                state = lstm.step(x)
                logits = state @ weights["heads"][decision] + weights["biases"][decision]
                genes[:, gene] = self._choose(genes, gene, logits, draws[gene])
                x = weights["embeddings"][decision, genes[:, gene]]
            if part.links is None:
                break
            state = lstm.step(x)
            past = np.stack([*anchors, state], 1)[:, :-1]
            self._link(genes, part.links, state, past, weights, draws)
            read = genes[:, part.links.start : part.links.stop].astype(np.float32)[:, None]
            x = (read @ past)[:, 0] / (1 + read.sum(2))
            anchors.append(state)
        return genes

    def _link(
        self,
        genes: Genes,
        links: range,
        state: _Array,
        past: _Array,
        weights: _Arrays,
        draws: Floats,
    ) -> None:
        """Draws the genes of links to the parts whose states are in `past`, ``(n, k, units)``."""
        reads = anchor_logits(past, state[:, None], weights, np.tanh)[:, 0].T
        logits = np.stack([np.zeros_like(reads), reads], 2)  # (k, n, 2)
        if self._free:
            genes[:, links.start : links.stop] = _choice(logits, draws[links.start : links.stop]).T
            return
        for gene, own in zip(links, logits, strict=True):
            genes[:, gene] = self._choose(genes, gene, own, draws[gene])

    def _choose(self, genes: Genes, gene: int, logits: _Array, draws: Floats) -> Genes:
        logits = logits[:, : self.space.cardinalities[gene]]
        if not self._free:
            logits = np.where(self.space.allowed(genes[:, :gene]), logits, -np.inf)
        return _choice(logits, draws)

    def rows(self, genes: Genes) -> Rows:
        """Returns ``(n, length)`` genes as the network reads them."""
        chosen = torch.from_numpy(genes.T.astype(np.int64))
        starts = self._most * torch.arange(len(self._own))
        reads = [
            torch.from_numpy(genes[:, link.start : link.stop].astype(np.float32))[:, None]
            for link in self.space.links
        ]
        own = self.get_parameter("start").dtype
        return Rows(
            chosen[:, :, None],
            starts[:, None] + chosen[self._own],
            self._allowed(genes),
            tuple(read.to(own) for read in reads),
        )

    def _allowed(self, genes: Genes) -> Tensor | None:
        """Returns ``(length, n or 1, most)``: whether values are allowed; None if all are."""
        cards = np.asarray(self.space.cardinalities)
        allowed = np.arange(self._most) < cards[:, None, None]
        if not self._free:
            allowed = np.zeros((len(cards), len(genes), self._most), dtype=bool)
            for gene, cardinality in enumerate(cards):
                allowed[gene, :, :cardinality] = self.space.allowed(genes[:, :gene])
        return None if allowed.all() else torch.from_numpy(allowed)

    def can_draw(self, rows: Rows) -> Tensor:
        """Returns ``(n,)``: whether all values of a row are allowed after those before them."""
        if rows.allowed is None:
            return torch.ones(rows.chosen.shape[1], dtype=torch.bool)
        allowed = rows.allowed.expand(-1, rows.chosen.shape[1], -1)
        return allowed.gather(2, rows.chosen)[:, :, 0].all(0)

    def forward(self, rows: Rows) -> Tensor:
        """Returns the logits of all values, ``(length, n, most)``, allowed or not."""
        weights = dict(self.named_parameters())
        states, anchors = self._states(rows, weights)
        own = torch.baddbmm(weights["biases"], states, weights["heads"])
        logits = own
        if len(self._links):
            gene, reader, source = self._links.T
            pairs = anchor_logits(anchors, anchors, weights, torch.tanh)
            logits = own.new_zeros(len(rows.chosen), *own.shape[1:])
            logits[self._own] = own
            logits[gene, :, 1] = pairs[:, reader, source].T
        return logits

    def logs(self, logits: Tensor, rows: Rows) -> Tensor:
        """Returns the log-probabilities of all values, ``(length, n, most)``, in nats.

        They are those given the genes before. That of a value which is not allowed is below −10⁸.
        """
        if rows.allowed is not None:
            logits = logits.masked_fill(~rows.allowed, _NEVER)
        return torch.log_softmax(logits, dim=2)

    def _states(self, rows: Rows, weights: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Returns the last layer at decisions, ``(decisions, n, units)``, and at anchors.

        The latter are ``(n, anchors, units)``, and empty where there are no links.
        """
        n = rows.chosen.shape[1]
        none = torch.zeros(4 * self.units, dtype=weights["start"].dtype)
        flat = []
        for k in range(self._layers):  # torch has two offsets, which do what one does
            flat += [*(weights[f"{name}_{k}"] for name in _OF_LAYERS), none]
        embedded = embedding(rows.places, weights["embeddings"].flatten(0, 1))
        memory = [weights["start"].new_zeros(self._layers, n, self.units)] * 2
        x = weights["start"].expand(n, -1)
        states: list[Tensor] = []
        anchors: list[Tensor] = []
        for part in self._parts:
            last = part.first + len(part.own) - (part.links is None)
            inputs = torch.cat([x[None], embedded[part.first : last]])
            found, *memory = torch.lstm(
                inputs, memory, flat, True, self._layers, 0.0, True, False, False
            )
            states.append(found[: len(part.own)])
            if part.links is not None:
                read = rows.reads[len(anchors)]
                past = torch.stack([*anchors, found[-1]], 1)[:, :-1]
                x = torch.bmm(read, past)[:, 0] / (1 + read.sum(2))
                anchors.append(found[-1])
        return torch.cat(states), torch.stack(anchors, 1) if anchors else torch.empty(0)


class _Lstm:
    """The network's LSTM in numpy, one step at a time."""

    def __init__(self, weights: _Arrays, layers: int, n: int) -> None:
        self._layers = [[weights[f"{name}_{k}"].T for name in _OF_LAYERS] for k in range(layers)]
        zeros = np.zeros((n, len(weights["start"][0])), dtype=np.float32)
        self._memory = [(zeros, zeros)] * len(self._layers)

    def step(self, x: _Array) -> _Array:
        """Returns the output of the last layer, ``(n, units)``, for an input as large."""
        for k, (inputs, recurrent, offsets) in enumerate(self._layers):
            h, c = self._memory[k]
            u = h.shape[1]
            gates = x @ inputs + h @ recurrent + offsets
            opened = expit(gates)
            c = opened[:, u : 2 * u] * c + opened[:, :u] * np.tanh(gates[:, 2 * u : 3 * u])
            x = opened[:, 3 * u :] * np.tanh(c)
            self._memory[k] = x, c
        return x


def _parts(space: SearchSpace) -> tuple[_Part, ...]:
    """Returns the parts in the order of the genes; what follows the last links is one, too."""
    parts: list[_Part] = []
    at = decisions = 0
    for link in space.links:
        parts.append(_Part(range(at, link.start), decisions, link))
        decisions += link.start - at
        at = link.stop
    if at < space.length:
        parts.append(_Part(range(at, space.length), decisions, None))
    return tuple(parts)


def _choice(logits: _Array, draws: Floats) -> Genes:
    """Returns ``(..., n)``: one of the values of each row of ``(..., n, values)`` logits.

    Args:
        logits: −∞ for what must not be drawn.
        draws: ``(..., n, 1)``, uniform from 0 to 1.
    """
    exact = logits.astype(np.float64)
    steps = np.exp(exact - exact.max(-1, keepdims=True)).cumsum(-1)
    return np.asarray((steps <= draws * steps[..., -1:]).sum(-1), dtype=np.int16)
