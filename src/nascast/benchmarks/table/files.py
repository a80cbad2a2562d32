"""Files of columns: an Arrow file, the SHA-256 of it, and a mark of eight bytes."""

import hashlib
import io
import json
import mmap
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nascast.core.errors import CorruptDataError, MissingDataError

__all__ = [
    "SCORES",
    "TABLE",
    "Kind",
    "array_of",
    "check_sum",
    "head_of",
    "map_columns",
    "write_columns",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        name: name for people.
        mark: eight bytes that end such a file.
    """

    name: str
    mark: bytes


TABLE = Kind("nascast table", b"NASCAST1")
SCORES = Kind("table of proxy scores", b"NASCASTS")

_TRAILER = 32 + 8  # bytes of the sum and the mark
_LARGE = 64 * 2**20  # bytes, chosen: smaller tables are summed in a tenth of a second every time


def write_columns(
    columns: Mapping[str, npt.NDArray[Any]],
    head: Mapping[str, Any],
    path: Path,
    kind: Kind,
    *,
    compressed: bool,
) -> None:
    """Writes columns, each ``(n, k)``, and a head of JSON values, whole or not at all."""
    described = {"nascast": json.dumps(head, sort_keys=True)}
    lists = {name: _lists(values) for name, values in columns.items()}
    table = pa.table(lists).replace_schema_metadata(described)
    options = pa.ipc.IpcWriteOptions(compression="zstd" if compressed else None)
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            sink = _Summed(file)
            with pa.ipc.new_file(sink, table.schema, options=options) as writer:
                writer.write_table(table)
            file.write(sink.digest() + kind.mark)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


class _Summed(io.RawIOBase):
    """Writes to a file and computes the checksum on the way; nothing is held in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self._done = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._done

    def write(self, data: Any) -> int:
        self._sum.update(data)
        self._file.write(data)
        self._done += len(data)
        return len(data)

    def digest(self) -> bytes:
        return self._sum.digest()


def map_columns(path: Path, kind: Kind) -> pa.Table:
    """Returns the columns of a file, mapped into memory, and packed ones unpacked.

    Args:
        path: path of the file.
        kind: kind of file that is expected.

    Raises:
        MissingDataError, CorruptDataError: see `check_sum`.
    """
    body = check_sum(path, kind, trusting=True)
    found = pa.ipc.open_file(pa.py_buffer(body)).read_all()
    found.validate(full=True)  # a checksum can be made again; Arrow itself trusts what it reads
    return found


def check_sum(path: Path, kind: Kind, trusting: bool) -> memoryview:
    """Returns what stands in a file before its sum, mapped into memory.

    Args:
        path: path of the file.
        kind: kind of file that is expected.
        trusting: whether the sum of a large file that was checked before is not made again.

    Raises:
        MissingDataError: there is no such file.
        CorruptDataError: it is of another kind, was cut off or altered.
    """
    if not path.is_file():
        raise MissingDataError(f"no {kind.name} {path}")
    with open(path, "rb") as file:
        stat = os.fstat(file.fileno())
        if stat.st_size <= _TRAILER:
            raise CorruptDataError(f"{path}: not a {kind.name}; it has {stat.st_size} bytes")
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    if bytes(memory[-len(kind.mark) :]) != kind.mark:
        raise CorruptDataError(f"{path}: not a {kind.name}, or cut off; make or fetch it again")
    body, digest = memory[:-_TRAILER], bytes(memory[-_TRAILER : -len(kind.mark)])
    stamp = f"{stat.st_size} {stat.st_mtime_ns} {digest.hex()}\n"
    if not (trusting and stat.st_size >= _LARGE and _read_stamp(path) == stamp):
        if hashlib.sha256(body).digest() != digest:
            raise CorruptDataError(
                f"{path}: its checksum does not fit its content; it was altered or damaged, "
                "make or fetch it again"
            )
        if stat.st_size >= _LARGE:
            _write_stamp(path, stamp)
    return body


def _read_stamp(path: Path) -> str:
    try:
        return path.with_name(path.name + ".checked").read_text()
    except (OSError, ValueError):
        return ""


def _write_stamp(path: Path, stamp: str) -> None:
    """Remembers that a file was found whole; where that cannot be written, it is checked again."""
    part = path.with_name(f"{path.name}.checked.{os.getpid()}")  # others may open the table too
    try:
        part.write_text(stamp)
        os.replace(part, path.with_name(path.name + ".checked"))
    except OSError:
        part.unlink(missing_ok=True)


def head_of(table: pa.Table) -> dict[str, Any]:
    """Returns the head of a file, as it was given to `write_columns`."""
    head: dict[str, Any] = json.loads(table.schema.metadata[b"nascast"])
    return head


def array_of(table: pa.Table, name: str) -> npt.NDArray[Any]:
    """Returns a column ``(n, d)`` as it stands in the file; Arrow's own ways import pandas."""
    (chunk,) = table.column(name).chunks
    if not pa.types.is_fixed_size_list(chunk.type):
        raise ValueError(f"{name} should be of lists of one size; it is of {chunk.type}")
    width, values = chunk.type.list_size, chunk.values
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise ValueError(f"{name} should be of numbers; it is of {values.type}")
    if chunk.null_count or values.null_count:
        raise ValueError(f"{name} has empty values")
    array = np.frombuffer(values.buffers()[1], dtype=values.type.to_pandas_dtype())
    start = values.offset + chunk.offset * width
    return array[start : start + len(chunk) * width].reshape(-1, width)


def _lists(values: npt.NDArray[Any]) -> pa.Array:
    """Returns the Arrow column of an array, ``(n, k)``, which is a list of k for each row."""
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
