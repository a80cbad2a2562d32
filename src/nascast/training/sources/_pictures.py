"""Pictures that Pillow has decoded, as arrays of one shape."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.extras import extra
from nascast.training.sources.arrays import Arrays, Part, without_test_part

__all__ = ["MODES", "Labelled", "arrays_of"]

Labelled = tuple[Sequence[Any], Sequence[int], Sequence[str]]  # pictures, labels, what to call them

_GREY = ("1", "L")
_COLOUR = ("P", "PA", "LA", "La", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV", "LAB")
MODES = _GREY + _COLOUR  # of Pillow, with 8 bits a channel
_VALIDATION = ("validation", "val", "valid")


def arrays_of(
    parts: Mapping[str, Labelled], size: int | None, names: tuple[str, ...] = ()
) -> Arrays:
    """Returns pictures as arrays: in grey if all of them are, otherwise in colour.

    Pictures of unequal size need a `size`: each is reduced to the largest square around its centre,
    which is resized with antialiased bilinear interpolation.

    Without a test part the validation part takes its place, as is usual for ImageNet; without both
    a fifth of the training part does.

    Args:
        parts: pictures by part: ``train`` and perhaps ``test`` and one of ``validation``, ``val``,
            ``valid``.
        size: height and width in pixels, or None.
        names: names of the classes.

    Raises:
        CorruptDataError: a picture has pixels that are not of 8 bits a channel.
        InvalidSettingError: the pictures are of unequal size and there is no `size`.
    """
    every = [
        pair for pictures, _, calls in parts.values() for pair in zip(pictures, calls, strict=True)
    ]
    for picture, call in every:
        if picture.mode not in MODES:
            raise CorruptDataError(
                f"{call} has pixels of the kind {picture.mode}; expected 8 bits a channel"
            )
    mode = "L" if all(picture.mode in _GREY for picture, _ in every) else "RGB"
    side = size if _unequal(every, size) else None
    found: dict[str, Part] = {
        name: (
            np.stack([_array(picture, mode, side) for picture in pictures]),
            np.asarray(labels, dtype=np.int64),
        )
        for name, (pictures, labels, _) in parts.items()
    }
    validation = next((found[name] for name in _VALIDATION if name in found), None)
    train, test = found["train"], found.get("test", validation)
    if test is None:
        train, test = without_test_part(*train)
    return Arrays(train, test, validation if "test" in found else None, names)


def _unequal(every: Sequence[tuple[Any, str]], size: int | None) -> bool:
    first, call = every[0]
    for other, other_call in every:
        if other.size != first.size:
            if size is None:
                (w, h), (other_w, other_h) = first.size, other.size
                raise InvalidSettingError(
                    f"the images are of unequal size: {call} is {w}×{h}, {other_call} "
                    f"{other_w}×{other_h}; give a size to bring them to, "
                    "such as size=32 of the split"
                )
            return True
    return False


def _array(picture: Any, mode: str, side: int | None) -> npt.NDArray[np.uint8]:
    picture = picture.convert(mode)
    if side is not None:
        edge = min(picture.size)
        left, top = ((length - edge) // 2 for length in picture.size)
        bilinear = extra("PIL.Image", "data", "resizing images").Resampling.BILINEAR
        picture = picture.resize((side, side), bilinear, box=(left, top, left + edge, top + edge))
    return np.asarray(picture, dtype=np.uint8)
