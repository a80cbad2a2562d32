import pytest
import torch
from torch.nn import functional

from nascast.networks.operations import (
    Nothing,
    ReluConvNorm,
    ResidualReduction,
    average_pool,
    pool_reduction,
)


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (1, 2), (3, 2), (5, 1)])
def test_relu_then_convolution_then_normalisation(kernel: int, stride: int) -> None:
    operation = ReluConvNorm(3, 5, kernel, stride).eval()
    x = torch.randn(2, 3, 7, 6)
    (weight,) = (p for p in operation.parameters() if p.ndim == 4)
    assert weight.shape == (5, 3, kernel, kernel)
    convolved = functional.conv2d(x.clamp(min=0), weight, stride=stride, padding=kernel // 2)
    expected = convolved / (1 + 1e-5) ** 0.5  # a new normalisation divides by 1 and its ε
    assert torch.allclose(operation(x), expected, atol=1e-6)
    assert sum(p.numel() for p in operation.parameters()) == weight.numel() + 2 * 5


def test_nothing_is_zero_with_zero_gradients() -> None:
    x = torch.randn(2, 3, 4, 4, requires_grad=True)
    out = Nothing()(x)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    assert out.shape == x.shape
    assert not out.any()
    assert not gradient.any()


def test_padding_is_no_part_of_the_mean() -> None:
    x = torch.arange(12.0).reshape(1, 1, 3, 4)
    pooled = average_pool()(x)
    assert pooled.shape == x.shape
    assert pooled[0, 0, 0, 0] == (0 + 1 + 4 + 5) / 4
    assert pooled[0, 0, 0, 1] == (0 + 1 + 2 + 4 + 5 + 6) / 6
    assert pooled[0, 0, 1, 1] == 5
    assert torch.equal(average_pool()(torch.ones(1, 1, 1, 1)), torch.ones(1, 1, 1, 1))


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 2), (8, 7)])
@pytest.mark.parametrize("reduction", [ResidualReduction, pool_reduction])
def test_a_reduction_halves_and_rounds_up(reduction: type, size: tuple[int, int]) -> None:
    network = reduction(3, 6).eval()
    out = network(torch.randn(2, 3, *size))
    assert out.shape == (2, 6, (size[0] + 1) // 2, (size[1] + 1) // 2)


def test_a_residual_reduction_is_its_two_ways_added() -> None:
    block = ResidualReduction(3, 6).eval()
    x = torch.randn(2, 3, 8, 8)
    (weight,) = (p for p in block.shortcut.parameters())
    pooled = x.reshape(2, 3, 4, 2, 4, 2).mean((3, 5))
    shortcut = torch.einsum("nchw,oc->nohw", pooled, weight[:, :, 0, 0])
    assert torch.allclose(block(x), shortcut + block.body(x), atol=1e-6)
    # Two 3×3 convolutions, two normalisations, and a 1×1 convolution without one.
    assert sum(p.numel() for p in block.parameters()) == 9 * 3 * 6 + 9 * 6 * 6 + 4 * 6 + 3 * 6
