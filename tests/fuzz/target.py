"""A file format that is fuzzed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Target"]


@dataclass(frozen=True)
class Target:
    """A file format.

    Attributes:
        name: of the format; ``/`` and a word says which layer is changed.
        file: what the file is called.
        content: of a sound file, or of what `pack` makes one of.
        read: reads a file and returns bytes that tell what was understood.
        pack: makes a file of changed content, such as with a checksum made again.
        checked: the format has a checksum, so that no change may go unnoticed.
        apart: the public way, which runs `read` in a process of its own, or None.
    """

    name: str
    file: str
    content: bytes
    read: Callable[[Path], bytes]
    pack: Callable[[bytes], bytes] = bytes
    checked: bool = False
    apart: Callable[[Path], object] | None = None
