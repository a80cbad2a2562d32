"""Separable and dilated convolutions, and factorised reduction.

They are the building blocks of the NASNet family (Zoph et al., CVPR 2018,
https://arxiv.org/abs/1707.07012) and of DARTS (Liu et al., ICLR 2019,
https://arxiv.org/abs/1806.09055). With stride 2 every one of them maps a side of h to ⌈h/2⌉.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DilatedSeparableConv", "FactorizedReduction", "SeparableConv"]


class SeparableConv(nn.Sequential):
    """ReLU, depthwise and 1×1 convolution, batch normalisation; all of it twice.

    The stride is taken by the first depthwise convolution, the change of channels by the first 1×1.
    """

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(
            *_separable(c_in, c_out, kernel, stride), *_separable(c_out, c_out, kernel)
        )


class DilatedSeparableConv(nn.Sequential):
    """ReLU, depthwise convolution of dilation 2, 1×1 convolution, batch normalisation; once."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(*_separable(c_in, c_out, kernel, stride, dilation=2))


def _separable(
    c_in: int, c_out: int, kernel: int, stride: int = 1, dilation: int = 1
) -> tuple[nn.Module, ...]:
    padding = dilation * (kernel // 2)
    depthwise = nn.Conv2d(
        c_in, c_in, kernel, stride, padding, dilation=dilation, groups=c_in, bias=False
    )
    return nn.ReLU(), depthwise, nn.Conv2d(c_in, c_out, 1, bias=False), nn.BatchNorm2d(c_out)


class FactorizedReduction(nn.Module):
    """Two 1×1 convolutions of stride 2, the second shifted by one pixel, joined and normalised.

    The shifted path reads zeros beyond the last row and column, so that odd sizes work too. An odd
    number of channels gives the second path one more than the first.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.straight = nn.Conv2d(c_in, c_out // 2, 1, stride=2, bias=False)
        self.shifted = nn.Conv2d(c_in, c_out - c_out // 2, 1, stride=2, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c_in, h, w)`` to ``(n, c_out, ⌈h/2⌉, ⌈w/2⌉)``."""
        moved = functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        both = torch.cat([self.straight(x), self.shifted(moved)], dim=1)
        return self.norm(both)  # type: ignore[no-any-return]
