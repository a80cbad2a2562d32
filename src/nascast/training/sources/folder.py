"""A folder of image files: one folder for each class, below train/, val/ and test/ or at once.

The classes are the names of the folders, sorted. What systems
leave beside images, such as ``._1.png``, ``Thumbs.db`` or ``__MACOSX``, is passed over, and so are
single images that cannot be read, images outside of classes, and folders of images beside train/
that are no part, such as eval/; all are counted and named.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError
from nascast.core.extras import extra
from nascast.core.leftovers import is_leftover
from nascast.training.sources._kept import Kept
from nascast.training.sources.arrays import Arrays
from nascast.training.sources.pictures import EIGHT_BITS, MODES, Labelled, Picture, arrays_of

FORM = "a folder with a folder of images for each class, below train/, val/ and test/ or at once"

_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pnm", ".avif", ".heic"),  # where Pillow cannot read them, that is told
)
_PARTS = {"train": "train", "validation": "validation", "test": "test"}
_PARTS |= {"val": "validation", "valid": "validation"}
_OTHERS = {"training": "train", "testing": "test"}  # and in capitals, if classes are inside
_WHAT = "a folder of images"
_ORIENTATION, _ON_ITS_SIDE = 0x0112, 5  # of Exif: from 5 on width and height are exchanged
_IN_MEMORY = 64 * 2**20  # bytes of decoded images that are kept in memory; chosen
_UNREADABLE = 0.1  # share of unreadable images above which the folder is refused; chosen


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    return Path(source).is_dir()


def read(source: str, size: int | None) -> Arrays:
    """Reads the folder; see `arrays_of` for sizes, colours and parts that are not there.

    Of a moving image the first one is taken; a photograph is turned as its camera noted. Images
    that take much memory are decoded once, into files of the cache, and mapped from there.

    Raises:
        MissingDataError: there are no images.
        CorruptDataError: more than a tenth of the images cannot be read, or all of a class; or a
            part has a class that train/ has not.
        UnequalSizesError: the images are of unequal size and there is no `size`.
        InvalidSettingError: two folders are one part, such as val/ and valid/.
        MissingExtraError: Pillow is not installed.
    """
    root = Path(source)
    kept = Kept(root, size)
    if (found := kept.read()) is not None:
        return found
    places = _places(root)
    names = tuple(folder.name for folder in _folders(places["train"]))
    parts = {name: _Part(folder, names) for name, folder in places.items()}
    pictures = {name: part.labelled() for name, part in parts.items()}
    large = sum(map(_bytes, _pictures_of(pictures))) if size is None else 0
    large = large or 3 * (size or 0) ** 2 * len(_pictures_of(pictures))
    try:
        if large <= _IN_MEMORY:
            arrays = arrays_of(pictures, size, names)
        else:
            arrays = arrays_of(pictures, size, names, kept.place)
        skipped = [words for part in parts.values() for words in part.skipped()]
        arrays = replace(arrays, skipped=(*skipped, *_beside(root, places)))
        return arrays if large <= _IN_MEMORY else kept.keep(arrays)
    finally:
        kept.drop()


def _places(root: Path) -> dict[str, Path]:
    """Returns the folders of the parts; that of all classes where there is none to train on."""
    found: dict[str, Path] = {}
    for folder in _folders(root):
        name = folder.name.casefold()
        part = _PARTS.get(folder.name)
        if part is None and _folders(folder):  # else it is a class: Train, beside Car and Plane
            part = _PARTS.get(name) or _OTHERS.get(name)
        if part in found:
            raise InvalidSettingError(
                f"{root}: expected one folder of the {part} part; got {found[part].name}/ and "
                f"{folder.name}/: take one away"
            )
        if part is not None:
            found[part] = folder
    return found if "train" in found else {"train": root}


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not is_leftover(p.name))


def _beside(root: Path, places: Mapping[str, Path]) -> list[str]:
    """Returns in words the images that are in no class of a part."""
    others = [] if root in places.values() else set(_folders(root)) - set(places.values())
    found = [
        f"{folder} (no part: train, val or test)"
        for folder in sorted(others)
        if _holds_images(folder)
    ]
    for folder in dict.fromkeys((root, *places.values())):
        images = sorted(path for path in folder.iterdir() if _is_image(path))
        found += [f"{path} (in no class)" for path in images]
    return found


class _Part:
    """The images of a part, and what cannot be read of it."""

    def __init__(self, root: Path, names: tuple[str, ...]) -> None:
        self._root, self._names = root, names
        self._others: list[str] = []
        self._wrong: dict[Path, str] = {}
        self._files: list[Path] = []

    def labelled(self) -> Labelled:
        """Returns the images with their classes, as far as their heads can be read."""
        for folder in _folders(self._root):
            if folder.name not in self._names:
                raise CorruptDataError(
                    f"{folder}: train/ has no class of that name, but {', '.join(self._names)}"
                )
            inside, others = _images(folder)
            self._others += others
            self._files += inside
        heads = [(path, self._head(path)) for path in self._files]
        found = [(path, head) for path, head in heads if head is not None]
        if not self._files:
            raise MissingDataError(f"{self._root} holds no folders with images; expected {FORM}")
        self._check()
        pictures = [
            Picture(str(path), *head, decode=partial(self._decode, path)) for path, head in found
        ]
        return pictures, [self._names.index(path.parent.name) for path, _ in found]

    def skipped(self) -> list[str]:
        """Returns the files that were passed over, when all others are decoded.

        Raises:
            CorruptDataError: they are too many.
        """
        self._check()
        return [*self._others, *(f"{path} ({wrong})" for path, wrong in self._wrong.items())]

    def _check(self) -> None:
        """Raises if too much cannot be read."""
        every = Counter(path.parent for path in self._files)
        wrong = Counter(path.parent for path in self._wrong)
        told = [f"{path} ({why})" for path, why in self._wrong.items()]
        for folder, count in every.items():
            if wrong[folder] == count:
                first = next(words for words in told if words.startswith(f"{folder}{os.sep}"))
                raise CorruptDataError(
                    f"{folder}: none of its {count} images can be read; the first is {first}"
                )
        if len(told) > _UNREADABLE * len(self._files):
            raise CorruptDataError(
                f"{self._root}: {len(told)} of {len(self._files)} images cannot be read, and at "
                f"most {_UNREADABLE:.0%} may be passed over; among them {', '.join(told[:3])}"
            )

    def _head(self, path: Path) -> tuple[tuple[int, int], str] | None:
        """Returns the size of an image, as it is shown, and its mode; None if it cannot be read."""
        found = self._tried(path, _head)
        if found is not None and found[1] not in MODES:
            self._wrong[path] = f"pixels of the kind {found[1]}; expected {EIGHT_BITS}"
            return None
        return found  # type: ignore[no-any-return]

    def _decode(self, path: Path) -> Any:
        return self._tried(path, extra("PIL.ImageOps", "data", _WHAT).exif_transpose)

    def _tried(self, path: Path, read: Callable[[Any], Any]) -> Any:
        """Returns what is read of an image; None, and notes why, if it cannot be read."""
        pillow = extra("PIL.Image", "data", _WHAT)
        # Pillow's decoders raise all of these for files that are damaged, or no images.
        damaged = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError)
        try:
            with pillow.open(path) as file:
                return read(file)
        except (*damaged, pillow.DecompressionBombError) as error:
            self._wrong[path] = f"cannot be read as an image: {error}"
            return None


def _head(file: Any) -> tuple[tuple[int, int], str]:
    width, height = file.size
    if width != height and file.getexif().get(_ORIENTATION, 1) >= _ON_ITS_SIDE:
        width, height = height, width
    return (width, height), file.mode


def _pictures_of(parts: Mapping[str, Labelled]) -> list[Picture]:
    return [picture for pictures, _ in parts.values() for picture in pictures]


def _bytes(picture: Picture) -> int:
    return 3 * picture.size[0] * picture.size[1]


def _images(folder: Path) -> tuple[list[Path], list[str]]:
    """Returns the images of a class; and what else is in it, in words, also folders of images."""
    files = sorted(path for path in folder.iterdir() if not path.is_dir())
    images = [path for path in files if _is_image(path)]
    inside = [path for path in _folders(folder) if _holds_images(path)]
    if not images:
        deeper = f"; those in {inside[0]} are not read: a class is one folder" if inside else ""
        raise MissingDataError(f"{folder} holds no image ({', '.join(_SUFFIXES)}){deeper}")
    others = [f"{path} (no image)" for path in files if path not in set(images)]
    return images, [*others, *(f"{path} (a folder inside of a class)" for path in inside)]


def _is_image(path: Path) -> bool:
    """Returns whether a file is called an image; pipes and devices are none, and may never end."""
    there = path.is_file() or not path.exists()  # a link that leads nowhere says so when it is read
    return there and path.suffix.lower() in _SUFFIXES and not is_leftover(path.name)


def _holds_images(folder: Path) -> bool:
    return any(_is_image(Path(root, name)) for root, _, files in os.walk(folder) for name in files)
