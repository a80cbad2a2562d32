"""NAS-Bench-NLP (Klyuchnikov et al., IEEE Access 2022, https://arxiv.org/abs/2006.07116).

A recurrent cell is a directed acyclic graph of at most 24 nodes. A node applies an operation to x,
the input of the time step, to previous hidden states, h_prev_0 to h_prev_2, and to other nodes; one
to three of the nodes are the new hidden states, h_new_0 to h_new_2, and h_new_0 is the output.

The genes are, for each of 24 nodes, its operation (0: there is no such node) and three inputs (0
none, 1 x, 2 to 4 the previous states, 5 + i the node i, an earlier one), then three new states (0
none, 1 + i the node i). No recorded recipe has a node of more than three inputs.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError, UnsupportedError
from nascast.core.graph import Graph
from nascast.core.notation import Notation, shown
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Genes, ImageTask, Task, TextTask
from nascast.spaces.nasbench_nlp.allowed import allowed
from nascast.spaces.nasbench_nlp.draw import SIZES, draw_row
from nascast.spaces.nasbench_nlp.draws import draw_rows
from nascast.spaces.nasbench_nlp.keys import cell_keys
from nascast.spaces.nasbench_nlp.orders import canonical_rows
from nascast.spaces.nasbench_nlp.rows import (
    FIRST_NODE,
    INPUTS,
    LINEAR,
    NODES,
    OPERATIONS,
    STATES,
    join,
    live,
    names_of,
    open_genes,
    parts,
    problem,
    valid,
    valid_row,
)
from nascast.spaces.nasbench_nlp.text import PYTHON, parse, quick, write

if TYPE_CHECKING:
    from torch import nn

    from nascast.networks.recurrent import CellRecipe

__all__ = ["NasBenchNlp"]

_SKELETON: dict[str, Any] = {"embedding": 400, "hidden": 600, "layers": 3}
_TEXT: dict[str, Any] = {**_SKELETON, "tied": True}  # the official records
_WHY = 1000  # characters of a message about a text that may be any; chosen
_ROUNDS, _TRIES = 1000, 100  # rounds of rejection, and rows drawn in a round; chosen
_FEW = 30  # rows that are faster drawn one by one; measured
_NUMBERS = 128  # drawn at a time; chosen
_BEFORE = tuple(f"h_prev_{k}" for k in range(STATES))
_AFTER = tuple(f"h_new_{k}" for k in range(1, STATES))
_VOCABULARY = ("input", "output", *_BEFORE, *_AFTER, *OPERATIONS)


class NasBenchNlp(SearchSpace):
    """Recurrent cells, with their recipes, graphs and networks.

    A row is valid if it can be computed: nodes are the first ones of the 24, and inputs the first
    ones of a node's three; linear takes 1 to 3 of them, a product or a sum 2 or 3, blend 3, an
    activation 1, all different; x, whose size is another, goes to linear nodes only; the new states
    are different nodes, and previous states are those of which there is a new one. The generator's
    further conditions (see `sample`) are not asked of a row: official examples break them.

    Nodes that no new state depends on are dead: they are in the row and its text, and one mutation
    may bring them to life, but not in `canonical`, `graphs` or networks. A mutation never changes
    how many nodes a row has, dead ones included, because a node is more than one gene.

    Attributes:
        operations: names of the operations; gene k is ``operations[k - 1]``.
    """

    name = "nasbench_nlp"
    own = ("recipe", "a recipe in JSON", r'\s*\{\s*"(?!recepie|recipe)')
    tasks = (ImageTask, TextTask)
    scales = ("layers", "hidden")
    cardinalities = (
        *(
            cardinality
            for node in range(NODES)
            for cardinality in (len(OPERATIONS) + 1, *(FIRST_NODE + node,) * INPUTS)
        ),
        *(NODES + 1,) * STATES,
    )
    operations = OPERATIONS

    def is_valid(self, genes: Genes) -> Bools:
        good = super().is_valid(genes)
        if good.any():
            good[good] = valid(genes[good])
        return good

    def _is_row(self, row: list[int]) -> bool:
        return valid_row(row)

    def _explain(self, index: int, row: Genes) -> str:
        if not super().is_valid(row[None])[0]:
            return super()._explain(index, row)
        return f"{self.name}: row {index} {row.tolist()}: {problem(row, names_of(row))}"

    def allowed(self, prefix: Genes) -> Bools:
        """Returns ``(n, c)``: whether the next gene may have a value; rows of such are valid."""
        return allowed(prefix, self.cardinalities[prefix.shape[1]])

    def canonical(self, genes: Genes) -> Genes:
        """Returns the rows without dead nodes, nodes and inputs in canonical order.

        They are equal if and only if two recipes differ in nothing but dead nodes, the order and
        the names of nodes, and the order of inputs, where that does not matter (everywhere but in
        blend). Two nodes that compute the same are not merged.
        """
        self.check(genes)
        return canonical_rows(genes)

    def networks(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns ``(n,)`` keys of what the cells compute.

        Only linear nodes have weights: two others that read the same are one, and sums and products
        can be taken in any order. The leaky ReLU hands on what is never negative. States but the
        output can change places, with what reads them; one that the output never depends on is
        nothing. Not recognised is that a sum of linear nodes is one of all their inputs.
        """
        self.check(genes)
        return cell_keys(genes)

    def sample(self, n: int, rng: np.random.Generator) -> Genes:
        """Returns n rows drawn by the rules of the benchmark's generator, with replacement.

        1, 2 or 3 states and 7, 14 or 21 nodes more than that are equally likely. Operations are
        linear with weight 3 and blend, product and sum with weight 1; a linear node has 2 or 3
        inputs with weights 4 and 1, among x, previous states and activations, and is followed by a
        random activation; the others read anything but x. Random nodes are the new states. A row is
        kept if the live nodes read x and all previous states, no new state reading one directly.

        Deviations: dead nodes stay in the row. An activation that would be a 25th node, which the
        generator allows itself, leads to another draw.
        """
        if n <= _FEW:
            return self._sample_few(n, rng)
        hidden = rng.integers(1, STATES + 1, size=n)
        sizes = rng.integers(len(SIZES), size=n)
        genes = np.zeros((n, self.length), dtype=np.int16)
        todo = np.arange(n)
        for _ in range(_ROUNDS):
            if not len(todo):
                return genes
            tries = np.repeat(todo, 1 + _TRIES // len(todo))  # a few rows cost as much as hundreds
            rows, kept = draw_rows(hidden[tries], sizes[tries], rng)
            good = np.flatnonzero(kept)
            done, which = np.unique(tries[good], return_index=True)
            genes[done] = rows[good[which]]
            todo = np.setdiff1d(todo, done)
        raise self._too_few()

    def _sample_few(self, n: int, rng: np.random.Generator) -> Genes:
        """Draws rows one by one, from the same distribution."""
        # Numbers come by the hundred, which takes no longer than ten alone.
        number = chain.from_iterable(iter(lambda: rng.random(_NUMBERS).tolist(), None)).__next__
        rows: list[list[int]] = []
        for _ in range(n):
            hidden, size = 1 + int(number() * STATES), int(number() * len(SIZES))
            for _ in range(_ROUNDS):
                row = draw_row(hidden, size, number)
                if row is not None:
                    break
            else:
                raise self._too_few()
            rows.append(row)
        return np.asarray(rows, dtype=np.int16).reshape(n, self.length)

    def _too_few(self) -> UnsupportedError:
        return UnsupportedError(f"{self.name}: the generator made too few recipes that it keeps")

    def _decisions(self, genes: Genes, rng: np.random.Generator) -> npt.NDArray[np.intp]:
        """Returns ``(n,)``: a gene of a node or a new state of each row that can change."""
        ops, inputs, states = parts(genes)
        fits = (np.arange(INPUTS) <= (inputs > 0).sum(2)[:, :, None]) & (ops > 0)[:, :, None]
        new = np.arange(STATES) <= (states > 0).sum(1)[:, None]
        can = join(ops > 0, fits, new) > 0
        return np.asarray(np.where(can, rng.random(genes.shape), -1).argmax(1))

    def _decide(self, genes: Genes) -> Callable[[np.random.Generator], int]:
        can = open_genes(genes[0].tolist())
        return lambda rng: max(can, key=rng.random(self.length).tolist().__getitem__)

    def graphs(self, genes: Genes) -> Graph:
        """Returns graphs of 31 vertices: inputs, nodes, outputs; dead nodes are not in them.

        ``input`` is x; previous states have labels of their own. The live nodes follow in the order
        of the row. The node that is h_new_0 feeds ``output`` directly, those that are h_new_1 and
        h_new_2 through vertices with these labels. Which input of a blend is which is not in a
        graph.
        """
        self.check(genes)
        ops, inputs, states = parts(genes)
        first, last = FIRST_NODE - 1, FIRST_NODE - 1 + NODES
        alive = live(genes)
        # The vertex of each value of an input gene: live nodes move up, what is not there is last.
        place = np.full((len(genes), FIRST_NODE + NODES), last + STATES)
        place[:, 1:FIRST_NODE] = np.arange(first)
        place[:, FIRST_NODE:] = np.where(alive, first - 1 + alive.cumsum(1), last + STATES)
        every = np.arange(len(genes))[:, None]
        labels = np.full((len(genes), last + STATES + 1), -1, dtype=np.int16)
        shift = _VOCABULARY.index(OPERATIONS[0]) - LINEAR
        labels[every, place[:, FIRST_NODE:]] = ops + shift
        edges = np.zeros((*labels.shape, labels.shape[1]), dtype=bool)
        reader = place[:, FIRST_NODE:, None]
        edges[every[:, :, None], place[every[:, :, None], inputs], reader] = True
        labels[:, 0] = _VOCABULARY.index("input")
        labels[:, last + STATES - 1] = _VOCABULARY.index("output")
        for k, vertex in enumerate((last + STATES - 1, *range(last, last + STATES - 1))):
            there = np.flatnonzero(states[:, k])
            labels[there, 1 + k] = _VOCABULARY.index(f"h_prev_{k}")
            edges[there, place[there, FIRST_NODE - 1 + states[there, k]], vertex] = True
            if k:
                labels[there, vertex] = _VOCABULARY.index(f"h_new_{k}")
                edges[there, vertex, last + STATES - 1] = True
        ends = ("input", *_BEFORE), ("output", *_AFTER)
        return Graph(edges[:, :-1, :-1].copy(), labels[:, :-1].copy(), _VOCABULARY, *ends)

    def to_text(self, genes: Genes) -> list[str]:
        """Returns recipes in the form of the official records, one line of JSON each.

        As in ``{"node_0": {"op": "linear", "input": ["x", "h_prev_0"]}, "h_new_0": {"op":
        "activation_tanh", "input": ["node_0"]}}``: the nodes in the order of the genes, a node that
        is a new state by that name and any other by its number.
        """
        self.check(genes)
        return [write(row) for row in genes]

    def _read(self, texts: list[str]) -> Genes:
        rows = [quick(text) or self._parse(text) for text in texts]
        genes = np.asarray(rows, dtype=np.int16).reshape(-1, self.length)
        return genes if self.is_valid(genes).all() else super()._read(texts)

    def dialects(self) -> Sequence[Notation]:
        return (PYTHON,)

    def _parse(self, text: str) -> list[int]:
        """Returns the genes of a recipe, whatever the names and the order of its nodes.

        Raises:
            InvalidArchitectureError: the text is no recipe; the message names the node, and what is
                allowed there.
        """
        try:
            row: list[int] = parse(text).tolist()
        except ValueError as error:
            raise InvalidArchitectureError(
                f"{self.name}: {str(error)[:_WHY]}; got {shown(text)}"
            ) from None
        return row

    def parameters(self, genes: Genes, task: Task) -> npt.NDArray[np.int64]:
        """Returns ``(n,)`` numbers of parameters of the networks that `build` makes.

        For the 33,278 words of WikiText-2 these are the numbers in the official records.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        self.check(genes)
        settings = _settings(task)
        embedding, hidden = settings["embedding"], settings["hidden"]
        if isinstance(task, TextTask):
            last = embedding if settings["tied"] else hidden
            tables = embedding + 1 + (0 if settings["tied"] else last)
            ends: int = task.words * tables
        else:
            last = embedding
            features = task.input_shape[0] * task.input_shape[2]
            ends = (features + 1) * embedding + (embedding + 1) * task.classes
        sizes = (embedding, *(hidden,) * (settings["layers"] - 1), last)
        return _stack_parameters(genes, sizes) + ends

    def skeleton(self, kind: type[Task]) -> Mapping[str, Any]:
        return _TEXT if kind is TextTask else _SKELETON

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        """Returns the benchmark's language model, or a classifier of images.

        For text the default skeleton is that of the official records: ``embedding`` (400; if tied
        also the size of the last layer), ``hidden`` (600; the size of the other layers), ``layers``
        (3, each with a cell of its own) and ``tied`` (True: the decoder's weights are the
        embedding's).

        An image is read row by row, from top to bottom. A row, channels · width numbers, is a time
        step. It takes the place of a word: a linear map makes an embedding of it, the recurrent
        layers are those of the tied language model, and the output of the last time step is
        classified. There is no dropout. Classifiers are no part of the benchmark.

        Raises:
            InvalidSettingError: a setting of the skeleton is unknown or out of range.
        """
        from nascast.networks.recurrent import LanguageModel, RowClassifier

        settings = _settings(task)
        if isinstance(task, TextTask):
            return LanguageModel(self._recipe(arch), task.words, **settings)
        return RowClassifier(self._recipe(arch), task.input_shape, task.classes, **settings)

    def _recipe(self, arch: Architecture) -> "CellRecipe":
        """Returns the live nodes of an architecture, numbered as `CellRecipe` does."""
        from nascast.networks.recurrent import CellRecipe

        if arch.space != self.name:
            raise InvalidArchitectureError(
                f"expected an architecture of {self.name}; got one of {arch.space}"
            )
        self.check(arch.row())
        ops, inputs, states = (part[0] for part in parts(arch.row()))
        hidden = int((states > 0).sum())
        kept = np.flatnonzero(live(arch.row())[0]).tolist()
        number = {value: value - 1 for value in range(1, 2 + hidden)}
        number |= {FIRST_NODE + node: 1 + hidden + i for i, node in enumerate(kept)}
        return CellRecipe(
            operations=tuple(OPERATIONS[ops[node] - 1] for node in kept),
            inputs=tuple(tuple(number[v] for v in inputs[node].tolist() if v) for node in kept),
            states=tuple(number[FIRST_NODE + s - 1] for s in states.tolist() if s),
        )


def _stack_parameters(genes: Genes, sizes: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Returns ``(n,)`` numbers of parameters of layers that lead from each size to the next."""
    ops, inputs, _ = parts(genes)
    linear = (ops == LINEAR) & live(genes)
    from_x = ((inputs == 1).any(2) & linear).sum(1)
    others = ((inputs > 1).sum(2) * linear).sum(1)
    total = np.zeros(len(genes), dtype=np.int64)
    for before, after in pairwise(sizes):
        total += after * (from_x * before + others * after + linear.sum(1))
    return total


def _settings(task: Task) -> dict[str, Any]:
    text = isinstance(task, TextTask)
    defaults = _TEXT if text else _SKELETON
    settings: dict[str, Any] = {**defaults, **task.skeleton}
    if (
        settings.keys() != defaults.keys()
        or not all(type(settings[name]) is int and settings[name] > 0 for name in _SKELETON)
        or type(settings.get("tied", True)) is not bool
    ):
        raise InvalidSettingError(
            f"nasbench_nlp: the skeleton takes {', '.join(_SKELETON)}, positive integers"
            f"{', and tied, True or False' if text else ''}; got {dict(task.skeleton)}"
        )
    return settings
