"""NAS-Bench-101 against what is published about it and against its definition, spelled out."""

import csv
import gzip
import hashlib
import itertools
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.types import Genes
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.spaces.nasbench101.space import NasBench101

SPACE = NasBench101()
CONV3, CONV1, POOL = range(3)

# Cells by their edges and the operations of the vertices 1 to 5; vertex 6 is the output.
Cell = tuple[tuple[tuple[int, int], ...], tuple[int, ...]]
INCEPTION: Cell = (
    ((0, 1), (0, 2), (0, 3), (0, 5), (1, 6), (2, 6), (3, 4), (4, 6), (5, 6)),
    (CONV1, CONV3, CONV3, CONV3, POOL),
)
RESNET: Cell = (((0, 1), (0, 6), (1, 2), (2, 6)), (CONV3, CONV3, 0, 0, 0))
SINGLE_POOL: Cell = (((0, 1), (1, 6)), (POOL, 0, 0, 0, 0))
EMPTY: Cell = (((0, 6),), (0, 0, 0, 0, 0))
# Edge 0→5 ends dead, and so does the chain 3→4; with them there are 10 edges, without 3.
WITH_DEAD: Cell = (
    ((0, 1), (0, 5), (1, 2), (1, 5), (2, 5), (2, 6), (3, 4), (3, 5), (3, 6), (4, 5)),
    (POOL, CONV1, POOL, CONV1, CONV1),
)


def genes_of(*cells: Cell) -> Genes:
    rows = [[int(e in edges) for e in SPACE.edges] + list(labels) for edges, labels in cells]
    return np.asarray(rows, dtype=np.int16)


def rows_of(seed: int, n: int) -> Genes:
    return SPACE.sample(n, np.random.default_rng(seed))


# --- The definitions, one cell at a time -------------------------------------------------------


def reachable(edges: Iterable[tuple[int, int]], start: int) -> set[int]:
    edges, found, todo = set(edges), {start}, [start]
    while todo:
        v = todo.pop()
        new = {j for i, j in edges if i == v} - found
        found |= new
        todo += new
    return found


def pruned(row: Sequence[int]) -> tuple[list[int], list[tuple[int, int]], list[int]]:
    """The vertices, edges (both in the row's numbers) and labels of what is on a path."""
    edges = [edge for edge, bit in zip(SPACE.edges, row, strict=False) if bit]
    vertices = sorted(reachable(edges, 0) & reachable([(j, i) for i, j in edges], 6))
    labels = {0: -1, 6: -2, **{v: int(row[20 + v]) for v in range(1, 6)}}
    kept = [(i, j) for i, j in edges if i in vertices and j in vertices]
    return vertices, kept, [labels[v] for v in vertices]


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def slow_hash(row: Sequence[int]) -> str:
    vertices, edges, labels = pruned(row)
    before = {v: [i for i, j in edges if j == v] for v in vertices}
    behind = {v: [j for i, j in edges if i == v] for v in vertices}
    state = {
        v: md5(str((len(behind[v]), len(before[v]), label)))
        for v, label in zip(vertices, labels, strict=True)
    }
    for _ in vertices:
        new = {}
        for v in vertices:
            one = "".join(sorted(state[u] for u in before[v]))
            two = "".join(sorted(state[u] for u in behind[v]))
            new[v] = md5(one + "|" + two + "|" + state[v])
        state = new
    return md5(str(sorted(state.values())))


# --- Rows --------------------------------------------------------------------------------------


def test_rows_are_valid_after_pruning() -> None:
    genes = np.random.default_rng(0).integers(SPACE.cardinalities, size=(2000, 26), dtype=np.int16)
    expected = []
    for row in genes.tolist():
        vertices, edges, _ = pruned(row)
        expected.append(0 in vertices and len(edges) <= 9)
    assert SPACE.is_valid(genes).tolist() == expected
    assert 0.5 < np.mean(expected) < 0.95
    edges = genes[:, :21].sum(1)
    assert (edges[expected] > 9).any(), "edges of pruned vertices do not count"
    assert SPACE.is_valid(genes_of(WITH_DEAD)).all()


def test_pruning() -> None:
    genes = rows_of(0, 500)
    out = SPACE.prune(genes)
    for row, kept in zip(genes.tolist(), out.tolist(), strict=True):
        vertices, edges, labels = pruned(row)
        assert [e for e, bit in zip(SPACE.edges, kept, strict=False) if bit] == edges
        expected = dict(zip(vertices, labels, strict=True))
        assert kept[21:] == [expected.get(v, 0) for v in range(1, 6)]
    assert SPACE.prune(out).tolist() == out.tolist()
    lean: Cell = (((0, 1), (1, 2), (2, 6)), (POOL, CONV1, 0, 0, 0))
    assert SPACE.prune(genes_of(WITH_DEAD)).tolist() == genes_of(lean).tolist()


def test_rows_that_are_not_valid_are_explained() -> None:
    apart: Cell = (((0, 1), (2, 6)), (0,) * 5)
    with pytest.raises(
        InvalidArchitectureError, match=r"row 1 .* has no path from input to output"
    ):
        SPACE.check(genes_of(EMPTY, apart))
    full: Cell = (SPACE.edges, (0,) * 5)
    with pytest.raises(InvalidArchitectureError, match=r"has 21 edges on paths .* allowed are 9"):
        SPACE.check(genes_of(full))
    high = genes_of(EMPTY)
    high[0, 25] = 3
    with pytest.raises(InvalidArchitectureError, match="gene 25 is 3; allowed are 0 to 2"):
        SPACE.check(high)


def test_samples_are_uniform_over_valid_rows() -> None:
    """Accepted rows have the frequencies of rows drawn gene by gene and tested one by one."""
    genes = rows_of(1, 20_000)
    rng = np.random.default_rng(2)
    draws = rng.integers(SPACE.cardinalities, size=(30_000, 26), dtype=np.int16)
    accepted = draws[SPACE.is_valid(draws)]
    assert np.abs(genes.mean(0) - accepted.mean(0)).max() < 0.04
    assert abs(genes[:, :21].sum(1).mean() - accepted[:, :21].sum(1).mean()) < 0.1


def test_a_decision_on_a_pruned_part_is_one_decision() -> None:
    row = genes_of(WITH_DEAD)[0]
    children = SPACE.mutate(np.repeat(row[None], 500, axis=0), np.random.default_rng(0))
    assert ((children != row).sum(1) == 1).all()
    same = (SPACE.canonical(children) == SPACE.canonical(row[None])).all(1)
    assert same.any()
    assert not same.all()
    assert {tuple(child) for child in children.tolist()} == {
        tuple(near) for near in SPACE.neighbors(row).tolist()
    }


def test_adjacency_one_hot_has_36_columns() -> None:
    assert AdjacencyOneHot().encode(SPACE, rows_of(0, 3)).shape == (3, 36)


# --- Isomorphism and hashes --------------------------------------------------------------------


@cache
def cells_by_brute_force(vertices: int) -> int:
    """Isomorphism classes of cells with exactly so many vertices, all of them alive."""
    inner = range(1, vertices - 1)
    pairs = list(itertools.combinations(range(vertices), 2))
    orders = [(0, *order, vertices - 1) for order in itertools.permutations(inner)]
    classes = set()
    for size in range(1, min(9, len(pairs)) + 1):
        for edges in itertools.combinations(pairs, size):
            back = [(j, i) for i, j in edges]
            live = reachable(edges, 0) & reachable(back, vertices - 1)
            if len(live) < vertices:
                continue
            for labels in itertools.product(range(3), repeat=vertices - 2):
                classes.add(
                    min(
                        (
                            tuple(sorted((order[i], order[j]) for i, j in edges)),
                            tuple(labels[order.index(v) - 1] for v in inner),
                        )
                        for order in orders
                    )
                )
    return len(classes)


@pytest.mark.parametrize(("vertices", "published"), [(2, 1), (3, 6), (4, 84), (5, 2441)])
def test_all_cells_of_few_vertices(vertices: int, published: int) -> None:
    genes = SPACE.all(vertices)
    used = (SPACE.graphs(genes).labels >= 0).sum(1)
    assert used.max() == vertices
    assert (used == vertices).sum() == published
    assert cells_by_brute_force(vertices) == published
    assert (np.diff(SPACE.codes(genes)) > 0).all()
    assert np.array_equal(SPACE.canonical(genes), genes)
    assert len(set(SPACE.module_hash(genes))) == len(genes)


def test_all_cells() -> None:
    """As many of each size as the paper has; listed once, and each is its own canonical row."""
    genes = SPACE.all()
    sizes = (SPACE.graphs(genes).labels >= 0).sum(1)
    published = {2: 1, 3: 6, 4: 84, 5: 2_441, 6: 62_010, 7: 359_082}
    assert dict(zip(*np.unique(sizes, return_counts=True), strict=True)) == published
    assert len(genes) == 423_624
    assert (np.diff(SPACE.codes(genes)) > 0).all()
    assert np.array_equal(SPACE.canonical(genes), genes)


@pytest.mark.parametrize("vertices", [0, 1, 8])
def test_cells_have_2_to_7_vertices(vertices: int) -> None:
    with pytest.raises(InvalidSettingError, match=f"2 to 7 vertices; got {vertices}"):
        SPACE.all(vertices)


def relabelled(row: Sequence[int], order: Sequence[int], extra: Sequence[int]) -> list[int] | None:
    """The row with interior vertex v as order[v − 1] and dead operations set to `extra`."""
    place = [0, *order, 6]
    vertices, edges, labels = pruned(row)
    moved = {(place[i], place[j]) for i, j in edges}
    if any(i >= j for i, j in moved):
        return None
    operations = list(extra)
    for v, label in zip(vertices[1:-1], labels[1:-1], strict=True):
        operations[place[v] - 1] = label
    return [int(edge in moved) for edge in SPACE.edges] + operations


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    extra=st.lists(st.integers(0, 2), min_size=5, max_size=5),
)
def test_relabelled_rows_are_the_same_cell(seed: int, extra: list[int]) -> None:
    row = rows_of(seed, 1)
    others = [
        other
        for order in itertools.permutations(range(1, 6))
        if (other := relabelled(row[0].tolist(), order, extra)) is not None
    ]
    genes = np.asarray(others, dtype=np.int16)
    expected = slow_hash(row[0].tolist())
    assert {slow_hash(other) for other in others} == {expected}
    assert set(SPACE.module_hash(genes)) == {expected}
    canonical = SPACE.canonical(row)
    assert (SPACE.canonical(genes) == canonical).all()
    assert SPACE.codes(canonical)[0] <= SPACE.codes(genes).min()
    assert SPACE.module_hash(canonical) == [expected]


def test_equal_canonical_rows_and_equal_hashes_are_the_same_thing() -> None:
    genes = rows_of(3, 3000)
    rows = [tuple(row) for row in SPACE.canonical(genes).tolist()]
    hashes = SPACE.module_hash(genes)
    assert hashes == [slow_hash(row) for row in genes.tolist()]
    assert len(set(rows)) == len(set(hashes)) == len(set(zip(rows, hashes, strict=True)))
    assert len(set(rows)) < len(rows)


def test_no_rows_have_no_hashes() -> None:
    none = np.zeros((0, 26), dtype=np.int16)
    assert SPACE.module_hash(none) == []
    assert SPACE.canonical(none).shape == (0, 26)


# --- Graphs and texts --------------------------------------------------------------------------


def test_graphs_are_pruned_and_compact() -> None:
    graph = SPACE.graphs(genes_of(EMPTY, WITH_DEAD, INCEPTION))
    assert graph.vocabulary == ("input", "output", *SPACE.operations)
    assert graph.labels.tolist() == [
        [0, 1, -1, -1, -1, -1, -1],
        [0, 4, 3, 1, -1, -1, -1],
        [0, 3, 2, 2, 2, 4, 1],
    ]
    assert np.argwhere(graph.adjacency[0]).tolist() == [[0, 1]]
    assert np.argwhere(graph.adjacency[1]).tolist() == [[0, 1], [1, 2], [2, 3]]
    assert [tuple(e) for e in np.argwhere(graph.adjacency[2]).tolist()] == list(INCEPTION[0])


def test_graph_hashes_tell_isomorphic_cells_apart_from_others() -> None:
    genes = rows_of(4, 2000)
    pairs = set(zip(SPACE.graphs(genes).hashes().tolist(), SPACE.module_hash(genes), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


INCEPTION_TEXT = (
    "0111010000000100000010000100000000100000010000000:"
    "input,conv1x1-bn-relu,conv3x3-bn-relu,conv3x3-bn-relu,conv3x3-bn-relu,maxpool3x3,output"
)


def test_texts_are_matrix_and_operations() -> None:
    assert SPACE.to_text(genes_of(INCEPTION)) == [INCEPTION_TEXT]
    assert SPACE.from_text([INCEPTION_TEXT]).tolist() == genes_of(INCEPTION).tolist()
    genes = rows_of(5, 300)
    assert np.array_equal(SPACE.from_text(SPACE.to_text(genes)), genes)


def test_texts_of_fewer_vertices_are_padded() -> None:
    texts = [
        "0100:input,output",
        "010001000:input,maxpool3x3,output",
        "0101001000010000:input,conv3x3-bn-relu,conv3x3-bn-relu,output",
    ]
    assert SPACE.from_text(texts).tolist() == genes_of(EMPTY, SINGLE_POOL, RESNET).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a square matrix"),
        ("0100", "expected a square matrix"),
        ("0200:input,output", "expected a square matrix"),
        ("٠١٠٠:input,output", "expected a square matrix"),
        ("0100:input,output:", "expected a square matrix"),
        ("01000:input,output", "there are 2 operations and 5 digits; expected 4, or 1 above"),
        ("010001000:input,output", "got 2 operations and 9 digits"),
        (f"{'0' * 49}:{','.join('x' * 8)}", "got 8 operations and 49 digits"),
        ("0110:input,output", "there is one from 1 to 0"),
        ("010001001:input,maxpool3x3,output", "there is one from 2 to 2"),
        ("010001100:input,maxpool3x3,output", "there is one from 2 to 0"),
        ("0100:output,input", "the first vertex is 'input'"),
        ("010001000:input,avgpool3x3,output", "unknown operation 'avgpool3x3'.*known are conv3x3"),
        ("010001000:input,,output", "unknown operation ''"),
        ("010001000:input,output,output", "unknown operation 'output'"),
        ("0000:input,output", "no path from input to output"),
    ],
)
def test_texts_that_are_no_cell(text: str, message: str) -> None:
    with pytest.raises(InvalidArchitectureError, match=message) as caught:
        SPACE.from_text(["0100:input,output", text])
    assert repr(text) in str(caught.value)


# --- Published records -------------------------------------------------------------------------


def test_recorded_cells(shared_data: Path) -> None:
    """5,000 recorded cells have the recorded hash."""
    with gzip.open(shared_data / "nasbench101_sample/sample_5000.csv.gz", "rt") as file:
        records = list(csv.DictReader(file))
    assert len(records) == 5000
    genes = SPACE.from_text([f"{r['adjacency_rowmajor']}:{r['ops']}" for r in records])
    assert SPACE.module_hash(genes) == [r["module_hash"] for r in records]
    assert genes[:, :21].sum(1).tolist() == [int(r["n_edges"]) for r in records]
