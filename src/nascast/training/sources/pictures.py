"""Pictures that Pillow decodes, as arrays of one shape."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError, UnequalSizesError
from nascast.core.extras import extra
from nascast.training.sources.arrays import Arrays, Part, test_places

__all__ = ["EIGHT_BITS", "MODES", "Labelled", "Picture", "Place", "arrays_of", "squared"]

_GREY = ("1", "L")
_COLOUR = ("P", "PA", "LA", "La", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV", "LAB")
EIGHT_BITS = "8 bits a channel: bring its values to 0 to 255 and save it again"
MODES = _GREY + _COLOUR  # of Pillow
_VALIDATION = ("validation", "val", "valid")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is decoded when it is needed.

    Attributes:
        call: words that name it in messages.
        size: width and height in pixels, as it is shown.
        mode: mode of Pillow.
        decode: function that returns it as a picture of Pillow, or None if that is not possible.
    """

    call: str
    size: tuple[int, int]
    mode: str
    decode: Callable[[], Any]


Labelled = tuple[Sequence[Picture], Sequence[int]]


class Place(Protocol):
    """A place for decoded images, in memory or in a file."""

    def __call__(self, part: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
        """Returns an array of a shape, whose content does not matter, for a part."""
        ...


def _memory(part: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    return np.empty(shape, np.uint8)


def arrays_of(
    parts: Mapping[str, Labelled],
    size: int | None,
    names: tuple[str, ...] = (),
    place: Place = _memory,
) -> Arrays:
    """Returns pictures as arrays: in grey if all of them are, otherwise in colour.

    With a `size`, each is reduced to the largest square around its centre, which is resized with
    antialiased bilinear interpolation. What cannot be decoded is left out.

    Without a test part the validation part takes its place, as is usual for ImageNet; without both
    a fifth of the training part does.

    Args:
        parts: pictures by part: ``train`` and perhaps ``test`` and one of ``validation``, ``val``,
            ``valid``.
        size: height and width in pixels, or None.
        names: names of the classes.
        place: place for the images of a part.

    Raises:
        CorruptDataError: a picture has pixels that are not of 8 bits a channel.
        UnequalSizesError: the pictures are of unequal size and there is no `size`.
    """
    every = [picture for pictures, _ in parts.values() for picture in pictures]
    for picture in every:
        if picture.mode not in MODES:
            raise CorruptDataError(
                f"{picture.call} has pixels of the kind {picture.mode}; expected {EIGHT_BITS}"
            )
    mode = "L" if all(picture.mode in _GREY for picture in every) else "RGB"
    side = _side(every, size)
    if len(parts) == 1:
        parts = _with_test_part(*parts["train"])
    found = {name: _decoded(part, mode, side, name, place) for name, part in parts.items()}
    validation = next((found[name] for name in _VALIDATION if name in found), None)
    if "test" in found:
        return Arrays(found["train"], found["test"], validation, names)
    assert validation is not None
    return Arrays(found["train"], validation, None, names)


def squared(picture: Any, side: int) -> Any:
    """Returns the largest square around the centre of a picture, brought to `side` pixels."""
    edge = min(picture.size)
    left, top = ((length - edge) // 2 for length in picture.size)
    bilinear = extra("PIL.Image", "data", "resizing images").Resampling.BILINEAR
    return picture.resize((side, side), bilinear, box=(left, top, left + edge, top + edge))


def _side(every: Sequence[Picture], size: int | None) -> tuple[int, int]:
    """Returns the height and width of the arrays."""
    if size is not None:
        return size, size
    first = every[0]
    for other in every:
        if other.size != first.size:
            (w, h), (other_w, other_h) = first.size, other.size
            raise UnequalSizesError(
                f"the images are of unequal size: {first.call} is {w}×{h}, {other.call} "
                f"{other_w}×{other_h}; give a size to bring them to, "
                "such as size=32 of the split"
            )
    return first.size[1], first.size[0]


def _with_test_part(pictures: Sequence[Picture], labels: Sequence[int]) -> dict[str, Labelled]:
    tested = test_places(np.asarray(labels))
    return {
        name: ([pictures[i] for i in places], [labels[i] for i in places])
        for name, places in (
            ("train", np.flatnonzero(~tested).tolist()),
            ("test", np.flatnonzero(tested).tolist()),
        )
    }


def _decoded(part: Labelled, mode: str, side: tuple[int, int], name: str, place: Place) -> Part:
    pictures, labels = part
    colours = (3,) if mode == "RGB" else ()
    images = place(name, (len(pictures), *side, *colours))
    kept: list[int] = []
    for picture, label in zip(pictures, labels, strict=True):
        found = picture.decode()
        if found is not None:
            images[len(kept)] = _array(found, mode, side)
            kept.append(label)
    return images[: len(kept)], np.asarray(kept, dtype=np.int64)


def _array(picture: Any, mode: str, side: tuple[int, int]) -> npt.NDArray[np.uint8]:
    picture = picture.convert(mode)
    if picture.size != side[::-1]:
        picture = squared(picture, side[0])
    return np.asarray(picture, dtype=np.uint8)
