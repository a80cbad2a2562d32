"""Numbers of paths, against walks along every one of them."""

from collections import Counter
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError
from nascast.core.graph import Graph
from nascast.encodings.path_counts import PathCounts
from nascast.spaces.nasbench201 import NasBench201


def walks(graph: Graph, g: int, vertex: int, done: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The sink and the operations of every path that goes on from a vertex."""
    name = graph.vocabulary[graph.labels[g, vertex]]
    if name == "none":
        return
    if name in graph.operations and name not in ("skip_connect", "identity"):
        done = (*done, name)
    if name in graph.sinks:
        yield name, " ".join(done)
    for after in np.flatnonzero(graph.adjacency[g, vertex]):
        if graph.labels[g, after] >= 0:
            yield from walks(graph, g, int(after), done)


def plainly(graph: Graph, g: int, length: int) -> list[int]:
    found: Counter[tuple[str, str]] = Counter()
    for vertex in np.flatnonzero(graph.mask[g]):
        if graph.vocabulary[graph.labels[g, vertex]] in graph.sources:
            for sink, path in walks(graph, g, int(vertex), ()):
                found[sink, " ".join(path.split(" ")[-length:] if " " in path else [path])] += 1
    names = [name for name in graph.operations if name not in ("skip_connect", "identity")]
    every = [p for m in range(length + 1) for p in product(names, repeat=m)]
    return [found[sink, " ".join(p)] for sink in graph.sinks for p in every]


@pytest.mark.parametrize(
    ("name", "length"),
    [
        *(("nasbench201", m) for m in (1, 2, 3, 4)),
        *(("nasbench101", m) for m in (1, 3)),
        *((name, 2) for name in ("darts", "hierarchical", "nasbench_nlp", "recurrent_tree")),
        *(("nasnet", 1), ("nats_size", 2)),
    ],
)
def test_counts_are_those_of_walks(name: str, length: int) -> None:
    space = plugins.load("space", name)
    genes = space.sample(12, np.random.default_rng(2))
    graph = space.graphs(genes)
    assert not any(" " in operation for operation in graph.operations) or name == "recurrent_tree"
    names = {old: old.replace(" ", "_") for old in graph.vocabulary}
    spaceless = Graph(
        graph.adjacency,
        graph.labels,
        tuple(names.values()),
        graph.sources,
        graph.sinks,
        graph.joints,
    )
    expected = [plainly(spaceless, g, length) for g in range(len(genes))]
    found = PathCounts(length).encode(space, genes)
    assert found.any()
    np.testing.assert_array_equal(found, expected)


def test_cells_that_compute_the_same_have_the_same_paths() -> None:
    space = NasBench201()
    genes = space.all()
    found = PathCounts().encode(space, genes)
    assert found.shape == (15_625, 40)
    _, network = np.unique(space.networks(genes), return_inverse=True)
    first = np.unique(network, return_index=True)[1]
    assert np.array_equal(found, found[first[network]])
    assert len(np.unique(found, axis=0)) == 4_120  # of 4,660 networks


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="length=-1"):
        PathCounts(-1)
