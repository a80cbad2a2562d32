"""Graph networks: padding is not seen, and the order of vertices does not matter."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nascast.core.types import Floats
from nascast.encodings.bonas import BonasEncoding
from nascast.encodings.gcn import GcnEncoding
from nascast.predictors.model_based.regression.convolution import (
    BidirectionalConvolution,
    GlobalConvolution,
)
from nascast.predictors.model_based.regression.graph_predictor import Layout
from nascast.predictors.model_based.regression.members import Network
from nascast.predictors.model_based.regression.transformer import SiblingTransformer
from nascast.testing.doubles import TinySpace

SPACE = TinySpace()
GENES = SPACE.sample(6, np.random.default_rng(0))
GRAPH = SPACE.graphs(GENES)
ADJACENCY = GRAPH.adjacency.astype(np.float64)
MAKERS: dict[str, Callable[[Layout], Network]] = {
    "gcn": lambda layout: BidirectionalConvolution(layout, 2, 3, 8, 0.0),
    "nn_former": lambda layout: SiblingTransformer(layout, 2, 2, 8, True),
    "without_attention": lambda layout: SiblingTransformer(layout, 2, 2, 8, False),
}


def columns(adjacency: Floats, labels: Floats) -> Floats:
    """Graphs as columns, the upper triangle without its diagonal first."""
    v = labels.shape[1]
    upper = np.triu_indices(v, 1)
    return np.concatenate(
        [adjacency[:, upper[0], upper[1]], labels.reshape(len(labels), -1)], axis=1
    ).astype(np.float64)


def one_hot() -> Floats:
    eye = np.eye(len(GRAPH.vocabulary) + 1, len(GRAPH.vocabulary))
    return np.asarray(eye[GRAPH.labels])


def scores(network: Network, x: Floats) -> Tensor:
    with torch.inference_mode():
        found: Tensor = network.eval()(*network.read(x))
    return found


def test_the_layout_reads_what_encodings_write() -> None:
    for encoding, diagonal, extra in ((GcnEncoding(), 1, 0), (BonasEncoding(), 0, 1)):
        layout = Layout(7 + extra, 6 + extra, diagonal)
        found = layout.graphs(encoding.encode(SPACE, GENES).astype(np.float64))
        if isinstance(encoding, GcnEncoding):
            tensors = encoding.tensors(SPACE, GENES)
            expected = tensors.adjacency, tensors.features
        else:
            expected = encoding.tensors(SPACE, GENES)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])


@pytest.mark.parametrize("name", MAKERS)
def test_more_padding_changes_no_score(name: str) -> None:
    torch.manual_seed(0)
    network = MAKERS[name](Layout(7, 6, 1))
    torch.manual_seed(0)
    wider = MAKERS[name](Layout(10, 6, 1))
    adjacency = np.zeros((6, 10, 10))
    labels = np.zeros((6, 10, 6))
    adjacency[:, 3:, 3:], labels[:, 3:] = GRAPH.adjacency, one_hot()
    few = scores(network, columns(ADJACENCY, one_hot()))
    assert torch.allclose(scores(wider, columns(adjacency, labels)), few, atol=1e-5)
    assert few.std(1).min() > 0.001


def test_a_layer_of_the_gcn_is_half_of_both_directions() -> None:
    network = BidirectionalConvolution(Layout(7, 6, 1), 1, 1, 8, 0.0)
    layer: Any = network.layers[0]
    x = torch.from_numpy(one_hot()).float()
    edges = torch.from_numpy(GRAPH.adjacency).float() + torch.eye(7)
    along = torch.relu(edges.mT / edges.mT.sum(2, keepdim=True) @ x @ layer.along.weight[0])
    against = torch.relu(edges / edges.sum(2, keepdim=True) @ x @ layer.against.weight[0])
    expected = functional.layer_norm((along + against) / 2, (8,))
    before, after, labels, _ = network.read(columns(ADJACENCY, one_hot()))
    assert torch.allclose(layer(labels[None], before, after)[0], expected, atol=1e-5)


def test_the_global_vertex_sees_a_change_anywhere() -> None:
    torch.manual_seed(0)
    network = GlobalConvolution(Layout(8, 7, 0), 1, 4, 8)
    rows = np.asarray([[0, 0, 1, 2, 0], [0, 0, 1, 1, 0], [0, 0, 2, 2, 0], [0, 0, 1, 2, 1]])
    found = scores(network, BonasEncoding().encode(SPACE, rows.astype(np.int16)).astype(float))
    assert len(torch.unique(found)) == 4


def test_heads_attend_to_neighbours_and_siblings_alone() -> None:
    adjacency = np.zeros((1, 4, 4))
    adjacency[0, 0, 1] = adjacency[0, 0, 2] = adjacency[0, 1, 3] = adjacency[0, 2, 3] = 1
    network = SiblingTransformer(Layout(4, 2, 1), 1, 1, 4, True)
    heads = network.read(columns(adjacency, np.ones((1, 4, 2))))[0][0]
    own = torch.eye(4, dtype=torch.bool)
    edges = torch.from_numpy(adjacency[0] > 0)
    siblings = torch.zeros(4, 4, dtype=torch.bool)
    siblings[1, 2] = siblings[2, 1] = True
    for head, others in zip(heads, (edges, edges.T, siblings, siblings), strict=True):
        assert torch.equal(head, own | others)


def test_attention_is_torchs_with_a_mask_for_each_head() -> None:
    torch.manual_seed(0)
    network = SiblingTransformer(Layout(7, 6, 1), 1, 1, 8, True)
    layer: Any = network.layers[0]
    state = torch.randn(1, 6, 7, 8)
    heads = network.read(columns(ADJACENCY, one_hot()))[0]
    mixed = (state[0] @ layer.mixed.weight[0]).reshape(6, 7, 3, 4, 2)
    query, key, value = mixed.permute(2, 0, 3, 1, 4)
    found = functional.scaled_dot_product_attention(query, key, value, attn_mask=heads)
    expected = found.transpose(1, 2).reshape(6, 7, 8) @ layer.joined.weight[0]
    assert torch.allclose(layer._attention(state, heads)[0], expected, atol=1e-5)
