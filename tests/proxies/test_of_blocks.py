"""The parts of AZ-NAS: principal axes by singular values, Jacobians of known networks."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core.errors import UnsupportedError
from nascast.core.types import ImageTask
from nascast.proxies.expressivity import Expressivity
from nascast.proxies.passes import Passes
from nascast.proxies.passes.blocks import blocks, entropies, spectral_norms
from nascast.proxies.progressivity import Progressivity
from nascast.proxies.trainability import Trainability

Row = tuple[int, ...]
Make = Callable[[Row], Passes]
TASK = ImageTask((4, 8, 8), 3)


def chain(*weights: torch.Tensor) -> nn.Module:
    """Returns a network of 1×1 convolutions with these weights."""
    layers: list[nn.Module] = []
    for weight in weights:
        layer = nn.Conv2d(weight.shape[1], weight.shape[0], 1, bias=False)
        layer.weight.data = weight[:, :, None, None].clone()
        layers.append(layer)
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))


def orthogonal(seed: int) -> torch.Tensor:
    drawn = torch.randn(4, 4, generator=torch.Generator().manual_seed(seed))
    turn: torch.Tensor = torch.linalg.qr(drawn)[0]
    return turn


def test_entropy_of_principal_axes() -> None:
    features = torch.randn(6, 5, 3, 3) * torch.tensor([1.0, 2, 3, 4, 5])[:, None, None]
    rows = features.permute(0, 2, 3, 1).reshape(-1, 5).double().numpy()
    variances = np.linalg.svd(rows - rows.mean(0), compute_uv=False) ** 2
    shares = variances / variances.sum()
    assert entropies([features])[0] == pytest.approx(-(shares * np.log(shares)).sum())
    assert math.isnan(entropies([torch.ones(2, 3, 4, 4)])[0])


def test_blocks_of_a_network_are_the_stem_and_what_follows(cut: Make) -> None:
    """Stem, cell, reduction, cell: of 4 and of 8 channels."""
    found = cut((0, 1, 2, 3, 4, 1)).blocks()
    assert [tuple(maps.shape[1:]) for maps in found] == [(4, 8, 8)] * 2 + [(8, 4, 4)] * 2


def test_sum_and_least_growth(cut: Make) -> None:
    found = cut((0, 1, 2, 3, 4, 1))
    parts = entropies(found.blocks())
    assert Expressivity().score(found) == pytest.approx(sum(parts))
    assert Progressivity().score(found) == min(b - a for a, b in pairwise(parts))


def test_a_linear_block_has_the_norm_of_its_weights() -> None:
    weight = torch.randn(4, 4, generator=torch.Generator().manual_seed(3))
    found = spectral_norms(blocks(chain(orthogonal(0), weight), TASK, 0), 0)
    assert found == [pytest.approx(float(torch.linalg.matrix_norm(weight, 2)), rel=0.05)]


def test_isometries_train_best_and_both_ways_worse(
    of_network: Callable[[nn.Module], Passes],
) -> None:
    scores = []
    for factor in (1.0, 2.0, 0.5):
        weights = [orthogonal(0)[:, :3], factor * orthogonal(1), factor * orthogonal(2)]
        scores.append(Trainability().score(of_network(chain(*weights))))
    assert scores[0] == pytest.approx(0, abs=0.01)
    assert scores[1] == pytest.approx(-0.5, abs=0.1)
    assert scores[2] == pytest.approx(-0.5, abs=0.1)


def test_a_block_that_passes_nothing_has_no_score(cut: Make) -> None:
    for proxy in (Expressivity(), Progressivity(), Trainability()):
        assert math.isnan(proxy.score(cut((0,) * 6)))
        assert math.isfinite(proxy.score(cut((0, 0, 0, 3, 0, 0))))


def test_one_block_is_nothing_to_compare() -> None:
    with pytest.raises(UnsupportedError, match="fewer than 2"):
        blocks(chain(orthogonal(0)), TASK, 0)
