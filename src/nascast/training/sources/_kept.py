"""Decoded images in files, which are mapped and not read: a folder may be larger than memory."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.cache import cache_folder
from nascast.core.errors import CorruptDataError
from nascast.core.stamp import stamp
from nascast.training.sources.arrays import Arrays

__all__ = ["Kept"]

_VERSION = 1  # of what is kept and how it is decoded


class Kept:
    """The decoded images of a folder, under a name that its files, their sizes and times decide."""

    def __init__(self, root: Path, size: int | None) -> None:
        """Finds the name.

        Args:
            root: folder of images.
            size: height and width of the decoded images in pixels, or None.
        """
        digest = hashlib.sha256(f"{_VERSION} {size} {stamp(root)}".encode())
        self._base = cache_folder() / "images" / digest.hexdigest()[:32]
        self._parts: dict[str, np.memmap[Any, Any]] = {}

    def read(self) -> Arrays | None:
        """Returns what is kept, mapped from the files; None if nothing is.

        Raises:
            CorruptDataError: it is damaged.
        """
        file = self._file("json")
        if not file.exists():
            return None
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            parts = {name: self._part(name, labels) for name, labels in told["labels"].items()}
            names, skipped = (tuple(map(str, told[key])) for key in ("names", "skipped"))
            return Arrays(parts["train"], parts["test"], parts.get("validation"), names, skipped)
        except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
            raise CorruptDataError(
                f"{file} or a file beside it is damaged ({error}); delete it, and the images are "
                "decoded anew"
            ) from error

    def place(self, part: str, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
        """Returns an array of a shape in a file, for decoded images of a part."""
        file = self._file(f"{part}-{os.getpid()}")
        file.parent.mkdir(parents=True, exist_ok=True)
        found = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
        self._parts[part] = found
        return found

    def keep(self, arrays: Arrays) -> Arrays:
        """Keeps what was decoded into the places, and returns it as `read` does."""
        for name, (images, _) in arrays.parts().items():
            part = next(p for p, own in self._parts.items() if np.may_share_memory(images, own))
            self._parts[part].flush()
            self._file(f"{part}-{os.getpid()}").replace(self._file(f"{name}.npy"))
        told: Mapping[str, Any] = {
            "labels": {name: labels.tolist() for name, (_, labels) in arrays.parts().items()},
            "names": arrays.names,
            "skipped": arrays.skipped,
        }
        written = self._file(f"json-{os.getpid()}")
        written.write_text(json.dumps(told), encoding="utf-8")
        written.replace(self._file("json"))
        found = self.read()
        assert found is not None
        return found

    def drop(self) -> None:
        """Removes places that were not kept."""
        for part in self._parts:
            self._file(f"{part}-{os.getpid()}").unlink(missing_ok=True)

    def _part(self, name: str, labels: list[int]) -> tuple[Any, Any]:
        # For reading alone: what could be written, the system counts as memory, and may refuse.
        images = np.load(self._file(f"{name}.npy"), mmap_mode="r", allow_pickle=False)
        if images.dtype != np.uint8 or len(images) < len(labels):
            raise ValueError(f"{images.dtype} {images.shape} for {len(labels)} labels")
        return images[: len(labels)], np.asarray(labels, dtype=np.int64)

    def _file(self, end: str) -> Path:
        return self._base.with_name(f"{self._base.name}.{end}")
