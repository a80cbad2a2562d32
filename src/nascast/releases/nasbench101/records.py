"""The records of NAS-Bench-101, decoded a block at a time.

A record is JSON: the module hash, the epochs of the budget, the adjacency matrix row by row, the
operations, and a protocol buffer in base64, https://github.com/google-research/nasbench. The buffer
is decoded by `decode_metrics`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import isqrt

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError
from nascast.core.types import Floats
from nascast.releases.formats.tfrecord import RecordBlock, cut
from nascast.releases.nasbench101.metrics import decode_metrics
from nascast.spaces.nasbench101.space import NasBench101

__all__ = ["Records", "decode"]

_FORM = "[hash, epochs, adjacency, operations, metrics]"
_DIGITS = 32  # hexadecimal digits of a hash
_QUOTES = 8  # quotation marks of a record
_SIZES = 8  # more than the vertices of a cell
_NO_PAIR = 2**16 - 1
_SPACE = NasBench101()
_CONV = _SPACE.operations[0]  # the gene 0

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """n records of trainings, as arrays.

    Attributes:
        hashes: ``(n, 2)`` module hashes in two halves.
        codes: ``(n,)`` codes of the cells as they are recorded, as `NasBench101.codes`.
        epochs: ``(n,)`` epochs of the budget.
        parameters: ``(n,)`` numbers of trainable parameters.
        values: ``(n, 3, 5)`` numbers, see `decode_metrics`.
    """

    hashes: npt.NDArray[np.uint64]
    codes: Ints
    epochs: Ints
    parameters: Ints
    values: Floats


def decode(block: RecordBlock) -> Records:
    """Returns the records of a block.

    Raises:
        CorruptDataError: a record is not one of the benchmark; the message says where and why.
    """
    fields = _fields(block.data, block.starts, block.starts + block.lengths)
    if fields is None:  # valid JSON perhaps, but not as the release has it
        fields = _fields(*_rewritten(block))
        assert fields is not None
    hashes, (budgets, matrices, operations, metrics) = fields
    epochs = np.asarray(_each(block, _budget, budgets))
    edges = np.asarray(_each(block, _edges_code, matrices))
    labels = np.asarray(_each(block, _labels_code, operations))
    if (edges % _SIZES != labels % _SIZES).any():
        record = int(np.argmax(edges % _SIZES != labels % _SIZES))
        raise CorruptDataError(
            f"{block.place(record)}: a matrix of {edges[record] % _SIZES} vertices with "
            f"{labels[record] % _SIZES} operations"
        )
    parameters, values = decode_metrics(block.place, *_from_base64(block, metrics))
    _check(block, epochs, values)
    codes = edges // _SIZES + labels // _SIZES  # a code is a sum over the genes
    return Records(_halves(block, hashes), codes, epochs, parameters, values)


def _fields(data: bytes, starts: Ints, ends: Ints) -> tuple[bytes, list[list[bytes]]] | None:
    """Returns all hashes joined, and the four other fields of all records.

    They are None if some records are not laid out as usual.

    This is many times faster than to parse JSON: eight quotation marks say where everything is.
    """
    array = np.frombuffer(data, dtype=np.uint8)
    marks = np.flatnonzero(array == ord('"'))
    first = np.searchsorted(marks, starts)
    if (np.searchsorted(marks, ends) - first != _QUOTES).any():
        return None
    quotes = marks[first[:, None] + np.arange(_QUOTES)]
    usual = (quotes[:, 0] == starts + 1) & (quotes[:, 7] == ends - 2)
    usual &= (quotes[:, 4] - quotes[:, 3] == 3) & (quotes[:, 6] - quotes[:, 5] == 3)
    usual &= quotes[:, 1] - quotes[:, 0] == _DIGITS + 1
    places = np.stack([starts, ends - 1, quotes[:, 3] + 1, quotes[:, 5] + 1], axis=1)
    usual &= (array[places] == np.frombuffer(b"[],,", dtype=np.uint8)).all(1)
    if not usual.all():
        return None
    hashes = np.lib.stride_tricks.sliding_window_view(array, _DIGITS)[starts + 2].tobytes()
    fields = []
    for left in (1, 2, 4, 6):
        fields.append(cut(data, quotes[:, left] + 1, quotes[:, left + 1]))
    return hashes, fields


def _rewritten(block: RecordBlock) -> tuple[bytes, Ints, Ints]:
    """Returns all records of a block as the release would have them, with starts and ends."""
    records = []
    for record, (start, length) in enumerate(zip(block.starts, block.lengths, strict=True)):
        text = block.data[start : start + length]
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CorruptDataError(f"{block.place(record)}: not JSON, {error}") from error
        kinds = [type(field) for field in fields] if isinstance(fields, list) else []
        if kinds != [str, int, str, str, str] or len(fields[0]) != _DIGITS:
            raise CorruptDataError(
                f"{block.place(record)}: expected {_FORM}, a hash of {_DIGITS} digits, a number "
                f"and three texts; got {text[:80]!r} …; this version of the records is not known"
            )
        fields[4] = "".join(fields[4].split())
        if any(json.dumps(field) != f'"{field}"' for field in fields[::2] + fields[3:4]):
            raise CorruptDataError(f"{block.place(record)}: escapes in {text[:80]!r} …")
        records.append(json.dumps(fields).encode())
    ends = np.asarray([len(record) for record in records], dtype=np.int64).cumsum()
    starts = np.concatenate([[0], ends[:-1]])
    return b"".join(records), starts, ends


def _each(block: RecordBlock, read: Callable[[bytes], int], texts: list[bytes]) -> list[int]:
    """Returns the numbers read from the texts of all records; an error names the record."""
    try:
        return list(map(read, texts))
    except ValueError:
        pass
    for record, text in enumerate(texts):
        try:
            read(text)
        except ValueError as error:
            raise CorruptDataError(f"{block.place(record)}: {error}") from error
    raise AssertionError("what could not be read can be read")


@cache
def _budget(between: bytes) -> int:
    found = re.fullmatch(rb", *([1-9]\d{0,3}) *, *", between)
    if not found:
        raise ValueError(f"expected {_FORM} with a number of epochs; got {between!r}")
    return int(found[1])


@cache
def _edges_code(matrix: bytes) -> int:
    """Returns the code of the cell whose labels are all 0, times 8, plus the number of vertices."""
    vertices = isqrt(len(matrix))
    labels = ",".join(["input", *[_CONV] * (vertices - 2), "output"])
    genes = _SPACE.from_text([f"{matrix.decode()}:{labels}"])
    return int(_SPACE.codes(genes)[0]) * _SIZES + vertices


@cache
def _labels_code(operations: bytes) -> int:
    """Returns the part of the labels in the code of a cell, times 8, plus their number."""
    vertices = operations.count(b",") + 1
    chain = np.eye(vertices, k=1, dtype=int).reshape(-1)
    matrix = "".join(map(str, chain.tolist()))
    genes = _SPACE.from_text([f"{matrix}:{operations.decode()}"])
    without = _edges_code(matrix.encode()) // _SIZES
    return (int(_SPACE.codes(genes)[0]) - without) * _SIZES + vertices


def _halves(block: RecordBlock, hashes: bytes) -> npt.NDArray[np.uint64]:
    bad = re.search(b"[^0-9a-f]", hashes)
    if bad:
        record = bad.start() // _DIGITS
        digest = hashes[record * _DIGITS : (record + 1) * _DIGITS]
        raise CorruptDataError(
            f"{block.place(record)}: expected a hexadecimal module hash; got {digest!r}"
        )
    halves = np.frombuffer(bytes.fromhex(hashes.decode()), dtype=">u8").reshape(-1, 2)
    return halves.astype(np.uint64)


def _from_base64(block: RecordBlock, texts: list[bytes]) -> tuple[Bytes, Ints]:
    """Returns the bytes of all texts, each from a multiple of 3 on, and ``(n,)`` lengths."""
    marked = (b'"'.join(texts) + b'"').replace(b"\\n", b"")  # line feeds, as JSON has them
    last = np.flatnonzero(np.frombuffer(marked, dtype=np.uint8) == ord('"')) - 1
    last -= np.arange(len(texts))
    sizes = np.diff(last, prepend=-1)
    if (sizes % 4 > 0).any() or not sizes.all():
        record = int(np.argmax((sizes % 4 > 0) | (sizes == 0)))
        raise CorruptDataError(
            f"{block.place(record)}: base64 comes in groups of four; got {sizes[record]} characters"
        )
    digits = np.frombuffer(marked.replace(b'"', b""), dtype=np.uint8).copy()
    one = digits[last] == ord("=")
    two = one & (digits[last - 1] == ord("="))
    digits[last[one]] = ord("A")
    digits[last[two] - 1] = ord("A")
    twelve = _pairs()[digits.view("<u2")]
    if (twelve == _NO_PAIR).any():
        record = int(np.searchsorted(last, 2 * int(np.argmax(twelve == _NO_PAIR))))
        raise CorruptDataError(f"{block.place(record)}: its metrics are not base64")
    high, low = twelve[::2], twelve[1::2]
    out = np.empty((len(high), 3), dtype=np.uint8)
    out[:, 0] = high >> 4
    out[:, 1] = (high & 15) << 4 | low >> 8
    out[:, 2] = low & 255
    return out.reshape(-1), sizes // 4 * 3 - one - two


@cache
def _pairs() -> npt.NDArray[np.uint16]:
    """Returns ``(2**16,)``: the 12 bits of two base64 digits, the first being the low byte."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    six = np.full(256, -1)
    six[list(alphabet)] = np.arange(64)
    pairs = six << 6 | six[:, None]
    bad = (six < 0) | (six[:, None] < 0)
    return np.where(bad, _NO_PAIR, pairs).reshape(-1).astype(np.uint16)


def _check(block: RecordBlock, budgets: Ints, values: Floats) -> None:
    """Raises at the first record with a number that cannot be right."""
    seconds, accuracies = values[:, 1:, 1], values[:, 1:, 2:]
    good = (np.isfinite(seconds) & (seconds >= 0)).all(1) & (seconds[:, 1] > 0)
    good &= ((accuracies >= 0) & (accuracies <= 1)).all((1, 2))
    last = values[:, 2, 0]
    good &= np.isnan(last) | (np.abs(last - budgets) < 0.5)
    if not good.all():
        record = int(np.argmin(good))
        raise CorruptDataError(
            f"{block.place(record)}: expected seconds, accuracies from 0 to 1 and a last "
            f"evaluation after {budgets[record]} epochs; got {values[record, 1:].tolist()}"
        )
