"""Counts against published figures and by hand."""

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core import plugins
from nascast.core.types import Architecture, ImageTask, TextTask
from nascast.networks.counting import Counts, HasIdle, count
from nascast.networks.forward import example
from nascast.spaces.nasbench201 import NasBench201
from nascast.spaces.nasbench_nlp.space import NasBenchNlp

SPACE = NasBench201()
PUBLISHED = {  # by the operation on all edges: parameters and multiply-adds of the official code
    3: Counts(1_531_546, 220_119_680, 220_119_680),
    2: Counts(241_306, 31_376_000, 31_376_000),
    1: Counts(73_306, 7_783_040, 7_783_040),
    0: Counts(73_306, 7_783_040, 7_783_040),
    4: Counts(73_306, 7_783_040, 7_783_040),
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
    assert _count((operation,) * 6) == PUBLISHED[operation]


DEAD = {  # cells with operations that feed nothing or are fed nothing: multiply-adds as built, live
    "|skip_connect~0|+|nor_conv_3x3~0|none~1|+|nor_conv_1x1~0|none~1|none~2|": (1, 1, 1, 0),
    "|nor_conv_1x1~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|": (1, 1, 0, 1),
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|none~0|none~1|none~2|": (0, 3, 0, 0),
    "|none~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|": (1, 1, 0, 0),
    "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_1x1~1|nor_conv_1x1~2|": (2, 1, 0, 0),
    "|nor_conv_1x1~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|": (1, 1, 1, 1),
}


@pytest.mark.parametrize("text", DEAD)
def test_dead_operations_count_as_built_and_not_as_live(text: str) -> None:
    small, large, live_small, live_large = DEAD[text]
    found = _count(tuple(SPACE.from_text([text])[0].tolist()))
    assert found.multiply_adds == _sum(small, large)
    assert found.live_multiply_adds == _sum(live_small, live_large)


def _sum(small: int, large: int) -> int:
    """Multiply-adds with so many 1×1 and 3×3 convolutions in a cell, from the published figures."""
    return 7_783_040 + 3_932_160 * small + 35_389_440 * large


def test_all_recorded_sizes_of_nasbench201(shared_data: Path) -> None:
    """The count as built is a sum over the edges, wherever they stand, and is what is recorded.

    That the sum is the count is seen on cells of every kind; perf/count_nasbench201.py counts all.
    """
    with gzip.open(shared_data / "nasbench201_cifar10" / "table.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    genes = SPACE.from_text([row["arch_str"] for row in rows])
    small, large = (genes == 2).sum(1), (genes == 3).sum(1)
    built = 7_783_040 + 3_932_160 * small + 35_389_440 * large
    parameters = 73_306 + 28_000 * small + 243_040 * large
    recorded = np.array([[float(row["params_M"]), float(row["flops_M"])] for row in rows])
    ours = np.stack([parameters, built + 10], axis=1) / 1e6  # plus the classifier's biases
    assert len(rows) == 15_625
    assert (np.abs(ours - recorded) < [5e-6, 5e-4]).all()  # as far as they were rounded
    connected = SPACE.is_connected(genes)
    fewer = 0
    for kind, n in ((connected, 5), (~connected, 25)):
        for i in np.random.default_rng(0).choice(np.flatnonzero(kind), n, replace=False):
            found = _count(tuple(genes[i].tolist()))
            assert (found.parameters, found.multiply_adds) == (parameters[i], built[i])
            assert found.live_multiply_adds == built[i] or not connected[i]
            fewer += found.live_multiply_adds < built[i]
    assert fewer > 10


def _tensors(found: Any) -> Iterator[torch.Tensor]:
    if isinstance(found, torch.Tensor):
        yield found
    else:
        for part in found:
            yield from _tensors(part)


@pytest.mark.parametrize("name", plugins.builtin_names("space"))
def test_whatever_has_parameters_is_run_or_idle(name: str) -> None:
    """So that nothing stands in a network without being in the count as built."""
    space = plugins.load("space", name)
    for row in space.sample(3, np.random.default_rng(1)):
        for kind in space.tasks:
            task = kind(skeleton={own: 1 for own in space.scales if own and own != "channels"})
            inputs = example(task)
            with torch.device("meta"):
                network = space.build(space.architecture(row), task).eval()
            cells = [module for module in network.modules() if isinstance(module, HasIdle)]
            idle = [operation for cell in cells for operation in cell.idle()]
            used = {id(p) for operation in idle for p in operation.parameters()}
            result = network(torch.zeros(1, *inputs.shape[1:], dtype=inputs.dtype, device="meta"))
            parts = list(_tensors(result))  # of text also the states, which the next word needs
            sum(part.sum() for part in parts).backward()  # type: ignore[union-attr]
            used |= {id(p) for p in network.parameters() if p.grad is not None}
            missing = [n for n, p in network.named_parameters() if id(p) not in used]
            assert not missing, f"{missing} are neither run nor idle"
