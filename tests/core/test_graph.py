import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.graph import Graph, mix
from nascast.testing.doubles import TinySpace


@st.composite
def dags(draw: st.DrawFn, most: int = 7) -> Graph:
    """One labelled DAG, some of whose vertices may be absent."""
    v = draw(st.integers(1, most))
    bits = draw(st.lists(st.booleans(), min_size=v * v, max_size=v * v))
    adjacency = np.triu(np.reshape(np.asarray(bits, dtype=bool), (v, v)), 1)
    labels = draw(st.lists(st.integers(-1, 3), min_size=v, max_size=v))
    row = np.asarray(labels, dtype=np.int16)
    adjacency &= (row >= 0)[:, None] & (row >= 0)[None, :]
    return Graph(adjacency[None], row[None], ("input", "output", "a", "b"))


def permuted(graph: Graph, order: list[int]) -> Graph:
    adjacency = graph.adjacency[:, order][:, :, order]
    return Graph(adjacency, graph.labels[:, order], graph.vocabulary)


def test_mix_is_splitmix64() -> None:
    # The first outputs of the generator started at 0, from its reference implementation.
    states = np.asarray([0, 0x9E3779B97F4A7C15], dtype=np.uint64)
    assert [hex(value) for value in mix(states).tolist()] == [
        "0xe220a8397b1dcdaf",
        "0x6e789e6aa1b965f4",
    ]


@given(dags(), st.randoms(use_true_random=False))
def test_hashes_do_not_depend_on_the_order_of_vertices(graph: Graph, shuffler: object) -> None:
    order = list(range(graph.labels.shape[1]))
    shuffler.shuffle(order)  # type: ignore[attr-defined]
    assert graph.hashes()[0] == permuted(graph, order).hashes()[0]


@given(dags())
def test_hashes_tell_directions_apart(graph: Graph) -> None:
    reverse = Graph(graph.adjacency.transpose(0, 2, 1), graph.labels, graph.vocabulary)
    out, into = graph.adjacency[0].sum(1), graph.adjacency[0].sum(0)
    degrees = sorted(zip(graph.labels[0], out, into, strict=True))
    turned = sorted(zip(graph.labels[0], into, out, strict=True))
    if degrees != turned:  # then the two cannot be isomorphic
        assert graph.hashes()[0] != reverse.hashes()[0]


@given(dags(), st.data())
def test_hashes_tell_labels_apart(graph: Graph, data: st.DataObject) -> None:
    vertex = data.draw(st.integers(0, graph.labels.shape[1] - 1))
    labels = graph.labels.copy()
    labels[0, vertex] = labels[0, vertex] + 1 if labels[0, vertex] >= 0 else 0
    assert graph.hashes()[0] != Graph(graph.adjacency, labels, graph.vocabulary).hashes()[0]


def test_hashes_see_further_than_neighbours() -> None:
    """Two chains with the same multiset of labelled edges at both ends, in another order."""
    vocabulary = ("input", "output", "a", "b")
    chain = np.eye(6, k=1, dtype=bool)[None]
    one = Graph(chain, np.asarray([[0, 2, 2, 3, 3, 1]], dtype=np.int16), vocabulary)
    other = Graph(chain, np.asarray([[0, 2, 3, 2, 3, 1]], dtype=np.int16), vocabulary)
    assert one.hashes()[0] != other.hashes()[0]


def test_edges_at_absent_vertices_do_not_count() -> None:
    labels = np.asarray([[0, -1, 1]], dtype=np.int16)
    empty = np.zeros((1, 3, 3), dtype=bool)
    edge = empty.copy()
    edge[0, 0, 1] = True
    assert Graph(empty, labels, ("i", "o")).hashes() == Graph(edge, labels, ("i", "o")).hashes()
    assert Graph(empty, labels, ("i", "o")).mask.tolist() == [[True, False, True]]


def test_hashes_of_a_batch_partition_the_tiny_space_like_its_equivalence() -> None:
    space = TinySpace()
    genes = space.all()
    hashes = space.graphs(genes).hashes()
    codes = space.codes(space.canonical(genes))
    assert len(space.graphs(genes)) == len(genes)
    assert len(np.unique(hashes)) == len(np.unique(codes)) == 60
    assert len(np.unique(np.stack([hashes, codes.astype(np.uint64)]), axis=1).T) == 60
