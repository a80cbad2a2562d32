from typing import Any

import pytest
import torch
from torch import nn

from nascast.networks.macro import REDUCTIONS, StackedCells


class Spy(nn.Module):
    """Notes the shapes that a cell is given."""

    def __init__(self, channels: int, seen: list[tuple[int, ...]]) -> None:
        super().__init__()
        self.channels, self.seen = channels, seen

    def forward(self, x: Any) -> Any:
        assert x.shape[1] == self.channels
        self.seen.append(tuple(x.shape[1:]))
        return x


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("stem_stride", [1, 2])
def test_channels_double_and_sizes_halve(reduction: str, stem_stride: int) -> None:
    seen: list[tuple[int, ...]] = []
    network = StackedCells(
        lambda channels: Spy(channels, seen),
        3,
        7,
        channels=4,
        cells=2,
        stages=3,
        stem_stride=stem_stride,
        reduction=reduction,
    )
    assert network(torch.randn(2, 3, 16, 12)).shape == (2, 7)
    h, w = 16 // stem_stride, 12 // stem_stride
    assert seen == [
        *[(4, h, w)] * 2,
        *[(8, h // 2, w // 2)] * 2,
        *[(16, (h // 2 + 1) // 2, (w // 2 + 1) // 2)] * 2,
    ]


def test_the_head_normalises_rectifies_averages_and_classifies() -> None:
    network = StackedCells(
        lambda channels: nn.Identity(),
        1,
        3,
        channels=4,
        cells=1,
        stages=1,
        stem_stride=1,
        reduction="pool",
    ).eval()
    x = torch.randn(2, 1, 5, 5)
    features = network.stem(x) / (1 + 1e-5) ** 0.5  # the head's normalisation is new
    expected = network.classifier(features.clamp(min=0).flatten(2).mean(2))
    assert torch.allclose(network(x), expected, atol=1e-6)
