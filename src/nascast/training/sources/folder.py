"""A folder of image files: one folder for each class, below train/, val/ and test/ or at once.

The classes are the names of the folders, sorted. All images are read into memory. What systems
leave beside images, such as ``._1.png``, ``Thumbs.db`` or ``__MACOSX``, is passed over, and so are
single images that cannot be read; both are counted and named.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.extras import extra
from nascast.training.sources._pictures import MODES, Labelled, arrays_of
from nascast.training.sources.arrays import Arrays

FORM = "a folder with a folder of images for each class, below train/, val/ and test/ or at once"

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_PARTS = ("train", "validation", "val", "valid", "test")
_NO_CLASSES = ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found")
_UNREADABLE = 0.1  # share of unreadable images above which the folder is refused; chosen


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    return Path(source).is_dir()


def read(source: str, size: int | None) -> Arrays:
    """Reads the folder; see `arrays_of` for sizes, colours and parts that are not there.

    Of a moving image the first one is taken; a photograph is turned as its camera noted.

    Raises:
        MissingDataError: there are no images.
        CorruptDataError: more than a tenth of the images cannot be read, or all of a class; or a
            part has a class that train/ has not.
        InvalidSettingError: the images are of unequal size and there is no `size`.
        MissingExtraError: Pillow is not installed.
    """
    root = Path(source)
    folders = {folder.name: folder for folder in _folders(root)}
    skipped: list[str] = []
    if "train" not in folders:
        parts = {"train": _part(root, tuple(folders), skipped)}
        return replace(arrays_of(parts, size, tuple(folders)), skipped=tuple(skipped))
    names = tuple(folder.name for folder in _folders(folders["train"]))
    parts = {name: _part(folders[name], names, skipped) for name in _PARTS if name in folders}
    return replace(arrays_of(parts, size, names), skipped=tuple(skipped))


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not _of_a_system(p.name))


def _of_a_system(name: str) -> bool:
    """Returns whether a system, and no person, gives files or folders this name."""
    return name.startswith(".") or name.casefold() in _NO_CLASSES


def _part(root: Path, names: tuple[str, ...], skipped: list[str]) -> Labelled:
    """Returns the images of a part with their classes and paths; adds to what was skipped."""
    found: list[tuple[Path, Any]] = []
    unreadable: list[str] = []
    for folder in _folders(root):
        if folder.name not in names:
            raise CorruptDataError(
                f"{folder}: train/ has no class of that name, but {', '.join(names)}"
            )
        inside, others = _images(folder)
        skipped += [f"{path} (no image)" for path in others]
        read = [(path, *_open(path)) for path in inside]
        unreadable += [f"{path} ({wrong})" for path, _, wrong in read if wrong]
        if inside and all(wrong for _, _, wrong in read):
            raise CorruptDataError(
                f"{folder}: none of its {len(inside)} images can be read; the first is "
                f"{unreadable[-len(inside)]}"
            )
        found += [(path, picture) for path, picture, wrong in read if not wrong]
    if not found:
        raise MissingDataError(f"{root} holds no folders with images; expected {FORM}")
    _check(root, unreadable, len(found))
    skipped += unreadable
    labels = [names.index(path.parent.name) for path, _ in found]
    return [picture for _, picture in found], labels, [str(path) for path, _ in found]


def _images(folder: Path) -> tuple[list[Path], list[Path]]:
    """Returns the images of a class, and its other files."""
    files = sorted(path for path in folder.iterdir() if not path.is_dir())
    images = [p for p in files if p.suffix.lower() in _SUFFIXES and not _of_a_system(p.name)]
    if not images:
        raise MissingDataError(f"{folder} holds no image ({', '.join(_SUFFIXES)})")
    return images, [path for path in files if path not in set(images)]


def _check(root: Path, unreadable: list[str], read: int) -> None:
    """Refuses a part of which too much cannot be read."""
    total = len(unreadable) + read
    if len(unreadable) > _UNREADABLE * total:
        raise CorruptDataError(
            f"{root}: {len(unreadable)} of {total} images cannot be read, and at most "
            f"{_UNREADABLE:.0%} may be passed over; among them {', '.join(unreadable[:3])}"
        )


def _open(path: Path) -> tuple[Any, str]:
    """Returns a picture, or what is wrong with the file."""
    pillow = extra("PIL.Image", "data", "a folder of images")
    operations = extra("PIL.ImageOps", "data", "a folder of images")
    # Pillow's decoders raise all of these for files that are damaged, or no images.
    damaged = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError)
    try:
        with pillow.open(path) as file:
            picture = operations.exif_transpose(file)
    except (*damaged, pillow.DecompressionBombError) as error:
        return None, f"cannot be read as an image: {error}"
    if picture.mode not in MODES:
        return None, f"pixels of the kind {picture.mode}; expected 8 bits a channel"
    return picture, ""
