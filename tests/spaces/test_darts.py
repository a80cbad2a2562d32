"""DARTS against its published counts, its genotypes, and its definition spelled out."""

import itertools
import re
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Architecture, Genes, ImageTask, Task
from nascast.spaces.darts import Darts

SPACE = Darts()
V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
    "('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)
SMALL = {"channels": 4, "cells": 3}
IMAGENET = {"channels": 48, "cells": 14, "stem": "imagenet"}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def v2() -> Architecture:
    return SPACE.architecture(SPACE.from_text([V2])[0])


def build(arch: Architecture, task: Task) -> Any:
    pytest.importorskip("torch")
    return SPACE.build(arch, task)


def nodes(row: Genes) -> list[list[tuple[tuple[int, int], tuple[int, int]]]]:
    """Both cells as lists of ((state, operation), (state, operation)), by the docstring alone."""
    order = [(a, b) for b in range(1, 5) for a in range(b)]
    cells = row.reshape(2, 4, 3).tolist()
    return [[((order[p][0], x), (order[p][1], y)) for p, x, y in cell] for cell in cells]


def relabelled(row: Genes, cell: int, order: tuple[int, ...]) -> Genes | None:
    """The row with the nodes of one cell in another order; None if one then reads a later one."""
    new = {0: 0, 1: 1, **{2 + old: 2 + place for place, old in enumerate(order)}}
    out = row.reshape(2, 4, 3).copy()
    for place, old in enumerate(order):
        sides = sorted((new[state], op) for state, op in nodes(row)[cell][old])
        (a, x), (b, y) = sides
        if b >= 2 + place:
            return None
        out[cell, place] = b * (b - 1) // 2 + a, x, y
    return out.reshape(-1)


def test_genes_are_the_choices_of_the_cell() -> None:
    assert SPACE.cardinalities[::3] == tuple(comb(2 + i, 2) for i in range(4)) * 2
    assert SPACE.size() == (180 * 7**8) ** 2  # about 10^18, as NAS-Bench-301 counts
    for i in range(4):
        states = {state for pair in SPACE.pairs[: comb(2 + i, 2)] for state in pair}
        assert states == set(range(2 + i))
    assert len(set(SPACE.pairs)) == 10
    assert all(b * (b - 1) // 2 + a == i for i, (a, b) in enumerate(SPACE.pairs))


def test_a_mutated_child_differs_in_one_decision() -> None:
    genes = SPACE.sample(500, rng())
    children = SPACE.mutate(genes, rng(1))
    assert ((children != genes).sum(1) == 1).all()
    for row, child in zip(genes[:50], children[:50], strict=True):
        pairs = [list(itertools.chain(*nodes(x))) for x in (row, child)]
        changed = [(a, b) for a, b in zip(*pairs, strict=True) if a != b]
        assert len(changed) == 1  # one node, of which either the states or one operation changed
        ((a, x), (b, y)), ((c, z), (d, w)) = changed[0]
        assert ((a, b) != (c, d)) + (x != z) + (y != w) == 1


def test_neighbours_of_a_row() -> None:
    assert len(SPACE.neighbors(SPACE.sample(1, rng())[0])) == 2 * (8 * 6 + 2 + 5 + 9)


@pytest.mark.parametrize("cell", [0, 1])
def test_relabelled_cells_are_equivalent(cell: int) -> None:
    genes = SPACE.sample(40, rng())
    canonical = SPACE.canonical(genes)
    found = 0
    for row, one in zip(genes, canonical, strict=True):
        others = [relabelled(row, cell, order) for order in itertools.permutations(range(4))]
        rows = np.stack([other for other in others if other is not None])
        found += len(np.unique(rows, axis=0)) - 1
        SPACE.check(rows)
        assert (SPACE.canonical(rows) == one).all()
    assert found > 40


def test_canonical_rows_are_relabellings() -> None:
    genes = SPACE.sample(30, rng(2))
    orders = list(itertools.permutations(range(4)))
    for row, one in zip(genes, SPACE.canonical(genes), strict=True):
        normal = [r for order in orders if (r := relabelled(row, 0, order)) is not None]
        both = [relabelled(r, 1, order) for r in normal for order in orders]
        assert any(r is not None and np.array_equal(r, one) for r in both)


def test_graphs_are_isomorphic_exactly_if_the_canonical_rows_are_equal() -> None:
    """Rows near each other, of few operations, so that some are equivalent and most are not."""
    few = rng().integers((1, 1, 2, 3, 1, 2, 4, 1, 2, 7, 1, 2) * 2, size=(3000, 24)).astype(np.int16)
    few[:, 12:] = few[0, 12:]
    rows = np.unique(SPACE.canonical(few), axis=0)
    assert len(rows) < len(np.unique(few, axis=0))
    assert len(np.unique(SPACE.graphs(rows).hashes())) == len(rows)
    assert np.array_equal(SPACE.graphs(SPACE.canonical(few)).hashes(), SPACE.graphs(few).hashes())


def test_graphs_show_every_part() -> None:
    genes = SPACE.from_text([V2])
    graph = SPACE.graphs(genes)
    labels = [graph.vocabulary[i] for i in graph.labels[0]]
    assert labels[:7] == [
        *("input", "c_{k-2}", "c_{k-1}"),
        *("sep_conv_3x3", "sep_conv_3x3", "add", "sep_conv_3x3"),
    ]
    assert labels[15:18] == ["normal", "c_{k-2}", "c_{k-1}"]
    assert labels[-2:] == ["reduce", "output"]
    into = {i: np.flatnonzero(graph.adjacency[0, :, i]).tolist() for i in range(32)}
    assert into[1] == into[2] == [0]
    # The last node of the normal cell: a skip of c_{k-2}, and a dilated convolution of node 2.
    assert (into[12], into[13], into[14]) == ([1], [5], [12, 13])
    assert into[15] == [5, 8, 11, 14]
    assert into[31] == [15, 30]


def test_every_gene_changes_the_graph() -> None:
    row = SPACE.sample(1, rng(3))[0]
    near = SPACE.neighbors(row)
    same = (SPACE.canonical(near) == SPACE.canonical(row[None])).all(1)
    hashes = SPACE.graphs(near).hashes()
    assert np.array_equal(hashes == SPACE.graphs(row[None]).hashes(), same)
    assert not same.all()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_texts_both_ways(seed: int) -> None:
    genes = SPACE.sample(5, rng(seed))
    texts = SPACE.to_text(genes)
    assert np.array_equal(SPACE.from_text(texts), genes)
    spread = [text.replace("range(2, 6)", "[2,3, 4,5 ]").replace("'", '"') for text in texts]
    spread = [t.replace(",", " ,\n ").replace("=", " = ").replace(")]", "),]") for t in spread]
    assert np.array_equal(SPACE.from_text(spread), genes)


def test_the_published_genotype() -> None:
    genes = SPACE.from_text([V2])
    assert genes.tolist() == [
        [0, 3, 3, 0, 3, 3, 0, 2, 3, 1, 2, 5, 0, 0, 0, 2, 0, 2, 1, 0, 2, 2, 0, 2],
    ]
    text = SPACE.to_text(genes)[0]
    assert text.startswith("Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ")
    assert text.endswith("('max_pool_3x3', 1), ('skip_connect', 2)], reduce_concat=range(2, 6))")
    swapped = V2.replace(
        "('sep_conv_3x3', 1), ('skip_connect', 0)", "('skip_connect', 0), ('sep_conv_3x3', 1)"
    )
    assert swapped != V2
    assert np.array_equal(SPACE.from_text([swapped]), genes)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "('dil_conv_3x3', 2)",
            "('dil_conv_7x7', 2)",
            r"node 5 of the normal cell .*'dil_conv_7x7'",
        ),
        ("('dil_conv_3x3', 2)", "('none', 2)", r"unknown operation 'none'; known are max_pool_3x3"),
        ("('dil_conv_3x3', 2)", "('', 2)", r"unknown operation ''"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)", r"node 5 .* reads 5; allowed are 0 to 4"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 9)", r"normal cell reads 9; allowed are 0 to 4"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)", r"node 5 of the normal cell reads 0 twice"),
        (", ('dil_conv_3x3', 2)", "", r"the normal cell has 7 pairs .*; expected 8"),
        ("[('max_pool_3x3', 0), ", "[", r"the reduce cell has 7 pairs"),
        (
            "[('max_pool_3x3', 0)",
            "[('max_pool_3x3', 2)",
            r"node 2 of the reduce cell reads 2; .* 0",
        ),
        (
            "l_concat=[2, 3, 4, 5]",
            "l_concat=[3, 4, 5]",
            "normal_concat is 3, 4, 5; expected",
        ),
        ("e_concat=[2, 3, 4, 5]", "e_concat=range(2, 5)", "reduce_concat is 2, 3, 4; expected"),
        ("e_concat=[2, 3, 4, 5]", "e_concat=[2, 3, 4, 4]", "reduce_concat is 2, 3, 4, 4; expected"),
        ("e_concat=[2, 3, 4, 5]", "e_concat=range(2, 10**9)", "expected a value; got .*character"),
        ("e_concat=[2, 3, 4, 5]", "e_concat=range(2, 100000000)", "a range of more than 1000 num"),
        ("normal=", "normal_part=", "unknown field 'normal_part'; known are normal"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', -1)", "normal cell reads -1; allowed are 0 to 4"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 2.5)", "expected a state at node 5 .*; got 2.5"),
        ("('dil_conv_3x3', 2)", "(print, 2)", "unknown operation 'print'"),
        ("('dil_conv_3x3', 2)", "(print(), 2)", "grouped by nodes, but here is one by"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 2, 2)", "what feeds node 5 of .*; this feeds 2"),
        (
            "('dil_conv_3x3', 2)",
            "('dil_conv_3x3', " + 5000 * "9" + ")",
            "expected a value; got '99",
        ),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', 1_0)", "expected a value; got '1_0"),
        ("('dil_conv_3x3', 2)", "('dil_conv_3x3', ٢)", "expected a value; got '٢"),
        ("e_concat=[2, 3, 4, 5]", f"e_concat=[{5000 * '9'}]", "expected a value"),
        ("Genotype(", "__import__('os').getcwd(", r"expected the end; got \".getcwd"),
        ("Genotype(", "os.remove(", r"expected Genotype\(…\); got remove\(…\)"),
        ("Genotype(", "Genotype[", "expected the end; got"),
    ],
)
def test_texts_that_are_no_architecture(old: str, new: str, message: str) -> None:
    assert old in V2
    with pytest.raises(InvalidArchitectureError, match=message):
        SPACE.from_text([V2, V2.replace(old, new, 1)])


def test_a_long_wrong_text_is_refused_quickly() -> None:
    edges = "('sep_conv_3x3', 0), " * 20_000
    with pytest.raises(InvalidArchitectureError, match="at most 100,000 are read"):
        SPACE.from_text([f"Genotype(normal=[{edges}"])


@pytest.mark.parametrize(
    ("skeleton", "classes", "expected"),
    [
        ({}, 10, 3_349_342),
        ({"auxiliary": True}, 10, 3_825_768),
        (IMAGENET, 1000, 4_718_752),
        ({**IMAGENET, "auxiliary": True}, 1000, 5_979_528),
    ],
)
def test_parameters_of_the_published_networks(
    skeleton: dict[str, object], classes: int, expected: int
) -> None:
    torch = pytest.importorskip("torch")
    side = 224 if "stem" in skeleton else 32
    with torch.device("meta"):
        network = build(v2(), ImageTask((3, side, side), classes, skeleton))
    assert sum(p.numel() for p in network.parameters()) == expected


@pytest.mark.parametrize(
    ("skeleton", "side", "classes", "expected"),
    [({}, 32, 10, 528.359e6), (IMAGENET, 224, 1000, 529.9e6)],
)
def test_multiply_adds_of_the_published_networks(
    skeleton: dict[str, object], side: int, classes: int, expected: float
) -> None:
    torch = pytest.importorskip("torch")
    counted = []

    def count(module: object, inputs: object, output: object) -> None:
        weight = module.weight  # type: ignore[attr-defined]
        counted.append(weight.numel() * output[0].numel() // len(weight))  # type: ignore[index]

    with torch.device("meta"):
        network = build(v2(), ImageTask((3, side, side), classes, skeleton)).eval()
        for module in network.modules():
            if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
                module.register_forward_hook(count)
        network(torch.zeros(1, 3, side, side))
    assert sum(counted) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("stem", "size"),
    [
        *(("cifar", size) for size in [(1, 1), (5, 8), (17, 31), (32, 32), (33, 20)]),
        *(("imagenet", size) for size in [(32, 32), (33, 47), (65, 64)]),
    ],
)
def test_any_input_size(stem: str, size: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    task = ImageTask((2, *size), 3, {**SMALL, "stem": stem, "auxiliary": True, "drop_path": 0.2})
    for row in SPACE.sample(2, rng()):
        network = build(SPACE.architecture(row), task)
        images = torch.randn(2, 2, *size)
        logits, auxiliary = network.forward_auxiliary(images)
        assert auxiliary is not None
        assert logits.shape == auxiliary.shape == (2, 3)
        (logits.square().sum() + auxiliary.square().sum()).backward()
        assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in network.parameters())
        assert network.auxiliary.classifier.weight.grad is not None
        assert network(images).shape == network.eval()(images).shape == (2, 3)


@pytest.mark.parametrize("cells", [1, 2, 4])
def test_few_cells(cells: int) -> None:
    torch = pytest.importorskip("torch")
    task = ImageTask((3, 8, 8), 3, {"channels": 3, "cells": cells, "auxiliary": True})
    network = build(v2(), task)
    assert network(torch.randn(2, 3, 8, 8)).shape == (2, 3)


def test_without_a_head_there_are_no_auxiliary_logits() -> None:
    torch = pytest.importorskip("torch")
    images = torch.randn(2, 3, 8, 8)
    network = build(v2(), ImageTask((3, 8, 8), 3, SMALL)).eval()
    logits, auxiliary = network.forward_auxiliary(images)
    assert auxiliary is None
    assert torch.equal(logits, network(images))


def test_drop_path_acts_in_training_and_grows_with_it() -> None:
    torch = pytest.importorskip("torch")
    from nascast.networks.drop_path import set_drop_path_progress

    images = torch.randn(4, 3, 8, 8)
    network = build(v2(), ImageTask((3, 8, 8), 3, {**SMALL, "drop_path": 0.5}))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.0  # so that training passes leave the network as it is
    assert torch.equal(network(images), network(images))
    set_drop_path_progress(network, 1.0)
    assert not torch.equal(network(images), network(images))
    network.eval()
    assert torch.equal(network(images), network(images))


def test_skips_are_never_dropped() -> None:
    torch = pytest.importorskip("torch")
    from nascast.networks.darts import CellPlan, DartsCell

    plan = CellPlan((("skip_connect", 0), ("skip_connect", 1)), (2,))
    cell = DartsCell(plan, 4, inputs=(4, 4), reduces=False, halves_first=False, drop_path=0.9)
    cell.drop_path.progress = 1.0
    images = torch.randn(8, 4, 5, 5)
    assert torch.equal(cell(images, images), cell(images, images))


@pytest.mark.parametrize(
    ("skeleton", "message"),
    [
        ({"width": 16}, "takes .*channels, cells; got {'width': 16}"),
        ({"stem": "none"}, "stem is one of cifar, imagenet; got 'none'"),
        ({"channels": 0}, "channels is a whole number from 1; got 0"),
        ({"cells": 2.5}, "cells is a whole number from 1; got 2.5"),
        ({"cells": True}, "cells is a whole number from 1; got True"),
        ({"drop_path": 1.0}, "drop_path is a number from 0 to below 1; got 1.0"),
        ({"drop_path": "0.2"}, "drop_path is a number"),
        ({"auxiliary": 1}, "auxiliary is True or False; got 1"),
        ({"stem": "imagenet"}, "imagenet stem needs images of at least 32×32; got 40×31"),
    ],
)
def test_wrong_settings_of_the_skeleton(skeleton: dict[str, object], message: str) -> None:
    pytest.importorskip("torch")
    with pytest.raises(InvalidSettingError, match=message):
        SPACE.build(v2(), ImageTask((3, 40, 31), 10, skeleton))


def test_texts_as_printed_and_others_side_by_side() -> None:
    genes = SPACE.sample(50, np.random.default_rng(8))
    texts = SPACE.to_text(genes)
    assert np.array_equal(SPACE.from_text(texts), genes)
    other = [text.replace("'", '"').replace("range(2, 6)", "[2, 3, 4, 5]") for text in texts[:5]]
    assert np.array_equal(SPACE.from_text(texts + other), np.concatenate([genes, genes[:5]]))
    swapped = re.sub(r"\[(\('\w+', \d\)), (\('\w+', \d\))", r"[\2, \1", texts[0])
    assert swapped != texts[0]
    assert np.array_equal(SPACE.from_text([swapped]), genes[:1])
