"""Trainings on disk, to be continued by another process."""

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any, Protocol

import torch

from nascast.core.errors import CorruptDataError, InvalidSettingError, StoreError

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
    try:
        if not zipfile.is_zipfile(path):  # as torch.load would try older formats
            raise ValueError("it is no zip file")
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or "optimizer" not in state:
            raise ValueError("it is something else")
    except (OSError, ValueError, RuntimeError, LookupError, pickle.UnpicklingError) as error:
        raise CorruptDataError(
            f"{path} is no checkpoint of a training, or damaged; remove it to train anew; {error}"
        ) from error
    return state


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
