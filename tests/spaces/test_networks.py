"""Keys of networks, against networks that are built and run.

Weights are matched in the strictest way: operations of one kind have the same random weights. What
computes the same with weights matched in any other way computes the same with these.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core.plugins import load
from nascast.core.space import SearchSpace
from nascast.core.types import Genes, ImageTask

# Small skeletons, and how many pairs are tried.
SPACES: dict[str, tuple[dict[str, Any], int]] = {
    "nasbench201": ({"channels": 2, "cells": 1, "stages": 1}, 300),
    "nasbench101": ({"channels": 60, "stacks": 1, "modules": 1}, 300),  # any 2 to 5 vertices share
    "darts": ({"channels": 2, "cells": 3}, 60),
    "nasnet": ({"filters": 2, "repeats": 1}, 40),
    "nats_size": ({}, 10),
    "layerwise": ({}, 60),
    "hierarchical": ({"channels": 2, "cells": 1, "stages": 1}, 20),
    "morphism": ({"channels": 2}, 100),
}
PERIODS = {
    "nasbench101": 1
}  # of weights along channels, so that order in a concatenation is nothing
IMAGES = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def _fill(tensor: torch.Tensor, seed: int, period: int, *, signed: bool) -> None:
    """Draws a tensor by its shape alone."""
    shape = tuple(tensor.shape)
    rng = np.random.default_rng([seed, *shape[2:], len(shape)])
    dims = [min(period, size) if i < 2 else size for i, size in enumerate(shape)]
    drawn = rng.uniform(0.3, 1, [period] * min(2, len(shape)) + list(shape[2:]))
    if signed:
        drawn = drawn * rng.choice([-1, 1], drawn.shape)
    drawn = drawn[tuple(slice(0, size) for size in dims)]
    for axis, size in enumerate(shape[:2]):
        drawn = np.take(drawn, np.arange(size) % period % drawn.shape[axis], axis=axis)
    tensor.copy_(torch.from_numpy(drawn))


@torch.no_grad()
def outputs(space: SearchSpace, row: Genes, seed: int) -> tuple[float, list[float]]:
    """What the network of a row says of some images, and what it says if one layer is another.

    The first is a projection of all logits. Of the second there is one for each layer with weights
    that matters.
    """
    task, period = ImageTask((3, 8, 8), 2, SPACES[space.name][0]), PERIODS.get(space.name, 2)
    network = space.build(space.architecture(row), task).double().eval()
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    look = torch.randn(2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def fill(layer: nn.Module, seed: int) -> None:
        for part in (layer.weight, layer.bias):
            if part is not None:
                _fill(part, seed, period, signed=True)  # type: ignore[arg-type]

    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for part in (module.weight, module.running_var, module.bias, module.running_mean):
                if part is not None:
                    _fill(part, seed, period, signed=False)
    for layer in layers:
        fill(layer, seed)
    known = float((network(IMAGES) * look).sum())
    changed = []
    for layer in layers:
        fill(layer, seed + 100)
        changed.append(float((network(IMAGES) * look).sum()))
        fill(layer, seed)
    return known, sorted(value for value in changed if not np.isclose(value, known, rtol=1e-9))


def pairs(space: SearchSpace, count: int, seed: int = 0) -> Iterator[tuple[Genes, Genes]]:
    """Random rows, and rows one or two decisions away."""
    rng = np.random.default_rng(seed)
    first = space.sample(count, rng)
    second = space.mutate(first, rng)
    second[::2] = space.mutate(second[::2], rng)
    return zip(first, second, strict=True)


def same(space: SearchSpace, a: Genes, b: Genes) -> bool:
    """Whether two networks compute the same, and also if any one layer of both is another."""
    for seed in range(3):
        (first, changed), (second, others) = outputs(space, a, seed), outputs(space, b, seed)
        if len(changed) != len(others):
            return False
        if not np.allclose([first, *changed], [second, *others], rtol=1e-9, atol=1e-12):
            return False
    return True


def one_key(space: SearchSpace, a: Genes, b: Genes) -> bool:
    keys = space.networks(np.stack([a, b]))
    return bool(keys[0] == keys[1])


@pytest.mark.parametrize("name", SPACES)
def test_near_rows_of_two_keys_compute_two_functions(name: str) -> None:
    space = load("space", name)
    for a, b in pairs(space, SPACES[name][1]):
        if not one_key(space, a, b):
            assert not same(space, a, b), space.to_text(np.stack([a, b]))


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
    return space, genes[space.distinct(space.canonical(genes))]


@pytest.mark.parametrize("name", ["nasbench201", "nasbench101", "darts", "nasnet", "morphism"])
def test_rows_of_one_key_compute_one_function(name: str) -> None:
    space, genes = candidates(name)
    keys, count = np.unique(space.networks(genes), return_counts=True)
    shared = keys[count > 1][:8]
    assert len(shared) > 2
    every = space.networks(genes)
    for key in shared:
        a, b = genes[every == key][:2]
        assert same(space, a, b), space.to_text(np.stack([a, b]))
