"""The outputs of a network whose weights all have one value (epsinas)."""

import re

import torch
from torch import Tensor, nn

from nascast.core.types import Batch
from nascast.networks.forward import forward
from nascast.proxies.passes.untrained import altered, tables, weights

__all__ = ["constant_outputs"]

_BIAS = re.compile(r"(^|\.)bias(es)?(\.|$)")


def constant_outputs(network: nn.Module, batch: Batch, value: float) -> Tensor:
    """Returns the logits of the batch where every weight of `weights` is `value`, flattened.

    Biases are 0. Normalisation and tables of embeddings stay as they are. All is in double
    precision, in which small weights survive deep networks.
    """
    constant = {id(w) for w in weights(network)} - {id(table) for table in tables(network)}
    own = {name: id(parameter) for name, parameter in network.named_parameters()}

    def change(name: str, old: Tensor) -> Tensor:
        if own[name] in constant:
            return torch.full_like(old, value)
        return old * (not _BIAS.search(name))

    with torch.no_grad():
        return forward(altered(network, change), batch).logits.flatten()
