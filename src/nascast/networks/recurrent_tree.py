"""Recurrent cells that are trees (Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578).

Section 3.4. Leaves join one linear map of the input and one of the last hidden state; nothing else
has weights, and nothing has a bias, as in the paper's formulas. Weights are initialised as is
PyTorch's default. Cells of products and identities can overflow over many steps; that is a property
of the cell, and the loss tells.

Deviations: the paper trains its language models with the dropout on embeddings and recurrent
weights of Gal & Ghahramani (2016, https://arxiv.org/abs/1512.05287); here dropout stands between
the layers only, as in Zaremba et al. (2014, https://arxiv.org/abs/1409.2329). Classifying images
row by row is no experiment of the paper.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nascast.networks.language import LanguageNetwork

__all__ = ["RowClassifier", "State", "Tree", "TreeCell", "TreeLanguageModel", "TreeRecurrence"]

State = tuple[Tensor, Tensor]  # hidden state and cell state; the shapes stand beside each use

_COMBINATIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "elem_mult": torch.mul,
}
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
}


@dataclass(frozen=True, slots=True)
class Tree:
    """The functions of a cell; nodes are numbered level by level, leaves first, the root last.

    Attributes:
        nodes: combination and activation of the 2 · base − 1 nodes.
        inject: combination and activation that join a node with the last cell state.
        read: node whose value before its activation is the new cell state.
        joined: node that is joined with the last cell state.
    """

    nodes: tuple[tuple[str, str], ...]
    inject: tuple[str, str]
    read: int
    joined: int

    @property
    def base(self) -> int:
        """The number of leaves."""
        return (len(self.nodes) + 1) // 2


class TreeCell(nn.Module):
    """One recurrent layer over a whole sequence.

    Leaf i computes ``act(W x_t ∘ V h_{t−1})`` with rows i·hidden to (i + 1)·hidden of the weights
    of `input` and `recurrent` as W and V; the other nodes ``act(left ∘ right)``. The node `joined`
    is then replaced by ``act(node ∘ c_{t−1})`` with the inject's two functions. The root is h_t.
    """

    def __init__(self, tree: Tree, inputs: int, hidden: int) -> None:
        super().__init__()
        self.tree = tree
        self.input = nn.Linear(inputs, tree.base * hidden, bias=False)
        self.recurrent = nn.Linear(hidden, tree.base * hidden, bias=False)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Maps ``(t, n, inputs)`` and the state before to ``(t, n, hidden)`` and the state after.

        Both parts of a state are ``(n, hidden)``.
        """
        outputs = []
        for driven in self.input(x):  # the input's part of all steps in one product
            state = self._step(driven, *state)
            outputs.append(state[0])
        return torch.stack(outputs), state

    def _step(self, driven: Tensor, h: Tensor, c: Tensor) -> State:
        tree = self.tree
        left = driven.chunk(tree.base, dim=1)
        right = self.recurrent(h).chunk(tree.base, dim=1)
        values: list[Tensor] = []
        new_c = c
        for i, node in enumerate(tree.nodes):
            if i < tree.base:
                pair = left[i], right[i]
            else:
                first = 2 * (i - tree.base)
                pair = values[first], values[first + 1]
            before = _COMBINATIONS[node[0]](*pair)
            value = _ACTIVATIONS[node[1]](before)
            if i == tree.read:
                new_c = before
            if i == tree.joined:
                value = _ACTIVATIONS[tree.inject[1]](_COMBINATIONS[tree.inject[0]](value, c))
            values.append(value)
        return values[-1], new_c


class TreeRecurrence(nn.Module):
    """Layers of one cell, each with its own weights, with dropout before each."""

    def __init__(
        self, tree: Tree, inputs: int, hidden: int, *, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.hidden = hidden
        self.cells = nn.ModuleList(
            TreeCell(tree, hidden if i else inputs, hidden) for i in range(layers)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Maps ``(t, n, inputs)`` to ``(t, n, hidden)`` and the state after the last step.

        Both parts of a state are ``(layers, n, hidden)``; None stands for zeros.
        """
        if state is None:
            zeros = x.new_zeros(len(self.cells), x.shape[1], self.hidden)
            state = zeros, zeros
        after: list[State] = []
        for cell, h, c in zip(self.cells, *state, strict=True):
            x, last = cell(self.dropout(x), (h, c))
            after.append(last)
        hidden, cells = zip(*after, strict=True)
        return x, (torch.stack(hidden), torch.stack(cells))


class RowClassifier(nn.Module):
    """Reads an image from the top row to the bottom one; the last hidden state is classified."""

    def __init__(self, recurrence: TreeRecurrence, classes: int) -> None:
        super().__init__()
        self.recurrence = recurrence
        self.classifier = nn.Linear(recurrence.hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images to ``(n, classes)`` logits, in h steps of c · w inputs."""
        outputs, _ = self.recurrence(x.permute(2, 0, 1, 3).flatten(2))
        return self.classifier(outputs[-1])  # type: ignore[no-any-return]


class TreeLanguageModel(LanguageNetwork):
    """Embedding, recurrent layers, decoder, with dropout between them.

    With tied embeddings the decoder has the weights of the embedding (Inan et al. 2016,
    https://arxiv.org/abs/1611.01462), as in the paper's models with shared embeddings.
    """

    def __init__(self, recurrence: TreeRecurrence, vocabulary: int, *, tied: bool) -> None:
        """Builds the model.

        Args:
            recurrence: recurrent layers, whose inputs are as wide as their hidden state.
            vocabulary: number of words in the vocabulary.
            tied: whether embedding and decoder share their weights.
        """
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, recurrence.hidden)
        self.recurrence = recurrence
        self.decoder = nn.Linear(recurrence.hidden, vocabulary)
        if tied:
            bound = recurrence.hidden**-0.5  # of a linear layer: an embedding's would be too large
            nn.init.uniform_(self.embedding.weight, -bound, bound)
            self.decoder.weight = self.embedding.weight

    def embed(self, words: Tensor) -> Tensor:
        return self.embedding(words)  # type: ignore[no-any-return]

    def read(self, embedded: Tensor, states: State | None = None) -> tuple[Tensor, State]:
        """Returns ``(t, n, vocabulary)`` logits, and a state of two ``(layers, n, hidden)``."""
        outputs, after = self.recurrence(embedded, states)
        return self.decoder(self.recurrence.dropout(outputs)), after
