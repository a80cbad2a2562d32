"""Recurrent cells as trees (Zoph & Le, ICLR 2017, https://arxiv.org/abs/1611.01578).

Section 3.4. A complete binary tree has `base` leaves; leaf i joins a linear map of the input x_t
with one of the hidden state h_{t−1}, every other node joins its two children. A node has a
combination, addition or element-wise product, and an activation: identity, tanh, sigmoid or ReLU.
Nodes are numbered level by level, leaves first, the root last; the root is h_t.

The genes are the controller's choices in its order: combination and activation of each node; then
those of the cell inject; then two cell indices. The first is the node whose value before the
activation becomes c_t. The second is the node that is joined with c_{t−1} by the cell inject, and
replaced by the result for its parent.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.graph import Graph
from nascast.core.notation import shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Genes, ImageTask, Task, TextTask
from nascast.core.wrapping import tidied
from nascast.spaces.recurrent_tree.form import sorted_children, sorted_tree
from nascast.spaces.recurrent_tree.keys import cell_keys

if TYPE_CHECKING:
    from torch import nn

    from nascast.networks.recurrent_tree import Tree

__all__ = ["RecurrentTree"]

_COMBINATIONS = ("add", "elem_mult")
_ACTIVATIONS = ("identity", "tanh", "sigmoid", "relu")
_OPERATIONS = tuple(f"{c} {a}" for c in _COMBINATIONS for a in _ACTIVATIONS)
_VOCABULARY = ("input", "output", "hidden", "cell", "new_cell", *_OPERATIONS)
_SKELETON: dict[str, Any] = {"hidden": 128, "layers": 2, "dropout": 0.0}
_TEXT: dict[str, Any] = {"hidden": 650, "layers": 2, "dropout": 0.5, "tied": False}


class RecurrentTree(SearchSpace):
    """The cells of one base: 8 ^ (2 · base) · (2 · base − 1)² rows, all of them valid.

    For base 8 there are 8¹⁶ · 15² = 63,331,869,759,897,600 rows, the paper's 6 × 10¹⁶, so that its
    number counts rows, with both cell indices over all 15 nodes. `canonical` leaves
    708,770,961,985,536 of them.

    Attributes:
        base: number of leaves of the tree.
        nodes: number of nodes of the tree, 2 · base − 1.
        combinations: names of the combinations by gene value.
        activations: names of the activations by gene value.
    """

    name = "recurrent_tree"
    own = ("tree", "the functions of a tree", r"\s*(add|elem_mult)\s")
    tasks = (ImageTask, TextTask)
    scales = ("layers", "hidden")
    combinations = _COMBINATIONS
    activations = _ACTIVATIONS

    def __init__(self, base: int = 8) -> None:
        """Chooses the size of the tree.

        Args:
            base: number of leaves, a power of two from 2; the paper searched with 8.

        Raises:
            InvalidSettingError: the base is not a power of two from 2.
        """
        if type(base) is not int or base < 2 or base & (base - 1):
            raise InvalidSettingError(f"{self.name}: base is a power of two from 2; got {base!r}")
        self.base = base
        self.nodes = 2 * base - 1
        self.cardinalities = (2, 4) * (self.nodes + 1) + (self.nodes, self.nodes)

    def _operations(self, genes: Genes) -> Genes:
        """Returns ``(n, nodes + 1)``: indices into `_OPERATIONS`, that of the cell inject last."""
        return np.asarray(4 * genes[:, 0:-2:2] + genes[:, 1:-2:2])

    def canonical(self, genes: Genes) -> Genes:
        """Returns the rows with the children of each node in a fixed order.

        Both combinations are commutative, so that two children can change places, with all below
        them and with the cell indices that point there: the same formula with the weights of the
        leaves renamed. For base 8 up to 2⁷ rows become one. Other laws, such as the associativity
        of sums without activation, are applied by `networks` alone.
        """
        self.check(genes)
        if len(genes) == 1:
            return np.asarray([self._canonical_row(genes[0].tolist())], dtype=np.int16)
        place = np.arange(self.nodes)
        read, joined = genes[:, -2:-1] == place, genes[:, -1:] == place
        tokens = self._operations(genes)[:, :-1] + 8 * read + 16 * joined
        tokens = sorted_children(tokens.astype(np.int16))
        out = genes.astype(np.int16)
        out[:, 0 : 2 * self.nodes : 2] = tokens % 8 // 4
        out[:, 1 : 2 * self.nodes : 2] = tokens % 4
        out[:, -2] = (tokens // 8 % 2).argmax(1)
        out[:, -1] = (tokens // 16).argmax(1)
        return out

    def _canonical_row(self, row: list[int]) -> list[int]:
        tokens = [4 * c + a for c, a in zip(row[0:-4:2], row[1:-4:2], strict=True)]
        tokens[row[-2]] += 8
        tokens[row[-1]] += 16
        tokens = sorted_tree(tokens)
        out = [gene for token in tokens for gene in (token >> 2 & 1, token & 3)]
        marks = [next(i for i, token in enumerate(tokens) if token & bit) for bit in (8, 16)]
        return [*out, *row[-4:-2], *marks]

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys of what the cells compute: sums and products in any order.

        The ReLU hands on what is never negative.
        """
        self.check(genes)
        return cell_keys(self._operations(genes), genes[:, -2], genes[:, -1])

    def graphs(self, genes: Genes) -> Graph:
        """Returns graphs of the cells with the functions as vertices.

        The first three are x_t (``input``), h_{t−1} (``hidden``) and c_{t−1} (``cell``); then the
        nodes, labelled such as ``add tanh``, with the cell inject behind the node that it follows;
        then c_t (``new_cell``), which reads its node before the activation; then the output, fed by
        h_t and c_t.
        """
        self.check(genes)
        n, v = len(genes), self.nodes + 6
        every = np.arange(n)[:, None]
        read, joined = genes[:, -2:-1].astype(np.int64), genes[:, -1:].astype(np.int64)
        node = np.arange(self.nodes)
        place = 3 + node + (node > joined)  # (n, nodes)
        leaves = place[:, : self.base]
        parents = np.append(place[:, self.base + node[:-1] // 2], np.full((n, 1), v - 1), axis=1)
        inject = joined + 4
        adjacency = np.zeros((n, v, v), dtype=bool)
        adjacency[every, 0, leaves] = adjacency[every, 1, leaves] = True
        adjacency[every, 2, inject] = True
        adjacency[every, place, np.where(node == joined, inject, parents)] = True
        adjacency[every, inject, np.take_along_axis(parents, joined, 1)] = True
        adjacency[every, np.take_along_axis(place, read, 1), v - 2] = True
        adjacency[:, v - 2, v - 1] = True
        labels = np.empty((n, v), dtype=np.int16)
        labels[:, :3], labels[:, -2:] = (0, 2, 3), (4, 1)
        labels[every, np.concatenate([place, inject], axis=1)] = self._operations(genes) + 5
        ends = ("input", "hidden", "cell"), ("output", "new_cell")
        return Graph(adjacency, labels, _VOCABULARY, *ends)

    def to_text(self, genes: Genes) -> list[str]:
        """Returns texts of the choices in the controller's order.

        The cell of the paper's figure 5, of base 2, is ``add tanh; elem_mult relu; elem_mult
        sigmoid; inject add relu; cell 1 0``: the nodes from the leaves to the root, the cell
        inject, and the cell indices.
        """
        self.check(genes)
        texts = []
        for row, (read, joined) in zip(
            self._operations(genes).tolist(), genes[:, -2:].tolist(), strict=True
        ):
            *nodes, inject = (_OPERATIONS[i] for i in row)
            texts.append("; ".join([*nodes, f"inject {inject}", f"cell {read} {joined}"]))
        return texts

    def _tidied(self, text: str) -> str:
        return " ".join(tidied(text).replace(";", "; ").split())

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of a text as `to_text` writes it.

        Raises:
            InvalidArchitectureError: the text is not of this form; the message names the part.
        """
        *operations, last = text.split("; ")
        if len(operations) != self.nodes + 1 or not operations[-1].startswith("inject "):
            raise InvalidArchitectureError(
                f"{self.name}: expected {self.nodes} nodes, the cell inject and the cell indices "
                f"like 'add tanh; …; inject add relu; cell 1 0'; got {shown(text)}"
            )
        operations[-1] = operations[-1].removeprefix("inject ")
        row: list[int] = []
        for operation in operations:
            if operation not in _OPERATIONS:
                raise InvalidArchitectureError(
                    f"{self.name}: unknown functions {shown(operation)} in {shown(text)}; known "
                    f"are {' or '.join(_COMBINATIONS)} with {', '.join(_ACTIVATIONS)}"
                )
            row += divmod(_OPERATIONS.index(operation), 4)
        places = {str(i): i for i in range(self.nodes)}
        found = re.fullmatch(r"cell ([0-9]+) ([0-9]+)", last)
        if not found or not places.keys() >= {found[1], found[2]}:
            raise InvalidArchitectureError(
                f"{self.name}: expected 'cell' and two of the nodes 0 to {self.nodes - 1}; "
                f"got {shown(last)} in {shown(text)}"
            )
        return [*row, places[found[1]], places[found[2]]]

    def parameters(self, genes: Genes, task: Task) -> npt.NDArray[np.int64]:
        """Returns ``(n,)`` numbers of parameters of the networks that `build` makes: all equal.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        self.check(genes)
        settings = _settings(task)
        hidden, layers = settings["hidden"], settings["layers"]
        if isinstance(task, TextTask):
            first, ends = hidden, task.words * (hidden * (1 if settings["tied"] else 2) + 1)
        else:
            first = task.input_shape[0] * task.input_shape[2]
            ends = (hidden + 1) * task.classes
        weights = self.base * hidden * (first + hidden * (2 * layers - 1))
        return np.full(len(genes), weights + ends, dtype=np.int64)

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return _TEXT if kind is TextTask else _SKELETON

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns a language model, or a classifier of images.

        For text the default skeleton is the medium model of Zaremba et al. (2014,
        https://arxiv.org/abs/1409.2329): ``hidden`` (650, the width of embedding and layers),
        ``layers`` (2), ``dropout`` (0.5, before each layer and before the decoder) and ``tied``
        (False; whether the decoder has the weights of the embedding). The paper changes ``hidden``
        so that the number of parameters is about that model's.

        An image is read row by row. The rows, ``channels · width`` numbers each, are the time
        steps; the last hidden state is classified. The skeleton's settings are ``hidden`` (128,
        chosen), ``layers`` (2, as in the paper's models) and ``dropout`` (0) before each layer.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        from nascast.networks.recurrent_tree import RowClassifier, TreeLanguageModel, TreeRecurrence

        tree, settings = self._tree(arch), _settings(task)
        if isinstance(task, TextTask):
            tied = settings.pop("tied")
            recurrence = TreeRecurrence(tree, settings["hidden"], **settings)
            return TreeLanguageModel(recurrence, task.words, tied=tied)
        channels, _, width = task.input_shape
        return RowClassifier(TreeRecurrence(tree, channels * width, **settings), task.classes)

    def _tree(self, arch: Architecture) -> "Tree":
        from nascast.networks.recurrent_tree import Tree

        if arch.space != self.name:
            raise InvalidArchitectureError(
                f"expected an architecture of {self.name}; got one of {arch.space}"
            )
        self.check(arch.row())
        *nodes, inject = (
            (_COMBINATIONS[c], _ACTIVATIONS[a])
            for c, a in zip(arch.genes[0:-2:2], arch.genes[1:-2:2], strict=True)
        )
        return Tree(tuple(nodes), inject, *arch.genes[-2:])


def _settings(task: Task) -> dict[str, Any]:
    text = isinstance(task, TextTask)
    defaults = _TEXT if text else _SKELETON
    settings = {**defaults, **task.skeleton}
    whole = [settings["hidden"], settings["layers"]]
    dropout = settings["dropout"]
    if (
        settings.keys() != defaults.keys()
        or not all(type(value) is int and value >= 1 for value in whole)
        or type(dropout) not in (int, float)
        or not 0 <= dropout < 1
        or type(settings.get("tied", False)) is not bool
    ):
        raise InvalidSettingError(
            "recurrent_tree: hidden and layers are whole numbers from 1, dropout is from 0 to "
            f"below 1, {'tied is True or False, ' if text else ''}and there are no other settings; "
            f"got {dict(task.skeleton)}"
        )
    return settings
