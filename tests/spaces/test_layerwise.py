"""The layer-by-layer space against the paper's rules and brute force."""

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Architecture, Genes, ImageTask
from nascast.spaces.layerwise.space import Layerwise
from nascast.testing import checks

SPACE = Layerwise()
SMALL = Layerwise(3)
STRIDED = Layerwise(4, strides=True)


def rows(space: Layerwise, n: int, seed: int = 0) -> Genes:
    return space.sample(n, np.random.default_rng(seed))


def arch(space: Layerwise, text: str) -> Architecture:
    return space.architecture(space.from_text([text])[0])


def renumbered(space: Layerwise, text: str, order: tuple[int, ...]) -> str | None:
    """Writes layer order[k] as layer k, or returns None where a layer would precede an input."""
    parts = [part.partition("<") for part in text.split(";")]
    place = {old: new for new, old in enumerate(order)}
    out = []
    for new, old in enumerate(order):
        head, _, reads = parts[old]
        sources = sorted(place[int(source)] for source in reads.split(",") if source)
        if sources and sources[-1] >= new:
            return None
        out.append(head + ("<" + ",".join(map(str, sources)) if sources else ""))
    return ";".join(out)


@pytest.fixture
def torch() -> Iterator[Any]:
    """The package, its generator seeded for this test alone."""
    package = pytest.importorskip("torch")
    with package.random.fork_rng(devices=[]):
        package.manual_seed(0)
        yield package


@pytest.mark.parametrize("space", [SMALL, STRIDED, Layerwise(1)], ids=["small", "strided", "one"])
@pytest.mark.parametrize("check", checks("space"), ids=lambda check: check.__name__)
def test_other_settings_keep_the_promises(space: Layerwise, check: Any) -> None:
    check(space)


def test_genes_are_in_the_order_of_the_controller() -> None:
    assert SMALL.cardinalities == (4, 4, 4, 4, 4, 4, 2, 4, 4, 4, 2, 2)
    assert Layerwise(2, strides=True).cardinalities == (4, 4, 3, 3, 4, 4, 4, 3, 3, 4, 2)
    assert SPACE.length == 15 * 3 + 15 * 14 // 2
    assert SPACE.size() == 64**15 * 2**105
    genes = np.asarray([[1, 2, 1, 0, 3, 0, 1, 2, 2, 2, 0, 1]], dtype=np.int16)
    assert SMALL.to_text(genes) == ["3x5:36;1x7:24<0;5x5:48<1"]
    strided = np.asarray([[1, 2, 1, 0, 3, 0, 3, 0, 2, 1, 1]], dtype=np.int16)
    assert Layerwise(2, strides=True).to_text(strided) == ["3x5/2x1:64;1x7/1x3:36<0"]


def test_every_row_is_valid() -> None:
    tiny = Layerwise(2, strides=False)
    genes = np.indices(tiny.cardinalities, dtype=np.int16).reshape(tiny.length, -1).T
    assert len(genes) == tiny.size() == 8192
    assert tiny.is_valid(genes).all()
    assert len(set(tiny.to_text(genes))) == 8192


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3x5:36;1x7:24", "expected 3 layers joined by ';'; got 2"),
        ("3x5:36;1x7:24;5x5:48;1x1:24", "expected 3 layers joined by ';'; got 4"),
        ("3x5:36;1x7:24<1;5x5:48", "expected layer 1 .*earlier layers.*got '1x7:24<1'"),
        ("3x5:36<0;1x7:24;5x5:48", "expected layer 0"),
        ("3x5:36;1x7:24;5x5:48<1,0", "ascending order; got '5x5:48<1,0'"),
        ("3x5:36;1x7:24;5x5:48<0,0", "expected layer 2"),
        ("3x5:36;1x7:24;5x5:48<", "expected layer 2"),
        ("3x5:36;1x7:24;5x5:48<,0", "expected layer 2"),
        ("3x5:36;1x7:24;5x5:48<00", "expected layer 2"),
        ("3x2:36;1x7:24;5x5:48", r"sizes of \(1, 3, 5, 7\).*got '3x2:36'"),
        ("3x5:37;1x7:24;5x5:48", r"filters of \(24, 36, 48, 64\).*got '3x5:37'"),
        ("3x5/1x1:36;1x7:24;5x5:48", "expected layer 0"),
        ("3x5:36;1x7:24;5x5:4 8", "expected layer 2"),
        ("3x5:36;1x7:24;5x5:٤٨", "expected layer 2"),
    ],
)
def test_texts_that_are_no_network(text: str, message: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=message):
        SMALL.from_text([text])


def test_strides_belong_to_the_text_where_they_are_chosen() -> None:
    for text in ("3x5:36;1x7:24", "3x5/4x1:36;1x7/1x1:24"):
        with pytest.raises(InvalidArchitectureError, match=r"strides of \(1, 2, 3\)"):
            Layerwise(2, strides=True).from_text([text])


def test_graphs() -> None:
    graph = SMALL.graphs(SMALL.from_text(["3x5:36;1x7:24;5x5:48<0"]))
    names = [graph.vocabulary[label] for label in graph.labels[0]]
    layers = ["conv 3x5 s1x1 f36", "conv 1x7 s1x1 f24", "conv 5x5 s1x1 f48"]
    assert names == ["input", *layers, "output"]
    assert np.argwhere(graph.adjacency[0]).tolist() == [[0, 1], [0, 2], [1, 3], [2, 4], [3, 4]]
    strided = STRIDED.graphs(rows(STRIDED, 1))
    assert len(graph.vocabulary) == len(set(graph.vocabulary)) == 2 + 64
    assert len(strided.vocabulary) == len(set(strided.vocabulary)) == 2 + 576


def test_labels_of_graphs_are_those_of_the_text() -> None:
    genes = rows(STRIDED, 20)
    graph = STRIDED.graphs(genes)
    for labels, text in zip(graph.labels, STRIDED.to_text(genes), strict=True):
        for label, part in zip(labels[1:-1], text.split(";"), strict=True):
            _, kernel, stride, filters = graph.vocabulary[label].split()
            assert part.partition("<")[0] == f"{kernel}/{stride[1:]}:{filters[1:]}"


def test_canonical_rows_of_all_small_networks() -> None:
    """Against brute force over all orders: 4 layers of 2 kinds, 1,024 rows."""
    space = Layerwise(4)
    every = []
    for kinds in product(("1x1:24", "3x3:24"), repeat=4):
        for bits in product((0, 1), repeat=6):
            reads = [bits[i * (i - 1) // 2 : i * (i + 1) // 2] for i in range(4)]
            sources = [",".join(str(j) for j, bit in enumerate(b) if bit) for b in reads]
            layers = zip(kinds, sources, strict=True)
            every.append(";".join(k + ("<" + s if s else "") for k, s in layers))
    found = space.to_text(space.canonical(space.from_text(every)))
    smallest = [
        min(t for order in permutations(range(4)) if (t := renumbered(space, text, order)))
        for text in every
    ]
    assert len(set(smallest)) == len(set(found)) == len(set(zip(smallest, found, strict=True)))
    assert set(found) <= set(every)


def test_canonical_rows_do_not_depend_on_the_numbering() -> None:
    rng = np.random.default_rng(1)
    space = Layerwise(9)
    genes = rows(space, 40)
    reads = np.flatnonzero(np.asarray(space.cardinalities) == 2)
    genes[:, reads] &= rng.integers(2, size=(40, len(reads)), dtype=np.int16)  # sparse: many ties
    genes[:20, np.setdiff1d(np.arange(space.length), reads)] = 0
    canonical = space.canonical(genes)
    moved = 0
    for text, expected in zip(space.to_text(genes), canonical, strict=True):
        for order in [tuple(rng.permutation(9).tolist()) for _ in range(3000)]:
            other = renumbered(space, text, order)
            if other is not None and other != text:
                moved += 1
                assert np.array_equal(space.canonical(space.from_text([other]))[0], expected)
                break
    assert moved >= 20
    assert np.array_equal(space.canonical(canonical), canonical)
    assert np.array_equal(space.graphs(canonical).hashes(), space.graphs(genes).hashes())
    task = ImageTask()
    assert np.array_equal(space.parameters(canonical, task), space.parameters(genes, task))


def test_parameters_of_a_worked_example() -> None:
    genes = SMALL.from_text(["3x5:36;1x7:24<0;5x5:48<0,1"])
    first, second, third = 15 * 3 * 36 + 72, 7 * 36 * 24 + 48, 25 * (36 + 24) * 48 + 96
    assert SMALL.parameters(genes, ImageTask()).tolist() == [first + second + third + 48 * 10 + 10]
    apart = SMALL.from_text(["3x5:36;1x7:24;5x5:48"])
    convolutions = 3 * (15 * 36 + 7 * 24 + 25 * 48) + 2 * 108
    assert SMALL.parameters(apart, ImageTask()).tolist() == [convolutions + 108 * 10 + 10]


@pytest.mark.parametrize("space", [SPACE, SMALL, STRIDED], ids=["paper", "small", "strided"])
@pytest.mark.parametrize("skeleton", [{}, {"more_filters": 40}])
def test_parameters_are_those_of_the_networks(
    torch: Any, space: Layerwise, skeleton: dict[str, int]
) -> None:
    task = ImageTask((2, 9, 5), 7, skeleton)
    genes = rows(space, 6)
    for row, count in zip(genes, space.parameters(genes, task), strict=True):
        with torch.device("meta"):
            network = space.build(space.architecture(row), task)
        assert sum(parameter.numel() for parameter in network.parameters()) == count


def test_a_network_against_the_rules_written_out(torch: Any) -> None:
    from torch.nn import functional

    text = "3x5/2x1:24;1x7/1x3:36;5x5/1x1:24<0,1;1x1/3x3:48<1"
    network: Any = STRIDED.build(arch(STRIDED, text), ImageTask((3, 7, 8), 5)).eval()
    x = torch.randn(2, 3, 7, 8)
    one, two, three, four = network.layers
    with torch.no_grad():
        a, b = one(x), two(x)
        assert a.shape == (2, 24, 4, 8)
        assert b.shape == (2, 36, 7, 3)
        a_padded = functional.pad(a, (0, 0, 1, 2))
        b_padded = functional.pad(b, (2, 3))
        c = three(torch.cat([a_padded, b_padded], 1))
        d = four(b)
        assert c.shape == (2, 24, 7, 8)
        assert d.shape == (2, 48, 3, 1)
        pooled = torch.cat([c.sum((2, 3)), d.sum((2, 3))], 1) / (7 * 8)  # zeros count
        assert torch.allclose(network(x), network.classifier(pooled), atol=1e-5)
    assert [type(module).__name__ for module in one] == ["Conv2d", "BatchNorm2d", "ReLU"]


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (9, 3)])
def test_any_input_size(torch: Any, size: tuple[int, int]) -> None:
    for row in rows(STRIDED, 5):
        network = STRIDED.build(STRIDED.architecture(row), ImageTask((1, *size), 3)).eval()
        logits = network(torch.randn(2, 1, *size))
        assert logits.shape == (2, 3)
        assert logits.isfinite().all()


@settings(max_examples=12)
@given(
    layers=st.integers(1, 7),
    strides=st.booleans(),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    seed=st.integers(0, 2**32),
)
def test_any_row_trains(layers: int, strides: bool, size: tuple[int, int], seed: int) -> None:
    """Genes are drawn one by one, without the space: any of their values make a network."""
    torch = pytest.importorskip("torch")
    space = Layerwise(layers, strides)
    draws = np.random.default_rng(seed)
    row = np.asarray([draws.integers(c) for c in space.cardinalities], dtype=np.int16)
    network: Any = space.build(space.architecture(row), ImageTask((2, *size), 3))
    before = network.classifier.bias.detach().clone()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    x, labels = torch.randn(4, 2, *size), torch.tensor([0, 1, 2, 0])
    loss = torch.nn.functional.cross_entropy(network(x), labels)
    loss.backward()
    optimizer.step()
    assert loss.isfinite()
    assert all(p.grad is not None and p.isfinite().all() for p in network.parameters())
    assert not torch.equal(before, network.classifier.bias)


def test_a_network_learns(torch: Any) -> None:
    from torch.nn import functional

    network = SMALL.build(arch(SMALL, "3x3:24;1x3:24<0;3x1:24<0"), ImageTask((3, 8, 8), 2))
    x = torch.randn(32, 3, 8, 8)
    labels = (x[:, 0].mean((1, 2)) > 0).long()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(15):
        loss = functional.cross_entropy(network(x), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("layers", "strides"), [(0, False), (2.0, False), (True, False), (3, 1), (3, None)]
)
def test_wrong_settings(layers: Any, strides: Any) -> None:
    with pytest.raises(InvalidSettingError, match="layers is a whole number from 1 and strides"):
        Layerwise(layers, strides)


@pytest.mark.parametrize("skeleton", [{"cells": 5}, {"more_filters": -1}, {"more_filters": 1.5}])
def test_wrong_settings_of_the_skeleton(skeleton: dict[str, object]) -> None:
    pytest.importorskip("torch")
    task = ImageTask(skeleton=skeleton)
    with pytest.raises(InvalidSettingError, match="takes more_filters, a whole number from 0"):
        SMALL.build(arch(SMALL, "3x3:24;1x3:24;3x1:24"), task)
    with pytest.raises(InvalidSettingError, match="takes more_filters, a whole number from 0"):
        SMALL.parameters(rows(SMALL, 1), task)
