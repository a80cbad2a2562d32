"""Images in an ``.npz`` file of NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError
from nascast.training.sources.arrays import Arrays

KEYS = ("x_train", "y_train", "x_test", "y_test")
FORM = f"an .npz file with {', '.join(KEYS)} (uint8 images and labels)"


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    return source.endswith(".npz")


def read(source: str, size: int | None) -> Arrays:
    """Reads the file; ``x_val`` and ``y_val`` may be there too, and labels be ``(n, 1)``.

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
        missing = [key for key in KEYS if key not in file]
        if missing:
            raise CorruptDataError(
                f"{source}: expected {FORM}; it lacks {', '.join(missing)} and has "
                f"{', '.join(file.files) or 'nothing'}"
            )
        keys = [*KEYS, *(key for key in ("x_val", "y_val") if key in file)]
        found = {key: _squeezed(file[key]) if key[0] == "y" else file[key] for key in keys}
    if ("x_val" in found) != ("y_val" in found):
        raise CorruptDataError(f"{source}: x_val and y_val come together; one is missing")
    validation = (found["x_val"], found["y_val"]) if "x_val" in found else None
    train, test = (found["x_train"], found["y_train"]), (found["x_test"], found["y_test"])
    return Arrays(train, test, validation)


def _squeezed(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
