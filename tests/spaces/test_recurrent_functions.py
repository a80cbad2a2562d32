"""Keys of recurrent cells, against cells that are built and run.

Weights are matched in the strictest way, as in `test_networks`: all of one kind are the same.
"""

import os
from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch

from nascast.core.plugins import load
from nascast.core.space import SearchSpace
from nascast.core.types import Genes, TextTask
from nascast.networks.recurrent import RecurrentLayer
from nascast.networks.recurrent_tree import TreeCell
from nascast.spaces.nasbench_nlp.rows import FIRST_NODE, LINEAR, SUM, TANH, accepted

MORE = int(os.environ.get("NASCAST_PAIRS", "1"))  # times so many rows, by hand
PART = int(os.environ.get("NASCAST_PAIRS_SEED", "0"))  # which rows
SIZE = 2
GENERATOR = torch.Generator().manual_seed(0)
INPUTS = torch.randn(4, 3, SIZE, generator=GENERATOR, dtype=torch.float64)
LOOK = torch.randn(4, 3, SIZE, generator=GENERATOR, dtype=torch.float64)
BEFORE = torch.randn(2, 3, SIZE, generator=GENERATOR, dtype=torch.float64)  # states
KINDS = torch.randn(6, SIZE, SIZE, generator=GENERATOR, dtype=torch.float64)  # weights by kind

Signature = tuple[float, list[float]]  # what a cell says; and if weights of one place are others
Places = list[tuple[torch.Tensor, int]]  # weights of a cell, and their kinds


def recipe(space: SearchSpace, row: Genes) -> tuple[Callable[[], Any], Places]:
    task = TextTask(5, {"embedding": SIZE, "hidden": SIZE, "layers": 1})
    modules = space.build(space.architecture(row), task).double().eval().modules()
    (layer,) = (module for module in modules if isinstance(module, RecurrentLayer))
    places: Places = []
    first = 1 + len(layer.recipe.states)
    for node, read in enumerate(layer.recipe.inputs, first):
        if layer.recipe.operations[node - first] == "linear":
            places += [(layer.weight(node, source), int(source > 0)) for source in read]
            places.append((layer.biases[str(node)], 2))
    return lambda: layer(INPUTS, (BEFORE[0],) * (first - 1))[0], places


def tree(space: SearchSpace, row: Genes) -> tuple[Callable[[], Any], Places]:
    task = TextTask(5, {"hidden": SIZE, "layers": 1})
    modules = space.build(space.architecture(row), task).double().eval().modules()
    (cell,) = (module for module in modules if isinstance(module, TreeCell))
    places: Places = [
        (part, kind)
        for kind, layer in enumerate((cell.input, cell.recurrent))
        for part in layer.weight.chunk(cell.tree.base)
    ]
    return lambda: cell(INPUTS, (BEFORE[0], BEFORE[1]))[0], places


@torch.no_grad()
def signature(run: Callable[[], Any], places: Places) -> Signature:
    def fill(weights: torch.Tensor, kind: int) -> None:
        weights.data.copy_(KINDS[kind] if weights.ndim == 2 else KINDS[kind, 0])

    def say() -> float:
        return float((run() * LOOK).sum())

    for weights, kind in places:
        fill(weights, kind)
    said, found = say(), []
    for weights, kind in places:
        fill(weights, kind + 3)
        found.append(say())
        fill(weights, kind)
    return said, sorted(other for other in found if not np.isclose(other, said, rtol=1e-9))


def alike(one: Signature, other: Signature) -> bool:
    return len(one[1]) == len(other[1]) and np.allclose(
        [one[0], *one[1]], [other[0], *other[1]], rtol=1e-9, atol=1e-12
    )


def small_recipes() -> tuple[SearchSpace, Genes]:
    """Recipes of three to six nodes, with one to three states, that the generator would keep.

    Others, which need not read x or a state, can say nothing at all.
    """
    rng = np.random.default_rng([0, PART])
    space = load("space", "nasbench_nlp")
    genes = np.zeros((150_000, space.length), dtype=np.int16)
    sizes, hidden = rng.integers(3, 7, len(genes)), rng.integers(1, 4, len(genes))
    for node in range(6):
        there = node < sizes
        op = rng.choice([1, 2, 3, 4, 5, 6, 7], len(genes), p=[0.3, 0.05, 0.15, 0.2, 0.1, 0.1, 0.1])
        reads = np.select([op == 1, op == 2, op < 5], [rng.integers(1, 3, len(genes)), 3, 2], 1)
        genes[:, 4 * node] = op * there
        for place in range(3):
            value = rng.integers(1, 1 + hidden + 1 + node)
            value = np.where(value > 1 + hidden, value + 3 - hidden, value)
            genes[:, 4 * node + 1 + place] = value * (there & (place < reads))
    states = np.argsort(np.where(np.arange(6) < sizes[:, None], rng.random((len(genes), 6)), 2))
    genes[:, 96:] = np.where(np.arange(3) < hidden[:, None], 1 + states[:, :3], 0)
    genes = genes[space.is_valid(genes)]
    genes = genes[accepted(genes)]
    return space, genes[space.distinct(space.canonical(genes))]


def small_trees() -> tuple[SearchSpace, Genes]:
    """Trees of four leaves with few activations."""
    rng = np.random.default_rng([1, PART])
    space = load("space", "recurrent_tree", base=4)
    genes = space.sample(20_000, rng)
    activations = np.asarray(space.cardinalities) == 4
    genes = np.where(activations & (rng.random(genes.shape) < 0.8), 0, genes).astype(np.int16)
    genes[:, 0:8:2] = genes[:, :1]  # leaves of one kind
    return space, genes[space.distinct(space.canonical(genes))]


@pytest.mark.parametrize(("rows", "make"), [(small_recipes, recipe), (small_trees, tree)])
def test_cells_compute_the_same_if_and_only_if_their_keys_are_equal(rows: Any, make: Any) -> None:
    space, genes = rows()
    keys = space.networks(genes)
    groups = [np.flatnonzero(keys == key) for key in np.unique(keys)[: 400 * MORE]]
    several = [group for group in groups if len(group) > 1][: 15 * MORE]
    alone = [group for group in groups if len(group) == 1][: 60 * MORE]
    chosen = np.concatenate([*several, *alone])
    genes, keys = genes[chosen], keys[chosen]
    found = [signature(*make(space, row)) for row in genes]
    equal = 0
    for i, j in combinations(range(len(genes)), 2):
        equal += keys[i] == keys[j]
        assert alike(found[i], found[j]) == (keys[i] == keys[j]), space.to_text(genes[[i, j]])
    assert equal


def test_keys_tell_what_one_change_of_equal_weights_does_not() -> None:
    """A state that is added to a factor of the product with the new state, or of the other one."""
    space = load("space", "recurrent_tree", base=4)
    nodes = "; ".join(["add identity"] * 4 + ["elem_mult identity"] * 2 + ["add identity"])
    texts = [f"{nodes}; inject add identity; cell 0 {joined}" for joined in (0, 1, 2, 3)]
    keys = space.networks(space.from_text(texts)).tolist()
    assert keys[2] == keys[3]
    assert len(set(keys)) == 3


def test_keys_tell_which_of_equal_linear_nodes_are_read_together() -> None:
    space = load("space", "nasbench_nlp")

    def row(pairs: list[tuple[int, int]]) -> list[int]:
        nodes = [[LINEAR, 1, 2, 0]] * 4
        nodes += [[SUM, FIRST_NODE + i, FIRST_NODE + j, 0] for i, j in pairs]
        nodes += [[TANH, FIRST_NODE + 4 + i, 0, 0] for i in range(4)]
        nodes.append([SUM, FIRST_NODE + 8, FIRST_NODE + 9, FIRST_NODE + 10])
        nodes.append([SUM, FIRST_NODE + 11, FIRST_NODE + 12, 0])
        genes = [gene for node in nodes for gene in node]
        return [*genes, *(96 - len(genes)) * [0], len(nodes), 0, 0]

    circle, moved = [(0, 1), (1, 2), (2, 3), (0, 3)], [(0, 2), (1, 2), (1, 3), (0, 3)]
    rows = [row(pairs) for pairs in (circle, moved, [(0, 1), (0, 1), (2, 3), (2, 3)])]
    keys = space.networks(np.asarray(rows, dtype=np.int16)).tolist()
    assert keys[0] == keys[1] != keys[2]
