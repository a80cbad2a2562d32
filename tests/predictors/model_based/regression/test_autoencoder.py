"""The recurrent networks against torch's own."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from nascast.encodings.gcn import GcnEncoding
from nascast.predictors.model_based.regression.autoencoder import Autoencoder
from nascast.predictors.model_based.regression.graph_predictor import Layout
from nascast.predictors.model_based.regression.loop import train
from nascast.predictors.model_based.regression.settings import Training
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


def test_the_loss_is_that_of_scores_and_of_the_vertices_likelihood() -> None:
    """The likelihood of the decoder's own words, vertex by vertex."""
    network = made()
    inputs, targets = network.read(rows()), torch.linspace(-1, 1, 6)
    vertices, mask = inputs
    code = network._encode(*inputs)
    before = torch.cat([torch.zeros(6, 1, 13), vertices[:, :-1]], 1).transpose(0, 1)
    states = network.decoder(network.previous(before[None]), mask.T[None], code)
    written, total = network.writer(states), torch.zeros(())
    for member in range(2):
        for i, step in mask.nonzero().tolist():
            word, true = written[member, step, i], vertices[i, step]
            total = total + functional.cross_entropy(word[:6], true[:6].argmax())
            edges = functional.binary_cross_entropy_with_logits
            total = total + edges(word[6:], true[6:], reduction="sum")
    squared = (network(*inputs) - targets).square().mean(1).sum()
    expected = 0.8 * squared + 0.2 * total / mask.sum()
    assert torch.allclose(network.loss("squared", inputs, targets), expected, atol=1e-4)


def test_training_lowers_both_losses() -> None:
    network = made(1)
    inputs, targets = network.read(rows()), torch.linspace(-1, 1, 6)
    before = float(network.loss("squared", inputs, targets).detach())
    train(network, inputs, targets, Training("squared", 0.02, epochs=60, batch_size=8))
    assert float(network.loss("squared", inputs, targets).detach()) < before / 2
