"""Parameters and multiply-adds of a network, counted without running data.

A multiply-add is one multiplication in a convolution or linear layer, for one input; their
biases, normalisation, pooling, activations and sums are not counted. This is the convention of the
DARTS and NASNet papers; the column "FLOPs" of NAS-Bench-201 adds the biases of the classifier.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["Counts", "count"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What `count` found.

    Attributes:
        parameters: numbers that training changes; a shared one counts once.
        multiply_adds: of a forward pass for one input, in evaluation mode.
    """

    parameters: int
    multiply_adds: int


def count(network: nn.Module, input_shape: tuple[int, ...]) -> Counts:
    """Counts a network for inputs of a shape ``(channels, height, width)``.

    The network is left as it is: a copy runs on the meta device, where tensors have shapes and no
    values, so that even the largest networks take milliseconds.
    """
    total = 0

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Linear):
            total += output.numel() * module.in_features
        elif isinstance(module, nn.Conv2d):
            height, width = module.kernel_size
            total += output.numel() * height * width * module.in_channels // module.groups

    shadow = copy.deepcopy(network).to("meta").eval()
    for module in shadow.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(add)
    with torch.no_grad():
        shadow(torch.empty(1, *input_shape, device="meta"))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return Counts(parameters, total)
