"""Images in an ``.npz`` file of NumPy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError
from nascast.training.sources.arrays import Arrays, without_test_part

KEYS = ("x_train", "y_train", "x_test", "y_test")
FORM = (
    f"an .npz file with {', '.join(KEYS)} (uint8 images and labels), or of one part with "
    "images, labels"
)

_PARTS = {"train": "train", "test": "test"}
_PARTS |= dict.fromkeys(("val", "valid", "validation"), "validation")
_IMAGES, _LABELS = ("x", "images", "data"), ("y", "labels", "targets")


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    return source.lower().endswith(".npz") and not Path(source).is_dir()


def read(source: str, size: int | None) -> Arrays:
    """Reads the file, whose arrays have names such as ``x_train`` or ``train_images``.

    There may be a validation part, ``x_val`` and ``y_val``. A file of one part, ``x`` and ``y`` or
    ``images`` and ``labels``, has its test part drawn. Labels may be ``(n, 1)``.

    Raises:
        CorruptDataError: it is no such file.
    """
    with open(source, "rb") as raw:
        if raw.read(2) != b"PK":  # else NumPy speaks of pickles, which are never read here
            raise CorruptDataError(f"{source}: expected {FORM}; it is no archive of NumPy")
    with (
        reading(source, size_of(Path(source)), what=FORM),
        open(source, "rb") as raw,
        np.load(raw, allow_pickle=False) as file,
    ):
        parts = {
            part: (_array(file, keys["x"], source), _squeezed(_array(file, keys["y"], source)))
            for part, keys in _keys(source, file.files).items()
        }
    if "" in parts:
        return Arrays(*without_test_part(*parts[""]))
    return Arrays(parts["train"], parts["test"], parts.get("validation"))


def _keys(source: str, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Returns the names of images, ``x``, and labels, ``y``, by part; "" is the only one.

    Beside all of `KEYS`, only names that begin as they do count.

    Raises:
        CorruptDataError: a part that is needed is missing, or is there twice.
    """
    found: dict[str, dict[str, str]] = {}
    if set(KEYS) <= set(names):
        names = [name for name in names if name.startswith(("x_", "y_"))]
    for name in names:
        what, part = _meaning(name)
        if what and name != found.setdefault(part, {}).setdefault(what, name):
            raise CorruptDataError(
                f"{source}: {found[part][what]} and {name} seem to be the same; leave one of them"
            )
    whole = {part for part, keys in found.items() if len(keys) == 2}
    if {"train", "test"} <= whole:
        found.pop("", None)
    elif whole != {""}:
        raise CorruptDataError(f"{source}: expected {FORM}; it has {', '.join(names) or 'nothing'}")
    if halves := [keys for part, keys in found.items() if part not in whole]:
        raise CorruptDataError(
            f"{source}: {', '.join(halves[0].values())} lacks its other half: images and labels of "
            "a part come together"
        )
    return found


def _meaning(name: str) -> tuple[str, str]:
    """Returns ``x``, ``y`` or, for what is neither, "", and the part of a name; "" is no part."""
    words = name.lower().split("_")
    parts = [_PARTS[word] for word in words if word in _PARTS]
    rest = [word for word in words if word not in _PARTS]
    if len(parts) > 1 or len(rest) != 1:
        return "", ""
    what = "x" if rest[0] in _IMAGES else "y" if rest[0] in _LABELS else ""
    return what, parts[0] if parts else ""


def _array(file: Mapping[str, Any], name: str, source: str) -> npt.NDArray[Any]:
    """Returns an array; of a member that is none, NumPy gives the bytes."""
    found = file[name]
    if not isinstance(found, np.ndarray):
        raise CorruptDataError(f"{source}: {name} is no array of NumPy; expected {FORM}")
    return found


def _squeezed(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
