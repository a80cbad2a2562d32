"""Different canonical architectures have different encodings, over small spaces and families.

What stays together is named: sets of paths, subtrees of depth 2, ancestries of one network, and the
order of a blend's inputs.
"""

from collections.abc import Callable

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Genes
from nascast.encodings.wl import WeisfeilerLehman
from nascast.spaces.darts import Darts
from nascast.spaces.hierarchical.space import Hierarchical
from nascast.spaces.layerwise.space import Layerwise
from nascast.spaces.morphism.space import Morphism
from nascast.spaces.nasbench101.space import NasBench101
from nascast.spaces.nasbench_nlp.space import NasBenchNlp
from nascast.spaces.nasnet import NasNet
from nascast.spaces.nats_size import NatsSize
from nascast.spaces.recurrent_tree.space import RecurrentTree
from nascast.testing.doubles import TinySpace

Family = tuple[SearchSpace, Genes]

_CHUNK = 512


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def every(space: SearchSpace) -> Family:
    """All rows of a small space."""
    rows = np.indices(space.cardinalities, dtype=np.int16).reshape(space.length, -1).T
    return space, rows[space.is_valid(rows)]


def sizes() -> Family:
    return NatsSize(), NatsSize().all()


def small_cells() -> Family:
    return NasBench101(), NasBench101().all(5)


def four_layers() -> Family:
    """All connections between four layers of two kinds, drawn often enough to meet again."""
    space = Layerwise(4)
    genes = space.sample(4000, rng())
    filters = [i for i, c in enumerate(space.cardinalities) if c > 2][2::3]
    others = [i for i, c in enumerate(space.cardinalities) if c > 2 and i not in filters]
    genes[:, filters] %= 2
    genes[:, others] = 0
    return space, genes


def darts_cells() -> Family:
    """Normal cells of two operations."""
    space = Darts()
    genes = space.sample(2000, rng())
    genes[:, 12:] = genes[0, 12:]
    operations = [i for i in range(12) if i % 3]
    genes[:, operations] %= 2
    return space, genes


def nasnet_cells() -> Family:
    """Normal cells of three blocks of two operations."""
    space = NasNet(3)
    genes = space.sample(2000, rng())
    genes[:, 15:] = genes[0, 15:]
    operations = [i for i in range(15) if i % 5 in (2, 3)]
    genes[:, operations] %= 2
    return space, genes


def recipes() -> Family:
    """Recurrent cells and mutants of mutants."""
    space, draws = NasBenchNlp(), rng()
    parts = [space.sample(30, draws)]
    for _ in range(8):
        parts.append(space.mutate(parts[-1], draws))
    return space, np.concatenate(parts)


FAMILIES: dict[str, tuple[Callable[[], Family], int]] = {  # and their canonical rows, or fewer
    "nats_size": (sizes, 32_768),
    "nasbench101": (small_cells, 2_532),
    "recurrent_tree": (lambda: every(RecurrentTree(2)), 18_688),
    "two layers": (lambda: every(Layerwise(2)), 6_176),
    "four layers": (four_layers, 400),
    "one motif": (lambda: every(Hierarchical((1, 1), (3, 3))), 774),
    "two motifs": (lambda: every(Hierarchical((2, 1), (2, 3))), 138),
    "flat": (lambda: every(Hierarchical((1,), (3,), flat=True)), 258),
    "darts": (darts_cells, 1_500),
    "nasnet": (nasnet_cells, 1_500),
}
COUNTS = ("graf", "joined", "path_counts")  # what they leave together is no mistake
NAMES = [name for name in plugins.builtin_names("encoding") if name not in COUNTS]
FAITHFUL = [name for name in NAMES if name not in ("path", "wl")]


def canonical(family: Callable[[], Family]) -> Family:
    space, genes = family()
    return space, np.unique(space.canonical(genes), axis=0)


def distinct(encoding: str, space: SearchSpace, genes: Genes) -> int:
    """How many different encodings the rows have."""
    encode = plugins.load("encoding", encoding).encode
    chunks = (genes[i : i + _CHUNK] for i in range(0, len(genes), _CHUNK))
    return len({row.tobytes() for chunk in chunks for row in encode(space, chunk)})


@pytest.mark.parametrize("name", FAMILIES)
def test_canonical_rows_have_encodings_of_their_own(name: str) -> None:
    family, least = FAMILIES[name]
    space, genes = canonical(family)
    count = len(genes)
    assert count >= least
    assert count == least or name in ("four layers", "darts", "nasnet")  # which are drawn
    assert {encoding: distinct(encoding, space, genes) for encoding in FAITHFUL} == dict.fromkeys(
        FAITHFUL, count
    )
    assert len(np.unique(space.graphs(genes).hashes())) == count


@pytest.mark.parametrize("name", FAMILIES)
def test_encodings_of_graphs_do_not_see_how_a_cell_was_written(name: str) -> None:
    """Equivalent rows have graphs that differ in the order of vertices at most."""
    space, genes = FAMILIES[name][0]()
    genes = genes[:: max(len(genes) // 500, 1)]
    same = space.graphs(genes).hashes() == space.graphs(space.canonical(genes)).hashes()
    assert same.all()


@pytest.mark.parametrize(
    ("name", "told_apart"),
    [
        ("nats_size", 32_768),
        ("nasbench101", 2_532),
        ("recurrent_tree", 18_159),
        ("two layers", 6_176),
        ("two motifs", 108),
        ("flat", 258),
    ],
)
def test_subtrees_of_depth_2_leave_few_architectures_together(name: str, told_apart: int) -> None:
    space, genes = canonical(FAMILIES[name][0])
    assert distinct("wl", space, genes) == told_apart


def test_a_subtree_is_not_the_one_in_which_child_and_parent_change_places() -> None:
    labels = np.array([[2, 3], [3, 2]], dtype=np.int16)
    adjacency = np.zeros((2, 2, 2), dtype=bool)
    adjacency[:, 0, 1] = True

    class Chains(TinySpace):
        def graphs(self, genes: Genes) -> Graph:
            return Graph(adjacency, labels, ("input", "output", "conv", "pool"))

    conv_first, pool_first = WeisfeilerLehman(1).subtrees(Chains(), TinySpace().all()[:2])[:, 2:]
    assert conv_first[1] != pool_first[1]


def test_deeper_subtrees_tell_motifs_apart() -> None:
    space, genes = canonical(FAMILIES["two motifs"][0])
    deep = plugins.load("encoding", "wl", depth=4).encode(space, genes)
    assert len(np.unique(deep, axis=0)) == len(genes) == 138


def paths(graph: Graph, index: int) -> frozenset[tuple[int, ...]]:
    """The sequences of labels on walks from input to output."""
    last = graph.vocabulary.index("output")

    def walk(vertex: int) -> list[tuple[int, ...]]:
        label = int(graph.labels[index, vertex])
        after = np.flatnonzero(graph.adjacency[index, vertex])
        return [()] if label == last else [(label, *rest) for v in after for rest in walk(int(v))]

    return frozenset(walk(0))


def test_path_encodings_differ_where_the_sets_of_paths_do() -> None:
    space, genes = canonical(small_cells)
    graph = space.graphs(genes)
    sets = [paths(graph, i) for i in range(len(genes))]
    encoded = plugins.load("encoding", "path").encode(space, genes)
    pairs = {(one, row.tobytes()) for one, row in zip(sets, encoded, strict=True)}
    assert len(pairs) == len(set(sets)) == distinct("path", space, genes) == 1_317


@pytest.mark.parametrize("name", ["two layers", "flat"])
def test_path_encodings_of_chains_are_faithful(name: str) -> None:
    space, genes = canonical(FAMILIES[name][0])
    assert distinct("path", space, genes) == len(genes)


def test_sizes_are_paths_of_five_vertices() -> None:
    space = NatsSize()
    genes = space.all()[::37]
    encode = plugins.load("encoding", "path").encode
    columns = [encode(space, genes[i : i + _CHUNK]).argmax(1) for i in range(0, len(genes), _CHUNK)]
    assert np.concatenate(columns).tolist() == space.codes(genes).tolist()


def test_ancestries_of_one_network_have_one_graph() -> None:
    """Encodings of the genes tell them apart, those of the graphs do not."""
    pytest.importorskip("torch")
    space, genes = canonical(lambda: every(Morphism(2)))
    assert isinstance(space, Morphism)
    networks = {space._shape(space.architecture(row), 1) for row in genes}
    assert len(networks) == 162
    for name in NAMES:
        if name != "path":  # too many vertices
            expected = len(genes) if name.startswith("adjacency") else len(networks)
            assert distinct(name, space, genes) == expected, name


def test_the_order_of_the_inputs_of_a_blend_is_in_the_genes_alone() -> None:
    space, genes = canonical(recipes)

    def ordered(order: Callable[[Genes], Genes]) -> Genes:
        """The canonical rows, with the inputs of blends in another order."""
        out = genes.copy()
        nodes = out[:, :96].reshape(len(genes), 24, 4)
        blends = nodes[:, :, 0] == 2
        nodes[:, :, 1:][blends] = order(nodes[:, :, 1:][blends])
        return np.unique(space.canonical(out), axis=0)

    genes = np.unique([*genes, *ordered(lambda inputs: inputs[:, ::-1])], axis=0)
    different = len(ordered(lambda inputs: np.sort(inputs, axis=1)))
    assert different < len(genes)
    for name in NAMES:
        if name != "path":  # too many vertices
            expected = len(genes) if name.startswith("adjacency") else different
            assert distinct(name, space, genes) == expected, name
