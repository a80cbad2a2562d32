"""Images with a seeded split into training, validation and test parts."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from nascast.core.errors import DataWarning, InvalidSettingError, MissingDataError
from nascast.core.stamp import stamp
from nascast.core.types import Batch, ImageTask
from nascast.training.pixels import Pixels, chunks, moments
from nascast.training.recipe import Recipe
from nascast.training.sources import cifar, digits, folder, hugging_face, mnist, npz
from nascast.training.sources.arrays import Arrays, Part
from nascast.training.strata import Places, stratified
from nascast.training.text import FORM as TEXT_FORM

__all__ = ["ImageData", "Split", "image_batch", "open_data", "task_of"]

# The first that accepts a source reads it: forms that look closer at a folder come first.
_NAMED = 5  # files that a warning names; chosen
_LARGEST = 8192  # pixels of an image to a side; chosen
_SOURCES = (digits, hugging_face, npz, cifar, mnist, folder)
Images = Tensor | Pixels  # normalised images, or such as become so


@dataclass(frozen=True, slots=True)
class Split:
    """The numbers and the size of the images that are used.

    Training and validation images are drawn without overlap from the source's training images, or
    validation images from its validation part if it has one, and test images from its test part.
    Every draw is by `seed`.

    Attributes:
        train: number of training images; None is all that remain.
        validation: number of validation images; None is the source's validation part or, without
            one, a tenth of its training images, as in NASNet's search.
        test: number of test images; None is all.
        size: height and width in pixels; None is that of the source. Arrays are averaged where
            their size is a multiple of it, otherwise interpolated, bilinear and antialiased, as
            pictures always are; and rounded to bytes.
        seed: seed of the draws.
        stratified: whether each draw has all classes in their proportions, however the source is
            sorted; else it is random.
    """

    train: int | None = None
    validation: int | None = None
    test: int | None = None
    size: int | None = None
    seed: int = 0
    stratified: bool = True

    def __post_init__(self) -> None:
        for name in ("train", "validation", "test"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidSettingError(
                    f"{value} {name} images asked for; each part of a split needs at least 1"
                )
        if self.size is not None and not 1 <= self.size <= _LARGEST:
            raise InvalidSettingError(
                f"images cannot be brought to size {self.size}; from 1 to {_LARGEST:,} can be"
            )
        if self.seed < 0:
            raise InvalidSettingError(f"the seed of a split is a number from 0; got {self.seed}")


@dataclass(frozen=True, slots=True, eq=False)
class ImageData:
    """Images ``(n, channels, height, width)`` and int64 labels ``(n,)``.

    An index of images is a batch, float32 and normalised; `open_data` keeps bytes until then.

    Attributes:
        train: images and labels to train on.
        validation: images and labels to choose by.
        test: images and labels for the final score.
        classes: number of classes.
        fingerprint: SHA-256 of the source's arrays.
        mean: means of the training images by channel, before normalisation, on a scale from 0 to 1.
        std: standard deviations of the training images by channel, on the same scale.
        names: names of the classes, if the source has them.
        skipped: files of the source that were passed over, each with the reason.
    """

    train: tuple[Images, Tensor]
    validation: tuple[Images, Tensor]
    test: tuple[Images, Tensor]
    classes: int
    fingerprint: str
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def device(self) -> torch.device:
        """The device of the tensors."""
        return self.train[0].device

    def told(self) -> str:
        """Returns what was read, such as ``2,001 images in 5 classes, 2 files skipped``."""
        count = sum(len(labels) for _, labels in (self.train, self.validation, self.test))
        skipped = len(self.skipped)
        more = f", {skipped:,} file{'s' * (skipped != 1)} skipped" if skipped else ""
        return f"{count:,} images in {self.classes:,} classes{more}"


def open_data(
    source: str, split: Split | None = None, device: str = "cpu", seen: str | None = None
) -> ImageData:
    """Returns the images of a source, split and normalised by channel over the training part.

    A source is ``digits``; an ``.npz`` file with ``x_train, y_train, x_test, y_test``, uint8 images
    of shape ``(n, height, width)`` or ``(n, height, width, channels)`` and labels;
    ``cifar-10-binary.tar.gz`` or ``cifar-100-binary.tar.gz``; a folder with MNIST's idx files; a
    folder of images by class; or ``hf:NAME``, a data set of the package ``datasets``.

    Files that were passed over, see `ImageData.skipped`, are told by a `DataWarning`.

    Args:
        source: source of the images.
        split: which of them to use.
        device: name of the device on which they are.
        seen: what `stamp` said of the source when it was first opened, so that one user has the
            same images throughout; by default files that changed since are read anew.

    Raises:
        MissingDataError: there is no such file or folder, or no images are in it.
        CorruptDataError: it is no such file, or all images are of one class.
        InvalidSettingError: the split asks for more images than there are.
        MissingExtraError: a package that the source needs is not installed.
    """
    seen = stamp(source) if seen is None else seen
    return _opened(source, Split() if split is None else split, device, seen)


@lru_cache(maxsize=2)
def _opened(source: str, split: Split, device: str, stamp: str) -> ImageData:
    """Returns what `open_data` does; the last two are kept while their files are as they were."""
    arrays = _read(source, split.size)
    arrays.check(source)
    if arrays.skipped:
        warnings.warn(_passed_over(source, arrays.skipped), DataWarning, stacklevel=3)
    places = _places(arrays, split, source)
    sized = {
        name: _resized(x if x.ndim == 4 else x[..., None], split.size, source)
        for name, (x, _) in arrays.parts().items()
    }
    mean, std = moments(sized["train"], places[0][1])
    train, validation, test = (
        (
            _pixels(sized[name], rows, mean, std).to(device),
            torch.from_numpy(arrays.parts()[name][1][rows].astype(np.int64)).to(device),
        )
        for name, rows in places
    )
    return ImageData(
        train,
        validation,
        test,
        classes=1 + max(int(y.max()) for _, y in arrays.parts().values()),
        fingerprint=arrays.fingerprint(),
        mean=tuple(mean.flatten().tolist()),
        std=tuple(std.flatten().tolist()),
        names=arrays.names,
        skipped=arrays.skipped,
    )


def image_batch(data: ImageData, size: int, seed: int = 0) -> Batch:
    """Returns a batch of `size` training images drawn by `seed`, for zero-cost proxies."""
    images, labels = data.train
    if size > len(images):
        raise InvalidSettingError(f"a batch of {size} from {len(images)} images")
    chosen = torch.from_numpy(np.random.default_rng(seed).permutation(len(images))[:size])
    source = f"{size} images of data {data.fingerprint[:12]} (seed {seed})"
    inputs = images[chosen].contiguous().cpu().numpy()
    return Batch(np.ascontiguousarray(inputs), labels[chosen].cpu().numpy(), source)


def task_of(
    data: ImageData, skeleton: Mapping[str, Any], recipe: Recipe | None = None
) -> ImageTask:
    """Returns the task for networks: images, classes, skeleton and the needs of a recipe."""
    _, channels, height, width = data.train[0].shape
    needed = {} if recipe is None else recipe.skeleton()
    return ImageTask((channels, height, width), data.classes, {**needed, **skeleton})


def _read(source: str, size: int | None) -> Arrays:
    named = source == "digits" or source.startswith("hf:")
    forms = "; ".join((*(form.FORM for form in _SOURCES), TEXT_FORM))
    if not named and not Path(source).exists():
        raise MissingDataError(f"no file {source}, nor a folder; data are one of: {forms}")
    if not named and not (Path(source).is_file() or Path(source).is_dir()):
        raise InvalidSettingError(f"{source} is a pipe or a device; expected a file or a folder")
    for form in _SOURCES:
        if form.accepts(source):
            arrays: Arrays = form.read(source, size)
            return arrays
    raise InvalidSettingError(f"{source} is no data set that can be read; data are one of: {forms}")


def _passed_over(source: str, skipped: Sequence[str]) -> str:
    """Returns what to say of files that were not read, of which the first are named."""
    more = len(skipped) - _NAMED
    named = ", ".join(skipped[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
    files = "1 file was" if len(skipped) == 1 else f"{len(skipped):,} files were"
    return f"{source}: {files} passed over: {named}"


def _places(arrays: Arrays, split: Split, source: str) -> list[tuple[str, Places]]:
    """Returns the parts of a source, and places in them, to train, validate and test on."""
    sizes = {name: len(x) for name, (x, _) in arrays.parts().items()}
    own = "train" if arrays.validation is None else "validation"
    train, held_out, tested = split.train, split.validation, split.test
    if held_out is None:
        held_out = max(sizes["train"] // 10, 1) if own == "train" else sizes[own]
    inside = held_out if own == "train" else 0  # of the images to train on
    train = sizes["train"] - inside if train is None else train
    tested = sizes["test"] if tested is None else tested
    _check(train + inside, sizes["train"], "training" + " and validation" * bool(inside), source)
    _check(held_out, sizes[own], "validation", source)
    _check(tested, sizes["test"], "test", source)
    if min(train, held_out, tested) < 1:
        raise InvalidSettingError(
            f"{source}: {train} training, {held_out} validation and {tested} test images asked "
            "for; each part needs at least 1"
        )
    first, *second = _drawn(arrays.train, [train, inside] if inside else [train], split)
    (third,) = second or _drawn(arrays.parts()[own], [held_out], split)
    (last,) = _drawn(arrays.test, [tested], split)
    return [("train", first), (own, third), ("test", last)]


def _drawn(part: Part, sizes: Sequence[int], split: Split) -> list[Places]:
    """Returns the places of disjoint draws from a part of the source."""
    rng = np.random.default_rng(split.seed)
    labels = part[1] if split.stratified else np.zeros(len(part[1]), np.int64)
    return stratified(labels, sizes, rng)


def _check(want: int, have: int, what: str, source: str) -> None:
    if want > have:
        raise InvalidSettingError(f"{source}: {want} {what} images asked for, {have} there")


def _pixels(images: npt.NDArray[np.uint8], rows: Places, mean: Tensor, std: Tensor) -> Pixels:
    mapped = isinstance(images, np.memmap)
    return Pixels(_tensor(images), torch.from_numpy(rows), mean, std, mapped)


def _tensor(images: npt.NDArray[np.uint8]) -> Tensor:
    """Returns uint8 ``(n, channels, height, width)``, which shares memory or file if it can.

    It must not be written to: where it is a file that is mapped for reading, that ends the process.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
        own = torch.from_numpy(np.require(images, requirements=["C"]))
    return own.permute(0, 3, 1, 2)


def _resized(images: npt.NDArray[np.uint8], size: int | None, source: str) -> Any:
    """Returns ``(n, size, size, channels)`` images of uint8."""
    height, width = images.shape[1:3]
    if size is None or (height, width) == (size, size):
        return images
    if height != width:
        raise InvalidSettingError(f"{source}: images of {height}×{width} cannot be made square")
    found = np.empty((len(images), size, size, images.shape[3]), np.uint8)
    for rows in chunks(images, np.arange(len(images))):
        part = _tensor(images[rows]).float()
        factor, rest = divmod(height, size)
        if factor and not rest:
            small = functional.avg_pool2d(part, factor)
        else:
            small = functional.interpolate(part, (size, size), mode="bilinear", antialias=True)
        whole = small.round().clamp(0, 255).to(torch.uint8)
        found[rows] = whole.permute(0, 2, 3, 1).numpy()
    return found
