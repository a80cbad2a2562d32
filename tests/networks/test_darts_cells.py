"""The cells of DARTS on a genotype of another size: NASNet's as DARTS writes it down."""

import pytest

from nascast.core.types import ImageTask

torch = pytest.importorskip("torch")

from nascast.networks.darts import (  # noqa: E402
    CellPlan,
    DartsCell,
    DartsNetwork,
    DartsSkeleton,
    Genotype,
)

# Another network than NASNet-A: the input is numbered and concatenated in another way.
NASNET = Genotype(
    CellPlan(
        (
            *(("sep_conv_5x5", 1), ("sep_conv_3x3", 0)),
            *(("sep_conv_5x5", 0), ("sep_conv_3x3", 0)),
            *(("avg_pool_3x3", 1), ("skip_connect", 0)),
            *(("avg_pool_3x3", 0), ("avg_pool_3x3", 0)),
            *(("sep_conv_3x3", 1), ("skip_connect", 1)),
        ),
        (2, 3, 4, 5, 6),
    ),
    CellPlan(
        (
            *(("sep_conv_5x5", 1), ("sep_conv_7x7", 0)),
            *(("max_pool_3x3", 1), ("sep_conv_7x7", 0)),
            *(("avg_pool_3x3", 1), ("sep_conv_5x5", 0)),
            *(("skip_connect", 3), ("avg_pool_3x3", 2)),
            *(("sep_conv_3x3", 2), ("max_pool_3x3", 1)),
        ),
        (4, 5, 6),
    ),
)
IMAGENET = {"channels": 48, "cells": 14, "stem": "imagenet"}


@pytest.mark.parametrize(
    ("skeleton", "side", "classes", "plain", "with_head"),
    [({}, 32, 10, 3_830_950, 4_288_944), (IMAGENET, 224, 1000, 5_564_320, 6_800_520)],
)
def test_parameters(
    skeleton: dict[str, object], side: int, classes: int, plain: int, with_head: int
) -> None:
    for auxiliary, expected in ((False, plain), (True, with_head)):
        task = ImageTask((3, side, side), classes, {**skeleton, "auxiliary": auxiliary})
        with torch.device("meta"):
            network = DartsNetwork(NASNET, task, DartsSkeleton.of(task))
        assert sum(p.numel() for p in network.parameters()) == expected


@pytest.mark.parametrize("reduces", [False, True])
def test_nodes_in_another_order_give_the_same_channels_in_another_order(reduces: bool) -> None:
    """The claim that `Darts.canonical` rests on; nodes 0 1 2 3 become 1 0 3 2."""
    one = CellPlan(
        (
            *(("sep_conv_3x3", 0), ("max_pool_3x3", 1)),
            *(("dil_conv_5x5", 0), ("skip_connect", 1)),
            *(("sep_conv_5x5", 2), ("avg_pool_3x3", 3)),
            *(("dil_conv_3x3", 1), ("skip_connect", 3)),
        )
    )
    order, names = (1, 0, 3, 2), {0: 0, 1: 1, 2: 3, 3: 2, 4: 5, 5: 4}
    sides = [side for node in order for side in (2 * node, 2 * node + 1)]
    other = CellPlan(tuple((one.pairs[i][0], names[one.pairs[i][1]]) for i in sides))
    first, second = (
        DartsCell(plan, 4, inputs=(5, 6), reduces=reduces, halves_first=True).eval()
        for plan in (one, other)
    )
    second.first, second.second = first.first, first.second
    second.operations = torch.nn.ModuleList(first.operations[i] for i in sides)
    images = torch.randn(2, 5, 13, 9), torch.randn(2, 6, 7, 5)
    expected = first(*images).split(4, dim=1)
    for found, node in zip(second(*images).split(4, dim=1), order, strict=True):
        assert torch.allclose(found, expected[node])
