"""Depth and memory by hand."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from nascast.core import plugins
from nascast.core.types import Architecture, ImageTask
from nascast.networks.footprint import footprint
from nascast.networks.forward import example
from nascast.spaces.nasbench201 import NasBench201


class Split(nn.Module):
    """Two branches of other depth, the deeper one of two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 3, 1)
        self.two = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), nn.Conv2d(3, 3, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.one(x) + self.two(x)  # type: ignore[no-any-return]


def test_a_chain_by_hand() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 8, 3, padding=1), nn.BatchNorm2d(8)
    )
    found = footprint(network, (3, 8, 8))
    assert found.depth == 2
    numbers = (3 * 4 * 9 + 4) + (4 * 8 * 9 + 8) + 4 * 8  # weights, biases, four of a normalisation
    assert found.weight_bytes == 4 * numbers + 8  # and its count of batches, an int64
    # While the normalisation runs there are the image, 8 channels before and after it, and two
    # numbers for each of them.
    assert found.activation_bytes == 4 * 64 * (3 + 8 + 8) + 4 * 2 * 8
    assert found.memory_bytes == found.weight_bytes + found.activation_bytes


def test_the_longer_branch_is_the_depth() -> None:
    assert footprint(Split(), (3, 4, 4)).depth == 2


def test_views_and_weights_are_not_held_twice() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(48, 5))
    found = footprint(network, (3, 4, 4))
    assert found.activation_bytes == 4 * (48 + 5)
    assert found.depth == 1


def test_depth_of_cells_of_nasbench201() -> None:
    """Stem, two residual blocks of two, classifier, and 15 times the longest way through."""
    space = NasBench201()
    for text, longest in (
        ("|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_1x1~2|", 3),
        ("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", 0),  # it is dead
        ("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|none~2|", 1),
    ):
        network = space.build(space.architecture(space.from_text([text])[0]), ImageTask())
        assert footprint(network, (3, 32, 32)).depth == 1 + 2 * 2 + 1 + 15 * longest


def test_tied_weights_count_once() -> None:
    space = plugins.load("space", "recurrent_tree")
    arch = space.architecture(space.sample(1, np.random.default_rng(0))[0])
    task = replace(space.tasks[-1](words=50), skeleton={"hidden": 8, "tied": True})
    network = space.build(arch, task)
    inputs = example(task)
    found = footprint(network, tuple(inputs.shape[1:]), inputs.dtype)
    assert found.weight_bytes == 4 * sum(p.numel() for p in network.parameters())


def test_the_network_is_left_as_it_is() -> None:
    space = NasBench201()
    network = space.build(Architecture("nasbench201", (3,) * 6), ImageTask()).train()
    footprint(network, (3, 32, 32))
    assert network.training
    assert {p.device.type for p in network.parameters()} == {"cpu"}
    assert isinstance(network(torch.zeros(2, 3, 8, 8)), Tensor)
