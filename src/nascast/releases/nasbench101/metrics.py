"""The protocol buffers of NAS-Bench-101, many at once and without their runtime.

Messages of one length are an array of bytes. One of them is read byte by byte; what it has at the
places of tags and lengths, all that are laid out like it have, too, and their numbers are at the
same places. https://protobuf.dev/programming-guides/encoding tells what the bytes mean.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError
from nascast.core.types import Floats

__all__ = ["FIELDS", "decode_metrics"]

# The fields 1 to 5 of an evaluation,
# https://github.com/google-research/nasbench/blob/master/nasbench/lib/model_metrics.proto
FIELDS = ("epoch", "seconds", "train accuracy", "validation accuracy", "test accuracy")
_EVALUATIONS = ("before the first step", "half-way", "at the end")
_EVALUATION, _PARAMETERS = 1, 2  # fields of the whole message
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types
_NEEDED = {(i, field) for i in (1, 2) for field in (1, 2, 3, 4)}  # the API reads no more than these
_LONGEST_VARINT = 10

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]


class _Layout(NamedTuple):
    """The layout of a message.

    Attributes:
        fixed: ``(length,)`` masks of the bits that all messages of this layout share.
        slots: ``(k,)`` places of k doubles among the numbers of all evaluations.
        places: ``(8 k,)`` places of the bytes of these doubles in the message.
        parameters: places of the bytes of the number of parameters.
    """

    fixed: Bytes
    slots: Ints
    places: Ints
    parameters: range


def decode_metrics(place: Callable[[int], str], data: Bytes, lengths: Ints) -> tuple[Ints, Floats]:
    """Returns ``(n,)`` parameters and ``(n, 3, 5)`` numbers of n messages.

    The numbers are `FIELDS`, accuracies as fractions, before the first step, half-way and at the
    end; NaN for one that is not recorded and that the official API does not read.

    Args:
        place: function that returns the place of a record in words, for errors.
        data: messages, each followed by up to 2 bytes up to a multiple of 3.
        lengths: ``(n,)`` numbers of bytes of the messages.

    Raises:
        CorruptDataError: a message is not of that kind, or lacks a field.
    """
    padded = -(-lengths // 3) * 3
    starts = padded.cumsum() - padded
    parameters = np.zeros(len(lengths), dtype=np.int64)
    values = np.full((len(lengths), len(_EVALUATIONS) * len(FIELDS)), np.nan)
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        messages = np.lib.stride_tricks.sliding_window_view(data, length)[starts[rows]]
        while len(rows):
            try:
                layout = _layout(messages[0].tobytes())
            except ValueError as error:
                raise CorruptDataError(f"{place(int(rows[0]))}: {error}") from error
            shared = np.flatnonzero(layout.fixed)
            bits = (messages ^ messages[0]).take(shared, axis=1) & layout.fixed[shared]
            same = ~bits.any(1)
            these, whose = messages[same], rows[same]
            values[whose[:, None], layout.slots] = these.take(layout.places, axis=1).view("<f8")
            for shift, at in enumerate(layout.parameters):
                parameters[whose] |= (these[:, at].astype(np.int64) & 127) << 7 * shift
            rows, messages = rows[~same], messages[~same]
    return parameters, values.reshape(-1, len(_EVALUATIONS), len(FIELDS))


def _layout(message: bytes) -> _Layout:
    """Returns the layout of one message; raises ValueError if it is none."""
    fixed = np.full(len(message), 255, dtype=np.uint8)
    numbers: dict[tuple[int, int], int] = {}  # where (evaluation, field) is; the last one counts
    parameters = range(0)
    evaluations = 0
    for number, wire, start, stop in _walk(message, 0, len(message)):
        fixed[start:stop] = 128 if wire == _VARINT else 0
        if number == _EVALUATION:
            _expect(wire == _BYTES, "an evaluation is not a message")
            fixed[start:stop] = 255
            for inner, kind, first, last in _walk(message, start, stop):
                fixed[first:last] = 128 if kind == _VARINT else 0
                if inner <= len(FIELDS):
                    _expect(kind == _FIXED64, f"{FIELDS[inner - 1]} is not a double")
                    numbers[evaluations, inner - 1] = first
            evaluations += 1
        elif number == _PARAMETERS:
            _expect(wire == _VARINT and stop - start <= 5, "the parameters are not an int32")
            parameters = range(start, stop)
    _expect(
        evaluations == len(_EVALUATIONS),
        f"expected {len(_EVALUATIONS)} evaluations, {', '.join(_EVALUATIONS)}; got {evaluations}; "
        "this version of the records is not known",
    )
    missing = sorted(_NEEDED - numbers.keys())
    if missing:
        evaluation, field = missing[0]
        raise ValueError(f"no {FIELDS[field]} {_EVALUATIONS[evaluation]}")
    _expect(len(parameters) > 0, "no number of trainable parameters")
    slots = np.asarray([i * len(FIELDS) + field for i, field in numbers])
    places = (np.asarray(list(numbers.values()))[:, None] + np.arange(8)).reshape(-1)
    return _Layout(fixed, slots, places, parameters)


def _walk(message: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields number, wire type, start and stop of each field."""
    while at < end:
        tag, at = _varint(message, at, end)
        number, wire = tag >> 3, tag & 7
        _expect(number > 0, "its metrics are not a protocol buffer")
        start = at
        if wire == _VARINT:
            at = _varint(message, at, end)[1]
        elif wire == _BYTES:
            size, start = _varint(message, at, end)
            at = start + size
        else:
            _expect(wire in (_FIXED64, _FIXED32), "its metrics are not a protocol buffer")
            at += 8 if wire == _FIXED64 else 4
        _expect(at <= end, "its metrics are a protocol buffer that was cut off")
        yield number, wire, start, at


def _varint(message: bytes, at: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(_LONGEST_VARINT):
        _expect(at + shift < end, "its metrics are a protocol buffer that was cut off")
        byte = message[at + shift]
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, at + shift + 1
    raise ValueError("its metrics are not a protocol buffer")


def _expect(true: bool, message: str) -> None:
    if not true:
        raise ValueError(message)
