"""What lies at a path, told apart without being read."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["stamp"]

_DEEP = 4  # levels of a folder: its parts, their classes, the files of these, and one more


def stamp(path: str | Path) -> str:
    """Returns a digest of a path, and of names, sizes and times of change of the files there.

    Of a folder all files count that are up to four levels below it, also through links. There is
    one, too, of a path where nothing lies. What is remembered of files is remembered by it.
    """
    digest = hashlib.sha256()
    for text in (_real(Path(path)), _about(path), *_inside(path, _DEEP)):
        digest.update(text.encode("utf-8", "backslashreplace") + b"\0")
    return digest.hexdigest()


def _real(path: Path) -> str:
    try:
        return str(path.resolve())
    except (OSError, ValueError, RuntimeError):  # no path at all, or links in a circle
        return str(path)


def _about(path: str | Path | os.DirEntry[str]) -> str:
    try:
        about = os.stat(path)
    except (OSError, ValueError):
        return "nothing"
    return f"{about.st_size} {about.st_mtime_ns}"


def _inside(folder: str | Path, levels: int) -> Iterator[str]:
    """Yields names in a folder, sorted, each with what is known of the file."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (OSError, ValueError):
        return
    for entry in entries:
        if not os.path.isdir(entry):
            yield f"{entry.name} {_about(entry)}"
        elif levels > 1:
            yield f"{entry.name}/"
            yield from _inside(entry.path, levels - 1)
