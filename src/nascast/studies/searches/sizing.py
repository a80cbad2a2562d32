"""How large children and the best network are, and how long trained, by the time that there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from nascast.core.errors import UnsupportedError
from nascast.core.types import Architecture, Candidate
from nascast.studies.limits import Limits, limited

if TYPE_CHECKING:
    from nascast.core.space import SearchSpace

__all__ = [
    "CHILDREN",
    "KNOWN",
    "MOST",
    "SEARCH",
    "SIDES",
    "Rung",
    "Size",
    "batch_of",
    "chosen_size",
    "final_epochs",
    "final_size",
    "largest_side",
    "measured_rungs",
]

SEARCH = 0.5  # share of the time that is the search's, where its best network is trained; chosen

CHILDREN = 100  # that a search should train; chosen: `guided` has found what it finds by then
KNOWN = 25  # where records of other data say which architectures are good; chosen, as of tables
_EPOCHS = 3, 6, 20  # at least, those at which a larger network is taken instead, at most; chosen
_SIZES = (1, 4), (1, 8), (1, 16), (2, 16)  # repeats and filters of children; chosen
_FINAL_SIZES = (*_SIZES, (3, 32), (5, 32))  # and of the best network in the end; chosen
MOST = 100  # epochs of the best network at most; chosen
_ENOUGH = 1000  # steps at which it is taken larger instead, and 3 epochs; chosen
_IMAGES = 256  # trained on, where seconds are measured, and a quarter for validation; chosen
_PER_CLASS = 20  # training images at least; chosen
_STEPS = 100  # of a training at least, since fewer leave networks near chance; chosen
SIDES = 32, 64, 128  # pixels that larger images are brought to; chosen
_BATCHES = (1000, 64), (64, 16), (0, 4)  # images to train on, and those in a step; chosen
_USUAL = 2  # place of the size whose networks decide about them; chosen
_MEASURED = 3  # networks of a size; chosen


@dataclass(frozen=True, slots=True)
class Rung:
    """A size of networks.

    Attributes:
        skeleton: settings of the skeleton.
        seconds: seconds of training on one image once, a share of validation included.
    """

    skeleton: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True, slots=True)
class Size:
    """What is chosen for children.

    Attributes:
        rung: size of the networks.
        epochs: epochs of a training.
        images: number of training images.
        seconds: seconds of a child.
        more: factor by which the time must grow for something larger, and that in words; None where
            there is nothing.
    """

    rung: Rung
    epochs: int
    images: int
    seconds: float
    more: tuple[float, str] | None


def chosen_size(
    rungs: Sequence[Rung], images: int, classes: int, seconds: float, batch: int
) -> Size:
    """Returns the largest networks that can be trained for 6 epochs, or the smallest for 3.

    Either is for 100 steps too, or 20 epochs where images are that few. Where the smallest take too
    long, there are fewer images, though enough for these steps: a child may then take longer than
    it should, so that there are fewer children.

    Args:
        rungs: sizes of networks, the smallest first.
        images: number of training images that there are.
        classes: number of classes.
        seconds: seconds that a child may take.
        batch: number of images in a step.
    """
    shortest, enough, most = _EPOCHS
    least = min(max(shortest, -(-_STEPS // max(images // batch, 1))), most)
    enough = max(least, enough)
    place, affordable = _largest(rungs, images, seconds, enough)
    epochs = min(max(affordable, least), most)
    few = images
    if affordable < least:
        fewest = max(_PER_CLASS * classes, -(-_STEPS // shortest) * batch)
        few = min(images, max(int(seconds / (least * rungs[0].seconds)), fewest))
    cost = epochs * few * rungs[place].seconds
    larger: tuple[float, str] | None = None
    if few < images:
        larger = least * images * rungs[0].seconds, f"all {images:,} images"
    elif place + 1 < len(rungs):
        words = ", ".join(f"{k}={v}" for k, v in rungs[place + 1].skeleton.items())
        larger = enough * images * rungs[place + 1].seconds, f"networks of {words}"
    elif epochs < most:
        larger = most * images * rungs[place].seconds, f"{most} epochs"
    more = None if larger is None else (max(larger[0] / seconds, 1.0), larger[1])
    return Size(rungs[place], epochs, few, cost, more)


def largest_side(rungs: Sequence[Rung], images: int, seconds: float) -> int:
    """Returns the largest side of images at which a network of 16 filters has 6 epochs.

    Args:
        rungs: sizes of networks with images of the smallest side, the smallest first.
        images: number of training images.
        seconds: seconds that a child may take.
    """
    usual = rungs[min(_USUAL, len(rungs) - 1)].seconds * images * _EPOCHS[1]
    fit = (side for side in SIDES if usual * (side / SIDES[0]) ** 2 <= seconds)
    return max(fit, default=SIDES[0])


def batch_of(images: int) -> tuple[int, float]:
    """Returns the number of images in a step, and the learning rate that goes with it.

    Few images make a step smaller, since there would be few steps; the rate goes with its root.

    Args:
        images: number of training images.
    """
    from nascast.training.recipes import named_recipe

    usual = named_recipe("child")
    batch = min(next(size for least, size in _BATCHES if images >= least), images)
    return batch, usual.learning_rate * (batch / usual.batch_size) ** 0.5


def final_size(rungs: Sequence[Rung], images: int, seconds: float, enough: int) -> tuple[Rung, int]:
    """Returns the largest of some sizes that can be trained for enough epochs, and its epochs.

    They are one at least, and 100 at most; where no size can, it is the smallest.

    Args:
        rungs: sizes of one network, the smallest first.
        images: number of training images.
        seconds: seconds that there are.
        enough: epochs, see `final_epochs`.
    """
    place, affordable = _largest(rungs, images, seconds, enough)
    return rungs[place], min(max(affordable, 1), MOST)


def _largest(rungs: Sequence[Rung], images: int, seconds: float, enough: int) -> tuple[int, int]:
    """Returns the place of the largest size with enough epochs, else 0, and the epochs of it."""
    affordable = [int(seconds / (rung.seconds * images)) for rung in rungs]
    place = max((i for i, epochs in enumerate(affordable) if epochs >= enough), default=0)
    return place, affordable[place]


def final_epochs(images: int, batch: int) -> int:
    """Returns from how many epochs on a larger network is better than more of them.

    Args:
        images: number of training images.
        batch: number of images in a step.
    """
    return min(max(_EPOCHS[0], -(-_ENOUGH * batch // images)), MOST)


def measured_rungs(
    space: "SearchSpace",
    data: str,
    images: tuple[int, int],
    seconds: float,
    device: str,
    limits: Limits,
    *,
    side: int | None = None,
    epochs: int = _EPOCHS[1],
    likely: Sequence[Architecture] = (),
    best: tuple[Architecture, Mapping[str, Any]] | None = None,
) -> list[Rung]:
    """Returns sizes of networks with what they cost here, the smallest first.

    Each is measured on a few images, by architectures that keep to the limits, until one is larger
    than `seconds` allow or than the limits do.

    Args:
        space: search space.
        data: source of the images.
        images: numbers of training and of validation images that there are.
        seconds: seconds that a training may take.
        device: name of the device.
        limits: limits on the cost of a network.
        side: pixels that images are brought to; None leaves them as they are.
        epochs: epochs that it should have.
        likely: architectures that children are likely to have, of which some are measured; where
            none keeps to the limits, or there is none, random ones are.
        best: architecture that alone is measured, with the smallest skeleton for it, which keeps to
            the limits, up to larger ones than children have; or None.

    Raises:
        UnsupportedError: no network of the smallest size keeps to the limits.
    """
    from nascast.training.data import Split
    from nascast.training.evaluator import TrainingEvaluator
    from nascast.training.recipes import named_recipe

    recipe = named_recipe("child", epochs=1, batch_size=batch_of(images[0])[0])
    few = min(_IMAGES, images[0], max(3 * images[0] // 4, recipe.batch_size))
    held = max(min(few // 4, images[1]), 1)
    split = Split(train=few, validation=held, test=1, size=side)
    found = list[Rung]()
    for size in _sizes(space) if best is None else _sizes_from(space, best[1]):
        evaluator = TrainingEvaluator(
            space, data, recipe, split=split, skeleton=size, device=device
        )
        try:
            allowed = limited(space, evaluator, limits)
            drawn = _kept(allowed, likely) if best is None else [best[0]]
            # The search has judged its own size; a latency that is measured anew may be longer.
            if best is not None and found and not allowed.is_valid(best[0].row())[0]:
                break
        except UnsupportedError:
            if not found:
                raise
            break
        if not found:  # what the first training does once
            evaluator.evaluate(Candidate(drawn[0]), 0)
        spent = [evaluator.evaluate(Candidate(arch), 0).seconds for arch in drawn]
        found.append(Rung(size, float(np.mean(spent)) / few))
        if epochs * images[0] * found[-1].seconds > seconds:
            break
    return found


def _kept(space: "SearchSpace", likely: Sequence[Architecture]) -> list[Architecture]:
    """Returns the first architectures of the space, or random ones where none is of it."""
    kept = list(islice((arch for arch in likely if space.is_valid(arch.row())[0]), _MEASURED))
    if kept:
        return kept
    rows = space.sample(_MEASURED, np.random.default_rng(0))
    return [space.architecture(row) for row in rows]


def _sizes(space: "SearchSpace", sizes: Sequence[tuple[int, int]] = _SIZES) -> list[dict[str, int]]:
    """Returns settings of the skeleton, the smallest first; empty ones where there are none."""
    found: list[dict[str, int]] = []
    for values in sizes:
        own = {name: n for name, n in zip(space.scales, values, strict=True) if name}
        if own not in found:
            found.append(own)
    return found


def _sizes_from(space: "SearchSpace", smallest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Returns settings of the skeleton from some on, those where there are no larger ones."""
    sizes = _sizes(space, _FINAL_SIZES)
    return sizes[sizes.index(dict(smallest)) :] if smallest in sizes else [dict(smallest)]
