"""Images that stay bytes until they are a batch, in memory or in a file that is larger."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["Pixels", "chunks", "moments"]

_CHUNK = 2**22  # bytes of images that are worked on at once; chosen


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Images of uint8, of which an index gives a normalised float32 batch.

    Attributes:
        values: bytes ``(m, channels, height, width)``.
        rows: places ``(n,)`` of the images in `values`, int64.
        mean: means ``(1, channels, 1, 1)`` on a scale from 0 to 1.
        std: standard deviations ``(1, channels, 1, 1)`` on the same scale.
        mapped: whether `values` are mapped from a file, and may be larger than memory.
    """

    values: Tensor
    rows: Tensor
    mean: Tensor
    std: Tensor
    mapped: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> torch.Size:
        """The shape ``(n, channels, height, width)``."""
        return torch.Size((len(self.rows), *self.values.shape[1:]))

    @property
    def device(self) -> torch.device:
        """The device of batches."""
        return self.mean.device

    def __getitem__(self, places: Tensor | slice) -> Tensor:
        """Returns float32 ``(k, channels, height, width)`` images, channels last in memory."""
        return (self.raw(places) - self.mean) / self.std

    def raw(self, places: Tensor | slice) -> Tensor:
        """Returns images before normalisation, from 0 to 1, likewise."""
        rows = self.rows[places.to(self.rows.device) if isinstance(places, Tensor) else places]
        chosen = self.values[rows].to(self.device, memory_format=torch.channels_last)
        return chosen.float() / 255

    def to(self, device: str) -> "Pixels":
        """Returns the images on a device; those in a file stay there, and move batch by batch."""
        mean, std = self.mean.to(device), self.std.to(device)
        if self.mapped:
            return Pixels(self.values, self.rows, mean, std, mapped=True)
        return Pixels(self.values.to(device), self.rows.to(device), mean, std)


def chunks(images: npt.NDArray[np.uint8], rows: npt.NDArray[np.intp]) -> Iterator[Any]:
    """Yields places of images in order, so many at once as take little memory."""
    many = max(1, _CHUNK // max(images[0].size, 1))
    for start in range(0, len(rows), many):
        yield rows[start : start + many]


def moments(images: npt.NDArray[np.uint8], rows: npt.NDArray[np.intp]) -> tuple[Tensor, Tensor]:
    """Returns means and standard deviations of ``(m, height, width, channels)`` images by channel.

    Args:
        images: images, of which no more than some are read at once.
        rows: places of those that count.

    Returns:
        Two tensors ``(1, channels, 1, 1)`` on a scale from 0 to 1, from exact sums; deviations are
        at least 1e-6.
    """
    counts = np.zeros((images.shape[3], 256), dtype=np.int64)  # of each byte
    for some in chunks(images, rows):
        for channel, values in enumerate(np.moveaxis(images[np.sort(some)], 3, 0)):
            counts[channel] += np.bincount(values.ravel(), minlength=256)
    values = np.arange(256)
    n = len(rows) * images.shape[1] * images.shape[2]
    mean = counts @ values / n
    variance = np.maximum(counts @ values**2 - n * mean**2, 0) / max(n - 1, 1)
    shape = (1, -1, 1, 1)
    found = (torch.from_numpy(part.reshape(shape) / 255) for part in (mean, np.sqrt(variance)))
    first, second = (part.float() for part in found)
    return first, second.clamp_min(1e-6)
