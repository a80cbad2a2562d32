"""Which rectified units are active for which images."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nascast.core.errors import UnsupportedError
from nascast.core.types import Floats

__all__ = ["Codes", "codes"]


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """The binary codes of n images: one bit for each unit of each ReLU, set where it is active.

    Attributes:
        units: number of units.
        both: ``(n, n)``: number of units that are active for both of two images.
        patterns: ``(units, ⌈n / 8⌉)`` uint8: the images for which each unit is active, as bits.
    """

    units: int
    both: Floats
    patterns: npt.NDArray[np.uint8]


def codes(rectified: list[Tensor]) -> Codes:
    """Returns the codes of what ReLUs returned, ``(n, …)`` each.

    Raises:
        UnsupportedError: there are none, as in recurrent networks.
    """
    if not rectified:
        raise UnsupportedError("the codes of ReLUs are scored, and the network has no ReLU layer")
    n = len(rectified[0])
    both = torch.zeros(n, n, dtype=torch.float64)
    patterns = []
    for result in rectified:
        # The order of units does not count; this is theirs in memory.
        maps = result.detach().permute(0, 2, 3, 1) if result.ndim == 4 else result.detach()
        active = maps.reshape(n, -1) > 0
        as_numbers = active.float()
        both += as_numbers @ as_numbers.T  # exact: counts are whole numbers below 2²⁴
        patterns.append(np.packbits(active.numpy(), axis=0).T)
    found = np.ascontiguousarray(np.concatenate(patterns))
    return Codes(len(found), np.asarray(both.numpy()), found)
