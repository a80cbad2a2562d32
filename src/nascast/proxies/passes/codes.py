"""Which rectified units are active for which images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nascast.core.errors import UnsupportedError
from nascast.core.types import Floats

__all__ = ["Agreement", "agreement", "patterns"]


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """How many rectified units are active for two images.

    Attributes:
        units: number of all units.
        both: ``(n, n)``: number of units that are active for both of two images.
    """

    units: int
    both: Floats


def agreement(rectified: list[Tensor]) -> Agreement:
    """Returns the agreement of n images by what ReLUs returned, ``(n, …)`` each.

    Raises:
        UnsupportedError: there are no ReLUs, as in recurrent networks.
    """
    units, found = 0, _by_image(rectified)
    both = found[0].new_zeros(len(found[0]), len(found[0]), dtype=torch.float64)
    for result in found:
        active = result.sign()
        both += active @ active.T  # exact: counts are whole numbers below 2²⁴
        units += active.shape[1]
    return Agreement(units, np.asarray(both.cpu().numpy()))


def patterns(rectified: list[Tensor]) -> npt.NDArray[Any]:
    """Returns ``(units,)``: the images for which each unit is active, as the bits of one value.

    Values are unsigned integers for up to 64 images, and strings of bytes for more.

    Raises:
        UnsupportedError: there are no ReLUs, as in recurrent networks.
    """
    found = [np.packbits((x > 0).cpu().numpy(), axis=0).T for x in _by_image(rectified)]
    bits = np.concatenate(found)
    width = next((size for size in (1, 2, 4, 8) if size >= bits.shape[1]), bits.shape[1])
    padded = np.zeros((len(bits), width), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(f"u{width}" if width <= 8 else f"V{width}")[:, 0]


def _by_image(rectified: list[Tensor]) -> list[Tensor]:
    """Returns ``(n, units)`` each; the order of units is theirs in memory."""
    if not rectified:
        raise UnsupportedError("the codes of ReLUs are scored, and the network has no ReLU layer")
    maps = [x.detach().permute(0, 2, 3, 1) if x.ndim == 4 else x.detach() for x in rectified]
    return [x.reshape(len(x), -1) for x in maps]
