"""Parameters and multiply-adds of a network, counted without running data.

A multiply-add is one multiplication in a convolution or matrix product, for one input; their
biases, normalisation, pooling, activations and sums are not counted. This is the convention of the
DARTS and NASNet papers; the column "FLOPs" of NAS-Bench-201 adds the biases of the classifier.

There are two counts. A network *as built* has every operation that stands in it, also one that is
dead: fed by nothing, or feeding nothing. That is what benchmarks record, and what parameters are
counted of too. Of *live* operations only, the count is what a forward pass costs here, since dead
ones are not run.
"""

import copy
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["Counts", "HasIdle", "count", "parameters"]


@runtime_checkable
class HasIdle(Protocol):
    """A module with operations that stand in it without being run."""

    def idle(self) -> list[nn.Module]:
        """Returns them; each takes what the module takes."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """What `count` found.

    Attributes:
        parameters: numbers that training changes; a shared one counts once.
        multiply_adds: of the network as built, for one input, in evaluation mode.
        live_multiply_adds: of the operations that are run.
    """

    parameters: int
    multiply_adds: int
    live_multiply_adds: int


def count(
    network: nn.Module, input_shape: tuple[int, ...], dtype: torch.dtype = torch.float32
) -> Counts:
    """Counts a network for inputs of a shape ``(channels, height, width)``.

    The network is left as it is: a copy runs on the meta device, where tensors have shapes and no
    values, so that even the largest networks take milliseconds. For a language model the shape is
    ``(1,)`` and `dtype` int64: the multiply-adds are those of one word.
    """
    shadow = copy.deepcopy(network).to("meta").eval()
    unused: list[tuple[nn.Module, Tensor]] = []

    def note(module: Any, inputs: tuple[Tensor, ...], _: Any) -> None:
        unused.extend((operation, inputs[0]) for operation in module.idle())

    for module in shadow.modules():
        if isinstance(module, HasIdle):
            module.register_forward_hook(note)
    with torch.no_grad():
        with FlopCounterMode(display=False) as live:
            shadow(torch.empty(1, *input_shape, dtype=dtype, device="meta"))
        with FlopCounterMode(display=False) as dead:
            for operation, inputs in unused:
                operation(inputs)
    multiply_adds = live.get_total_flops() // 2
    built = multiply_adds + dead.get_total_flops() // 2
    return Counts(parameters(network), built, multiply_adds)


def parameters(network: nn.Module) -> int:
    """Returns how many numbers training changes; a shared one counts once."""
    return sum(parameter.numel() for parameter in network.parameters())
