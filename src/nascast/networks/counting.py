"""Parameters and multiply-adds of a network, counted without running data.

A multiply-add is one multiplication in a convolution or matrix product, for one input; their
biases, normalisation, pooling, activations and sums are not counted. This is the convention of the
DARTS and NASNet papers; the column "FLOPs" of NAS-Bench-201 adds the biases of the classifier.
"""

import copy
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["Counts", "count"]


@dataclass(frozen=True, slots=True)
class Counts:
    """The size and cost of a network.

    Attributes:
        parameters: number of parameters that training changes; shared ones count once.
        multiply_adds: multiply-adds of a forward pass for one input, in evaluation mode.
    """

    parameters: int
    multiply_adds: int


def count(
    network: nn.Module, input_shape: tuple[int, ...], dtype: torch.dtype = torch.float32
) -> Counts:
    """Returns the counts of a network for inputs of a shape ``(channels, height, width)``.

    The network is left as it is: a copy runs on the meta device, where tensors have shapes and no
    values, so that even the largest networks take milliseconds. For a language model the shape is
    ``(1,)`` and `dtype` int64: the multiply-adds are those of one word.
    """
    shadow = copy.deepcopy(network).to("meta").eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        shadow(torch.empty(1, *input_shape, dtype=dtype, device="meta"))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Counts(parameters, counter.get_total_flops() // 2)
