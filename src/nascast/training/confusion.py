"""Which classes a classifier takes for which."""

import numpy as np
import torch
from torch import Tensor, nn

from nascast.training.pixels import Pixels

__all__ = ["confusion"]


@torch.no_grad()
def confusion(
    network: nn.Module, images: Tensor | Pixels, labels: Tensor, classes: int
) -> list[list[int]]:
    """Returns the numbers of images by their class (rows) and the class foretold (columns)."""
    network.eval()
    counts = np.zeros((classes, classes), dtype=np.int64)
    for start in range(0, len(labels), 500):  # as many as `evaluate` has
        found = network(images[start : start + 500]).argmax(1).cpu().numpy()
        np.add.at(counts, (labels[start : start + 500].cpu().numpy(), found), 1)
    return counts.tolist()
