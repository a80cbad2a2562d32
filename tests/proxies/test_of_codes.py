"""NASWOT and SWAP against loops over images and units."""

import math
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.types import Batch
from nascast.proxies.nwot import Naswot
from nascast.proxies.passes import Passes
from nascast.proxies.passes.codes import patterns
from nascast.proxies.swap import Swap

Row = tuple[int, ...]
Make = Callable[[Row], Passes]
ROWS = ((0, 0, 0, 1, 0), (2, 1, 0, 2, 1))


def bits(network: nn.Module, batch: Batch) -> Iterator[list[bool]]:
    """Yields, for each rectified unit, whether each image activates it."""
    seen = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    network(torch.from_numpy(batch.inputs))
    for inputs in seen:
        yield from (inputs.flatten(1) > 0).T.tolist()


@pytest.mark.parametrize("row", ROWS)
def test_units_in_common_image_by_image(
    row: Row, born: Callable[[Row], nn.Module], passes: Make, batch: Batch
) -> None:
    units = list(bits(born(row), batch))
    kernel = np.zeros((10, 10))
    for i, j in product(range(10), repeat=2):
        kernel[i, j] = sum(unit[i] == unit[j] for unit in units)
    expected = math.log(np.linalg.det(kernel))
    assert Naswot().score(passes(row)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("row", ROWS)
def test_different_patterns_unit_by_unit(
    row: Row, born: Callable[[Row], nn.Module], passes: Make, batch: Batch
) -> None:
    found = passes(row)
    expected = len({tuple(unit) for unit in bits(born(row), batch)})
    assert Swap().score(found) == expected
    size = sum(p.numel() for p in found.network().parameters()) / 1e6
    factor = math.exp(-((size - 0.5) ** 2) / 0.1)
    assert Swap(mu=0.5, sigma=0.1).score(found) == pytest.approx(expected * factor)


def test_half_a_preference_is_refused() -> None:
    for settings in ({"mu": 1.0}, {"sigma": 1.0}, {"mu": 1.0, "sigma": 0.0}):
        with pytest.raises(InvalidSettingError, match="mu and a positive sigma"):
            Swap(**settings)  # type: ignore[arg-type]


def test_images_with_one_code_are_not_told_apart(cut: Make) -> None:
    assert math.isnan(Naswot().score(cut((0,) * 6)))


def test_without_rectified_units_there_are_no_codes(
    of_network: Callable[[nn.Module], Passes],
) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 3))
    for proxy in (Naswot(), Swap()):
        with pytest.raises(UnsupportedError, match="no ReLU"):
            proxy.score(of_network(network))


@pytest.mark.parametrize("images", [3, 10, 40, 70])
def test_patterns_of_any_number_of_images(images: int) -> None:
    results = torch.randn(images, 5, 2, 2, generator=torch.Generator().manual_seed(0)).relu()
    results[:, 1] = results[:, 0]
    seen = (results.flatten(1) > 0).T.tolist()
    found = patterns([results, results[:, :1]])
    assert len(found) == 24
    assert len(np.unique(found)) == len({tuple(unit) for unit in seen})
