"""Depth and memory of a network for one input, found without running data."""

import copy
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

__all__ = ["Footprint", "footprint"]

_WEIGHTED = {  # a convolution, and the matrix products that linear layers are
    *("convolution", "_convolution", "mm", "addmm", "bmm", "baddbmm", "matmul", "linear"),
}


@dataclass(frozen=True, slots=True)
class Footprint:
    """What `footprint` found.

    Attributes:
        depth: the most convolutions and linear layers on a path from input to output.
        weight_bytes: of parameters and buffers, such as running statistics.
        activation_bytes: the most that inputs and results take at one moment of a forward pass
            without gradients, beside the weights; where results are kept for training it is more.
    """

    depth: int
    weight_bytes: int
    activation_bytes: int

    @property
    def memory_bytes(self) -> int:
        """What a forward pass needs in all."""
        return self.weight_bytes + self.activation_bytes


def footprint(
    network: nn.Module, input_shape: tuple[int, ...], dtype: torch.dtype = torch.float32
) -> Footprint:
    """Returns depth and memory for one input of a shape ``(channels, height, width)``.

    As in `count`, a copy in evaluation mode runs on the meta device; operations that are not run
    have no part in it. Numbers are those of the network's types, float32 as a rule.
    """
    shadow = copy.deepcopy(network).to("meta").eval()
    size = sum(t.numel() * t.element_size() for t in (*network.parameters(), *network.buffers()))
    weights = [*shadow.parameters(), *shadow.buffers()]  # tied ones are no longer one on meta
    with torch.no_grad(), _Walk(weights) as walk:
        inputs = torch.empty(1, *input_shape, dtype=dtype, device="meta")
        result = shadow(inputs)
    depth = max(walk.depth.get(tensor, 0) for tensor in _tensors(result))
    return Footprint(depth, size, walk.most)


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _tensors(value)


class _Walk(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows a forward pass: how deep each tensor is, and how much is held at a time."""

    def __init__(self, weights: list[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.depth: Any = WeakTensorKeyDictionary()
        self.held = self.most = 0
        self.holders: Counter[int] = Counter()  # tensors of each storage: views share one
        self.weights = {weight.untyped_storage()._cdata for weight in weights}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        read = [*_tensors(args), *_tensors([*(kwargs or {}).values()])]
        deepest = max((self.depth.get(tensor, 0) for tensor in read), default=0)
        deepest += func.overloadpacket.__name__ in _WEIGHTED
        for tensor in _tensors(result):
            if tensor not in self.depth:  # else the operation wrote into it
                self._hold(tensor)
            self.depth[tensor] = max(deepest, self.depth.get(tensor, 0))
        return result

    def _hold(self, tensor: Tensor) -> None:
        """Adds what a tensor's storage takes until nothing holds it."""
        storage = tensor.untyped_storage()
        if storage._cdata in self.weights:
            return
        if not self.holders[storage._cdata]:
            self.held += storage.nbytes()
            self.most = max(self.most, self.held)
        self.holders[storage._cdata] += 1
        weakref.finalize(tensor, self._free, storage._cdata, storage.nbytes())

    def _free(self, storage: int, size: int) -> None:
        self.holders[storage] -= 1
        if not self.holders[storage]:
            self.held -= size
