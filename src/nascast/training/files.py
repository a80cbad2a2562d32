"""Files that are whole at any moment."""

import os
from pathlib import Path

from nascast.core.errors import StoreError

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it is whole at any moment, the old one or the new one.

    Raises:
        StoreError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror}; choose another --out, or free the disk"
        ) from error
    finally:
        if part.exists():
            part.unlink()
