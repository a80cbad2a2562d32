"""Layers of an ensemble: every tensor has one entry for each member in front.

One tensor program then trains all members, which for networks of this size costs little more than
training one.
"""

import math

import torch
from torch import Tensor, nn

from nascast.core.types import Floats
from nascast.predictors.model_based.regression.losses import LOSSES

__all__ = ["Linear", "Network", "Norm"]


class Network(nn.Module):
    """An ensemble of networks that score architectures.

    Attributes:
        members: number of networks.
    """

    members: int

    def read(self, x: Floats) -> tuple[Tensor, ...]:
        """Returns features ``(n, d)`` as the tensors that `forward` takes, n entries each.

        `forward` returns ``(m, n)`` scores, larger is better.
        """
        raise NotImplementedError

    def loss(self, name: str, inputs: tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Returns the loss of that name on n rows, summed over members."""
        return LOSSES[name](self(*inputs), targets)


class Linear(nn.Module):
    """An affine map for each member, Xavier-uniform at birth with biases of zero."""

    def __init__(self, members: int, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__()
        bound = math.sqrt(6 / (inputs + outputs))
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.zeros(members, 1, outputs)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(m or 1, …, inputs)`` to ``(m, …, outputs)``."""
        members, inputs, outputs = self.weight.shape
        flat = x.reshape(x.shape[0], -1, inputs).expand(members, -1, -1)
        if self.bias is None:
            out = torch.bmm(flat, self.weight)
        else:
            out = torch.baddbmm(self.bias, flat, self.weight)
        return out.reshape(members, *x.shape[1:-1], outputs)


class Norm(nn.Module):
    """Layer normalisation over the last axis, with a scale and a shift for each member."""

    def __init__(self, members: int, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(members, 1, width))
        self.shift = nn.Parameter(torch.zeros(members, 1, width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalises ``(m, …, width)``."""
        members, width = x.shape[0], x.shape[-1]
        flat = nn.functional.layer_norm(x, (width,)).reshape(members, -1, width)
        return (flat * self.scale + self.shift).reshape(x.shape)
