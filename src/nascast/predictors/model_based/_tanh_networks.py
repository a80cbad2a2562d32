"""Small fully connected tanh networks, several of one shape in one tensor program."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch

__all__ = ["hidden", "outputs", "weights"]

Weights = list[torch.Tensor]


def weights(sizes: Sequence[int], members: int, generator: torch.Generator) -> Weights:
    """Returns weights ``(members, in, out)`` and biases ``(members, 1, out)`` by turns.

    Weights have variance 1 / in, as LeCun's initialisation has them; biases are 0.
    """
    found = []
    for before, after in pairwise(sizes):
        drawn = torch.randn(members, before, after, generator=generator, dtype=torch.float64)
        bias = torch.zeros(members, 1, after, dtype=torch.float64)
        found += [drawn / math.sqrt(max(before, 1)), bias]  # no column may vary
    return found


def hidden(x: torch.Tensor, layers: Weights) -> torch.Tensor:
    """Returns ``(members, n, width)``: the last hidden layer at ``(n, d)`` or a batch of them."""
    for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        x = torch.tanh(x @ weight + bias)
    return x


def outputs(x: torch.Tensor, layers: Weights) -> torch.Tensor:
    """Returns ``(members, n)``: the outputs at ``(n, d)`` rows."""
    return (hidden(x, layers) @ layers[-2] + layers[-1])[..., 0]
