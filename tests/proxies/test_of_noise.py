"""Zen and MeCo: linear networks, whose distances are known, and numpy's correlations."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from nascast.core.errors import UnsupportedError
from nascast.core.types import ImageTask
from nascast.proxies.meco import Meco
from nascast.proxies.passes import Passes
from nascast.proxies.passes.noise import least_eigenvalues, perturbed
from nascast.proxies.passes.untrained import noise
from nascast.proxies.zen import Zen

Row = tuple[int, ...]
Make = Callable[[Row], Passes]
TASK = ImageTask((3, 8, 8), 3)


def head(channels: int) -> list[nn.Module]:
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 3)]


def test_a_linear_network_moves_as_far_as_its_weights_say() -> None:
    network = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1, bias=False), *head(5))
    generator = torch.Generator().manual_seed(4)
    x, change = noise((16, 3, 8, 8), generator), noise((16, 3, 8, 8), generator)
    weight = noise((5, 3, 3, 3), generator)
    distances = [float(functional.conv2d(c[None], weight, padding=1).norm()) for c in change]
    found, scales = perturbed(network, TASK, images=16, size=0.01, seed=4)
    assert found == pytest.approx(0.01 * np.mean(distances), rel=1e-3)
    assert scales == 0
    assert len(x) == 16


def test_normalisation_is_paid_back() -> None:
    """Behind a linear layer it divides by what is added: the score is nearly that without it."""
    convolution = nn.Conv2d(3, 8, 3, padding=1, bias=False)
    plain = nn.Sequential(convolution, *head(8))
    normed = nn.Sequential(convolution, nn.BatchNorm2d(8), *head(8))
    scores = []
    for network in (plain, normed):
        distance, scales = perturbed(network, TASK, images=64, size=0.01, seed=0)
        scores.append(math.log(distance) + scales)
    assert scores[0] == pytest.approx(scores[1], abs=0.1)


def test_zen_reads_weights_of_its_own_and_leaves_the_networks(passes: Make) -> None:
    found = passes((2, 1, 0, 2, 1))
    before = [p.clone() for p in (*found.network().parameters(), *found.network().buffers())]
    score = Zen().score(found)
    after = (*found.network().parameters(), *found.network().buffers())
    assert all(map(torch.equal, before, after))
    for parameter in found.network().parameters():
        parameter.data = parameter.data * (1 + (parameter.ndim > 1))
    assert Zen().score(found) == score


def test_features_that_do_not_move_have_no_score(cut: Make) -> None:
    assert math.isnan(Zen().score(cut((0,) * 6)))


def test_without_feature_maps_there_is_nothing_to_compare() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
    with pytest.raises(UnsupportedError, match="the network has none"):
        perturbed(network, TASK, images=2, size=0.01, seed=0)
    with pytest.raises(UnsupportedError, match="the network has none"):
        least_eigenvalues(network, TASK, seed=0)


@pytest.mark.parametrize("row", [(0, 0, 0, 1, 0), (2, 1, 0, 2, 1)])
def test_least_eigenvalues_by_numpy(
    row: Row, born: Callable[[Row], nn.Module], passes: Make
) -> None:
    network, results = born(row), []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda _, __, result: results.append(result[0]))
    network(noise((1, 3, 8, 8), torch.Generator().manual_seed(0)))
    least = [
        np.linalg.eigvals(np.corrcoef(maps.detach().flatten(1).numpy())).real.min()
        for maps in results
    ]
    assert Meco().score(passes(row)) == pytest.approx(sum(least), rel=1e-3)


def test_more_channels_than_pixels_are_dependent() -> None:
    network = nn.Sequential(nn.Conv2d(3, 80, 3, padding=1), *head(80))
    assert least_eigenvalues(network, TASK, seed=0)[0] == pytest.approx(0, abs=1e-6)
