"""Artefacts of a study on disk: trained once for all its cells, such as a supernet."""

import hashlib
import io
import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from nascast.core.bounds import reading
from nascast.core.errors import CorruptDataError, StoreError
from nascast.core.kept import Artefact

__all__ = ["ArtefactFolder"]


class ArtefactFolder:
    """A folder of artefacts, each a file of arrays with the seconds that making it took.

    A file appears whole or not at all, is named by its key, and is checked when it is read. Arrays
    are plain numbers; nothing is unpickled.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, key: str, /) -> tuple[Artefact, float] | None:
        """Returns the arrays and seconds kept under a key, or None.

        Raises:
            CorruptDataError: the file is damaged; delete it, and it is made again.
        """
        file = self._file(key)
        if not file.exists():
            return None
        digest, _, body = file.read_bytes().partition(b"\n")
        if hashlib.sha256(body).hexdigest().encode() != digest:
            raise CorruptDataError(f"{file} is damaged; delete it, and it is made again")
        with reading(file, len(body), advice="delete it, and it is made again"):
            with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
            seconds = float(json.loads(str(found.pop("")))["seconds"])
        return found, seconds

    def __setitem__(self, key: str, value: tuple[Artefact, float], /) -> None:
        """Keeps arrays and the seconds that making them took.

        Raises:
            StoreError: the file cannot be written.
        """
        arrays, seconds = value
        head = json.dumps({"key": key, "seconds": seconds})
        buffer = io.BytesIO()
        np.savez(buffer, **{"": np.asarray(head), **arrays})  # type: ignore[arg-type]
        body = buffer.getvalue()
        part = self._file(key).with_suffix(f".{os.getpid()}.part")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            part.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            part.replace(self._file(key))
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise StoreError(f"cannot write to {self.path}: {error.strerror}") from error

    def _file(self, key: str) -> Path:
        return self.path / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.artefact"
