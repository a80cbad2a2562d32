"""Jacobian covariance against another way of computing it, and against cases solved by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.ledger import Ledger
from nascast.core.types import Architecture, Batch, Floats, Objective
from nascast.networks.forward import forward
from nascast.proxies.jacov import JacobianCovariance, jacobian_score
from nascast.proxies.passes.traced import input_jacobian
from nascast.spaces.nasbench201 import NasBench201
from nascast.testing.doubles import TinyBenchmark, TinySpace

K = 1e-5
ROWS = ((0, 0, 0, 1, 0), (2, 1, 0, 2, 0), (1, 1, 1, 1, 1), (2, 2, 2, 2, 1))
BENCHMARK = TinyBenchmark()


def ledger(images: int = 12) -> Ledger:
    batch = Batch.random(BENCHMARK.task, images)
    return Ledger(BENCHMARK, Objective("val_accuracy"), batch=batch)


def arch(row: tuple[int, ...]) -> Architecture:
    return Architecture("tiny", row)


def by_the_book(jacobian: Floats) -> float:
    """Section 3 of the paper, with numpy's own correlation and general eigenvalues."""
    values = np.linalg.eigvals(np.corrcoef(jacobian)).real.clip(min=0)
    return -float(np.sum(np.log(values + K) + 1 / (values + K)))


@pytest.mark.parametrize("row", ROWS)
def test_the_jacobian_is_each_images_own_gradient(row: tuple[int, ...]) -> None:
    """With fixed statistics the images do not see each other."""
    log = ledger()
    network = log.passes(arch(row)).network().eval()
    expected = []
    for image in torch.from_numpy(log.batch().inputs):
        x = image[None].clone().requires_grad_()
        expected.append(torch.autograd.grad(network(x).sum(), x)[0].flatten())
    found = input_jacobian(forward(network, log.batch()))
    assert found.shape == (12, 3 * 8 * 8)
    assert torch.allclose(found, torch.stack(expected), atol=1e-6)


@pytest.mark.parametrize("row", ROWS)
def test_the_score_of_a_network(row: tuple[int, ...]) -> None:
    """In training mode, as in the authors' code, with weights drawn from the seed."""
    log = ledger()
    for seed in (0, 3):
        torch.manual_seed(seed)
        network = TinySpace().build(arch(row), BENCHMARK.task).train()
        x = torch.from_numpy(log.batch().inputs).requires_grad_()
        gradient = torch.autograd.grad(network(x).sum(), x)[0].flatten(1)
        expected = by_the_book(gradient.double().numpy())
        found = JacobianCovariance(seed).score(log.passes(arch(row), seed))
        assert found == pytest.approx(expected, rel=1e-3)


@given(st.integers(2, 12), st.integers(3, 40), st.integers(0, 10**6))
def test_the_score_of_a_jacobian(images: int, inputs: int, seed: int) -> None:
    jacobian = np.random.default_rng(seed).standard_normal((images, inputs))
    scale = max(1.0, 1 / K if images > inputs - 1 else 1.0)  # of scores with eigenvalues near 0
    assert jacobian_score(jacobian) == pytest.approx(
        by_the_book(jacobian), rel=1e-6, abs=scale / 1e3
    )


@given(st.integers(0, 10**6))
def test_scale_and_offset_of_a_gradient_do_not_count(seed: int) -> None:
    rng = np.random.default_rng(seed)
    jacobian = rng.standard_normal((6, 30))
    changed = jacobian * rng.uniform(0.1, 9, (6, 1)) + rng.standard_normal((6, 1))
    assert jacobian_score(changed) == pytest.approx(jacobian_score(jacobian), rel=1e-6)


def test_images_without_correlation() -> None:
    wave = np.fft.fft(np.eye(16)).real[1:6]  # cosines: mean 0, at right angles to each other
    expected = -5 * (math.log(1 + K) + 1 / (1 + K))
    assert jacobian_score(wave) == pytest.approx(expected)


def test_images_that_react_alike_score_lowest() -> None:
    rng = np.random.default_rng(0)
    alike = np.repeat(rng.standard_normal((1, 20)), 4, axis=0)
    expected = -(math.log(4 + K) + 1 / (4 + K) + 3 * (math.log(K) + 1 / K))
    assert jacobian_score(alike) == pytest.approx(expected, rel=1e-6)
    assert jacobian_score(alike) < jacobian_score(rng.standard_normal((4, 20)))


@pytest.mark.parametrize("value", [0.0, 1.0, math.nan, math.inf])
def test_a_gradient_without_a_direction_has_no_score(value: float) -> None:
    jacobian = np.random.default_rng(0).standard_normal((4, 9))
    jacobian[2] = value
    assert math.isnan(jacobian_score(jacobian))


def test_a_network_without_a_path_has_no_score() -> None:
    space = NasBench201()

    class Records(TinyBenchmark):
        def __init__(self) -> None:
            super().__init__()
            self.space = space

    batch = Batch.random(BENCHMARK.task, 4)
    log = Ledger(Records(), Objective("val_accuracy"), batch=batch)
    proxy = JacobianCovariance()
    assert math.isnan(proxy.score(log.passes(Architecture("nasbench201", (0,) * 6))))
    assert math.isfinite(proxy.score(log.passes(Architecture("nasbench201", (0, 0, 0, 3, 0, 0)))))


def test_other_images_give_another_score() -> None:
    scores = set()
    for seed in (0, 1):
        batch = Batch.random(BENCHMARK.task, 8, seed)
        log = Ledger(BENCHMARK, Objective("val_accuracy"), batch=batch)
        scores.add(JacobianCovariance().score(log.passes(arch(ROWS[1]))))
    assert len(scores) == 2
