"""How large children are and how long they are trained, by the time that there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nascast.core.errors import UnsupportedError
from nascast.core.types import Candidate
from nascast.studies.limits import Limits, limited

if TYPE_CHECKING:
    from nascast.core.space import SearchSpace

__all__ = ["CHILDREN", "Rung", "Size", "chosen_size", "measured_rungs"]

CHILDREN = 100  # that a search should train; chosen: `guided` has found what it finds by then
_EPOCHS = 3, 6, 20  # at least, those at which a larger network is taken instead, at most; chosen
_SIZES = (1, 4), (1, 8), (1, 16), (2, 16)  # repeats and filters of children; chosen
_IMAGES = 256  # trained on, where seconds are measured, and a quarter for validation; chosen
_PER_CLASS = 20  # training images at least; chosen
_MEASURED = 3  # random networks of a size; chosen


@dataclass(frozen=True, slots=True)
class Rung:
    """A size of children.

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


def chosen_size(rungs: Sequence[Rung], images: int, classes: int, seconds: float) -> Size:
    """Returns the largest networks that can be trained for 6 epochs, or the smallest for 3.

    Where that takes too long too, there are fewer images.

    Args:
        rungs: sizes of networks, the smallest first.
        images: number of training images that there are.
        classes: number of classes.
        seconds: seconds that a child may take.
    """
    least, enough, most = _EPOCHS
    affordable = [int(seconds / (rung.seconds * images)) for rung in rungs]
    place = max((i for i, epochs in enumerate(affordable) if epochs >= enough), default=0)
    epochs = min(max(affordable[place], least), most)
    few = images
    if affordable[place] < least:
        few = min(images, max(int(seconds / (least * rungs[0].seconds)), _PER_CLASS * classes))
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


def measured_rungs(
    space: "SearchSpace",
    data: str,
    images: tuple[int, int],
    seconds: float,
    device: str,
    limits: Limits,
) -> list[Rung]:
    """Returns sizes of children with what they cost here, the smallest first.

    Each is measured on a few images, by architectures that keep to the limits, until one is larger
    than `seconds` allow or than the limits do.

    Args:
        space: search space.
        data: source of the images.
        images: numbers of training and of validation images that there are.
        seconds: seconds that a child may take.
        device: name of the device.
        limits: limits on the cost of a network.

    Raises:
        UnsupportedError: no network of the smallest size keeps to the limits.
    """
    from nascast.training.data import Split
    from nascast.training.evaluator import TrainingEvaluator
    from nascast.training.recipes import named_recipe

    few = max(min(_IMAGES, 3 * images[0] // 4), 1)
    split = Split(train=few, validation=max(min(few // 4, images[1]), 1))
    found = list[Rung]()
    for size in _sizes(space):
        evaluator = TrainingEvaluator(
            space, data, named_recipe("child", epochs=1), split=split, skeleton=size, device=device
        )
        try:
            rows = limited(space, evaluator, limits).sample(_MEASURED, np.random.default_rng(0))
        except UnsupportedError:
            if not found:
                raise
            break
        if not found:  # what the first training does once
            evaluator.evaluate(Candidate(space.architecture(rows[0])), 0)
        spent = [evaluator.evaluate(Candidate(space.architecture(r)), 0).seconds for r in rows]
        found.append(Rung(size, float(np.mean(spent)) / few))
        if _EPOCHS[1] * images[0] * found[-1].seconds > seconds:
            break
    return found


def _sizes(space: "SearchSpace") -> list[dict[str, int]]:
    """Returns settings of the skeleton, the smallest first; empty ones where there are none."""
    found: list[dict[str, int]] = []
    for values in _SIZES:
        own = {name: n for name, n in zip(space.scales, values, strict=True) if name}
        if own not in found:
            found.append(own)
    return found
