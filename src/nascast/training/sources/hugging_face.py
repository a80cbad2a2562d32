"""A data set of images for the Hugging Face package ``datasets``, by name: ``hf:NAME``.

``hf:NAME:CONFIGURATION`` chooses a configuration. The columns are found by their type: the first of
images and the first of class labels. The package keeps what it downloads, and works offline after.
"""

from functools import partial
from typing import Any

from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.extras import extra
from nascast.training.sources.arrays import Arrays
from nascast.training.sources.pictures import Labelled, Picture, arrays_of

FORM = "hf:NAME, a data set of the package datasets"

_PREFIX = "hf:"
_PARTS = ("train", "validation", "val", "valid", "test")


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    return source.startswith(_PREFIX)


def read(source: str, size: int | None) -> Arrays:
    """Reads the data set; see `arrays_of` for sizes, colours and parts that are not there.

    A part whose labels are kept secret, as of some test parts, is as if it were not there.

    Raises:
        MissingExtraError: datasets or Pillow is not installed.
        MissingDataError: there is no such data set, or it cannot be had.
        CorruptDataError: it has no images with class labels.
        InvalidSettingError: the images are of unequal size and there is no `size`.
    """
    package = extra("datasets", "hf", f"the source {source}")
    name, _, configuration = source.removeprefix(_PREFIX).partition(":")
    try:
        found = package.load_dataset(name, configuration or None)
    except (OSError, ValueError, RuntimeError) as error:
        raise MissingDataError(f"{source} cannot be had: {error}") from error
    if "train" not in found:
        raise CorruptDataError(f"{source}: expected a part train; it has {', '.join(found)}")
    features = found["train"].features
    images = [key for key, kind in features.items() if isinstance(kind, package.Image)]
    labels = [key for key, kind in features.items() if isinstance(kind, package.ClassLabel)]
    if not (images and labels):
        raise CorruptDataError(
            f"{source}: expected a column of images and one of class labels; got {features}"
        )
    parts = {}
    for part in _PARTS:
        if part in found and min(found[part][labels[0]]) >= 0:
            parts[part] = _part(found[part], images[0], labels[0], f"{source}, {part}")
    return arrays_of(parts, size, tuple(features[labels[0]].names))


def _part(rows: Any, image: str, label: str, call: str) -> Labelled:
    pictures = [
        Picture(f"{call} {i}", picture.size, picture.mode, partial(_same, picture))
        for i, picture in enumerate(rows[image])
    ]
    return pictures, list(rows[label])


def _same(picture: Any) -> Any:
    return picture
