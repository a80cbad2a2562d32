"""Trainings on disk, to be continued by another process.

A file is a line with the SHA-256 of what follows it, which is what ``torch.save`` writes.
"""

import hashlib
import io
import os
import pickle
from pathlib import Path
from typing import Any, Protocol

import torch

from nascast.core.bounds import reading, size_of
from nascast.core.errors import InvalidSettingError, StoreError

__all__ = ["Resumable", "read", "resume", "save"]


class Resumable(Protocol):
    """A training that can be saved and continued, as tensors and plain values."""

    def state(self) -> dict[str, Any]:
        """Returns all that continuing needs."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Continues from a state; raises an InvalidSettingError for that of another training."""
        ...


def save(training: Resumable, path: Path) -> None:
    """Writes a training so that the file is whole at any moment, the old one or the new one.

    Raises:
        StoreError: the file cannot be written.
    """
    packed = io.BytesIO()
    torch.save(training.state(), packed)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            file.write(_digest(packed.getbuffer()) + b"\n")
            file.write(packed.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"cannot write {path}: {error.strerror}") from error


def read(path: Path) -> dict[str, Any]:
    """Returns the saved state; nothing but tensors and plain values is unpickled.

    Raises:
        CorruptDataError: it is no such file, or damaged.
    """
    what = "a checkpoint of a training"
    with reading(path, size_of(path), what=what, advice="remove it to train anew"):
        digest, _, body = path.read_bytes().partition(b"\n")
        if _digest(body) != digest:
            raise ValueError("its checksum does not fit its content")
        packed = io.BytesIO(body)
        if not body.startswith(b"PK"):  # as torch.load would try older formats
            raise ValueError("it is no zip file")
        try:
            state: dict[str, Any] = torch.load(packed, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:  # its words advise to unpickle what was refused
            raise ValueError("it holds more than tensors and plain values") from None
        if not isinstance(state, dict) or "optimizer" not in state:
            raise ValueError("it is something else")
    return state


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def resume(training: Resumable, path: Path) -> bool:
    """Continues a training from a file; returns whether the file exists.

    Raises:
        CorruptDataError: it is no such file, or damaged.
        InvalidSettingError: it is of a training with another network, recipe or other data.
    """
    if not path.exists():
        return False
    state = read(path)
    try:
        training.restore(state)
    except (RuntimeError, ValueError) as error:  # shapes that differ; InvalidSettingError is one
        raise InvalidSettingError(f"{path} is not of this training: {error}") from error
    return True
