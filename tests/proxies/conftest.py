"""What tests of proxies start from: a tiny network at birth, in single or double precision."""

import time
from collections.abc import Callable

import pytest
import torch
from torch import nn

from nascast.core.types import Architecture, Batch, ImageTask
from nascast.proxies.passes import Passes
from nascast.spaces.nasbench201 import NasBench201
from nascast.testing.doubles import TinyBenchmark, TinySpace

Row = tuple[int, ...]
TASK = TinyBenchmark().task


@pytest.fixture
def batch() -> Batch:
    return Batch.random(TASK, 10)


@pytest.fixture
def born() -> Callable[[Row], nn.Module]:
    """Builds the network of a row of the tiny space with the weights of seed 0."""

    def build(row: Row) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return TinySpace().build(Architecture("tiny", row), TASK).train()

    return build


@pytest.fixture
def passes(batch: Batch) -> Callable[[Row], Passes]:
    """Makes the passes of a row of the tiny space."""

    def make(row: Row) -> Passes:
        build = lambda: TinySpace().build(Architecture("tiny", row), TASK)  # noqa: E731
        return Passes(build, 0, TASK, batch=batch, clock=time.perf_counter)

    return make


@pytest.fixture
def of_network(batch: Batch) -> Callable[[nn.Module], Passes]:
    """Makes the passes of a network, as it is."""

    def make(network: nn.Module) -> Passes:
        return Passes(lambda: network, 0, TASK, batch=batch, clock=time.perf_counter)

    return make


@pytest.fixture
def cut() -> Callable[[Row], Passes]:
    """Makes the passes of a small network of NAS-Bench-201."""

    def make(row: Row) -> Passes:
        task = ImageTask((3, 8, 8), 3, {"channels": 4, "cells": 1, "stages": 2})
        build = lambda: NasBench201().build(Architecture("nasbench201", row), task)  # noqa: E731
        return Passes(build, 0, task, batch=Batch.random(task, 6), clock=time.perf_counter)

    return make
