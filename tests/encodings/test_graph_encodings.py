"""Encodings of graphs: every decision is visible, equivalent spellings are not."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.graph import Graph
from nascast.core.types import Genes
from nascast.spaces.nasbench201 import NasBench201
from nascast.testing.doubles import TinySpace

SPACE = NasBench201()
CELLS = np.unique(SPACE.canonical(SPACE.all()), axis=0)
COUNTS = {"graf", "joined", "path_counts"}  # what they leave together is no mistake
NAMES = sorted({*plugins.builtin_names("encoding")} - COUNTS)


@pytest.mark.parametrize("name", NAMES)
def test_canonical_cells_have_different_encodings(name: str) -> None:
    encoded = plugins.load("encoding", name).encode(SPACE, CELLS)
    assert len(np.unique(encoded, axis=0)) == len(CELLS) == 5390


@pytest.mark.parametrize("name", NAMES)
def test_every_gene_is_visible(name: str) -> None:
    encoding = plugins.load("encoding", name)
    rng = np.random.default_rng(0)
    for row in SPACE.sample(20, rng):
        near = SPACE.neighbors(row)
        same = (encoding.encode(SPACE, near) == encoding.encode(SPACE, row[None])).all(1)
        # A path encoding is a set, in which two paths that both run may hide each other.
        assert not same.any() or name == "path"


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"path"}))
@pytest.mark.parametrize("space", ["darts", "nasnet", "layerwise", "recurrent_tree", "nats_size"])
def test_every_gene_of_larger_spaces_is_visible(space: str, name: str) -> None:
    """The eighth edge of DARTS, connections in a sequence, the last vertex of a graph."""
    found, encoding = plugins.load("space", space), plugins.load("encoding", name)
    row = found.canonical(found.sample(1, np.random.default_rng(0)))[0]
    near = found.neighbors(row)
    other = found.canonical(near) != row
    assert other.any(1).mean() > 0.9
    near = near[other.any(1)]
    same = (encoding.encode(found, near) == encoding.encode(found, row[None])).all(1)
    assert not same.any() or (name == "wl" and same.mean() < 0.1)  # wl sees subtrees of depth 2


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"path"}))
def test_every_live_node_of_a_recipe_is_visible(name: str) -> None:
    space, encoding = plugins.load("space", "nasbench_nlp"), plugins.load("encoding", name)
    row = space.canonical(space.sample(1, np.random.default_rng(0)))[0]
    size = int((row[:96:4] > 0).sum())
    near = space.neighbors(row)
    changed = near[(near[:, : 4 * size : 4] != row[: 4 * size : 4]).any(1)]  # another operation
    assert len(np.unique((changed != row).argmax(1))) > size / 2
    assert not (encoding.encode(space, changed) == encoding.encode(space, row[None])).all(1).any()


@pytest.mark.parametrize("name", ["bonas", "gcn", "graf", "path", "sequence", "wl"])
def test_what_is_pruned_is_not_encoded(name: str) -> None:
    """Rows of NAS-Bench-101 that differ in unused vertices only are one architecture."""
    space, encoding = plugins.load("space", "nasbench101"), plugins.load("encoding", name)
    genes = space.sample(500, np.random.default_rng(0))
    pruned = space.prune(genes)
    assert (genes != pruned).any(1).mean() > 0.3
    np.testing.assert_array_equal(encoding.encode(space, genes), encoding.encode(space, pruned))


def test_paths_that_are_too_many_are_refused_with_a_way_out() -> None:
    with pytest.raises(UnsupportedError, match="30 vertices between input and output; at most 12"):
        encode("path", "darts")
    with pytest.raises(UnsupportedError, match=r"17,043,521 paths of up to 4 .*length=…"):
        encode("path", "layerwise", layers=4, strides=False)


def encode(name: str, space: str, **settings: Any) -> None:
    found = plugins.load("space", space, **settings)
    plugins.load("encoding", name).encode(found, found.sample(1, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("adjacency_one_hot", 30),
        ("adjacency_categorical", 6),
        ("path", 155),
        ("gcn", 28 + 8 * 7),
        ("bonas", 45 + 9 * 8),
        ("sequence", 36),
        ("wl", 512),
    ],
)
def test_columns(name: str, columns: int) -> None:
    assert plugins.load("encoding", name).encode(SPACE, CELLS[:3]).shape == (3, columns)


def _paths(graph: Graph, index: int) -> set[tuple[int, ...]]:
    """Walks from input to output."""
    last = int((graph.labels[index] == graph.vocabulary.index("output")).argmax())

    def walk(vertex: int) -> list[list[int]]:
        if vertex == last:
            return [[]]
        out = []
        for after in np.flatnonzero(graph.adjacency[index, vertex]):
            out += [[int(graph.labels[index, after]), *rest] for rest in walk(int(after))]
        return out

    return {tuple(path[:-1]) for path in walk(0)}


@pytest.mark.parametrize("space", [SPACE, TinySpace()], ids=lambda space: space.name)
def test_path_encoding_has_a_bit_for_every_path_that_is_walked(
    space: NasBench201 | TinySpace,
) -> None:
    genes = space.sample(200, np.random.default_rng(1))
    graph = space.graphs(genes)
    encoded = plugins.load("encoding", "path").encode(space, genes)
    paths = [_paths(graph, i) for i in range(len(genes))]
    assert encoded.sum(1).tolist() == [len(p) for p in paths]
    column: dict[tuple[int, ...], int] = {}
    for p, row in zip(paths, encoded, strict=True):
        if len(p) == 1:
            (only,) = p
            assert column.setdefault(only, int(row.argmax())) == row.argmax()
    for p, row in zip(paths, encoded, strict=True):
        for path in p & column.keys():
            assert row[column[path]] == 1


def test_paths_use_the_edges_of_the_official_order() -> None:
    # 0→3 alone; 0→1→3; 0→2→3; 0→1→2→3, each with convolutions, all else none.
    rows = np.zeros((4, 6), dtype=np.int16)
    for row, edges in zip(rows, ([3], [0, 4], [1, 5], [0, 2, 5]), strict=True):
        row[edges] = 3
    encoded = plugins.load("encoding", "path").encode(SPACE, rows)
    # The column of "convolution only" in the blocks of one, two and three operations.
    assert encoded[0, 3] == 1
    assert encoded[1, 5 + 3 * 5 + 3] == encoded[2, 5 + 3 * 5 + 3] == 1
    assert encoded[3, 30 + 3 * 25 + 3 * 5 + 3] == 1
    assert encoded[:3, 30 + 3 * 25 + 3 * 5 + 3].sum() == 0


def test_truncated_paths_are_the_first_columns() -> None:
    whole = plugins.load("encoding", "path").encode(SPACE, CELLS[:50])
    short = plugins.load("encoding", "path", length=2).encode(SPACE, CELLS[:50])
    np.testing.assert_array_equal(short, whole[:, :30])


def _shuffled(space: TinySpace) -> type[TinySpace]:
    class Shuffled(TinySpace):
        def graphs(self, genes: Genes) -> Graph:
            graph = space.graphs(genes)
            order = np.random.default_rng(0).permutation(graph.labels.shape[1])
            return Graph(
                graph.adjacency[:, order][:, :, order], graph.labels[:, order], graph.vocabulary
            )

    return Shuffled


def test_weisfeiler_lehman_does_not_see_the_order_of_vertices() -> None:
    space = TinySpace()
    encoding = plugins.load("encoding", "wl")
    genes = space.all()
    other = _shuffled(space)()
    np.testing.assert_array_equal(encoding.encode(space, genes), encoding.encode(other, genes))


def test_weisfeiler_lehman_counts_labels_at_depth_0() -> None:
    encoding = plugins.load("encoding", "wl", depth=0)
    counts = encoding.encode(SPACE, CELLS)
    graph = SPACE.graphs(CELLS)
    expected = np.stack([(graph.labels == i).sum(1) for i in range(7)], axis=1)
    used = counts[:, counts.any(0)]
    assert sorted(map(tuple, used.T.tolist())) == sorted(map(tuple, expected.T.tolist()))


def test_equivalent_spellings_of_tiny_networks_are_one() -> None:
    space = TinySpace()
    genes = space.all()
    for name in ("gcn", "bonas", "path", "sequence", "wl"):
        encoding = plugins.load("encoding", name)
        raw = encoding.encode(space, genes)
        np.testing.assert_array_equal(raw, encoding.encode(space, space.canonical(genes)))


def test_graph_tensors_mask_what_is_not_there() -> None:
    space = TinySpace()
    tensors = plugins.load("encoding", "gcn").tensors(space, space.all())
    assert (tensors.features.sum(2) == tensors.mask).all()
    assert not tensors.adjacency[~tensors.mask].any()
    assert not tensors.adjacency.transpose(0, 2, 1)[~tensors.mask].any()
    assert (~tensors.mask).any()


def test_the_global_vertex_reads_every_vertex_and_the_rest_is_the_graph() -> None:
    space = TinySpace()
    genes = space.all()
    plain = plugins.load("encoding", "gcn").tensors(space, genes)
    adjacency, features = plugins.load("encoding", "bonas").tensors(space, genes)
    v = plain.mask.shape[1]
    assert (adjacency[:, :v, v] == plain.mask).all()
    assert (adjacency[:, v, :v] == 0).all()
    no_loops = adjacency[:, :v, :v] * (1 - np.eye(v))
    np.testing.assert_array_equal(no_loops, plain.adjacency)
    np.testing.assert_array_equal(np.diagonal(adjacency, axis1=1, axis2=2)[:, :v], plain.mask)
    assert (features[:, v].argmax(1) == features.shape[2] - 1).all()


def test_a_sequence_can_be_read_back() -> None:
    encoding = plugins.load("encoding", "sequence")
    graph = SPACE.graphs(CELLS[:100])
    tokens = encoding.encode(SPACE, CELLS[:100])
    assert tokens.max() < encoding.vocabulary(SPACE) == 10
    ends = np.cumsum(np.arange(1, 9))
    for v, (start, stop) in enumerate(pairwise([0, *ends])):
        np.testing.assert_array_equal(tokens[:, stop - 1] - 3, graph.labels[:, v])
        np.testing.assert_array_equal(tokens[:, start : stop - 1] == 2, graph.adjacency[:, :v, v])
