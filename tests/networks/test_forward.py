"""One forward pass for proxies, of classifiers of images and of both kinds of language models."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core import plugins
from nascast.core.errors import UnsupportedError
from nascast.core.types import STEPS, Batch, ImageTask, Task, TextTask
from nascast.networks.forward import example, forward, inputs_of, logits_of
from nascast.networks.language import LanguageNetwork

CASES: dict[str, tuple[str, Task]] = {
    "classifier": ("nasbench201", ImageTask((2, 6, 5), 3, {"channels": 4, "cells": 1})),
    "rows": ("nasbench_nlp", ImageTask((2, 6, 5), 3, {"embedding": 5, "hidden": 6})),
    "nlp": ("nasbench_nlp", TextTask(7, {"embedding": 5, "hidden": 6, "layers": 2})),
    "loose": ("nasbench_nlp", TextTask(7, {"embedding": 5, "hidden": 6, "tied": False})),
    "tree": ("recurrent_tree", TextTask(7, {"hidden": 6, "dropout": 0.0})),
    "tied": ("recurrent_tree", TextTask(7, {"hidden": 6, "dropout": 0.0, "tied": True})),
}
TEXT = [name for name, (_, task) in CASES.items() if isinstance(task, TextTask)]


def network_of(name: str) -> tuple[nn.Module, Batch]:
    """A network in double precision and without dropout, and a batch of three examples."""
    space, task = CASES[name]
    found = plugins.load("space", space)
    torch.manual_seed(0)
    row = found.sample(1, np.random.default_rng(3))[0]
    return found.build(found.architecture(row), task).double().eval(), Batch.random(task, 3)


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, Batch]:
    return network_of(request.param)


def usual(network: nn.Module, batch: Batch) -> Tensor:
    """The logits as a training computes them."""
    inputs, text = torch.from_numpy(batch.inputs), isinstance(network, LanguageNetwork)
    logits: Tensor = network(inputs)[0].flatten(0, 1) if text else network(inputs.double())
    return logits


def test_logits_and_labels_are_those_of_a_training(case: tuple[nn.Module, Batch]) -> None:
    network, batch = case
    found = forward(network, batch)
    torch.testing.assert_close(found.logits, usual(network, batch))
    assert found.labels.tolist() == batch.labels.flatten().tolist()
    assert len(found.logits) == len(found.labels) == batch.labels.size


def test_all_parameters_get_the_gradients_of_a_training(case: tuple[nn.Module, Batch]) -> None:
    """Those of an embedding too, from what was read and, if tied, from the decoder."""
    network, batch = case
    found = forward(network, batch)
    parameters = list(network.parameters())
    loss = functional.cross_entropy(found.logits, found.labels)
    expected = functional.cross_entropy(
        usual(network, batch), torch.from_numpy(batch.labels).flatten()
    )
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    others = torch.autograd.grad(expected, parameters, allow_unused=True)
    assert any(gradient is not None and gradient.any() for gradient in gradients)
    for gradient, other in zip(gradients, others, strict=True):
        assert (gradient is None) == (other is None)
        if gradient is not None and other is not None:
            torch.testing.assert_close(gradient, other)


def test_gradients_by_inputs_are_differences(case: tuple[nn.Module, Batch]) -> None:
    network, batch = case
    found = forward(network, batch)
    (gradient,) = torch.autograd.grad(found.logits.sum(), found.inputs)
    direction = torch.randn(gradient.shape, generator=torch.Generator().manual_seed(2)).double()
    step = 1e-6
    with torch.no_grad():
        above = logits_of(network, found.inputs + step * direction).sum()
        below = logits_of(network, found.inputs - step * direction).sum()
    slope = (gradient * direction).sum().item()
    assert slope == pytest.approx((above - below).item() / (2 * step), rel=1e-4, abs=1e-7)


def test_each_row_of_a_jacobian_is_one_example(case: tuple[nn.Module, Batch]) -> None:
    """Against every example by itself."""
    network, batch = case
    found = forward(network, batch)
    (gradient,) = torch.autograd.grad(found.logits.sum(), found.inputs)
    rows = found.by_example(gradient)
    assert rows.shape[0] == 3
    for i, row in enumerate(rows):
        own = (slice(None), slice(i, i + 1)) if batch.kind == "text" else (slice(i, i + 1),)
        alone = forward(network, Batch(batch.inputs[own], batch.labels[own], "one"))
        (expected,) = torch.autograd.grad(alone.logits.sum(), alone.inputs)
        torch.testing.assert_close(alone.by_example(expected)[0], row)


@pytest.mark.parametrize("name", TEXT)
def test_frozen_weights_leave_the_gradient_by_the_words(name: str) -> None:
    network, batch = network_of(name)
    found = forward(network, batch)
    (expected,) = torch.autograd.grad(found.logits.sum(), found.inputs)
    network.requires_grad_(False)
    found = forward(network, batch)
    (gradient,) = torch.autograd.grad(found.logits.sum(), found.inputs)
    torch.testing.assert_close(gradient, expected)


def test_other_inputs(case: tuple[nn.Module, Batch]) -> None:
    network, batch = case
    found = forward(network, batch, torch.ones_like)
    assert bool((found.inputs == 1).all())
    assert found.inputs.shape == inputs_of(network, batch).shape
    torch.testing.assert_close(found.logits, logits_of(network, torch.ones_like(found.inputs)))
    (gradient,) = torch.autograd.grad(found.logits.sum(), found.inputs, allow_unused=True)
    assert gradient is not None


def test_a_batch_of_the_other_kind_is_refused() -> None:
    image, text = network_of("classifier"), network_of("tree")
    with pytest.raises(UnsupportedError, match="reads images; got a batch of text: random uniform"):
        forward(image[0], text[1])
    with pytest.raises(UnsupportedError, match="reads text; got a batch of images: random normal"):
        forward(text[0], image[1])


@pytest.mark.parametrize("name", list(CASES))
def test_an_example_is_one_input(name: str) -> None:
    network, batch = network_of(name)
    one = example(CASES[name][1])
    assert one.dtype == torch.from_numpy(batch.inputs).dtype
    if isinstance(network, LanguageNetwork):
        assert network(one)[0].shape == (1, 1, 7)
        assert batch.inputs.shape == (STEPS, 3)
    else:
        assert network(one.double()).shape == (1, 3)
