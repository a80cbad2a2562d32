"""TFRecord files, read in blocks, every checksum checked.

A record is its length (8 bytes, little-endian), a checksum of these, its bytes, and a checksum of
those, https://www.tensorflow.org/tutorials/load_data/tfrecord. The checksum is CRC-32C (Castagnoli,
RFC 3720 appendix B.4), rotated and shifted by a constant.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError, MissingDataError

__all__ = ["RecordBlock", "checksums", "cut", "read_blocks"]

_HEAD, _SUM = 12, 4  # bytes before a record, and behind it
_BLOCK = 2**22  # bytes read at a time; chosen
_LONGEST = 2**14  # bytes of a record; chosen, those of NAS-Bench-101 have hundreds
_FAR = 2**62  # bytes; damaged lengths can be of more than an int64
_MASK = 0xA282EAD8  # TensorFlow adds it to a rotated sum

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class RecordBlock:
    """A block of records that follow each other in a file.

    Attributes:
        path: path of the file.
        offset: place in the file where `data` begins.
        data: bytes of the block.
        starts: ``(n,)`` places in `data` where each record's own bytes begin.
        lengths: ``(n,)`` numbers of these bytes.
    """

    path: Path
    offset: int
    data: bytes
    starts: Indices
    lengths: Indices

    def place(self, record: int) -> str:
        """Returns the place of a record in words, for messages."""
        at = self.offset + int(self.starts[record]) - _HEAD
        return f"{self.path}, the record at byte {at}"


def read_blocks(path: Path, seen: Callable[[bytes], Any]) -> Iterator[RecordBlock]:
    """Yields all records of a file.

    Args:
        path: path of the file.
        seen: function called with all bytes read, for a checksum of the whole file.

    Raises:
        MissingDataError: there is no such file.
        CorruptDataError: a checksum does not fit, or the file was cut off inside a record.
    """
    if not path.is_file():
        raise MissingDataError(f"no file {path}")
    offset, rest = 0, b""
    with open(path, "rb") as file:
        while piece := file.read(_BLOCK):
            seen(piece)
            data = rest + piece
            block, used = _split(path, offset, data)
            if len(block.starts):
                yield block
            offset, rest = offset + used, data[used:]
    if rest:
        raise CorruptDataError(
            f"{path}: cut off inside the record at byte {offset}: the file ends {len(rest)} bytes "
            "later; fetch it again"
        )


def _split(path: Path, offset: int, data: bytes) -> tuple[RecordBlock, int]:
    """Returns the whole records in `data`, and the number of bytes that they take."""
    begins, at, size, frame = [], 0, len(data), _HEAD + _SUM
    length_at = struct.Struct("<Q").unpack_from
    while at <= size - _HEAD:
        stop = at + frame + length_at(data, at)[0]
        if size < stop <= at + frame + _LONGEST:
            break
        begins.append(at)
        at = stop
    at = min(at, _FAR)  # a length that leads out of the file: the checks will say
    starts = np.asarray(begins, dtype=np.int64) + _HEAD
    ends = np.append(starts[1:] - _HEAD, at)[: len(starts)] - _SUM
    block = RecordBlock(path, offset, data, starts, ends - starts)
    _check(block)
    return block, at


def _check(block: RecordBlock) -> None:
    """Raises at the first record whose checksums do not fit, or that is too long."""
    heads = _at(block, block.starts - _HEAD, "<u8")
    distinct, which = np.unique(heads, return_inverse=True)  # many records are equally long
    good = checksums(head.tobytes() for head in distinct)[which] == _at(
        block, block.starts - _SUM, "<u4"
    )
    sane = good & (block.lengths <= _LONGEST)
    until = len(sane) if sane.all() else int(np.argmin(sane))
    starts, stops = block.starts[:until], block.starts[:until] + block.lengths[:until]
    whole = checksums(cut(block.data, starts, stops)) == _at(block, stops, "<u4")
    if not whole.all():
        raise CorruptDataError(
            f"{block.place(int(np.argmin(whole)))}: its bytes do not fit their checksum; the file "
            "is damaged, fetch it again"
        )
    if until < len(sane):
        where = block.place(until)
        if good[until]:
            raise CorruptDataError(
                f"{where}: it has {block.lengths[until]} bytes; expected at most {_LONGEST}"
            )
        raise CorruptDataError(
            f"{where}: its length does not fit the checksum; the file is damaged or not a TFRecord "
            "file, fetch it again"
        )


def _at(block: RecordBlock, starts: Indices, kind: str) -> npt.NDArray[np.unsignedinteger]:
    """Returns ``(n,)``: the numbers of a type that begin at the bytes `starts`."""
    data = np.frombuffer(block.data, dtype=np.uint8)
    places = starts[:, None] + np.arange(np.dtype(kind).itemsize)
    return np.asarray(data[places].view(kind)[:, 0])


def cut(data: bytes, starts: Indices, stops: Indices) -> list[bytes]:
    """Returns the pieces of bytes from starts to stops."""
    return [data[i:j] for i, j in zip(starts.tolist(), stops.tolist(), strict=True)]


def checksums(pieces: Iterable[bytes]) -> npt.NDArray[np.uint32]:
    """Returns ``(n,)``: the masked CRC-32C of each of n pieces."""
    sums = np.fromiter(map(google_crc32c.value, pieces), dtype=np.uint32)
    return (sums >> np.uint32(15) | sums << np.uint32(17)) + np.uint32(_MASK)
