"""Placement of networks on a device, in the memory layout that trains fastest there."""

from typing import Any

import torch
from torch import nn

__all__ = ["device_here", "placed"]

_LANES = 8  # channels below which oneDNN's kernel goes wrong


def device_here(name: str) -> str:
    """Returns the device that a name stands for here: ``auto`` is a GPU if this process has one."""
    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def placed(network: nn.Module, device: str) -> nn.Module:
    """Returns the network on a device, in channels-last memory.

    On a CPU, 1×1 convolutions of stride 2 with less than 8 input channels get their input thinned
    out before, which computes the same: in channels-last memory the backward pass of oneDNN 3.12
    (PyTorch 2.13) writes beyond its buffers for them, which ends the process.
    """
    if torch.device(device).type == "cpu":
        for module in network.modules():
            if (
                isinstance(module, nn.Conv2d)
                and module.kernel_size == (1, 1)
                and module.padding == (0, 0)
                and module.stride != (1, 1)
                and module.in_channels < _LANES
            ):
                module.register_forward_pre_hook(_Thin(module.stride))
                module.stride = (1, 1)
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


class _Thin:
    """Thins out the rows and columns of a module's input by its stride."""

    def __init__(self, stride: tuple[int, ...]) -> None:
        self.stride = stride

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...]) -> Any:
        (x,) = inputs
        return x[..., :: self.stride[0], :: self.stride[1]]
