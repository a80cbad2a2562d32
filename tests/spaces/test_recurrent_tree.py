"""The tree-shaped recurrent cells against the paper's example, written-out formulas and counts."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Architecture, Genes, ImageTask, Task, TextTask
from nascast.spaces.recurrent_tree.space import RecurrentTree
from nascast.testing import checks

SPACE = RecurrentTree()
TWO = RecurrentTree(2)
FOUR = RecurrentTree(4)
EXAMPLE = "add tanh; elem_mult relu; elem_mult sigmoid; inject add relu; cell 1 0"  # figure 5


def rows(space: RecurrentTree, n: int, seed: int = 0) -> Genes:
    return space.sample(n, np.random.default_rng(seed))


def every_row(space: RecurrentTree) -> Genes:
    return np.indices(space.cardinalities, dtype=np.int16).reshape(space.length, -1).T.copy()


def exchanges(base: int) -> list[list[int]]:
    """Returns, for each way of exchanging children, where each node goes to."""
    if base == 1:
        return [[0]]
    inner = range(base, 2 * base - 1)
    found = []
    for swaps in product((0, 1), repeat=len(inner)):
        place = {2 * base - 2: 2 * base - 2}
        for node, swap in zip(reversed(inner), reversed(swaps), strict=True):
            old, new = 2 * (node - base), 2 * (place[node] - base)
            place[old], place[old + 1] = new + swap, new + 1 - swap
        found.append([place[node] for node in range(2 * base - 1)])
    return found


def exchanged(space: RecurrentTree, row: Genes, place: list[int]) -> Genes:
    out = row.copy()
    for old, new in enumerate(place):
        out[2 * new : 2 * new + 2] = row[2 * old : 2 * old + 2]
    out[-2:] = np.asarray(place)[row[-2:]]
    return out


@pytest.fixture
def torch() -> Iterator[Any]:
    """The package, its generator seeded for this test alone."""
    package = pytest.importorskip("torch")
    with package.random.fork_rng(devices=[]):
        package.manual_seed(0)
        yield package


@pytest.mark.parametrize("space", [TWO, FOUR], ids=["two", "four"])
@pytest.mark.parametrize("check", checks("space"), ids=lambda check: check.__name__)
def test_other_bases_keep_the_promises(space: RecurrentTree, check: Any) -> None:
    check(space)


def test_genes_are_in_the_order_of_the_controller() -> None:
    assert TWO.cardinalities == (2, 4, 2, 4, 2, 4, 2, 4, 3, 3)
    genes = TWO.from_text([EXAMPLE])
    assert genes.tolist() == [[0, 1, 1, 3, 1, 2, 0, 3, 1, 0]]
    assert TWO.to_text(genes) == [EXAMPLE]


def test_how_many_cells_there_are() -> None:
    assert SPACE.size() == 8**16 * 15**2 == 63_331_869_759_897_600
    assert TWO.size() == 36_864
    assert TWO.is_valid(every_row(TWO)).all()
    assert len(set(TWO.to_text(every_row(TWO)))) == 36_864


@pytest.mark.parametrize(("base", "cells"), [(2, 18_688), (8, 708_770_961_985_536)])
def test_how_many_cells_differ(base: int, cells: int) -> None:
    """By Burnside's lemma over all exchanges of children."""
    unchanged = 0
    ways = exchanges(base)
    for place in ways:
        fixed = sum(old == new for old, new in enumerate(place))
        seen: set[int] = set()
        cycles = 0
        for node in range(len(place)):
            cycles += node not in seen
            while node not in seen:
                seen.add(node)
                node = place[node]
        unchanged += 8 ** (cycles + 1) * fixed**2
    assert divmod(unchanged, len(ways)) == (cells, 0)


def test_canonical_rows_and_graphs_of_all_small_cells() -> None:
    genes = every_row(TWO)
    canonical = TWO.canonical(genes)
    assert len(np.unique(canonical, axis=0)) == 18_688
    other = np.stack([exchanged(TWO, row, [1, 0, 2]) for row in genes])
    assert np.array_equal(TWO.canonical(other), canonical)
    assert len(np.unique(TWO.graphs(genes).hashes())) == 18_688


@pytest.mark.parametrize("space", [FOUR, SPACE], ids=["four", "eight"])
def test_canonical_rows_do_not_depend_on_the_order_of_children(space: RecurrentTree) -> None:
    ways = exchanges(space.base)
    assert len({tuple(way) for way in ways}) == 2 ** (space.base - 1)
    genes = rows(space, 10)
    genes[:5, :-2] = genes[:5, :2].repeat(space.nodes + 1, axis=0).reshape(5, -1)  # many ties
    for row in genes:
        same = np.stack([exchanged(space, row, way) for way in ways])
        assert len(np.unique(space.canonical(same), axis=0)) == 1
        assert (same == space.canonical(row[None])).all(1).any()
        assert len(set(space.graphs(same).hashes().tolist())) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (EXAMPLE.replace("add tanh; ", ""), "expected 3 nodes, the cell inject and"),
        (EXAMPLE.replace("inject ", ""), "expected 3 nodes, the cell inject and"),
        (EXAMPLE.replace("tanh", "sin"), "unknown functions 'add sin' in .*; known are add or"),
        (EXAMPLE.replace("elem_mult", "max"), "unknown functions 'max relu'"),
        (EXAMPLE.replace("cell 1 0", "cell 1 3"), "nodes 0 to 2; got 'cell 1 3'"),
        (EXAMPLE.replace("cell 1 0", "cell 01 0"), "nodes 0 to 2; got 'cell 01 0'"),
        (EXAMPLE.replace("cell 1 0", "cell 1"), "nodes 0 to 2; got 'cell 1'"),
        (EXAMPLE + "\n1", "nodes 0 to 2"),
        (EXAMPLE.replace("0", "٠"), "nodes 0 to 2"),
    ],
)
def test_texts_that_are_no_cell(text: str, message: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=message):
        TWO.from_text([EXAMPLE, text])


def test_graph_of_the_example() -> None:
    graph = TWO.graphs(TWO.from_text([EXAMPLE]))
    names = [graph.vocabulary[label] for label in graph.labels[0]]
    expected = ["input", "hidden", "cell", "add tanh", "add relu", "elem_mult relu"]
    assert names == [*expected, "elem_mult sigmoid", "new_cell", "output"]
    edges = [[0, 3], [0, 5], [1, 3], [1, 5], [2, 4], [3, 4], [4, 6], [5, 6], [5, 7], [6, 8], [7, 8]]
    assert np.argwhere(graph.adjacency[0]).tolist() == edges
    root = TWO.graphs(TWO.from_text([EXAMPLE.replace("cell 1 0", "cell 2 2")]))
    edges = [[0, 3], [0, 4], [1, 3], [1, 4], [2, 6], [3, 5], [4, 5], [5, 6], [5, 7], [6, 8], [7, 8]]
    assert np.argwhere(root.adjacency[0]).tolist() == edges


def cell_of(space: RecurrentTree, text: str, inputs: int, hidden: int) -> Any:
    task = ImageTask((1, 1, inputs), 2, {"hidden": hidden, "layers": 1})
    network: Any = space.build(space.architecture(space.from_text([text])[0]), task)
    return network.recurrence.cells[0]


def test_the_cell_of_the_example(torch: Any) -> None:
    cell = cell_of(TWO, EXAMPLE, inputs=3, hidden=5)
    w1, w3 = cell.input.weight.split(5)
    w2, w4 = cell.recurrent.weight.split(5)
    x, h, c = torch.randn(2, 3), torch.randn(2, 5), torch.randn(2, 5)
    a0 = torch.tanh(x @ w1.T + h @ w2.T)
    a1 = torch.relu((x @ w3.T) * (h @ w4.T))
    a0_new = torch.relu(a0 + c)
    outputs, (new_h, new_c) = cell(x[None], (h, c))
    assert torch.allclose(new_h, torch.sigmoid(a0_new * a1), atol=1e-6)
    assert torch.allclose(new_c, (x @ w3.T) * (h @ w4.T), atol=1e-6)
    assert torch.equal(outputs, new_h[None])


def test_a_cell_state_is_read_before_the_inject_of_the_same_node(torch: Any) -> None:
    cell = cell_of(TWO, EXAMPLE.replace("cell 1 0", "cell 2 2"), inputs=3, hidden=5)
    w1, w3 = cell.input.weight.split(5)
    w2, w4 = cell.recurrent.weight.split(5)
    x, h, c = torch.randn(2, 3), torch.randn(2, 5), torch.randn(2, 5)
    before = torch.tanh(x @ w1.T + h @ w2.T) * torch.relu((x @ w3.T) * (h @ w4.T))
    _, (new_h, new_c) = cell(x[None], (h, c))
    assert torch.allclose(new_c, before, atol=1e-6)
    assert torch.allclose(new_h, torch.relu(torch.sigmoid(before) + c), atol=1e-6)


def test_random_cells_against_their_texts(torch: Any) -> None:
    """A second reading of the text, from the root down, over two steps."""
    act = {"identity": lambda v: v, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    act["relu"] = torch.relu
    join = {"add": torch.add, "elem_mult": torch.mul}
    for text in SPACE.to_text(rows(SPACE, 20)):
        *nodes, inject, indices = text.split("; ")
        read, joined = map(int, indices.split()[1:])
        cell = cell_of(SPACE, text, inputs=3, hidden=4)

        def value(i: int, x: Any, h: Any, c: Any, whole: bool = True, of: Any = None) -> Any:
            cell, nodes, inject, joined = of
            combination, activation = nodes[i].split()
            if i < 8:
                pair = [
                    (m.weight[4 * i : 4 * i + 4] @ v) for m, v in zip(cell, (x, h), strict=True)
                ]
            else:
                pair = [value(2 * i - 16 + k, x, h, c, True, of) for k in (0, 1)]
            out = join[combination](*pair)
            if not whole:
                return out
            out = act[activation](out)
            if i == joined:
                _, combination, activation = inject.split()
                out = act[activation](join[combination](out, c))
            return out

        x, h, c = torch.randn(2, 3), torch.randn(4), torch.randn(4)
        outputs, (_, last) = cell(x[:, None], (h[None], c[None]))
        of = ((cell.input, cell.recurrent), nodes, inject, joined)
        for step in (0, 1):
            h, c = value(14, x[step], h, c, True, of), value(read, x[step], h, c, False, of)
            assert torch.allclose(outputs[step, 0], h, atol=1e-5, rtol=1e-4)
        assert torch.allclose(last[0], c, atol=1e-5, rtol=1e-4)


def test_equivalent_cells_compute_the_same_with_their_weights_renamed(torch: Any) -> None:
    for row in rows(FOUR, 5):
        cell = cell_of(FOUR, FOUR.to_text(row[None])[0], inputs=3, hidden=2)
        x, state = torch.randn(3, 2, 3), (torch.randn(2, 2), torch.randn(2, 2))
        for place in exchanges(4):
            other = cell_of(FOUR, FOUR.to_text(exchanged(FOUR, row, place)[None])[0], 3, 2)
            with torch.no_grad():
                for mine, its in ((cell.input, other.input), (cell.recurrent, other.recurrent)):
                    for old, new in enumerate(place[:4]):
                        its.weight[2 * new : 2 * new + 2] = mine.weight[2 * old : 2 * old + 2]
            assert torch.allclose(cell(x, state)[0], other(x, state)[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "task",
    [
        ImageTask((2, 4, 3), 7),
        ImageTask((2, 4, 3), 7, {"hidden": 5, "layers": 3, "dropout": 0.5}),
        TextTask(9),
        TextTask(9, {"hidden": 5, "layers": 3, "tied": True}),
    ],
)
def test_parameters_are_those_of_the_networks(torch: Any, task: Task) -> None:
    for space in (TWO, SPACE):
        genes = rows(space, 2)
        for row, count in zip(genes, space.parameters(genes, task), strict=True):
            with torch.device("meta"):
                network = space.build(space.architecture(row), task)
            assert sum(parameter.numel() for parameter in network.parameters()) == count
    small = ImageTask((2, 4, 3), 7, {"hidden": 5, "layers": 1})
    assert TWO.parameters(rows(TWO, 1), small).tolist() == [2 * 5 * (6 + 5) + 5 * 7 + 7]


def test_an_image_is_read_row_by_row(torch: Any) -> None:
    task = ImageTask((2, 4, 3), 7, {"hidden": 5, "layers": 1})
    network: Any = TWO.build(TWO.architecture(TWO.from_text([EXAMPLE])[0]), task)
    x = torch.randn(6, 2, 4, 3)
    h = c = torch.zeros(6, 5)
    for i in range(4):
        row = torch.cat([x[:, 0, i], x[:, 1, i]], 1)
        _, (h, c) = network.recurrence.cells[0](row[None], (h, c))
    assert torch.allclose(network(x), network.classifier(h), atol=1e-6)


def model(tied: bool = False, dropout: float = 0.0, text: str = EXAMPLE) -> Any:
    arch = TWO.architecture(TWO.from_text([text])[0])
    skeleton = {"hidden": 6, "layers": 2, "dropout": dropout, "tied": tied}
    return TWO.build(arch, TextTask(11, skeleton))


def test_a_language_model_goes_on_from_its_state(torch: Any) -> None:
    network = model()
    tokens = torch.arange(21).reshape(7, 3) % 11
    logits, (h, c) = network(tokens)
    assert logits.shape == (7, 3, 11)
    assert h.shape == c.shape == (2, 3, 6)
    first, state = network(tokens[:4])
    second, state = network(tokens[4:], state)
    assert torch.allclose(torch.cat([first, second]), logits, atol=1e-6)
    assert torch.allclose(state[1], c, atol=1e-6)


def test_tied_embeddings(torch: Any) -> None:
    sizes = [sum(p.numel() for p in model(tied).parameters()) for tied in (False, True)]
    assert sizes == [2 * 11 * 6 + 11 + 2 * 2 * 6 * 12, 11 * 6 + 11 + 2 * 2 * 6 * 12]
    assert model(tied=True).decoder.weight.abs().max() <= torch.tensor(6**-0.5)


def test_dropout_is_for_training_only(torch: Any) -> None:
    tokens = torch.arange(21).reshape(7, 3) % 11
    network = model(dropout=0.5)
    assert not torch.equal(network(tokens)[0], network(tokens)[0])
    network.eval()
    assert torch.equal(network(tokens)[0], network(tokens)[0])


@pytest.mark.parametrize("tied", [False, True])
def test_a_language_model_learns(torch: Any, tied: bool) -> None:
    gated = "add tanh; add sigmoid; elem_mult tanh; inject add tanh; cell 0 0"
    network = model(tied, text=gated)
    tokens = (torch.arange(9)[:, None] + torch.arange(8)) % 11  # counting
    optimizer = torch.optim.Adam(network.parameters(), lr=0.05)
    losses = []
    for _ in range(40):
        logits, _ = network(tokens[:-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("base", [0, 1, 3, 6, 8.0, True])
def test_wrong_bases(base: Any) -> None:
    with pytest.raises(InvalidSettingError, match="base is a power of two from 2; got"):
        RecurrentTree(base)


@pytest.mark.parametrize(
    "skeleton", [{"cells": 5}, {"hidden": 0}, {"layers": 1.5}, {"dropout": 1}, {"dropout": "a"}]
)
def test_wrong_settings_of_the_skeleton(skeleton: dict[str, Any]) -> None:
    pytest.importorskip("torch")
    arch = SPACE.architecture(rows(SPACE, 1)[0])
    message = "hidden and layers are whole numbers from 1, dropout is from 0"
    with pytest.raises(InvalidSettingError, match=message):
        SPACE.build(arch, ImageTask(skeleton=skeleton))
    with pytest.raises(InvalidSettingError, match=message):
        SPACE.build(arch, TextTask(10, skeleton))
    with pytest.raises(InvalidSettingError, match="tied is True or False"):
        SPACE.build(arch, TextTask(10, {"tied": 1}))


def test_an_architecture_of_another_space_has_no_language_model() -> None:
    pytest.importorskip("torch")
    foreign = Architecture("nasbench201", (0,) * SPACE.length)
    with pytest.raises(InvalidArchitectureError, match="of recurrent_tree; got one of nasbench201"):
        SPACE.build(foreign, TextTask(10))
