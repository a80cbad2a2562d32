"""Passes through an untrained network; proxies that share a pass share its result."""

import torch
from torch import Tensor, nn

from nascast.core.ledger import Ledger
from nascast.core.types import Architecture, Batch

__all__ = ["fresh_network", "input_jacobian", "synflow_terms"]


def fresh_network(ledger: Ledger, arch: Architecture, seed: int) -> nn.Module:
    """Returns the network with the initial weights of a seed, in training mode.

    The process's own random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        # PyTorch's own `manual_seed` also queues seeds for devices that never start, in every call.
        torch.default_generator.manual_seed(seed)
        return ledger.network(arch).train()


def input_jacobian(network: nn.Module, batch: Batch) -> Tensor:
    """Returns ``(n, channels · height · width)``: each image's gradient of its summed logits.

    Weight gradients are not computed and channels stand last in memory, which together make the
    pass three times as fast on a CPU.
    """
    network.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    inputs = torch.from_numpy(batch.inputs).contiguous(memory_format=torch.channels_last)
    inputs.requires_grad_()
    network(inputs).sum().backward()
    assert inputs.grad is not None
    return inputs.grad.flatten(1)


def synflow_terms(network: nn.Module, input_shape: tuple[int, int, int]) -> list[Tensor]:
    """Returns ``|w ∂R/∂w|`` of every convolution and linear weight, in double precision.

    R is the sum of the logits for an input of ones, with all weights made positive and batch
    normalisation left out. The network is used up.
    """
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(parent, name, nn.Identity())
    network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    network(torch.ones(1, *input_shape, dtype=torch.float64)).sum().backward()
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    return [(m.weight * m.weight.grad).abs() for m in layers if m.weight.grad is not None]
