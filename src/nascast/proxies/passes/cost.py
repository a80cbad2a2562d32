"""The multiply-adds of a network, counted in a forward pass for one input."""

from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from nascast.core.types import Task
from nascast.networks.forward import example

__all__ = ["multiply_adds"]


def multiply_adds(network: nn.Module, task: Task) -> int:
    """Returns the multiply-adds for one image, or one word, of the operations that are run.

    It is the count of `networks.counting`, without the copy of the network that is made there.
    """
    mode = network.training
    try:
        with torch.no_grad(), _Counter() as counter:
            network.eval()(example(task))
    finally:
        network.train(mode)
    return int(counter.multiply_adds)


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the multiply-adds of convolutions and matrix products."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.multiply_adds: int = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        cost = flop_registry.get(func.overloadpacket)
        if cost is not None:
            self.multiply_adds += int(cost(*args, **(kwargs or {}), out_val=result)) // 2
        return result
