"""Random changes of training images, on whole batches of tensors.

Places are drawn on the CPU, from the generator of the training, so that a training is the same on
every device and can be continued.
"""

import torch
from torch import Tensor
from torch.nn import functional

from nascast.training.recipe import Recipe

__all__ = ["augment"]


def augment(batch: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Returns the images ``(n, c, h, w)`` cropped, mirrored and cut as a recipe says."""
    if recipe.crop:
        batch = _crop(batch, recipe, generator)
    if recipe.flip:
        mirrored = torch.rand(len(batch), generator=generator) < 0.5
        batch = torch.where(mirrored.to(batch.device)[:, None, None, None], batch.flip(3), batch)
    if recipe.cutout:
        batch = _cutout(batch, recipe.cutout, generator)
    return batch


def _draw(count: int, places: int, generator: torch.Generator, device: torch.device) -> Tensor:
    return torch.randint(places, (count,), generator=generator).to(device)


def _crop(batch: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Returns windows of the images' own size from larger ones, each at its own place.

    The larger image is the image with a border of zeros, which is the mean colour, or enlarged.
    """
    (n, _, height, width), by = batch.shape, recipe.crop
    if recipe.crop_upsampled:
        size = (height + 2 * by, width + 2 * by)
        larger = functional.interpolate(batch, size, mode="bilinear", align_corners=False)
    else:
        larger = functional.pad(batch, (by, by, by, by))
    device = batch.device
    top, left = (_draw(n, 2 * by + 1, generator, device)[:, None] for _ in range(2))
    rows = (top + torch.arange(height, device=device))[:, :, None]
    columns = (left + torch.arange(width, device=device))[:, None, :]
    image = torch.arange(n, device=device)[:, None, None]
    windows = larger.permute(0, 2, 3, 1)[image, rows, columns].contiguous()
    return windows.permute(0, 3, 1, 2)  # in channels-last memory


def _cutout(batch: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Returns images with a square around a random pixel zero, https://arxiv.org/abs/1708.04552."""
    n, _, height, width = batch.shape
    kept = []
    for length in (height, width):
        centre = _draw(n, length, generator, batch.device)[:, None]
        place = torch.arange(length, device=batch.device) - (centre - side // 2)
        kept.append((place >= 0) & (place < side))
    hole = kept[0][:, None, :, None] & kept[1][:, None, None, :]
    return torch.where(hole, 0.0, batch)  # unlike masked_fill, it keeps the memory layout
