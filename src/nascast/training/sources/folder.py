"""A folder of image files: one folder for each class, below train/, val/ and test/ or at once.

The classes are the names of the folders, sorted. All images are read into memory.
"""

from pathlib import Path
from typing import Any

from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.extras import extra
from nascast.training.sources._pictures import Labelled, arrays_of
from nascast.training.sources.arrays import Arrays

FORM = "a folder with a folder of images for each class, below train/, val/ and test/ or at once"

_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
_PARTS = ("train", "validation", "val", "valid", "test")


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    return Path(source).is_dir()


def read(source: str, size: int | None) -> Arrays:
    """Reads the folder; see `arrays_of` for sizes, colours and parts that are not there.

    Of a moving image the first one is taken; a photograph is turned as its camera noted.

    Raises:
        MissingDataError: there are no images.
        CorruptDataError: an image cannot be read, or a part has a class that train/ has not.
        InvalidSettingError: the images are of unequal size and there is no `size`.
        MissingExtraError: Pillow is not installed.
    """
    root = Path(source)
    folders = {folder.name: folder for folder in _folders(root)}
    if "train" not in folders:
        return arrays_of({"train": _part(root, tuple(folders))}, size, tuple(folders))
    names = tuple(folder.name for folder in _folders(folders["train"]))
    parts = {name: _part(folders[name], names) for name in _PARTS if name in folders}
    return arrays_of(parts, size, names)


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def _part(root: Path, names: tuple[str, ...]) -> Labelled:
    """Returns the images of a part with their classes and paths."""
    paths: list[Path] = []
    for folder in _folders(root):
        if folder.name not in names:
            raise CorruptDataError(
                f"{folder}: train/ has no class of that name, but {', '.join(names)}"
            )
        inside = [p for p in sorted(folder.iterdir()) if p.suffix.lower() in _SUFFIXES]
        if not inside:
            raise MissingDataError(f"{folder} holds no image ({', '.join(_SUFFIXES)})")
        paths += inside
    if not paths:
        raise MissingDataError(f"{root} holds no folders with images; expected {FORM}")
    labels = [names.index(path.parent.name) for path in paths]
    return [_open(path) for path in paths], labels, list(map(str, paths))


def _open(path: Path) -> Any:
    pillow = extra("PIL.Image", "data", "a folder of images")
    operations = extra("PIL.ImageOps", "data", "a folder of images")
    # Pillow's decoders raise all of these for files that are damaged, or no images.
    damaged = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError)
    try:
        with pillow.open(path) as file:
            return operations.exif_transpose(file)
    except (*damaged, pillow.DecompressionBombError) as error:
        raise CorruptDataError(f"{path} cannot be read as an image; {error}") from error
