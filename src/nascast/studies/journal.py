"""An append-only file of JSON lines that survives being cut off at any byte.

Every line begins with the CRC-32 of the rest of it. One that was altered is worth as little as one
that was cut off: it is passed over, and its work is done again.
"""

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nascast.core.errors import StoreError

__all__ = ["Journal"]

_HEAD = b'{"sum":"'


class Journal:
    """Records in a file, one JSON object in each line; appended records are on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, record: Mapping[str, Any]) -> None:
        """Writes one record and waits until it is on disk."""
        self.append_all([record])

    def append_all(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Writes records in one go and waits until they are on disk.

        Where the write is cut off, the records before the cut are kept.
        """
        packed = (json.dumps(record, separators=(",", ":")).encode() for record in records)
        lines = [_line(record) + b"\n" for record in packed]
        if not lines:
            return
        with open(self.path, "ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":  # the end of a record that was cut off
                    lines.insert(0, b"\n")
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> Iterator[dict[str, Any]]:
        """Yields the records; a line that was cut off or altered is passed over.

        Raises:
            StoreError: it is a folder, a pipe or a device.
        """
        if not self.path.exists():
            return
        if not self.path.is_file():  # a pipe never ends
            raise StoreError(f"{self.path} is no file; remove it, or choose another folder")
        for line in self.path.read_bytes().split(b"\n"):
            tail = line[len(_HEAD) + 9 :]  # behind the sum and its quotation mark
            rest = b"{" + tail[1:] if tail.startswith(b",") else b"{}"
            if line == _line(rest):
                yield json.loads(rest)


def _line(record: bytes) -> bytes:
    """Returns the JSON of a record with its sum as the first item."""
    rest = record[1:] if record == b"{}" else b"," + record[1:]
    return _HEAD + b"%08x" % zlib.crc32(record) + b'"' + rest
