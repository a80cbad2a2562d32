import numpy as np

from nascast.core.space import SearchSpace
from nascast.encodings.adjacency_one_hot import AdjacencyOneHot
from nascast.spaces.nasbench201 import NasBench201
from nascast.testing.doubles import TinySpace


def test_nasbench201_has_30_columns_one_set_for_each_edge() -> None:
    space = NasBench201()
    genes = space.all()[::97]
    found = AdjacencyOneHot().encode(space, genes)
    assert found.dtype == np.float32
    assert found.shape == (len(genes), 30)
    assert np.array_equal(found.reshape(-1, 6, 5), np.eye(5)[genes])


def test_a_decision_between_two_values_is_one_bit() -> None:
    genes = np.asarray([[0, 1, 2, 0, 0], [2, 2, 0, 1, 1]], dtype=np.int16)
    assert AdjacencyOneHot().encode(TinySpace(), genes).tolist() == [
        [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0],
        [0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1],
    ]


def test_a_gene_that_cannot_vary_is_a_constant_column() -> None:
    class Mixed(SearchSpace):
        name = "mixed"
        cardinalities = (1, 2, 3)

    genes = np.asarray([[0, 1, 2], [0, 0, 0]], dtype=np.int16)
    found = AdjacencyOneHot().encode(Mixed(), genes)
    assert found.tolist() == [[1, 1, 0, 0, 1], [1, 0, 1, 0, 0]]
