"""Parameters, multiply-adds and norms against counts by hand and by another counter."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core import plugins
from nascast.core.types import ImageTask, Task, TextTask
from nascast.networks.counting import count
from nascast.networks.forward import example
from nascast.proxies.flops import Flops
from nascast.proxies.l2_norm import L2Norm
from nascast.proxies.params import Params
from nascast.proxies.passes import Passes
from nascast.proxies.passes.cost import multiply_adds
from nascast.proxies.passes.untrained import weights
from nascast.testing.doubles import TinyBenchmark

Make = Callable[[tuple[int, ...]], Passes]
ROWS = ((0, 0, 0, 1, 0), (2, 1, 0, 2, 1))


@pytest.mark.parametrize("row", ROWS)
def test_parameters_are_those_on_record(row: tuple[int, ...], passes: Make) -> None:
    recorded = TinyBenchmark().query(np.asarray([row], dtype=np.int16), "parameters")[0]
    assert Params().score(passes(row)) == pytest.approx(recorded / 1e6)


def test_multiply_adds_by_hand(passes: Make) -> None:
    """A stem of 3×3, then 3×3, 1×1 and 3×3 of 8 channels on 64 pixels, and the classifier."""
    expected = 64 * (27 * 8 + 9 * 64 + 64 + 9 * 64) + 8 * 3
    assert Flops().score(passes(ROWS[1])) == pytest.approx(expected / 1e6)


@pytest.mark.parametrize("name", ["nasbench201", "nasbench101", "nasbench_nlp", "recurrent_tree"])
def test_multiply_adds_are_those_of_the_counter_on_shapes(name: str) -> None:
    space = plugins.load("space", name)
    text = TextTask in space.tasks
    task: Task = TextTask(40) if text else ImageTask((3, 8, 8), 5)
    for row in space.sample(3, np.random.default_rng(1)):
        network = space.build(space.architecture(row), task)
        inputs = example(task)
        expected = count(network, tuple(inputs.shape[1:]), inputs.dtype).multiply_adds
        before = [buffer.clone() for buffer in network.buffers()]
        assert multiply_adds(network, task) == expected
        assert network.training
        assert all(map(torch.equal, before, network.buffers()))


@pytest.mark.parametrize("row", ROWS)
def test_norms_layer_by_layer(row: tuple[int, ...], passes: Make) -> None:
    found = passes(row)
    layers = [m for m in found.network().modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    expected = sum(float(np.sqrt((m.weight.detach().numpy() ** 2).sum())) for m in layers)
    assert L2Norm().score(found) == pytest.approx(expected, rel=1e-5)


class Scaled(nn.Module):
    """A matrix of its own, beside what scales channels, a frozen matrix and a table of words."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(9, 5)
        self.convolution = nn.Conv2d(3, 4, 1)
        self.scale = nn.Parameter(torch.ones(1, 4, 1, 1))
        self.matrix = nn.Parameter(torch.ones(4, 6))
        self.fixed = nn.Parameter(torch.ones(6, 6), requires_grad=False)


def test_weights_are_of_convolutions_linear_maps_and_matrices() -> None:
    network = Scaled()
    found = weights(network)
    assert [tuple(weight.shape) for weight in found] == [(4, 6), (4, 3, 1, 1)]
    assert found[0] is network.matrix


@pytest.mark.parametrize("tied", [True, False])
def test_a_table_of_embeddings_is_no_weight_unless_the_decoder_shares_it(tied: bool) -> None:
    space = plugins.load("space", "nasbench_nlp")
    arch = space.architecture(space.sample(1, np.random.default_rng(0))[0])
    network = space.build(arch, TextTask(40, {"embedding": 8, "hidden": 8, "tied": tied}))
    shapes = [tuple(weight.shape) for weight in weights(network)]
    assert shapes.count((40, 8)) == 1  # the decoder's alone
    assert len(shapes) == sum(p.ndim > 1 for p in network.parameters()) - (not tied)
