"""Proxies of the loss's gradient against finite differences in double precision."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core import plugins
from nascast.core.types import Batch, Floats, ImageTask
from nascast.proxies.fisher import Fisher
from nascast.proxies.grad_norm import GradNorm
from nascast.proxies.grasp import Grasp
from nascast.proxies.passes import Passes
from nascast.proxies.passes.curvature import exact_curvature
from nascast.proxies.passes.scale import curvature_by_scale, head_of, is_scale_free
from nascast.proxies.passes.traced import labelled, traced
from nascast.proxies.plain import Plain
from nascast.proxies.snip import Snip

Row = tuple[int, ...]
Born = Callable[[Row], nn.Module]
Make = Callable[[Row], Passes]
ROW = (0, 0, 2, 1, 0)
SMALL = {"cells": 2, "channels": 8, "stacks": 2, "stages": 2}


def layers(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


def loss_of(network: nn.Module, batch: Batch) -> Tensor:
    images = torch.from_numpy(batch.inputs).to(next(network.parameters()).dtype)
    return functional.cross_entropy(network(images), torch.from_numpy(batch.labels))


def by_differences(network: nn.Module, batch: Batch) -> list[Floats]:
    """Returns the gradient of each layer, weight by weight."""
    network.double()
    found = []
    with torch.no_grad():
        for layer in layers(network):
            flat, slopes = layer.weight.data.view(-1), []
            for i in range(len(flat)):
                kept, ends = flat[i].item(), []
                for step in (1e-6, -1e-6):
                    flat[i] = kept + step
                    ends.append(loss_of(network, batch).item())
                flat[i] = kept
                slopes.append((ends[0] - ends[1]) / 2e-6)
            found.append(np.asarray(slopes))
    return found


def test_norm_and_sensitivity_weight_by_weight(born: Born, passes: Make, batch: Batch) -> None:
    network = born(ROW)
    gradients = by_differences(network, batch)
    norms = sum(float(np.linalg.norm(g)) for g in gradients)
    assert GradNorm().score(passes(ROW)) == pytest.approx(norms, rel=1e-3)
    weights = [layer.weight.detach().flatten().numpy() for layer in layers(network)]
    lost = sum(float(np.abs(w * g).sum()) for w, g in zip(weights, gradients, strict=True))
    assert Snip().score(passes(ROW)) == pytest.approx(lost, rel=1e-3)


@pytest.mark.parametrize("row", [ROW, (2, 1, 0, 2, 1)])
def test_plain_is_what_growing_all_weights_does(
    row: Row, born: Born, passes: Make, batch: Batch
) -> None:
    ends = []
    for factor in (1 + 1e-6, 1 - 1e-6):
        network = born(row).double()
        for layer in layers(network):
            layer.weight.data *= factor
        ends.append(loss_of(network, batch).item())
    assert Plain().score(passes(row)) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-3)


@pytest.mark.parametrize("row", [ROW, (2, 1, 0, 2, 1), (2, 2, 2, 2, 0)])
def test_grasp_is_the_slope_of_the_gradients_norm(
    row: Row, born: Born, passes: Make, batch: Batch
) -> None:
    """``wᵀ H g`` is half the slope of ``|g|²`` when all weights grow: of plain autograd in double.

    The step is so small that no unit changes sides.
    """
    ends = []
    for factor in (1 + 1e-7, 1 - 1e-7):
        network = born(row).double()
        weights = [layer.weight for layer in layers(network)]
        for weight in weights:
            weight.data *= factor
        gradients = torch.autograd.grad(loss_of(network, batch), weights)
        ends.append(sum(g.square().sum().item() for g in gradients))
    expected = -(ends[0] - ends[1]) / 2e-7 / 2
    found = passes(row)
    assert Grasp().score(found) == pytest.approx(expected, rel=0.01)
    assert -exact_curvature(found.network(), batch) == pytest.approx(expected, rel=1e-3)


def test_maxima_stay_where_they_are_as_units_do(
    of_network: Callable[[nn.Module], Passes], batch: Batch
) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.MaxPool2d(3, 2, padding=1, ceil_mode=True),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(6 * 4, 3),
    )
    found = of_network(network)
    assert Grasp().score(found) == pytest.approx(-exact_curvature(network, batch), rel=0.01)


def test_two_linear_maps_are_differentiated_twice(
    of_network: Callable[[nn.Module], Passes], batch: Batch
) -> None:
    """Their weights, too, are in the product, of which the closed form takes one map's share."""
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(2)
    network = nn.Sequential(*layers, nn.Flatten(), nn.Linear(24, 9), nn.Linear(9, 3))
    found = of_network(network)
    assert is_scale_free(network, batch)
    assert head_of(found.traced()) is None
    assert Grasp().score(found) == pytest.approx(-exact_curvature(network, batch), rel=0.01)


@pytest.mark.parametrize(
    ("space", "free"), [("nasbench101", True), ("darts", True), ("nasbench201", False)]
)
def test_networks_whose_convolutions_are_normalised_need_one_backward_pass(
    space: str, free: bool
) -> None:
    """The closed form against autograd's; downsampling in NAS-Bench-201 has no normalisation."""
    made = plugins.load("space", space)
    task = ImageTask(
        (3, 16, 16), 10, {k: v for k, v in SMALL.items() if k in made.skeleton(ImageTask)}
    )
    architecture = made.architecture(made.sample(1, np.random.default_rng(3))[0])
    batch = Batch.random(task, 32)
    passes = Passes(
        partial(made.build, architecture, task), 0, task, batch=batch, clock=lambda: 0.0
    )
    network, found = passes.network(), passes.traced()
    assert is_scale_free(network, batch) == free
    if not free:
        return
    head = head_of(found)
    assert head is not None
    about = exact_curvature(network, batch)
    assert passes.curvature() == curvature_by_scale(found, passes.labelled(), head)
    assert passes.curvature() == pytest.approx(about, rel=0.05)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-12  # what the closed form leaves out
    found = traced(network, batch)
    exact = curvature_by_scale(found, labelled(found, network), head)
    assert exact == pytest.approx(exact_curvature(network, batch), rel=1e-3)


def test_fisher_image_by_image(born: Born, passes: Make, batch: Batch) -> None:
    row = (2, 1, 0, 2, 1)
    network, results = born(row), []
    for layer in layers(network):
        layer.register_forward_hook(lambda _, __, result: results.append(result))
    loss = loss_of(network, batch)
    gradients = torch.autograd.grad(loss, results)
    total = 0.0
    for layer, result, g in zip(layers(network), results, gradients, strict=True):
        a = result.detach()
        fan_in = math.prod(layer.weight.shape[1:])
        for channel in range(layer.weight.shape[0]):
            sums = [float((a[i, channel] * g[i, channel]).sum()) for i in range(len(a))]
            total += fan_in * 0.5 * float(np.mean(np.square(sums)))
    assert Fisher().score(passes(row)) == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("proxy", [GradNorm(), Snip(), Plain(), Grasp(), Fisher()])
def test_without_a_path_gradients_vanish_and_there_is_no_score(
    proxy: GradNorm | Snip | Plain | Grasp | Fisher, cut: Make
) -> None:
    assert math.isnan(proxy.score(cut((0,) * 6)))
    assert math.isfinite(proxy.score(cut((0, 0, 0, 3, 0, 0))))
