"""The outputs of a network whose weights all have one value (epsinas)."""

import re

import torch
from torch import Tensor, nn

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
        return forward(altered(network, change), batch).logits.flatten()
