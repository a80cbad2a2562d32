"""Operations on feature maps, each keeping or halving height and width."""

from torch import Tensor, nn

__all__ = ["Nothing", "ReluConvNorm", "ResidualReduction", "average_pool", "pool_reduction"]


class ReluConvNorm(nn.Sequential):
    """ReLU, convolution without bias, batch normalisation."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(c_in, c_out, kernel, stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(c_out),
        )


class Nothing(nn.Module):
    """Zeros of the input's shape, through which zero gradients flow."""

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` to zeros of the same shape."""
        return x * 0


def average_pool() -> nn.Module:
    """Returns 3×3 average pooling of stride 1 that leaves the padding out of the mean."""
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


class ResidualReduction(nn.Module):
    """The basic residual block of stride 2 between the stages of NAS-Bench-201.

    The shortcut is average pooling and a 1×1 convolution. Odd sizes are rounded up on both paths.
    """

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ReluConvNorm(c_in, c_out, 3, stride=2), ReluConvNorm(c_out, c_out, 3)
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, stride=2, ceil_mode=True), nn.Conv2d(c_in, c_out, 1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c_in, h, w)`` to ``(n, c_out, ⌈h/2⌉, ⌈w/2⌉)``."""
        return self.shortcut(x) + self.body(x)  # type: ignore[no-any-return]


def pool_reduction(c_in: int, c_out: int) -> nn.Module:
    """Returns average pooling of stride 2, a 1×1 convolution and batch normalisation.

    It adds no depth of its own, so that the cells alone decide what a small network can learn.
    """
    return nn.Sequential(
        nn.AvgPool2d(2, stride=2, ceil_mode=True),
        nn.Conv2d(c_in, c_out, 1, bias=False),
        nn.BatchNorm2d(c_out),
    )
