from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nascast.networks.recurrent import (
    CellRecipe,
    Dropouts,
    LanguageModel,
    RecurrentLayer,
    RecurrentStack,
    RowClassifier,
)

RNN = CellRecipe(("linear", "activation_tanh"), ((0, 1), (2,)), (3,))
LSTM = CellRecipe(  # x, h and c are 0, 1 and 2; the gates 3 to 6, then their activations
    ("linear",) * 4
    + ("activation_sigm", "activation_sigm", "activation_tanh", "activation_sigm")
    + ("elementwise_prod", "elementwise_prod", "elementwise_sum")
    + ("activation_tanh", "elementwise_prod"),
    ((0, 1),) * 4 + ((3,), (4,), (5,), (6,), (8, 2), (7, 9), (11, 12), (13,), (10, 14)),
    (15, 13),
)
NO_DROPOUT = Dropouts(0.0, 0.0, 0.0, 0.0, 0.0)


def give(layer: RecurrentLayer, node: int, other: nn.Module, part: slice) -> None:
    """Copies weights of one of torch's own recurrent layers to a linear node."""
    parameters = dict(other.named_parameters())
    with torch.no_grad():
        layer.weight(node, 0).copy_(parameters["weight_ih_l0"][part])
        layer.weight(node, 1).copy_(parameters["weight_hh_l0"][part])
        both = parameters["bias_ih_l0"] + parameters["bias_hh_l0"]
        layer.biases[str(node)].copy_(both[part])


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_a_tanh_recipe_is_the_rnn_of_torch() -> None:
    layer, other = RecurrentLayer(RNN, 5, 4), nn.RNN(5, 4)
    give(layer, 2, other, slice(None))
    outputs, (last,) = layer(noise(6, 3, 5))
    expected, after = other(noise(6, 3, 5))
    torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(last, after[0])


def test_an_lstm_recipe_is_the_lstm_of_torch() -> None:
    layer, other = RecurrentLayer(LSTM, 5, 4), nn.LSTM(5, 4)
    for gate in range(4):  # input, forget, cell, output, as in torch
        give(layer, 3 + gate, other, slice(4 * gate, 4 * gate + 4))
    start = (noise(1, 3, 4), noise(1, 3, 4) + 1)
    outputs, states = layer(noise(6, 3, 5), (start[0][0], start[1][0]))
    expected, after = other(noise(6, 3, 5), start)
    torch.testing.assert_close(outputs, expected)
    for state, there in zip(states, after, strict=True):
        torch.testing.assert_close(state, there[0])


def test_blend_leaky_relu_and_three_terms() -> None:
    operations = ("activation_leaky_relu", "blend", "elementwise_sum", "elementwise_prod")
    recipe = CellRecipe(operations, ((1,), (4, 2, 3), (1, 2, 3), (1, 2, 3)), (5, 6, 7))
    a, b, c = noise(3, 2, 4)
    outputs, states = RecurrentLayer(recipe, 5, 4)(noise(1, 2, 5), (a, b, c))
    gate = torch.where(a > 0, a, 0.01 * a)
    torch.testing.assert_close(states[0], gate * b + (1 - gate) * c)
    torch.testing.assert_close(states[1], a + b + c)
    torch.testing.assert_close(states[2], a * b * c)
    assert torch.equal(outputs[0], states[0])


def test_the_initial_weights_are_uniform() -> None:
    layer = RecurrentLayer(LSTM, 100, 64)
    values = torch.cat([parameter.detach().flatten() for parameter in layer.parameters()])
    assert len(values) == 4 * 64 * (100 + 64 + 1)
    assert 0.99 / 8 < values.max() <= 1 / 8
    assert values.std().item() == pytest.approx(1 / 8 / 3**0.5, rel=0.02)


def test_weight_dropout_leaves_what_reads_x() -> None:
    layer = RecurrentLayer(RNN, 5, 4, dropout=1 - 1e-9)
    outputs, _ = layer(noise(3, 2, 5))
    with torch.no_grad():
        for parameter in layer.weights.values():
            if parameter.shape[1] == 4:
                parameter.zero_()
    layer.eval()
    torch.testing.assert_close(outputs, layer(noise(3, 2, 5))[0])


def test_one_dropout_mask_for_all_time_steps() -> None:
    rates = Dropouts(0.0, 0.5, 0.0, 0.0, 0.0)
    stack = RecurrentStack(RNN, embedding=50, hidden=4, layers=1, dropouts=rates)
    stack.layers[0] = Echo()
    dropped, _ = stack(torch.ones(3, 2, 50))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(dropped[0], dropped[2])
    assert not torch.equal(dropped[:, 0], dropped[:, 1])
    stack.eval()
    assert torch.equal(stack(torch.ones(3, 2, 50))[0], torch.ones(3, 2, 50))


class Echo(nn.Module):
    def forward(self, inputs: Tensor, states: object) -> tuple[Tensor, tuple[()]]:
        return inputs, ()


def test_the_language_model_ties_its_weights_and_sizes() -> None:
    model = LanguageModel(LSTM, 11, embedding=3, hidden=5)
    assert model.decoder.weight is model.encoder.weight
    sizes = [layer.size for layer in model.stack.layers if isinstance(layer, RecurrentLayer)]
    assert sizes == [5, 5, 3]
    assert model.encoder.weight.abs().max() <= 0.1
    assert not model.decoder.bias.any()
    loose = LanguageModel(LSTM, 11, embedding=3, hidden=5, tied=False)
    assert loose.decoder.weight.shape == (11, 5)
    logits, states = loose(torch.zeros(4, 2, dtype=torch.int64))
    assert logits.shape == (4, 2, 11)
    assert [tuple(state.shape) for layer in states for state in layer] == [(2, 5)] * 6


def test_the_language_model_goes_on_from_its_states() -> None:
    model = LanguageModel(LSTM, 11, embedding=3, hidden=5).eval()
    tokens = torch.arange(12).reshape(6, 2) % 11
    whole, _ = model(tokens)
    before, states = model(tokens[:4])
    after, _ = model(tokens[4:], states)
    torch.testing.assert_close(torch.cat([before, after]), whole)


def test_the_language_model_learns_a_sequence() -> None:
    torch.manual_seed(0)
    model = LanguageModel(LSTM, 5, embedding=8, hidden=8, layers=1, dropouts=NO_DROPOUT)
    tokens = (torch.arange(20) % 5)[:, None]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        logits, _ = model(tokens[:-1])
        loss: Any = nn.functional.cross_entropy(logits.flatten(0, 1), tokens[1:].flatten())
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


def test_dropped_words_are_dropped_everywhere() -> None:
    rates = Dropouts(0.5, 0.0, 0.0, 0.0, 0.0)
    model = LanguageModel(RNN, 40, embedding=3, hidden=5, dropouts=rates)
    echo: Any = Echo()
    model.stack = echo
    model.decoder = nn.Linear(3, 3, bias=False)
    nn.init.eye_(model.decoder.weight)
    seen, _ = model(torch.arange(40).repeat(2)[:, None])
    assert torch.equal(seen[:40], seen[40:])
    gone = (seen[:40] == 0).all(2)
    assert 5 < int(gone.sum()) < 35
    torch.testing.assert_close(seen[:40][~gone], 2 * model.encoder.weight.detach()[~gone[:, 0]])


def test_the_classifier_reads_rows_from_top_to_bottom() -> None:
    network = RowClassifier(RNN, (2, 3, 4), 5, embedding=6, hidden=7, layers=2)
    images = noise(3, 2, 3, 4)
    rows = torch.stack([images[:, :, r].reshape(3, 8) for r in range(3)])
    value, _ = network.stack(network.embedding(rows))
    torch.testing.assert_close(network(images), network.classifier(value[-1]))
