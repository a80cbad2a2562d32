"""The outputs of a network whose weights all have one value (epsinas)."""

import torch
from torch import Tensor, nn

from nascast.core.types import Batch
from nascast.networks.forward import forward
from nascast.proxies.passes.untrained import replaced, tables, weights, without_tracking

__all__ = ["constant_outputs"]


def constant_outputs(network: nn.Module, batch: Batch, value: float) -> Tensor:
    """Returns the logits of the batch where every weight of `weights` is `value`, flattened.

    Biases are 0. Normalisation and tables of embeddings stay as they are. All is in double
    precision, in which small weights survive deep networks.
    """
    embeddings = {id(table) for table in tables(network)}
    constant = [w for w in weights(network) if id(w) not in embeddings]
    biases = [
        p for name, p in network.named_parameters() if name.rpartition(".")[2].startswith("bias")
    ]
    rest = {id(p) for p in (*constant, *biases)}
    others = [p for p in network.parameters() if id(p) not in rest]
    with (
        torch.no_grad(),
        without_tracking(network),
        replaced(constant, lambda w: torch.full_like(w, value, dtype=torch.float64)),
        replaced(biases, lambda b: torch.zeros_like(b, dtype=torch.float64)),
        replaced(others, Tensor.double),
    ):
        return forward(network, batch).logits.flatten()
