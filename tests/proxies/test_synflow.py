"""SynFlow against two facts: the flow is linear in each weight, and homogeneous in each layer."""

import copy
import math

import pytest
import torch
from torch import nn

from nascast.core.ledger import Ledger
from nascast.core.types import Architecture, Batch, ImageTask, Objective
from nascast.proxies.passes.flow import synflow_terms
from nascast.proxies.synflow import SynFlow
from nascast.spaces.nasbench201 import NasBench201
from nascast.testing.doubles import TinyBenchmark

ROWS = ((0, 0, 0, 1, 0), (2, 0, 1, 0, 0), (1, 1, 1, 1, 1), (2, 2, 2, 2, 1))
SMALL = {"channels": 2, "cells": 1, "stages": 2}


def ledger(seed: int = 0) -> Ledger:
    benchmark = TinyBenchmark()
    batch = Batch.random(benchmark.task, 4, seed)
    return Ledger(benchmark, Objective("val_accuracy"), batch=batch)


def positive(network: nn.Module) -> nn.Module:
    """Returns the network SynFlow speaks of: positive weights, no normalisation, one pass of ones.

    Normalisation is replaced by a module that does nothing, found by type instead of by name.
    """
    network = copy.deepcopy(network).double()
    for parameter in network.parameters():
        parameter.data = parameter.data.abs()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.forward = lambda x: x  # type: ignore[method-assign, assignment]
    return network


def flow(network: nn.Module, shape: tuple[int, int, int]) -> float:
    with torch.no_grad():
        return float(network(torch.ones(1, *shape, dtype=torch.float64)).sum())


def weights(network: nn.Module) -> list[torch.Tensor]:
    layers = (m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear))
    return [layer.weight.data for layer in layers]


@pytest.mark.parametrize("row", [(3, 0, 0, 1, 2, 0), (0, 2, 0, 4, 0, 3), (1, 1, 1, 1, 1, 1)])
def test_each_weight_counts_what_is_lost_without_it(row: tuple[int, ...]) -> None:
    """R is linear in every single weight, so that w ∂R/∂w is R minus R with w = 0."""
    task = ImageTask((2, 3, 3), 3, SMALL)
    torch.manual_seed(0)
    network = NasBench201().build(Architecture("nasbench201", row), task)
    reference = positive(network)
    whole = flow(reference, task.input_shape)
    expected = []
    for weight in weights(reference):
        lost = torch.zeros_like(weight)
        for index in range(weight.numel()):
            kept = float(weight.view(-1)[index])
            weight.view(-1)[index] = 0
            lost.view(-1)[index] = whole - flow(reference, task.input_shape)
            weight.view(-1)[index] = kept
        expected.append(lost)
    found = [term.detach() for term in synflow_terms(network, task)]
    total = sum(float(lost.sum()) for lost in expected)
    assert sum(float(term.sum()) for term in found) == pytest.approx(total, rel=1e-9)
    live = [lost for lost in expected if lost.any()]
    assert len(live) == sum(bool(term.any()) for term in found)
    for term, lost in zip((t for t in found if t.any()), live, strict=True):
        assert torch.allclose(term, lost, rtol=1e-7, atol=1e-9 * whole)


@pytest.mark.parametrize("row", ROWS)
def test_in_a_chain_every_layer_carries_the_whole_flow(row: tuple[int, ...]) -> None:
    """R without the classifier's bias is homogeneous of degree one in each layer's weights."""
    log = ledger()
    arch = Architecture("tiny", row)
    reference = positive(log.passes(arch).network())
    shape = TinyBenchmark().task.input_shape
    bias = next(m.bias.sum().item() for m in reference.modules() if isinstance(m, nn.Linear))
    carried = flow(reference, shape) - bias
    terms = synflow_terms(log.passes(arch).network(), log.task)
    layers = 2 + sum(gene > 0 for gene in row[:4])  # stem and classifier
    assert len(terms) == layers
    for term in terms:
        assert term.sum().item() == pytest.approx(carried, rel=1e-9)
    score = SynFlow().score(log.passes(arch))
    assert score == pytest.approx(math.log(carried * layers), rel=1e-9)


def test_the_sign_of_a_weight_does_not_count() -> None:
    log = ledger()
    network = log.passes(Architecture("tiny", ROWS[1])).network()
    turned = copy.deepcopy(network)
    for weight in weights(turned):
        weight.mul_(torch.where(torch.arange(weight.numel()).view_as(weight) % 2 > 0, 1.0, -1.0))
    pairs = (synflow_terms(found, log.task) for found in (network, turned))
    for one, other in zip(*pairs, strict=True):
        assert torch.allclose(one, other)


def test_no_data_is_read() -> None:
    arch = Architecture("tiny", ROWS[3])
    one, other = ledger(0), ledger(1)
    proxy = SynFlow()
    assert proxy.score(one.passes(arch)) == proxy.score(other.passes(arch))
    assert proxy.key(one) == proxy.key(other)


def test_a_deep_network_does_not_overflow() -> None:
    """Single precision would: the flow grows with the fan-in at every layer."""
    chain = nn.Sequential(*(nn.Conv2d(64, 64, 3, padding=1) for _ in range(30)))
    for weight in weights(chain):
        weight.fill_(1.0)
    terms = synflow_terms(chain, ImageTask((64, 2, 2)))
    total = sum(term.sum().item() for term in terms)
    assert math.isfinite(total)
    assert total > 3e38


def test_a_network_without_a_path_has_no_score() -> None:
    class Records(TinyBenchmark):
        def __init__(self) -> None:
            super().__init__()
            self.space = NasBench201()

    batch = Batch.random(TinyBenchmark().task, 2)
    log = Ledger(Records(), Objective("val_accuracy"), batch=batch)
    proxy = SynFlow()
    assert math.isnan(proxy.score(log.passes(Architecture("nasbench201", (0,) * 6))))
    assert math.isfinite(proxy.score(log.passes(Architecture("nasbench201", (0, 0, 0, 1, 0, 0)))))
