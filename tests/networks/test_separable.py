import pytest

torch = pytest.importorskip("torch")

from nascast.networks.separable import (  # noqa: E402
    DilatedSeparableConv,
    FactorizedReduction,
    SeparableConv,
)


@pytest.mark.parametrize("side", [1, 2, 7, 8])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_sizes_are_kept_or_halved(kernel: int, stride: int, side: int) -> None:
    x = torch.randn(2, 4, side, side + 1)
    for kind in (SeparableConv, DilatedSeparableConv):
        expected = (2, 6, -(-side // stride), -(-(side + 1) // stride))
        assert kind(4, 6, kernel, stride)(x).shape == expected


def test_parameters() -> None:
    once = 9 * 4 + 4 * 6 + 2 * 6
    assert sum(p.numel() for p in DilatedSeparableConv(4, 6, 3).parameters()) == once
    twice = once + 9 * 6 + 6 * 6 + 2 * 6
    assert sum(p.numel() for p in SeparableConv(4, 6, 3).parameters()) == twice


def test_the_dilated_convolution_reaches_two_pixels() -> None:
    x = torch.zeros(1, 1, 9, 9, requires_grad=True)
    DilatedSeparableConv(1, 1, 3)[1](x)[0, 0, 4, 4].backward()
    assert torch.argwhere(x.grad[0, 0])[:, 0].unique().tolist() == [2, 4, 6]


@pytest.mark.parametrize("size", [(1, 1), (4, 6), (5, 7), (8, 3)])
@pytest.mark.parametrize("channels", [2, 5])
def test_factorised_reduction_reads_two_grids(size: tuple[int, int], channels: int) -> None:
    reduction = FactorizedReduction(1, channels)
    for convolution in (reduction.straight, reduction.shifted):
        torch.nn.init.ones_(convolution.weight)
    reduction.norm = torch.nn.Identity()
    x = torch.rand(1, 1, *size) + 1
    out = reduction(x)
    assert out.shape == (1, channels, -(-size[0] // 2), -(-size[1] // 2))
    assert torch.equal(out[0, 0], x[0, 0, ::2, ::2])
    rows, columns = x[0, 0, 1::2, 1::2].shape
    assert torch.equal(out[0, -1, :rows, :columns], x[0, 0, 1::2, 1::2])
    assert (out[0, -1, rows:] == 0).all()
    assert (out[0, -1, :, columns:] == 0).all()
