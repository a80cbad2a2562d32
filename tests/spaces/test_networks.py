"""Keys of networks, against networks that are built and run.

Weights are matched in the strictest way: operations of one kind have the same random weights. What
computes the same with weights matched in any other way computes the same with these.
"""

import os
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core.plugins import load
from nascast.core.space import SearchSpace
from nascast.core.types import Genes, ImageTask

# Small skeletons, and how many rows are tried, each with `AROUND` rows around it: 45 near pairs.
SPACES: dict[str, tuple[dict[str, Any], int]] = {
    "nasbench201": ({"channels": 2, "cells": 1, "stages": 1}, 2),
    "nasbench101": ({"channels": 60, "stacks": 1, "modules": 1}, 2),  # any 2 to 5 vertices share
    "darts": ({"channels": 2, "cells": 4}, 1),  # two normal cells, one of two inputs
    "nasnet": ({"filters": 2, "repeats": 1}, 1),
    "nats_size": ({}, 1),
    "layerwise": ({}, 1),
    "hierarchical": ({"channels": 2, "cells": 1, "stages": 1}, 2),
    "morphism": ({"channels": 2}, 2),
}
SMALLER = {"layerwise": {"layers": 6}}  # of 15 layers, whose weights take most of the time
AROUND = 9
PERIODS = {
    "nasbench101": 1
}  # of weights along channels, so that order in a concatenation is nothing
# Of weights where layers read hundreds of channels: else maps grow twenty-fold from layer to layer,
# and what one more edge from a first to the last layer adds is below any tolerance.
GAINS = {"layerwise": 0.02}
MORE = int(os.environ.get("NASCAST_PAIRS", "1"))  # times so many rows, by hand
PART = int(os.environ.get("NASCAST_PAIRS_SEED", "0"))  # which rows, so that many come in parts
LOOK = torch.randn(2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@lru_cache(maxsize=64)
def _drawn(shape: tuple[int, ...], seed: int, period: int, signed: bool) -> torch.Tensor:
    """A tensor that is drawn by its shape alone."""
    rng = np.random.default_rng([seed, *shape[2:], len(shape)])
    dims = [min(period, size) if i < 2 else size for i, size in enumerate(shape)]
    drawn = rng.uniform(0.3, 1, [period] * min(2, len(shape)) + list(shape[2:]))
    if signed:
        drawn = drawn * rng.choice([-1, 1], drawn.shape)
    drawn = drawn[tuple(slice(0, size) for size in dims)]
    for axis, size in enumerate(shape[:2]):
        drawn = np.take(drawn, np.arange(size) % period % drawn.shape[axis], axis=axis)
    return torch.from_numpy(drawn)


def _fill(tensor: torch.Tensor, seed: int, period: int, *, signed: bool) -> None:
    tensor.copy_(_drawn(tuple(tensor.shape), seed, period, signed))


class Network:
    """A network whose layers have the weights of a seed, matched in the strictest way."""

    def __init__(self, space: SearchSpace, row: Genes, seed: int) -> None:
        task, self.period = (
            ImageTask((3, 8, 8), 2, SPACES[space.name][0]),
            PERIODS.get(space.name, 2),
        )
        self.network = space.build(space.architecture(row), task).double().eval()
        self.seed, self.gain = seed, GAINS.get(space.name, 1)
        modules = list(self.network.modules())
        self.layers = [module for module in modules if isinstance(module, nn.Conv2d | nn.Linear)]
        for module in modules:
            if isinstance(module, nn.BatchNorm2d):
                for part in (module.weight, module.running_var, module.bias, module.running_mean):
                    if part is not None:
                        _fill(part.data, seed, self.period, signed=False)
        for layer in self.layers:
            self._fill(layer, seed)
        self.said = self._say()

    def changed(self) -> list[tuple[tuple[int, ...], float]]:
        """What it says if one layer is another: for each one that matters, with its shape."""
        found = []
        for layer in self.layers:
            before = layer.weight.detach().clone()
            self._fill(layer, self.seed + 100)
            after = layer.weight.detach().clone()
            for part in self._apart(layer):
                layer.weight.data.copy_(before)
                layer.weight.data[part] = after[part]
                found.append((tuple(after[part].shape), self._say()))
            self._fill(layer, self.seed)
        return sorted(pair for pair in found if not np.isclose(pair[1], self.said, rtol=1e-9))

    @staticmethod
    def _apart(layer: nn.Module) -> list[slice]:
        """The parts of its weights that may be those of another layer: channels, or all."""
        channels = getattr(layer, "groups", 1)
        return [slice(i, i + 1) for i in range(channels)] if channels > 1 else [slice(None)]

    @torch.no_grad()
    def _say(self) -> float:
        """A projection of all logits for some images."""
        return float((self.network(IMAGES) * LOOK).sum())

    def _fill(self, layer: nn.Module, seed: int) -> None:
        for part in (layer.weight, layer.bias):
            if part is not None:
                _fill(part.data, seed, self.period, signed=True)  # type: ignore[arg-type]
                part.data.mul_(self.gain)  # type: ignore[operator]


def same(space: SearchSpace, a: Genes, b: Genes, *, apart: bool = True) -> bool:
    """Whether two networks compute the same, and also if any one layer of both is another.

    Without `apart` only where all layers of one kind have the same weights.
    """
    for seed in range(3):
        first, second = Network(space, a, seed), Network(space, b, seed)
        if not np.isclose(first.said, second.said, rtol=1e-9, atol=1e-12):
            return False
        if not apart:
            continue
        changed, others = first.changed(), second.changed()
        if [shape for shape, _ in changed] != [shape for shape, _ in others]:
            return False
        one, other = ([value for _, value in found] for found in (changed, others))
        if not np.allclose(one, other, rtol=1e-9, atol=1e-12):
            return False
    return True


def stars(space: SearchSpace, count: int, seed: int = 0) -> Iterator[Genes]:
    """Random rows, each with rows one decision away: any two are one or two decisions apart."""
    rng = np.random.default_rng(seed)
    for row in space.sample(count, rng):
        yield np.concatenate([row[None], space.mutate(np.repeat(row[None], AROUND, axis=0), rng)])


@pytest.mark.parametrize("name", SPACES)
def test_near_rows_of_two_keys_compute_two_functions(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    space, compared = load("space", name, **SMALLER.get(name, {})), 0
    for rows in stars(space, SPACES[name][1] * MORE, PART):
        keys = space.networks(rows)
        said = [Network(space, row, 0).said for row in rows]
        for i, j in combinations(range(len(rows)), 2):
            compared += keys[i] != keys[j]
            if keys[i] != keys[j] and np.isclose(said[i], said[j], rtol=1e-9, atol=1e-12):
                assert not same(space, rows[i], rows[j]), space.to_text(rows[[i, j]])
    assert compared
    record_property("pairs", int(compared))  # in --junit-xml FILE -o junit_family=legacy


SHARED = ["nasbench201", "nasbench101", "darts", "nasnet", "morphism", "hierarchical"]


def candidates(name: str) -> tuple[SearchSpace, Genes]:
    """A space, and rows of which some compute the same though they are not canonically equal."""
    rng = np.random.default_rng(1)
    space = load("space", name, **({"blocks": 2} if name == "nasnet" else {}))
    genes = space.sample(4000, rng)
    if name == "darts":  # convolutions become poolings and skips, and all reduction cells are one
        genes = np.where(np.array(space.cardinalities) == 7, genes % 3, genes)
        genes[:, 12:] = genes[0, 12:]
    elif name == "nasnet":
        genes = np.where(np.array(space.cardinalities) == 13, genes % 2 * 4, genes)
        genes[:, 10:] = genes[0, 10:]
    elif name == "nasbench101":
        genes = np.concatenate([genes, space.mutate(genes, rng)])
        genes[:, 21:] = np.where(rng.random((len(genes), 5)) < 0.7, 2, genes[:, 21:])  # poolings
    elif name == "hierarchical":  # few edges and motifs; mostly primitives without weights
        few = np.where(genes > 2, 6 - genes % 3, genes)[:, :36]  # the motifs of level 2
        few = np.concatenate([few, genes[:, 36:] % 3], axis=1)
        few = np.where(rng.random(genes.shape) < 0.5, 0, few).astype(np.int16)
        genes = few[space.is_valid(few)]
    return space, genes[space.distinct(space.canonical(genes))]


@pytest.mark.parametrize("name", SHARED)
def test_rows_of_one_key_compute_one_function(name: str) -> None:
    space, genes = candidates(name)
    keys, count = np.unique(space.networks(genes), return_counts=True)
    shared = keys[count > 1]
    assert len(shared) > 2
    every = space.networks(genes)
    for key in shared[:3]:
        a, b = genes[every == key][:2]
        apart = name != "nasbench201"  # whose keys do not tell operations of one kind apart
        assert same(space, a, b, apart=apart), space.to_text(np.stack([a, b]))


def simple(seed: int, count: int) -> tuple[SearchSpace, Genes]:
    """Cells of few motifs, of identities or another single operation, of two, or of none."""
    rng = np.random.default_rng([2, seed])
    space = load("space", "hierarchical", motifs=(2, 1), nodes=(3, 3))
    made = np.zeros((20 * count, space.length), dtype=np.int16)
    for motif in range(2):
        pair = rng.integers(1, 7, size=(len(made), 2))
        pair[:, 0] = np.where(rng.random(len(made)) < 0.5, 6, pair[:, 0])  # identity
        pair[:, 1] = np.where(rng.random(len(made)) < 0.5, pair[:, 0], pair[:, 1])
        chosen = np.take_along_axis(pair, rng.integers(2, size=(len(made), 3)), axis=1)
        made[:, 3 * motif : 3 * motif + 3] = np.where(rng.random(chosen.shape) < 0.4, 0, chosen)
    cells = rng.integers(1, 3, size=(len(made), 3))
    made[:, 6:] = np.where(rng.random(cells.shape) < 0.5, 0, cells)
    made = made[space.is_valid(made)]
    return space, made[space.distinct(space.canonical(made))][:count]


def test_cells_of_simple_motifs_compute_the_same_if_and_only_if_their_keys_are_equal() -> None:
    space, genes = simple(PART, 60 * MORE)
    assert len(genes) == 60 * MORE
    keys = space.networks(genes)
    said = [Network(space, row, 0).said for row in genes]
    shared = 0
    for i, j in combinations(range(len(genes)), 2):
        if keys[i] == keys[j] or np.isclose(said[i], said[j], rtol=1e-9, atol=1e-12):
            shared += keys[i] == keys[j]
            alike = same(space, genes[i], genes[j])
            assert alike == (keys[i] == keys[j]), space.to_text(genes[[i, j]])
    assert shared


@pytest.mark.parametrize(
    ("count", "one", "other"),
    [  # convolutions, and the two of them, or one twice, that each of as many others reads
        (2, [(1, 2), (1, 2)], [(1, 1), (2, 2)]),
        (4, [(1, 2), (1, 2), (3, 4), (3, 4)], [(1, 2), (2, 3), (3, 4), (1, 4)]),
    ],
)
def test_which_of_equal_convolutions_are_read_together_is_in_the_keys(
    count: int, one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    space = load("space", "hierarchical", flat=True)

    def row(joined: list[tuple[int, int]]) -> Genes:
        convolution, identity = (space.operations.index(n) + 1 for n in ("conv_1x1", "identity"))
        edges = {(0, 1 + i): convolution for i in range(count)}
        free = 1 + count
        for first, second in joined:
            if first == second:  # by a detour
                edges |= {(first, free): identity, (first, free + 1): identity}
                edges[free, free + 1] = identity
                free += 1
            else:
                edges |= {(first, free): identity, (second, free): identity}
            edges[free, space.nodes[0] - 1] = convolution
            free += 1
        return np.asarray([edges.get(edge, 0) for edge in space.edges[0]], dtype=np.int16)

    rows = np.stack([row(one), row(other)])
    assert len(set(space.networks(rows).tolist())) == 2
    assert count > 2 or not same(space, *rows)
