"""Hierarchical cells against the definition spelled out by recursion."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Genes, ImageTask
from nascast.spaces.hierarchical.space import Hierarchical

SPACE = Hierarchical()
SMALL = Hierarchical((3, 1), (3, 3))
DEEP = Hierarchical((2, 2, 1), (3, 3, 4))
TASK = ImageTask((3, 8, 8), 3, {"channels": 4})


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def random_rows(space: Hierarchical, n: int, none: float) -> Genes:
    """Rows with more edges missing than in a sample, valid or not."""
    values = rng().integers(space.cardinalities, size=(n, space.length))
    return np.where(rng(1).random((n, space.length)) < none, 0, values).astype(np.int16)


def meaning(space: Hierarchical, row: Genes) -> Any:
    """What a row computes, as nested (start, end, operation); None if there is no path."""
    below: list[Any] = list(space.operations)
    genes = iter(row.tolist())
    for count, nodes in zip(space.motifs, space.nodes, strict=True):
        motifs = []
        for _ in range(count):
            found = [
                (a, b, None if not (g := next(genes)) else below[g - 1])
                for b in range(1, nodes)
                for a in range(b)
            ]
            motifs.append(paths([edge for edge in found if edge[2] is not None], nodes))
        below = motifs
    return below[0]


def paths(edges: list[Any], nodes: int) -> Any:
    """The edges on paths from node 0 to the last, found by walking all paths."""
    used = set()
    trails: list[list[Any]] = [[edge] for edge in edges if edge[0] == 0]
    while trails:
        trail = trails.pop()
        if trail[-1][1] == nodes - 1:
            used.update(trail)
        trails += [[*trail, edge] for edge in edges if edge[0] == trail[-1][1]]
    return tuple(edge for edge in edges if edge in used) or None


def test_the_defaults_are_those_of_the_paper() -> None:
    assert SPACE.cardinalities == (7,) * (6 * 6 + 10)
    assert SPACE.edges[1][:6] == SPACE.edges[0] == ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
    assert Hierarchical(flat=True).cardinalities == (7,) * 55
    assert DEEP.cardinalities == (7,) * 6 + (3,) * 12


@pytest.mark.parametrize(
    "levels",
    [((), ()), ((6,), (4, 5)), ((6, 2), (4, 5)), ((0, 1), (4, 5)), ((6, 1), (4, 1))],
)
def test_levels_that_do_not_fit_are_refused(levels: Any) -> None:
    with pytest.raises(InvalidSettingError, match="motifs="):
        Hierarchical(*levels)


def test_flat_spaces_have_one_level() -> None:
    assert Hierarchical((1,), (4,), flat=True).length == 6
    with pytest.raises(InvalidSettingError, match="flat=True"):
        Hierarchical((2, 1), (4, 5), flat=True)


@pytest.mark.parametrize("space", [SPACE, SMALL, DEEP, Hierarchical((1,), (5,), flat=True)])
def test_valid_is_what_has_a_path(space: Hierarchical) -> None:
    genes = random_rows(space, 300, 0.6)
    expected = [meaning(space, row) is not None for row in genes]
    assert 0 < sum(expected) < len(expected)
    assert space.is_valid(genes).tolist() == expected


@pytest.mark.parametrize("space", [SPACE, SMALL, DEEP, Hierarchical((1,), (4,), flat=True)])
def test_rows_are_canonically_equal_if_and_only_if_they_mean_the_same(space: Hierarchical) -> None:
    genes = random_rows(space, 4000, 0.7)
    genes = genes[space.is_valid(genes)]
    canonical = [tuple(row) for row in space.canonical(genes).tolist()]
    meanings = [meaning(space, row) for row in genes]
    assert (
        len(set(canonical)) == len(set(meanings)) == len(set(zip(canonical, meanings, strict=True)))
    )
    assert [meaning(space, np.asarray(row)) for row in canonical] == meanings


def test_motifs_can_change_places() -> None:
    genes = SPACE.sample(20, rng())
    order = rng(1).permutation(6)
    moved = genes.copy()
    moved[:, :36] = genes[:, :36].reshape(20, 6, 6)[:, order].reshape(20, 36)
    rank = np.concatenate([[0], np.argsort(order) + 1])
    moved[:, 36:] = rank[genes[:, 36:]]
    assert np.array_equal(SPACE.canonical(moved), SPACE.canonical(genes))
    assert np.array_equal(SPACE.graphs(moved).hashes(), SPACE.graphs(genes).hashes())


def test_sampling_begins_with_chains_of_identities() -> None:
    (text,) = SPACE.to_text(Hierarchical(mutations=0).sample(1, rng()))
    assert text.startswith("2.1(identity|none,identity|none,none,identity) 2.2(identity|")
    assert text.endswith(" 3.1(2.1|none,2.1|none,none,2.1|none,none,none,2.1)")


def test_few_mutations_change_few_genes() -> None:
    start = Hierarchical(mutations=0).sample(200, rng())
    changed = (Hierarchical(mutations=5).sample(200, rng()) != start).sum(1)
    assert changed.max() <= 5
    assert 3 < changed.mean() < 5 * 6 / 7  # some hit the same edge, or choose what is there


def test_mutations_choose_level_motif_and_nodes_in_turn() -> None:
    genes = np.repeat(SPACE.sample(1, rng()), 20_000, axis=0)
    where = (SPACE.mutate(genes, rng(1)) != genes).argmax(1)
    share = np.bincount(where, minlength=46) / len(where)
    assert share[:36].sum() == pytest.approx(1 / 2, abs=0.02)
    assert share[:6].sum() == pytest.approx(1 / 12, abs=0.01)
    assert share[36] == pytest.approx(1 / 8, abs=0.01)  # the only edge into the second node
    assert share[42:].sum() == pytest.approx(1 / 8, abs=0.01)


def test_graphs_show_every_gene_that_matters() -> None:
    for space in (SMALL, DEEP, SPACE):
        row = space.canonical(space.sample(1, rng(3)))
        near = space.neighbors(row[0])
        same = (space.canonical(near) == row).all(1)
        equal = space.graphs(near).hashes() == space.graphs(row).hashes()
        assert np.array_equal(same, equal)


@pytest.mark.parametrize("space", [SPACE, DEEP, Hierarchical(flat=True)])
def test_no_rows_have_no_graphs(space: Hierarchical) -> None:
    none = np.empty((0, space.length), dtype=np.int16)
    assert space.graphs(none).labels.shape == (0, space.graphs(space.sample(1, rng())).labels.size)
    assert space.canonical(none).shape == space.mutate(none, rng()).shape == none.shape


def test_a_graph_by_hand() -> None:
    space = Hierarchical((2, 1), (3, 3))
    text = "2.1(conv_1x1|none,identity) 2.2(none|max_pool_3x3,none) 3.1(2.1|2.2,2.1)"
    graph = space.graphs(space.from_text([text]))
    names = [graph.vocabulary[label] if label >= 0 else "" for label in graph.labels[0]]
    found = Counter(f"{names[i]} > {names[j]}" for i, j in np.argwhere(graph.adjacency[0]))
    assert found == {
        "input > conv_1x1": 1,
        "conv_1x1 > identity": 1,
        "identity > motif": 1,
        "input > max_pool_3x3": 1,
        "max_pool_3x3 > motif": 1,
        "motif > call": 3,
        "input > call": 2,
        "call > call": 1,
        "call > output": 2,
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("identity", "conv_9x9", r"2\.1 has 'conv_9x9'; known are none, conv_1x1"),
        ("3.1(2.1", "3.1(2.9", r"3\.1 has '2.9'; known are none, 2\.1, 2\.2, 2\.3"),
        ("2.2(", "2.7(", r"expected the motifs 2\.1, 2\.2, 2\.3, 3\.1 in a form"),
        ("|", ",", "expected the motifs"),
        ("3.1(2.1|none,2.1)", "3.1(none|none,none)", "no path"),
        ("3.1(2.1|none,2.1)", "3.1(2.1|none,none)", "no path"),
    ],
)
def test_wrong_texts_are_explained(old: str, new: str, message: str) -> None:
    (text,) = SMALL.to_text(Hierarchical((3, 1), (3, 3), mutations=0).sample(1, rng()))
    assert SMALL.is_valid(SMALL.from_text([text])).all()
    with pytest.raises(InvalidArchitectureError, match=message):
        SMALL.from_text([text.replace(old, new)])


def count(network: Any) -> int:
    return sum(p.numel() for p in network.parameters())


def test_channels_add_up_at_a_node() -> None:
    pytest.importorskip("torch")
    from nascast.networks.hierarchical import HierarchicalCell

    motif = ((0, 1, "identity"), (0, 2, "conv_1x1"), (1, 2, "max_pool_3x3"))
    c = 4
    wide = HierarchicalCell(motif, c)
    assert count(wide) == (c * c + 2 * c) + (9 * 2 * c + 2 * c * c + 2 * c)
    deep = HierarchicalCell(((0, 1, motif), (0, 1, motif)), c)
    used = (c * c + 2 * c) + (2 * c * c + 2 * c)  # weights of its own for every use
    assert count(deep) == 2 * used + (9 * 2 * c + 2 * c * c + 2 * c)


def test_equivalent_rows_are_the_same_network() -> None:
    torch = pytest.importorskip("torch")
    row = SPACE.sample(1, rng(5))
    outputs = []
    for genes in (row, SPACE.canonical(row)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = SPACE.build(SPACE.architecture(genes[0]), TASK).eval()
        outputs.append(network(torch.ones(1, 3, 8, 8)))
    assert torch.equal(*outputs)


REST = " ".join(f"2.{i}(none|none,none|none,none,none)" for i in range(3, 7))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # an identity on the way; nodes in another order; a pooling read twice; other operations
        (
            "none|none,none|max_pool_3x3,none,none",
            "none|identity,none|none,none,max_pool_3x3",
            True,
        ),
        (
            "identity|none,max_pool_3x3|none,none,conv_1x1",
            "none|max_pool_3x3,none|none,none,conv_1x1",
            True,
        ),
        (
            "conv_1x1|avg_pool_3x3,none|none,identity,conv_1x1",
            "avg_pool_3x3|conv_1x1,none|none,conv_1x1,identity",
            True,
        ),
        (
            "max_pool_3x3|none,conv_1x1|none,conv_1x1,none",
            "max_pool_3x3|max_pool_3x3,none|none,conv_1x1,conv_1x1",
            False,
        ),
        ("none|none,none|max_pool_3x3,none,none", "none|none,none|avg_pool_3x3,none,none", False),
        ("none|none,none|conv_1x1,none,none", "identity|none,none|conv_1x1,identity,none", False),
        # operations on what a node concatenates, and on its parts
        *(
            (
                f"conv_1x1|avg_pool_3x3,identity|none,none,{operation}",
                f"conv_1x1|avg_pool_3x3,none|none,{operation},{operation}",
                apart,
            )
            for operation, apart in [
                ("max_pool_3x3", True),
                ("avg_pool_3x3", True),
                ("depthwise_conv_3x3", True),
                ("separable_conv_3x3", False),
            ]
        ),
        (
            "max_pool_3x3|none,avg_pool_3x3|none,none,identity",
            "avg_pool_3x3|none,max_pool_3x3|none,none,identity",
            False,
        ),
    ],
)
def test_detours_of_motifs_that_change_nothing(one: str, other: str, same: bool) -> None:
    texts = [
        f"2.1({x}) 2.2(none|none,none|conv_1x1,none,none) {REST} " + _cell("1", "2")
        for x in (one, other)
    ]
    rows = SPACE.from_text(texts)
    assert (len(set(SPACE.networks(rows).tolist())) == 1) == same
    assert len(np.unique(SPACE.canonical(rows), axis=0)) == 2


def test_two_motifs_that_differ_in_the_order_of_nodes_are_one() -> None:
    motif = "conv_1x1|max_pool_3x3,none|none,identity,conv_1x1"
    other = "max_pool_3x3|conv_1x1,none|none,conv_1x1,identity"
    cells = [f"2.1({motif}) 2.2({other}) {REST} {_cell(a, b)}" for a in "12" for b in "12"]
    assert len(set(SPACE.networks(SPACE.from_text(cells)).tolist())) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # two identities are a convolution with that at its end, and two motifs are one with it
        (
            "2.1|none,2.1|none,none,none|none,none,2.3,none",
            "2.2|none,none|none,none,none|none,2.3,none,none",
            True,
        ),
        (
            "2.3|none,none|none,none,none|none,2.4,none,none",
            "none|none,none|none,none,none|2.5,none,none,none",
            True,
        ),
        # unless a node has twice the channels, of which conv_1x1 makes half as many
        (
            "2.1|2.1,2.1|none,none,2.1|none,none,none,2.1",
            "2.1|2.1,2.1|none,none,none|none,none,2.2,none",
            False,
        ),
    ],
)
def test_motifs_in_a_chain(one: str, other: str, same: bool) -> None:
    first = ("identity", "conv_1x1", "max_pool_3x3", "avg_pool_3x3")
    motifs = [f"2.{i}({name}|none,none|none,identity,none)" for i, name in enumerate(first, 1)]
    motifs.append("2.5(max_pool_3x3|none,conv_1x1|none,none,avg_pool_3x3)")
    motifs.append("2.6(none|none,none|none,none,none)")
    rows = SPACE.from_text([" ".join([*motifs, f"3.1({cell})"]) for cell in (one, other)])
    assert (len(set(SPACE.networks(rows).tolist())) == 1) == same


def _cell(first: str, second: str) -> str:
    return f"3.1(2.{first}|none,2.{second}|none,none,none|none,none,2.1,none)"


@pytest.mark.parametrize("space", [DEEP, Hierarchical((1,), (5,), flat=True)])
@pytest.mark.parametrize("reduction", ["pool", "residual"])
def test_any_image_and_every_level(space: Hierarchical, reduction: str) -> None:
    torch = pytest.importorskip("torch")
    task = ImageTask((1, 5, 7), 4, {"channels": 3, "stages": 2, "cells": 2, "reduction": reduction})
    network = space.build(space.architecture(space.sample(1, rng())[0]), task)
    logits = network(torch.randn(2, 1, 5, 7))
    assert logits.shape == (2, 4)
    logits.sum().backward()
    assert all(p.grad is not None for p in network.parameters())  # nothing idle is built


@pytest.mark.parametrize(
    "skeleton",
    [{"width": 3}, {"channels": 0}, {"cells": 1.5}, {"stages": True}, {"reduction": "none"}],
)
def test_wrong_settings_of_the_skeleton_are_refused(skeleton: dict[str, Any]) -> None:
    arch = SPACE.architecture(SPACE.sample(1, rng())[0])
    with pytest.raises(InvalidSettingError, match=r"channels, cells, stages.*pool"):
        SPACE.build(arch, ImageTask(skeleton=skeleton))
