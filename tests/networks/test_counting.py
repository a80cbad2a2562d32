"""Counts against published figures and by hand."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core.types import Architecture, ImageTask, TextTask
from nascast.networks.counting import Counts, count
from nascast.spaces.nasbench201 import NasBench201
from nascast.spaces.nasbench_nlp.space import NasBenchNlp

SPACE = NasBench201()
PUBLISHED = {  # by the operation on all edges: parameters and multiply-adds of the official code
    3: Counts(1_531_546, 220_119_680),
    2: Counts(241_306, 31_376_000),
    1: Counts(73_306, 7_783_040),
    0: Counts(73_306, 7_783_040),
    4: Counts(73_306, 7_783_040),
}


def _count(genes: tuple[int, ...]) -> Counts:
    return count(SPACE.build(Architecture("nasbench201", genes), ImageTask()), (3, 32, 32))


def test_layers_by_hand() -> None:
    network = nn.Sequential(
        nn.Conv2d(4, 6, (3, 5), stride=2, padding=(1, 2), groups=2),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6 * 4 * 4, 7),
    )
    expected = 6 * 4 * 4 * (3 * 5 * 4 // 2) + 6 * 4 * 4 * 7
    assert count(network, (4, 8, 8)).multiply_adds == expected
    assert count(network, (4, 8, 8)).parameters == 6 * 2 * 15 + 6 + 12 + 96 * 7 + 7


def test_a_word_of_a_language_model_meets_every_weight_once() -> None:
    """Cells of linear nodes that are no modules; the embedding is looked up, not multiplied."""
    space = NasBenchNlp()
    for row in space.sample(5, np.random.default_rng(0)):
        skeleton = {"embedding": 8, "hidden": 12, "layers": 2, "tied": False}
        model = space.build(space.architecture(row), TextTask(50, skeleton))
        expected = sum(p.numel() for p in model.parameters() if p.ndim == 2) - 50 * 8
        found = count(model, (1,), torch.int64)
        assert found.multiply_adds == expected
        assert found.parameters == sum(p.numel() for p in model.parameters())


def test_counting_leaves_the_network_as_it_is() -> None:
    network = SPACE.build(Architecture("nasbench201", (3,) * 6), ImageTask()).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    count(network, (3, 32, 32))
    assert network.training
    assert not any(module._forward_hooks for module in network.modules())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("operation", PUBLISHED)
def test_uniform_cells_of_nasbench201(operation: int) -> None:
    found = _count((operation,) * 6)
    assert found.parameters == PUBLISHED[operation].parameters
    live = operation != 0  # operations on nothing are not run; with all of them there is nothing
    assert found.multiply_adds == PUBLISHED[operation].multiply_adds or not live


def test_all_recorded_sizes_of_nasbench201(shared_data: Path) -> None:
    """Counts are sums over the edges, so that six networks tell all 15,625."""
    with gzip.open(shared_data / "nasbench201_cifar10" / "table.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    genes = SPACE.from_text([row["arch_str"] for row in rows])
    base = PUBLISHED[0]
    parameters = np.full(len(rows), base.parameters, dtype=np.int64)
    multiply_adds = np.full(len(rows), base.multiply_adds, dtype=np.int64)
    for operation in (2, 3):
        edges = (genes == operation).sum(1)
        found = _count((operation,) * 6)
        parameters += edges * (found.parameters - base.parameters) // 6
        multiply_adds += edges * (found.multiply_adds - base.multiply_adds) // 6
    recorded = np.array([[float(row["params_M"]), float(row["flops_M"])] for row in rows])
    ours = np.stack([parameters, multiply_adds + 10], axis=1) / 1e6  # plus the classifier's biases
    assert (np.abs(ours - recorded) < [5e-6, 5e-4]).all()  # as far as they were rounded
    chosen = np.random.default_rng(0).choice(np.flatnonzero(SPACE.is_connected(genes)), 5)
    for i in chosen:
        row = tuple(genes[i].tolist())
        assert _count(row) == Counts(parameters[i], multiply_adds[i])
