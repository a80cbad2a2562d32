"""Recurrent networks with a cell given as a graph, and the language model made of them.

The cell and the language model are those of NAS-Bench-NLP (Klyuchnikov et al., IEEE Access 2022,
https://arxiv.org/abs/2006.07116), whose skeleton is that of AWD-LSTM (Merity et al., ICLR 2018,
https://arxiv.org/abs/1708.02182). Deviations stand at each class.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.networks.language import LanguageNetwork

__all__ = [
    "OPERATIONS",
    "CellRecipe",
    "Dropouts",
    "LanguageModel",
    "RecurrentLayer",
    "RecurrentStack",
    "RowClassifier",
    "States",
]

States = tuple[Tensor, ...]  # of one layer: (n, size) each


@dataclass(frozen=True, slots=True)
class CellRecipe:
    """A recurrent cell; 0 is the input x, 1 … h are the previous states, then come the nodes.

    Attributes:
        operations: operation of each node, ``linear`` or a key of `OPERATIONS`.
        inputs: numbers of the inputs of each node; x is read by linear nodes only.
        states: numbers of the nodes that are the h new states; the first is the output.
    """

    operations: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]
    states: tuple[int, ...]


def _blend(gate: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.lerp(other, one, gate)  # gate · one + (1 − gate) · other


OPERATIONS: dict[str, Callable[..., Tensor]] = {
    "blend": _blend,
    "elementwise_prod": lambda *values: reduce(torch.mul, values),
    "elementwise_sum": lambda *values: reduce(torch.add, values),
    "activation_tanh": torch.tanh,
    "activation_sigm": torch.sigmoid,
    "activation_leaky_relu": functional.leaky_relu,  # slope 0.01
}


@dataclass(frozen=True, slots=True)
class Dropouts:
    """Probabilities of dropout, by default those of the benchmark's records.

    Attributes:
        embedding: probability that a word is dropped from the embedding.
        inputs: probability on the first layer's input; one mask for all time steps, as in the next
            two.
        between: probability on the input of every other layer.
        output: probability on the last layer's output.
        weights: probability on weights of linear nodes that are not for x; one mask for all time
            steps.
    """

    embedding: float = 0.0
    inputs: float = 0.4
    between: float = 0.25
    output: float = 0.1
    weights: float = 0.1


class RecurrentLayer(nn.Module):
    """One layer: the cell, over all time steps.

    The weights of all linear nodes for the same source are rows of one matrix: x is multiplied once
    for all time steps, anything else once in a time step. All parameters start uniform within
    1 / √size.
    """

    def __init__(
        self, recipe: CellRecipe, input_size: int, size: int, dropout: float = 0.0
    ) -> None:
        """Builds the layer.

        Args:
            recipe: recurrent cell.
            input_size: size of x.
            size: size of every node and state.
            dropout: probability of dropout on weights that are not for x.
        """
        super().__init__()
        self.recipe, self.size, self.dropout = recipe, size, dropout
        first = 1 + len(recipe.states)
        linear = [i for i, op in enumerate(recipe.operations) if op == "linear"]
        read = {source for i in linear for source in recipe.inputs[i]}
        self.readers = {
            source: [first + i for i in linear if source in recipe.inputs[i]]
            for source in sorted(read)
        }
        self.weights = nn.ParameterDict(
            {
                str(source): torch.empty(len(readers) * size, size if source else input_size)
                for source, readers in self.readers.items()
            }
        )
        self.biases = nn.ParameterDict({str(first + i): torch.empty(size) for i in linear})
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -1 / math.sqrt(size), 1 / math.sqrt(size))

    def weight(self, node: int, source: int) -> Tensor:
        """Returns the weights of a linear node for one source, ``(size, size of source)``."""
        place = self.readers[source].index(node)
        rows: Tensor = self.weights[str(source)][place * self.size : (place + 1) * self.size]
        return rows

    def forward(self, inputs: Tensor, states: States | None = None) -> tuple[Tensor, States]:
        """Returns the outputs over a sequence, and the states after it.

        Args:
            inputs: ``(t, n, input_size)`` inputs of the time steps.
            states: ``(n, size)`` each, the states before; zeros if None.

        Returns:
            ``(t, n, size)`` outputs and the last states.
        """
        if states is None:
            zeros = inputs.new_zeros(inputs.shape[1], self.size)
            states = (zeros,) * len(self.recipe.states)
        weights = {
            source: self.weights[str(source)]
            if source == 0
            else functional.dropout(self.weights[str(source)], self.dropout, self.training)
            for source in self.readers
        }
        steps: Sequence[States] = [()] * len(inputs)
        if 0 in weights:
            bias = torch.cat([self.biases[str(node)] for node in self.readers[0]])
            steps = [
                step.chunk(len(bias) // self.size, dim=1)
                for step in functional.linear(inputs, weights.pop(0), bias).unbind()
            ]
        outputs = []
        for step in steps:
            states = self._step(step, states, weights)
            outputs.append(states[0])
        return torch.stack(outputs), states

    def _step(self, from_x: States, states: States, weights: dict[int, Tensor]) -> States:
        """Returns the new states; `from_x` has the terms of x and biases for each linear node."""
        terms = dict(zip(self.readers.get(0, ()), from_x, strict=True))
        values: dict[int, Tensor] = {}
        for number, value in enumerate(states, 1):
            values[number] = value
            self._spread(number, value, terms, weights)
        nodes = zip(self.recipe.operations, self.recipe.inputs, strict=True)
        for number, (operation, read) in enumerate(nodes, 1 + len(states)):
            if operation == "linear":
                value = terms[number]
            else:
                value = OPERATIONS[operation](*[values[source] for source in read])
            values[number] = value
            self._spread(number, value, terms, weights)
        return tuple(values[number] for number in self.recipe.states)

    def _spread(
        self, source: int, value: Tensor, terms: dict[int, Tensor], weights: dict[int, Tensor]
    ) -> None:
        """Adds the terms of a value to the linear nodes that read it."""
        if source not in weights:
            return
        readers = self.readers[source]
        given = functional.linear(value, weights[source]).chunk(len(readers), dim=1)
        for node, term in zip(readers, given, strict=True):
            before = terms[node] if node in terms else self.biases[str(node)]
            terms[node] = before + term


class RecurrentStack(nn.Module):
    """Layers with a cell each, and dropout with one mask for all time steps before and after.

    The first layer reads `embedding` numbers, the last one has `last` units (`embedding` if None),
    the others have `hidden`.
    """

    def __init__(
        self,
        recipe: CellRecipe,
        *,
        embedding: int,
        hidden: int,
        layers: int,
        last: int | None = None,
        dropouts: Dropouts,
    ) -> None:
        super().__init__()
        sizes = [embedding, *(hidden,) * (layers - 1), last or embedding]
        self.layers = nn.ModuleList(
            RecurrentLayer(recipe, before, after, dropouts.weights)
            for before, after in pairwise(sizes)
        )
        self.rates = [dropouts.inputs, *(dropouts.between,) * (layers - 1), dropouts.output]

    def forward(
        self, inputs: Tensor, states: Sequence[States] | None = None
    ) -> tuple[Tensor, list[States]]:
        """Maps ``(t, n, embedding)`` to ``(t, n, last)`` and the states of each layer."""
        after: list[States] = []
        value = self._drop(inputs, self.rates[0])
        for i, layer in enumerate(self.layers):
            value, new = layer(value, None if states is None else states[i])
            value = self._drop(value, self.rates[i + 1])
            after.append(new)
        return value, after

    def _drop(self, value: Tensor, rate: float) -> Tensor:
        if not self.training or not rate:
            return value
        return value * functional.dropout(torch.ones_like(value[:1]), rate)


class LanguageModel(LanguageNetwork):
    """Predicts the next word: embedding, recurrent layers, linear decoder.

    With tied weights the decoder's are the embedding's, and the last layer has as many units. Both
    start uniform within 0.1, the decoder's biases at 0.

    Deviations: the decoder is part of the model, where the official code leaves it to the loss.
    """

    def __init__(
        self,
        recipe: CellRecipe,
        vocabulary: int,
        *,
        embedding: int = 400,
        hidden: int = 600,
        layers: int = 3,
        tied: bool = True,
        dropouts: Dropouts | None = None,
    ) -> None:
        super().__init__()
        dropouts = Dropouts() if dropouts is None else dropouts
        self.word_dropout = dropouts.embedding
        self.encoder = nn.Embedding(vocabulary, embedding)
        last = embedding if tied else hidden
        self.stack = RecurrentStack(
            recipe, embedding=embedding, hidden=hidden, layers=layers, last=last, dropouts=dropouts
        )
        self.decoder = nn.Linear(last, vocabulary)
        if tied:
            self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.uniform_(self.decoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def embed(self, words: Tensor) -> Tensor:
        table = self.encoder.weight
        if self.training and self.word_dropout:
            kept = functional.dropout(torch.ones_like(table[:, :1]), self.word_dropout)
            table = table * kept
        return functional.embedding(words, table)

    def read(
        self, embedded: Tensor, states: Sequence[States] | None = None
    ) -> tuple[Tensor, list[States]]:
        """Returns ``(t, n, vocabulary)`` logits, and the states of each layer; see the base."""
        value, after = self.stack(embedded, states)
        return self.decoder(value), after


class RowClassifier(nn.Module):
    """Classifies images, which it reads row by row as a sequence, without dropout."""

    def __init__(
        self,
        recipe: CellRecipe,
        input_shape: tuple[int, int, int],
        classes: int,
        *,
        embedding: int,
        hidden: int,
        layers: int,
    ) -> None:
        super().__init__()
        channels, _, width = input_shape
        self.embedding = nn.Linear(channels * width, embedding)
        none = Dropouts(0.0, 0.0, 0.0, 0.0, 0.0)
        self.stack = RecurrentStack(
            recipe, embedding=embedding, hidden=hidden, layers=layers, dropouts=none
        )
        self.classifier = nn.Linear(embedding, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(n, channels, height, width)`` to ``(n, classes)`` logits."""
        rows = images.permute(2, 0, 1, 3).flatten(2)
        value, _ = self.stack(self.embedding(rows))
        logits: Tensor = self.classifier(value[-1])
        return logits
