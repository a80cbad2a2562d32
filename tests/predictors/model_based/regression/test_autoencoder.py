"""The recurrent networks against torch's own."""

import numpy as np
import torch
from torch import nn

from nascast.encodings.gcn import GcnEncoding
from nascast.predictors.model_based.regression.autoencoder import Autoencoder
from nascast.predictors.model_based.regression.graph_predictor import Layout
from nascast.testing.doubles import TinySpace

SPACE = TinySpace()
GENES = SPACE.sample(6, np.random.default_rng(0))
LAYOUT = Layout(7, 6, diagonal=1)


def made(members: int = 2) -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(LAYOUT, members, width=8)


def rows() -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return GcnEncoding().encode(SPACE, GENES).astype(np.float64)


def test_vertices_are_labels_and_edges_from_earlier_ones() -> None:
    vertices, mask = made().read(rows())
    graph = SPACE.graphs(GENES)
    assert np.array_equal(mask.numpy(), graph.mask)
    assert np.array_equal(vertices[..., 6:].numpy(), graph.adjacency.transpose(0, 2, 1))
    labels = np.where(graph.mask, vertices[..., :6].argmax(2).numpy(), -1)
    assert np.array_equal(labels, graph.labels)


def test_the_recurrent_layer_is_torchs() -> None:
    """Member by member, with the gates in torch's order: input, forget, cell, output."""
    ours, x = made().decoder, torch.randn(2, 5, 3, 8)
    state = torch.randn(2, 3, 8)
    found = ours(x, torch.ones(1, 5, 3, dtype=torch.bool), state)
    order = [0, 1, 3, 2]
    for i in range(2):
        theirs = nn.LSTM(8, 8)
        parts = [ours.gates.weight[i].T, ours.recurrent.weight[i].T]
        for name, weight in zip(("weight_ih_l0", "weight_hh_l0"), parts, strict=True):
            moved = torch.cat([weight.chunk(4)[k] for k in order])
            getattr(theirs, name).data.copy_(moved)
        for bias in (theirs.bias_ih_l0, theirs.bias_hh_l0):
            nn.init.zeros_(bias)  # type: ignore[arg-type]
        expected, _ = theirs(x[i], (state[i][None], state[i][None]))
        assert torch.allclose(found[i], expected, atol=1e-5)


def test_a_vertex_that_is_not_there_changes_no_state() -> None:
    ours, x, state = made().decoder, torch.randn(2, 5, 3, 8), torch.randn(2, 3, 8)
    mask = torch.ones(1, 5, 3, dtype=torch.bool)
    mask[:, 2] = False
    found = ours(x, mask, state)
    shorter = ours(x[:, [0, 1, 3, 4]], mask[:, [0, 1, 3, 4]], state)
    assert torch.allclose(found[:, [0, 1, 3, 4]], shorter, atol=1e-6)


def test_where_no_target_is_known_decoding_is_all_that_is_learned() -> None:
    network = made()
    inputs = network.read(rows())
    unknown = torch.full((6,), torch.nan)
    network.loss("squared", inputs, unknown).backward()  # type: ignore[no-untyped-call]
    assert network.last.weight.grad is None
    assert network.writer.weight.grad is not None
    some = unknown.clone()
    some[2:4] = torch.tensor([0.5, -0.5])
    scores = network(*inputs)[:, 2:4]
    errors = (scores - some[2:4]).square().mean(1).sum()
    extra = network.loss("squared", inputs, some) - network.loss("squared", inputs, unknown)
    assert torch.allclose(extra, 0.8 * errors, atol=1e-4)


def test_training_lowers_the_loss_of_decoding() -> None:
    network = made(1)
    inputs, unknown = network.read(rows()), torch.full((6,), torch.nan)
    before = float(network.loss("squared", inputs, unknown).detach())
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        network.loss("squared", inputs, unknown).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert float(network.loss("squared", inputs, unknown).detach()) < before / 2
