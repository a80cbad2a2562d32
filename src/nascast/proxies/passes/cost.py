"""The multiply-adds of a network, counted in a forward pass for one input."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from nascast.core.types import Task
from nascast.networks.counting import HasIdle
from nascast.networks.forward import device_of, example
from nascast.proxies.passes.untrained import hooked

__all__ = ["multiply_adds"]


def multiply_adds(network: nn.Module, task: Task) -> int:
    """Returns the multiply-adds for one image, or one word, of the network as built.

    It is the count of `networks.counting`, without the copy of the network that is made there.
    """
    unused: list[tuple[nn.Module, Tensor]] = []

    def note(module: Any, inputs: tuple[Tensor, ...], _: Any) -> None:
        unused.extend((operation, inputs[0]) for operation in module.idle())

    mode, kinds = network.training, tuple({type(m) for m in network.modules() if _has_idle(m)})
    try:
        with torch.no_grad(), hooked(network, kinds, note), _Counter() as counter:
            network.eval()(example(task).to(device_of(network)))
            for operation, inputs in unused:
                operation(inputs)
    finally:
        network.train(mode)
    return int(counter.multiply_adds)


def _has_idle(module: nn.Module) -> bool:
    return isinstance(module, HasIdle)


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
