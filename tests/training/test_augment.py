"""Changes of training images, against what each of them may do."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nascast.training._augment import augment
from nascast.training.recipe import Recipe


def changed(batch: Tensor, recipe: Recipe, seed: int = 0) -> Tensor:
    return augment(batch, recipe, torch.Generator().manual_seed(seed))


def noise(n: int = 40, side: int = 6) -> Tensor:
    return torch.randn(n, 2, side, side, generator=torch.Generator().manual_seed(n))


def windows(larger: Tensor, side: int) -> Tensor:
    """All windows of one enlarged image: (places², c, side, side)."""
    found = larger.unfold(1, side, 1).unfold(2, side, 1)
    return found.permute(1, 2, 0, 3, 4).flatten(0, 1)


@pytest.mark.parametrize("upsampled", [False, True])
def test_crops_are_windows_of_the_larger_image(upsampled: bool) -> None:
    batch = noise()
    recipe = Recipe(flip=False, crop=2, crop_upsampled=upsampled)
    if upsampled:
        larger = functional.interpolate(batch, (10, 10), mode="bilinear", align_corners=False)
    else:
        larger = functional.pad(batch, (2, 2, 2, 2))
    places = []
    for own, image in zip(changed(batch, recipe), larger, strict=True):
        same = (windows(image, 6) == own).all((1, 2, 3))
        assert same.sum() == 1
        places.append(int(same.to(torch.int8).argmax()))
    rows, columns = np.divmod(places, 5)
    assert set(rows) == set(columns) == set(range(5))
    assert len(set(places)) > 12  # rows and columns are drawn apart, for each image


def test_crops_stay_in_channels_last_memory() -> None:
    batch = noise().to(memory_format=torch.channels_last)
    own = changed(batch, Recipe(crop=2, cutout=3))
    assert own.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("side", [1, 3, 4])
def test_cutout_is_a_square_that_the_border_cuts_off(side: int) -> None:
    batch = torch.ones(300, 2, 6, 5)
    own = changed(batch, Recipe(flip=False, cutout=side))
    assert torch.equal(own[:, 0], own[:, 1])
    rows = (own[:, 0] == 0).any(2).sum(1)
    columns = (own[:, 0] == 0).any(1).sum(1)
    assert torch.equal((own[:, 0] == 0).sum((1, 2)), rows * columns)
    assert rows.max() == columns.max() == side
    assert rows.min() >= side // 2
    where = (own[:, 0] == 0).float().mean(0)
    assert (where > 0).all()
    # As DARTS draws it: the centre is anywhere in the image, so that the border is hit less often.
    centres = [(y, x) for y in range(6) for x in range(5)]
    expected = torch.zeros(6, 5)
    for y, x in centres:
        top, left = max(y - side // 2, 0), max(x - side // 2, 0)
        expected[top : y - side // 2 + side, left : x - side // 2 + side] += 1 / len(centres)
    assert torch.allclose(where, expected, atol=0.1)


def test_the_order_is_crop_flip_cutout() -> None:
    batch = noise(12)
    generator = torch.Generator().manual_seed(3)
    recipe = Recipe(crop=1, cutout=2)
    step = augment(batch, Recipe(flip=False, crop=1), generator)
    step = augment(step, Recipe(), generator)
    step = augment(step, Recipe(flip=False, cutout=2), generator)
    assert torch.equal(changed(batch, recipe, 3), step)


def test_nothing_is_drawn_for_what_is_not_asked_for() -> None:
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    batch = noise()
    assert torch.equal(augment(batch, Recipe(flip=False), generator), batch)
    assert torch.equal(generator.get_state(), before)
