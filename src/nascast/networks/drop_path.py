"""Drop path: whole operations of a cell are left out at random while training.

Introduced for fractal networks (Larsson et al. 2017, https://arxiv.org/abs/1605.07648); NASNet
(https://arxiv.org/abs/1707.07012) lets the probability grow linearly during training.
"""

import torch
from torch import Tensor, nn

__all__ = ["DropPath", "set_drop_path_progress"]


class DropPath(nn.Module):
    """Zeroes each sample with some probability and scales the others up to keep the mean.

    A fresh module is at the beginning of its training and drops nothing: the probability grows with
    `progress`, which `set_drop_path_progress` sets. In evaluation mode nothing is dropped.

    Attributes:
        probability: probability of dropping when training ends.
        progress: share of the training that is over, 0 to 1.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability
        self.progress = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` to the same shape."""
        drop = self.probability * self.progress
        if not self.training or drop == 0:
            return x
        kept = torch.empty(len(x), 1, 1, 1, dtype=x.dtype, device=x.device).bernoulli_(1 - drop)
        return x * (kept / (1 - drop))

    def extra_repr(self) -> str:
        return f"probability={self.probability}"


def set_drop_path_progress(network: nn.Module, progress: float) -> None:
    """Sets the share of the training that is over in every `DropPath` of a network.

    A training loop calls it once an epoch (DARTS) or once a step (NASNet) with the fraction that is
    done; more than 1 counts as 1. Networks without drop path are left as they are.
    """
    for module in network.modules():
        if isinstance(module, DropPath):
            module.progress = min(max(progress, 0.0), 1.0)
