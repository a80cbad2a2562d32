"""A recurrent policy over the decisions of any search space."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn

from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Floats, Genes
from nascast.strategies.controller.anchors import anchor_logits

__all__ = ["Controller"]

_NEVER = -1e9  # logit of a value that is not allowed: finite, so that gradients are


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of the LSTM: a decision, or the anchor of a part with the genes decided there."""

    genes: range
    decision: int | None  # counted without the anchors' genes


@dataclass(frozen=True, slots=True)
class _Library:
    """What numpy and torch do alike: rows are drawn by numpy, which starts small sums sooner."""

    own: Callable[[Any], Any]  # makes its array of one of numpy's
    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]
    stack: Callable[..., Any]


_NUMPY = _Library(np.asarray, np.tanh, expit, np.stack)
_TORCH = _Library(torch.from_numpy, torch.tanh, torch.sigmoid, torch.stack)


class Controller(nn.Module):
    """An LSTM that decides gene by gene; the product of its softmaxes is the probability of a row.

    Each decision has a softmax of its own, over the values that the space allows after the genes
    before it, and an embedding of its own, which is the input of the next step. Where the space has
    `links`, these genes are drawn together at an anchor of their part, see `anchor_logits`. The
    input of the next step is then the sum of the states at the anchors that are read, divided by
    one more than their number, as in the code of ENAS (the paper does not say).
    """

    def __init__(
        self, space: SearchSpace, *, units: int, layers: int, spread: float, seed: int
    ) -> None:
        """Draws the first weights.

        Args:
            space: whose rows are drawn.
            units: of each layer, of embeddings and of anchors.
            layers: of the LSTM.
            spread: weights are uniform in ±spread.
            seed: of the weights; torch's own generator is left alone.
        """
        super().__init__()
        self.space = space
        self.units = units
        self._steps = _steps(space)
        own = [step.genes[0] for step in self._steps if step.decision is not None]
        self._own = torch.tensor(own)
        most = max(space.cardinalities)
        shapes = {
            "start": (1, units),
            "inputs": (layers, units, 4 * units),  # of the gates: input, forget, output, new value
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
            self.register_parameter(name, nn.Parameter(torch.from_numpy(weights)))

    def draw(self, n: int, rng: np.random.Generator) -> Genes:
        """Draws ``(n, length)`` rows of allowed values; they may not be valid all the same."""
        weights = {name: w.detach().numpy() for name, w in self.named_parameters()}
        genes = np.zeros((n, self.space.length), dtype=np.int16)
        draws = rng.random((self.space.length, n, 1))
        for step, state, anchors in self._walk(genes, weights, _NUMPY):
            for gene, logits in zip(
                step.genes, _logits(step, state, anchors, weights), strict=True
            ):
                allowed = self.space.allowed(genes[:, :gene])
                genes[:, gene] = _choose(logits, allowed, draws[gene])
        return genes

    def forward(self, genes: Genes) -> tuple[Tensor, Tensor]:
        """Returns the log-probabilities and entropies of decisions, ``(n, length)`` both, in nats.

        The entropy is that of a decision given those before it. The log-probability of a value that
        is not allowed is below −10⁸.
        """
        weights = dict(self.named_parameters())
        states: list[Tensor] = []
        parts: list[Tensor] = []
        for step, state, _ in self._walk(genes, weights, _TORCH):
            (parts if step.decision is None else states).append(state)
        own = torch.baddbmm(weights["biases"], torch.stack(states), weights["heads"])
        logits = own.new_zeros(*genes.shape, own.shape[2])
        logits[:, self._own] = own.transpose(0, 1)
        if len(self._links):
            gene, reader, source = self._links.T
            anchors = torch.stack(parts, 1)
            pairs = anchor_logits(anchors, anchors, weights, torch.tanh)
            logits[:, gene, 1] = pairs[:, reader, source]
        allowed = torch.from_numpy(self._allowed(genes))
        logs = torch.log_softmax(logits.masked_fill(~allowed, _NEVER), dim=2)
        chosen = torch.from_numpy(genes.astype(np.int64))[:, :, None]
        return logs.gather(2, chosen)[:, :, 0], -(logs.exp() * logs).sum(2)

    def _walk(
        self, genes: Genes, weights: Mapping[str, Any], library: _Library
    ) -> Iterator[tuple[_Step, Any, list[Any]]]:
        """Yields each step, the state ``(n, units)`` of the last layer, and the anchors before it.

        The genes of a step must stand in `genes` by the time the next one is asked for.
        """
        layers = list(zip(weights["inputs"], weights["recurrent"], weights["offsets"], strict=True))
        x = weights["start"] + library.own(np.zeros((len(genes), self.units), dtype=np.float32))
        zeros = 0 * x
        memory = [(zeros, zeros)] * len(layers)
        anchors: list[Any] = []
        tables = list(weights["embeddings"])
        for step in self._steps:
            for k, layer in enumerate(layers):
                memory[k] = _lstm(x, memory[k], layer, library)
                x = memory[k][0]
            yield step, x, anchors
            first, last = step.genes.start, step.genes.stop
            if step.decision is not None:
                x = tables[step.decision][library.own(genes[:, first].astype(np.int64))]
                continue
            anchors.append(x)
            read = library.own(genes[:, first:last].astype(np.float32))
            past = library.stack(anchors, 1)[:, : last - first]
            x = (read[:, :, None] * past).sum(1) / (1 + read.sum(1)[:, None])

    def _allowed(self, genes: Genes) -> Bools:
        """Returns ``(n, length, most)``: the values allowed after the genes before them."""
        allowed = np.zeros((*genes.shape, max(self.space.cardinalities)), dtype=bool)
        for gene, cardinality in enumerate(self.space.cardinalities):
            allowed[:, gene, :cardinality] = self.space.allowed(genes[:, :gene])
        return allowed


def _lstm(
    x: Any, memory: tuple[Any, Any], layer: tuple[Any, Any, Any], library: _Library
) -> tuple[Any, Any]:
    """Returns the new output and cell of one layer, ``(n, units)`` both."""
    (h, c), (inputs, recurrent, offsets) = memory, layer
    u = h.shape[1]
    gates = x @ inputs + h @ recurrent + offsets
    opened = library.sigmoid(gates[:, : 3 * u])
    c = opened[:, u : 2 * u] * c + opened[:, :u] * library.tanh(gates[:, 3 * u :])
    return opened[:, 2 * u :] * library.tanh(c), c


def _logits(
    step: _Step, state: Floats, anchors: list[Floats], weights: Mapping[str, Any]
) -> list[Floats]:
    """Returns ``(n, values)`` for each gene of a step; some values may be too many."""
    if step.decision is not None:
        return [state @ weights["heads"][step.decision] + weights["biases"][step.decision]]
    if not anchors:
        return []
    reads = anchor_logits(np.stack(anchors, 1), state[:, None], weights, np.tanh)[:, 0]
    return list(np.stack([np.zeros_like(reads), reads], 2).transpose(1, 0, 2))


def _steps(space: SearchSpace) -> tuple[_Step, ...]:
    """Returns the decisions in the order of the genes, and an anchor at the end of each part."""
    steps: list[_Step] = []
    at = decisions = 0
    for link in (*space.links, range(space.length, space.length)):
        steps += (_Step(range(g, g + 1), decisions + g - at) for g in range(at, link.start))
        decisions += link.start - at
        at = link.stop
        steps.append(_Step(link, None))
    return tuple(steps[:-1])


def _choose(logits: Floats, allowed: Bools, draws: Floats) -> Genes:
    """Returns ``(n,)``: one of the values that each row of ``(n, values)`` allows.

    Args:
        logits: ``(n, values or more)``.
        allowed: ``(n, values)``.
        draws: ``(n, 1)``, uniform from 0 to 1.
    """
    logits = np.where(allowed, logits[:, : allowed.shape[1]].astype(np.float64), -np.inf)
    steps = np.exp(logits - logits.max(1, keepdims=True)).cumsum(1)
    return np.asarray((steps <= draws * steps[:, -1:]).sum(1), dtype=np.int16)
