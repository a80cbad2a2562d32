"""NASNet's space against its size, its definition spelled out, and the paper's macro network."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Architecture, Genes, ImageTask, Task
from nascast.spaces.nasnet import NasNet

SPACE = NasNet()
THREE = NasNet(blocks=3)
SMALL = {"repeats": 1, "filters": 4}
NASNET_A = (
    "normal: add(sep_conv_5x5(0), sep_conv_3x3(1)), add(sep_conv_5x5(1), sep_conv_3x3(1)), "
    "add(avg_pool_3x3(0), identity(1)), add(avg_pool_3x3(1), avg_pool_3x3(1)), "
    "add(sep_conv_3x3(0), identity(0)); "
    "reduction: add(sep_conv_5x5(0), sep_conv_7x7(1)), add(max_pool_3x3(0), sep_conv_7x7(1)), "
    "add(avg_pool_3x3(0), sep_conv_5x5(1)), add(identity(3), avg_pool_3x3(2)), "
    "add(sep_conv_3x3(2), max_pool_3x3(0))"
)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def nasnet_a() -> Architecture:
    return SPACE.architecture(SPACE.from_text([NASNET_A])[0])


def build(arch: Architecture, task: Task, space: NasNet = SPACE) -> Any:
    pytest.importorskip("torch")
    return space.build(arch, task)


def shuffled(row: Genes, cell: int, order: tuple[int, ...], swaps: tuple[bool, ...]) -> Genes:
    """The row with one cell's blocks in another order and some of their sides swapped."""
    new = {0: 0, 1: 1, **{2 + old: 2 + place for place, old in enumerate(order)}}
    out = row.reshape(2, -1, 5).copy()
    for place, old in enumerate(order):
        a, b, x, y, how = row.reshape(2, -1, 5)[cell, old].tolist()
        a, b = new[a], new[b]
        out[cell, place] = (b, a, y, x, how) if swaps[place] else (a, b, x, y, how)
    return out.reshape(-1)


def test_the_size_of_a_cell_is_the_published_one() -> None:
    cell = np.prod([float(c) for c in SPACE.cardinalities[:25]])
    assert cell == pytest.approx(2.29e18, rel=2e-3)
    assert float(SPACE.size()) == pytest.approx(5.2e36, rel=1e-2)
    assert len(SPACE.operations) == 13
    assert SPACE.cardinalities[:10] == (2, 2, 13, 13, 2, 3, 3, 13, 13, 2)
    assert SPACE.cardinalities[25:] == SPACE.cardinalities[:25]


@pytest.mark.parametrize("blocks", [1, 3, 6])
def test_other_numbers_of_blocks(blocks: int) -> None:
    space = NasNet(blocks=blocks)
    genes = space.sample(4, rng())
    assert space.length == 10 * blocks
    assert np.array_equal(space.from_text(space.to_text(genes)), genes)
    once = space.canonical(genes)
    assert np.array_equal(space.canonical(once), once)
    assert space.graphs(genes).labels.shape == (4, 6 * blocks + 8)


@pytest.mark.parametrize("blocks", [0, 7, -1])
def test_impossible_numbers_of_blocks(blocks: int) -> None:
    with pytest.raises(InvalidSettingError, match=f"blocks is 1 to 6; got {blocks}"):
        NasNet(blocks=blocks)


def test_a_mutated_child_differs_in_one_decision() -> None:
    genes = SPACE.sample(500, rng())
    children = SPACE.mutate(genes, rng(1))
    assert ((children != genes).sum(1) == 1).all()
    changed = np.unique((children != genes).argmax(1))
    assert np.array_equal(changed, np.arange(50))  # any of the decisions may be the one


def test_a_state_may_be_read_twice_by_one_block() -> None:
    genes = SPACE.sample(200, rng()).reshape(-1, 5)
    assert (genes[:, 0] == genes[:, 1]).any()


def orders(row: Genes, cell: int) -> Genes:
    """All distinct rows with the blocks and sides of one cell in another order."""
    others = [
        shuffled(row, cell, order, swaps)
        for order in itertools.permutations(range(3))
        for swaps in itertools.product((False, True), repeat=3)
    ]
    rows = np.stack(others)
    return np.unique(rows[THREE.is_valid(rows)], axis=0)


@pytest.mark.parametrize("cell", [0, 1])
def test_cells_in_another_order_are_equivalent(cell: int) -> None:
    genes = THREE.sample(20, rng())
    found = 0
    for row, one in zip(genes, THREE.canonical(genes), strict=True):
        rows = orders(row, cell)
        found += len(rows) - 1
        assert (THREE.canonical(rows) == one).all()
    assert found > 100


def test_canonical_rows_are_the_row_in_another_order() -> None:
    genes = THREE.sample(20, rng(1))
    for row, one in zip(genes, THREE.canonical(genes), strict=True):
        assert any((orders(r, 1) == one).all(1).any() for r in orders(row, 0))


def test_swapping_the_sides_of_a_block() -> None:
    genes = SPACE.sample(50, rng())
    swapped = genes.reshape(-1, 5)[:, [1, 0, 3, 2, 4]].reshape(genes.shape)
    assert not np.array_equal(genes, swapped)
    assert np.array_equal(SPACE.canonical(genes), SPACE.canonical(swapped))


def test_canonical_rows_have_the_same_graphs_and_other_rows_others() -> None:
    """Rows of few operations, so that some are equivalent and most are not."""
    cards = [card for b in range(3) for card in (2 + b, 2 + b, 1, 2, 2)] * 2
    few = rng().integers(cards, size=(1500, 30)).astype(np.int16)
    few[:, 15:] = few[0, 15:]
    canonical = THREE.canonical(few)
    rows = np.unique(canonical, axis=0)
    assert len(rows) < len(np.unique(few, axis=0))
    assert np.array_equal(THREE.graphs(canonical).hashes(), THREE.graphs(few).hashes())
    assert len(np.unique(THREE.graphs(rows).hashes())) == len(rows)


@pytest.mark.parametrize(
    ("cell", "state", "same"),
    [
        ("normal", 2, True),  # a concatenation: both bring it back to its filters
        ("normal", 0, False),
        ("reduction", 0, True),  # both halve the image
        ("reduction", 2, True),
        ("reduction", 3, False),  # a sum
    ],
)
def test_an_identity_with_weights_is_a_convolution(cell: str, state: int, same: bool) -> None:
    cells = {
        name: f"{name}: concat(conv_3x3(0), conv_3x3(1)), add(conv_3x3(0), conv_3x3(2)), "
        "add(OPERATION(STATE), conv_3x3(1)), add(conv_3x3(1), conv_3x3(0)), "
        "add(conv_3x3(3), conv_3x3(4))"
        for name in ("normal", "reduction")
    }
    texts = []
    for operation in ("identity", "conv_1x1"):
        chosen = {name: operation if name == cell else "conv_3x3" for name in cells}
        parts = [
            text.replace("OPERATION", chosen[name]).replace("STATE", str(state))
            for name, text in cells.items()
        ]
        texts.append("; ".join(parts))
    first, second = SPACE.networks(SPACE.from_text(texts))
    assert (first == second) == same


def test_graphs_show_every_part() -> None:
    graph = SPACE.graphs(SPACE.from_text([NASNET_A]))
    labels = [graph.vocabulary[i] for i in graph.labels[0]]
    assert labels[:6] == ["input", "h_i", "h_{i-1}", "sep_conv_5x5", "sep_conv_3x3", "add"]
    assert (labels[18], labels[36], labels[37]) == ("normal", "reduction", "output")
    into = {i: np.flatnonzero(graph.adjacency[0, :, i]).tolist() for i in range(38)}
    assert (into[1], into[2], into[3], into[4], into[5]) == ([0], [0], [1], [2], [3, 4])
    assert into[18] == [5, 8, 11, 14, 17]  # none of the five blocks is read by another
    assert into[36] == [29, 32, 35]  # the first two blocks, at 23 and 26, are
    assert into[37] == [18, 36]


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_texts_both_ways(seed: int, blocks: int) -> None:
    space = NasNet(blocks=blocks)
    genes = space.sample(5, rng(seed))
    assert np.array_equal(space.from_text(space.to_text(genes)), genes)


def test_texts_are_readable() -> None:
    assert SPACE.to_text(SPACE.from_text([NASNET_A])) == [NASNET_A]
    row = np.asarray([[0, 1, 11, 0, 0, 1, 0, 4, 12, 1]], dtype=np.int16)
    assert NasNet(blocks=1).to_text(row) == [
        "normal: add(sep_conv_5x5(0), identity(1)); reduction: concat(avg_pool_3x3(1), "
        "sep_conv_7x7(0))"
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "identity(0)",
            "identity(6)",
            r"state 6 of the normal cell has the input '6'; .* 4, 5; in",
        ),
        ("identity(3)", "identity(5)", r"state 5 of the reduction cell has the input '5'"),
        ("identity(0)", "identity(-1)", r"input '-1'; allowed are 0, 1, 2, 3, 4, 5; in"),
        ("identity(0)", "identity(٠)", r"has the input"),
        ("identity(0)", "identity(00)", r"has the input '00'"),
        ("identity(0)", f"identity({5000 * '9'})", r"has the input"),
        ("identity(0)", "identity()", r"has the input ''"),
        ("identity(0)", "none(0)", r"the operation 'none'; allowed are identity, conv_1x3_3x1"),
        ("add(identity(3)", "mul(identity(3)", r"the combination 'mul'; allowed are add, concat"),
        (", add(sep_conv_3x3(0), identity(0))", "", r"the normal cell has 4 blocks; expected 5"),
        ("; reduction: ", ", ", "expected a text like"),
        ("normal: ", "", "expected a text like"),
        ("normal: ", "nor mal: ", "expected a text like"),
        ("identity(0))", "identity(0)", "expected a text like"),
        ("add(sep_conv_3x3(0), identity(0))", "add(identity(0))", "expected a text like"),
    ],
)
def test_texts_that_are_no_architecture(old: str, new: str, message: str) -> None:
    assert old in NASNET_A
    with pytest.raises(InvalidArchitectureError, match=message):
        SPACE.from_text([NASNET_A, NASNET_A.replace(old, new, 1)])


def test_a_long_wrong_text_is_refused_quickly() -> None:
    blocks = "add(identity(0), identity(1)), " * 20_000
    with pytest.raises(InvalidArchitectureError, match="expected a text like"):
        SPACE.from_text([f"normal: {blocks}"])


@pytest.mark.parametrize(
    ("stem", "size"),
    [
        *(("cifar", size) for size in [(1, 1), (5, 8), (32, 32), (33, 45)]),
        *(("imagenet", size) for size in [(32, 32), (33, 47), (64, 35), (224, 224)]),
    ],
)
def test_any_input_size(stem: str, size: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    task = ImageTask((2, *size), 3, {**SMALL, "stem": stem, "auxiliary": True, "drop_path": 0.2})
    for row in SPACE.sample(2, rng(3)):
        network = build(SPACE.architecture(row), task)
        images = torch.randn(2, 2, *size)
        logits, auxiliary = network.forward_auxiliary(images)
        assert auxiliary is not None
        assert logits.shape == auxiliary.shape == (2, 3)
        loss = logits.square().sum() + auxiliary.square().sum()
        loss.backward()
        assert all(p.grad is not None for p in network.parameters())
        assert all(bool(p.grad.isfinite().all()) for p in network.parameters())
        assert network(images).shape == network.eval()(images).shape == (2, 3)


def test_every_operation_in_both_cells() -> None:
    torch = pytest.importorskip("torch")
    one = NasNet(blocks=1)
    for operation in range(13):
        row = (0, 1, operation, operation, 0, 1, 1, operation, operation, 1)
        network = build(Architecture("nasnet", row), ImageTask((3, 9, 8), 3, SMALL), one)
        assert network(torch.randn(2, 3, 9, 8)).shape == (2, 3)


def test_unread_states_are_the_output() -> None:
    """Two blocks: the first reads state 0 only and is read; state 1 and the second are output."""
    network = build(
        Architecture("nasnet", (0, 0, 8, 8, 0, 2, 2, 8, 8, 0) * 2),
        ImageTask((3, 8, 8), 3, SMALL),
        NasNet(blocks=2),
    )
    assert [cell.plan.output for cell in network.cells] == [(1, 3)] * 5
    assert [cell.shape.filters for cell in network.cells] == [8, 16, 16, 32, 32]
    assert [cell.shape.halvings for cell in network.cells] == [0, 1, 1, 2, 2]


def test_the_published_cells_with_unread_states_only_are_narrower() -> None:
    """The same blocks, but the released code also outputs states that are read (768 filters)."""
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        network = build(nasnet_a(), ImageTask())
    plans = network.cells[0].plan, network.cells[6].plan
    assert [plan.output for plan in plans] == [(2, 3, 4, 5, 6), (4, 5, 6)]
    assert network.cells[-1].shape.filters == 640

    from nascast.networks import nasnet

    assert plans[0].blocks == nasnet.NASNET_A.normal.blocks
    assert plans[1].blocks == nasnet.NASNET_A.reduction.blocks


def test_parameters_of_a_cell_by_hand() -> None:
    """One concatenating block, on states 0 and 1, in a network of one normal cell a stage."""
    one = NasNet(blocks=1)
    network = build(
        Architecture("nasnet", (0, 1, 8, 0, 1) * 2), ImageTask((3, 8, 8), 3, SMALL), one
    )

    def conv(c_in: int, c_out: int) -> int:
        return c_in * c_out + 2 * c_out

    first = network.cells[0]
    # Both inputs from the stem's 12 filters to 4; a 1×1 convolution; the 8 filters back to 4.
    expected = 2 * conv(12, 4) + conv(4, 4) + conv(8, 4)
    assert sum(p.numel() for p in first.parameters()) == expected


def test_drop_path_is_stronger_in_deeper_cells() -> None:
    network = build(nasnet_a(), ImageTask((3, 32, 32), 3, {**SMALL, "drop_path": 0.4}))
    found = [cell.drop_path.probability for cell in network.cells]
    assert found == pytest.approx([0.4 * i / 5 for i in range(1, 6)])
    stem = build(
        nasnet_a(), ImageTask((3, 32, 32), 3, {**SMALL, "drop_path": 0.4, "stem": "imagenet"})
    )
    found = [cell.drop_path.probability for cell in stem.cells]
    assert found == pytest.approx([0.4 * i / 7 for i in range(1, 8)])


def test_drop_path_acts_in_training_and_grows_with_it() -> None:
    torch = pytest.importorskip("torch")
    from nascast.networks.drop_path import set_drop_path_progress

    images = torch.randn(4, 3, 8, 8)
    network = build(nasnet_a(), ImageTask((3, 8, 8), 3, {**SMALL, "drop_path": 0.5}))
    assert torch.equal(network(images), network(images))
    set_drop_path_progress(network, 1.0)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


@pytest.mark.parametrize(
    ("skeleton", "message"),
    [
        ({"cells": 16}, "takes stem, .*repeats, filters.*; got {'cells': 16}"),
        ({"repeats": 0}, "repeats is a whole number from 1; got 0"),
        ({"stem_multiplier": 0}, "stem_multiplier is a whole number"),
        ({"dropout": -0.1}, "dropout is a number from 0 to below 1; got -0.1"),
        ({"skip_reduction": "no"}, "skip_reduction is True or False; got 'no'"),
        ({"stem": "imagenet"}, "imagenet stem needs images of at least 32×32; got 31×40"),
    ],
)
def test_wrong_settings_of_the_skeleton(skeleton: dict[str, object], message: str) -> None:
    pytest.importorskip("torch")
    with pytest.raises(InvalidSettingError, match=message):
        SPACE.build(nasnet_a(), ImageTask((3, 31, 40), 10, skeleton))
