"""The outputs of a network whose weights all have one value (epsinas)."""

import re
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.types import Batch
from nascast.networks.forward import forward
from nascast.proxies.passes.untrained import altered, tables

__all__ = ["constant_outputs"]

_BIAS = re.compile(r"(^|\.)bias(es)?(\.|$)")


def constant_outputs(network: nn.Module, batch: Batch, value: float) -> Tensor:
    """Returns the logits of the batch where every weight is `value` and every bias 0, flattened.

    Weights of normalisation are among them; tables of embeddings stay as they are, without which
    all words were one. All is in double precision, in which small weights survive deep networks.
    """
    kept = {id(table) for table in tables(network)}
    own = {name: id(parameter) for name, parameter in network.named_parameters()}

    def change(name: str, old: Tensor) -> Tensor:
        if own[name] in kept:
            return old
        return torch.full_like(old, 0.0 if _BIAS.search(name) else value)

    with torch.no_grad():
        constant = altered(network, change)
        for module in constant.modules():
            if isinstance(module, nn.Conv2d) and _sums(module):
                module.forward = partial(_convolved, module)  # type: ignore[method-assign]
        return forward(constant, batch).logits.flatten()


def _sums(module: nn.Conv2d) -> bool:
    own = type(module) is nn.Conv2d  # a class derived from it may have another forward pass
    return own and isinstance(module.padding, tuple) and module.padding_mode == "zeros"


def _convolved(module: nn.Conv2d, x: Tensor) -> Tensor:
    """Returns the result of a convolution without biases whose weights are equal.

    Its channels are all the same within a group, so that one of them is computed, by sums over
    channels, rows and columns; PyTorch's own convolutions are slow in double precision.
    """
    down, across = map(int, module.padding)
    sums = functional.pad(
        x.view(len(x), module.groups, -1, *x.shape[2:]).sum(2), (across, across, down, down)
    )
    for axis in (0, 1):
        size, step = module.kernel_size[axis], module.dilation[axis]
        windows = sums.unfold(2 + axis, (size - 1) * step + 1, module.stride[axis])
        sums = windows[..., ::step].sum(-1)
    wide = module.out_channels // module.groups
    one = module.weight[0, 0, 0, 0] * sums
    return one.unsqueeze(2).expand(-1, -1, wide, -1, -1).flatten(1, 2).contiguous()
