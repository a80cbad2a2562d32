"""VKDNW against the Fisher information by autograd, image by image and class by class."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core.types import ImageTask
from nascast.proxies.passes import Passes
from nascast.proxies.passes.information import fisher_information, trainable_layers
from nascast.proxies.passes.untrained import noise
from nascast.proxies.vkdnw import Vkdnw, spread

Row = tuple[int, ...]


def test_information_of_single_weights() -> None:
    """Every layer but the last has one weight, so that it is known which is measured."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 1, 1), nn.ReLU(), nn.Conv2d(1, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(1, 3),
    )  # fmt: skip
    task = ImageTask((1, 4, 4), 3)
    found = fisher_information(network, task, images=5, seed=2)
    images = noise((5, 1, 4, 4), torch.Generator().manual_seed(2))
    weights = [p for p in network.parameters() if p.ndim > 1]
    expected = np.zeros((5, 5))  # of the first, the second, and the three of the last
    for image in images:
        logs = network(image[None]).log_softmax(1)[0]
        for log in logs:
            parts = torch.autograd.grad(log, weights, retain_graph=True)
            slope = torch.cat([part.flatten() for part in parts]).numpy()
            expected += log.exp().item() * np.outer(slope, slope) / 5
    assert np.allclose(found[:2, :2], expected[:2, :2], rtol=1e-4)
    of_last = [
        np.allclose(found[2, [0, 1, 2]], expected[k, [0, 1, k]], rtol=1e-4) for k in (2, 3, 4)
    ]
    assert sum(of_last) == 1


@pytest.mark.parametrize("groups", [1, 2])
def test_any_weight_of_a_convolution(groups: int) -> None:
    """The diagonal is that of some weight, whichever was drawn, also with strides and groups."""
    torch.manual_seed(1)
    convolution = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=groups)
    network = nn.Sequential(convolution, nn.Tanh(), nn.Flatten(), nn.Linear(24, 2))
    images = noise((3, 4, 4, 4), torch.Generator().manual_seed(0))
    squares = torch.zeros_like(convolution.weight)
    for image in images:
        for log in network(image[None]).log_softmax(1)[0]:
            (slope,) = torch.autograd.grad(log, convolution.weight, retain_graph=True)
            squares += log.exp().detach() * slope.square() / 3
    found = fisher_information(network, ImageTask((4, 4, 4), 2), images=3, seed=0)[0, 0]
    assert (squares.double() / found - 1).abs().min() < 1e-4


def test_entropy_of_deciles() -> None:
    assert spread(np.eye(7)) == pytest.approx(math.log(9))
    values = np.arange(1.0, 12.0)  # whose deciles are 2, 3, …, 10
    shares = np.arange(2, 11) / 54
    assert spread(np.diag(values)) == pytest.approx(-(shares * np.log(shares)).sum())
    assert math.isnan(spread(np.zeros((4, 4))))


def test_layers_come_first(passes: Callable[[Row], Passes]) -> None:
    """Stem, three layers and classifier; all but the last are normalised."""
    found = passes((2, 1, 0, 2, 1))
    assert trainable_layers(found.network()) == 9
    assert 9 < Vkdnw().score(found) <= 9 + math.log(9)
