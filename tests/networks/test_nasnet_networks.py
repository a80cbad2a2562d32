"""The published NASNet-A, counted, and its traps."""

from typing import Any

import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.types import ImageTask

torch = pytest.importorskip("torch")

from nascast.networks.nasnet import (  # noqa: E402
    NASNET_A,
    CellPair,
    NasNetSkeleton,
    NasNetwork,
    layout,
    nasnet_a,
)
from nascast.networks.nasnet_cell import Block, CellPlan, NasNetCell, Shape  # noqa: E402

SIDES = {"cifar": 32, "mobile": 224, "large": 331}


def published(variant: str, task: ImageTask | None = None) -> Any:
    with torch.device("meta"):
        return nasnet_a(variant, task)


def parameters(network: Any) -> int:
    return sum(p.numel() for p in network.parameters())


def multiply_adds(network: Any, side: int) -> int:
    counted = []

    def count(module: Any, inputs: Any, output: Any) -> None:
        weight = module.weight
        counted.append(weight.numel() * output[0].numel() // len(weight))

    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            module.register_forward_hook(count)
    network.eval()(torch.zeros(1, 3, side, side, device="meta"))
    return sum(counted)


@pytest.mark.parametrize(
    ("variant", "expected", "penultimate"),
    [("cifar", 3_328_234, 768), ("mobile", 5_289_978, 1056), ("large", 88_753_150, 4032)],
)
def test_published_parameters(variant: str, expected: int, penultimate: int) -> None:
    network = published(variant)
    assert parameters(network) == expected
    assert network.head[-1].in_features == penultimate


def test_the_paper_counts_the_running_statistics_of_the_large_network() -> None:
    """88.9M is with them; so is the 5.3M of the mobile network."""
    for variant, expected in (("large", 88_949_818), ("mobile", 5_326_716)):
        network = published(variant)
        statistics = sum(buffer.numel() for buffer in network.buffers() if buffer.dim())
        assert parameters(network) + statistics == expected


@pytest.mark.parametrize(
    ("variant", "expected"), [("cifar", 525.8e6), ("mobile", 564e6), ("large", 23.8e9)]
)
def test_published_multiply_adds(variant: str, expected: float) -> None:
    network = published(variant)
    assert multiply_adds(network, SIDES[variant]) == pytest.approx(expected, rel=1e-3)


def test_unread_states_alone_give_another_network() -> None:
    """Trap (a): the released code also outputs states that are read."""
    unread = CellPair(CellPlan.of(*NASNET_A.normal.blocks), CellPlan.of(*NASNET_A.reduction.blocks))
    assert unread.normal.output == (2, 3, 4, 5, 6)
    assert unread.reduction.output == (4, 5, 6)
    with torch.device("meta"):
        network: Any = NasNetwork(unread, ImageTask(), NasNetSkeleton())
    assert network.head[-1].in_features == 640
    assert parameters(network) != 3_328_234


def test_inputs_numbered_as_in_darts_give_another_network() -> None:
    """Trap (b): there, 0 is the output of the last cell but one."""

    def side(name: str, state: int) -> tuple[str, int]:
        return name, 1 - state if state < 2 else state

    def renumbered(plan: CellPlan) -> CellPlan:
        blocks = [Block(side(*block.left), side(*block.right)) for block in plan.blocks]
        return CellPlan(tuple(blocks), plan.output)

    cells = CellPair(renumbered(NASNET_A.normal), renumbered(NASNET_A.reduction))
    settings = {"repeats": 4, "filters": 44, "stem_multiplier": 1, "stem": "imagenet"}
    task = ImageTask((3, 224, 224), 1000, settings)
    with torch.device("meta"):
        network = NasNetwork(cells, task, NasNetSkeleton.of(task))
    assert parameters(network) != parameters(published("mobile"))


def test_the_first_stem_cell_reads_the_raw_stem() -> None:
    """Trap (c): it has no previous output, and no 1×1 convolution stands before state 1."""
    network = published("mobile")
    first, second = network.cells[0], network.cells[1]
    assert isinstance(first.previous, torch.nn.Identity)
    assert first.operations[1][1].in_channels == 32  # the separable 7×7 of block 0, on state 1
    assert first.operations[0][1].in_channels == 11
    assert second.previous[1].straight.in_channels == 32


@pytest.mark.parametrize(
    ("skeleton", "expected"),
    [
        (NasNetSkeleton(repeats=2, filters=8), "8 8 16r 16 16 32r 32 32"),
        (NasNetSkeleton(repeats=1, filters=8, stem="imagenet"), "2r 4r 8 16r 16 32r 32"),
    ],
)
def test_layout(skeleton: NasNetSkeleton, expected: str) -> None:
    places = layout(skeleton)
    assert " ".join(f"{p.filters}{'r' * p.reduces}" for p in places) == expected
    assert {place.lag for place in places} == {2}


@pytest.mark.parametrize("repeats", [1, 2])
@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
def test_a_cell_after_a_reduction_may_skip_it(repeats: int, stem: str) -> None:
    settings = {"repeats": repeats, "filters": 4, "stem": stem, "skip_reduction": True}
    skeleton = NasNetSkeleton.of(ImageTask(skeleton=settings))
    after = [
        after
        for before, after in zip(layout(skeleton), layout(skeleton)[1:], strict=False)
        if before.reduces and not after.reduces
    ]
    assert [place.lag for place in after] == ([2] if stem == "imagenet" else []) + [3, 3]
    network = NasNetwork(NASNET_A, ImageTask((3, 33, 40), 3), skeleton)
    assert network(torch.randn(2, 3, 33, 40)).shape == (2, 3)


def test_concatenating_blocks_double_their_filters_until_read() -> None:
    join = Block(("conv_1x1", 0), ("max_pool_3x3", 1), concat=True)
    plan = CellPlan.of(join, Block(("identity", 2), ("max_pool_3x3", 2), concat=True))
    cell: Any = NasNetCell(plan, 4, current=Shape(6, 0), previous=Shape(4, 0), stride=1)
    assert isinstance(cell.previous, torch.nn.Identity)  # same size, same filters
    assert cell.operations[2][1].in_channels == 8  # the identity has become a 1×1 convolution
    assert cell.operations[3][1][0].in_channels == 8
    assert cell.outputs[0][0].in_channels == 8
    images = torch.randn(2, 6, 5, 5), torch.randn(2, 4, 5, 5)
    assert cell(*images).shape == (2, 4, 5, 5)


def test_unread_inputs_of_a_reduction_cell_are_reduced() -> None:
    plan = CellPlan.of(Block(("conv_3x3", 0), ("identity", 0)))
    cell = NasNetCell(plan, 4, current=Shape(6, 1), previous=Shape(6, 0), stride=2)
    assert plan.output == (1, 2)
    assert cell(torch.randn(2, 6, 5, 5), torch.randn(2, 6, 9, 9)).shape == (2, 8, 3, 3)
    assert cell.shape == Shape(8, 2)


def test_identities_are_never_dropped() -> None:
    plan = CellPlan.of(Block(("identity", 0), ("identity", 1)))
    cell = NasNetCell(plan, 4, current=Shape(4, 0), previous=Shape(4, 0), stride=2, drop_path=0.9)
    cell.drop_path.progress = 1.0
    images = torch.randn(8, 4, 6, 6)
    assert torch.equal(cell(images, images), cell(images, images))


def test_images_smaller_than_published() -> None:
    task = ImageTask((3, 32, 45), 7, {"filters": 4, "repeats": 1, "auxiliary": True})
    for variant in ("cifar", "mobile", "large"):
        logits, auxiliary = nasnet_a(variant, task).forward_auxiliary(torch.randn(2, 3, 32, 45))
        assert auxiliary is not None
        assert logits.shape == auxiliary.shape == (2, 7)


def test_normalisation_of_the_imagenet_networks() -> None:
    small = ImageTask((3, 32, 32), 3, {"filters": 4, "repeats": 1})
    for variant, expected in (("cifar", (1e-5, 0.1)), ("mobile", (1e-3, 3e-4))):
        network: Any = nasnet_a(variant, small)
        norms = [m for m in network.modules() if hasattr(m, "momentum")]
        assert {(norm.eps, norm.momentum) for norm in norms} == {expected}


def test_unknown_variants() -> None:
    with pytest.raises(InvalidSettingError, match="variants cifar, mobile, large; got 'huge'"):
        nasnet_a("huge")
