"""Universal Binary JSON, as XGBoost writes its models.

https://ubjson.org, and for what XGBoost makes of it ``src/common/json.cc`` in
https://github.com/dmlc/xgboost. Numbers are big-endian; arrays of one type are numpy arrays.
"""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["loads"]

_DEPTH = 32  # of arrays and objects in each other; chosen, models have 8
_KINDS = {
    **{"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8"},
    **{"d": ">f4", "D": ">f8"},
}
_NUMBERS = {ord(mark): struct.Struct(f">{np.dtype(kind).char}") for mark, kind in _KINDS.items()}
_NUMBERS[ord("l")], _NUMBERS[ord("L")] = struct.Struct(">i"), struct.Struct(">q")
_CONSTANTS = {ord("Z"): None, ord("T"): True, ord("F"): False}


def loads(content: bytes) -> Any:
    """Returns what the content holds: dictionaries, lists, arrays, texts and numbers.

    Raises:
        ValueError: it is something else, cut off, or has one key twice in an object.
    """
    reader = _Reader(content)
    found = reader.value(reader.byte(), 0)
    if reader.at != len(content):
        raise ValueError(f"{len(content) - reader.at} bytes follow the end")
    return found


class _Reader:
    """Reads values one after the other, never past the end."""

    def __init__(self, content: bytes) -> None:
        self._content, self.at = content, 0
        self._containers: dict[int, Callable[[int], Any]] = {
            ord("{"): self._object,
            ord("["): self._array,
        }

    def byte(self) -> int:
        if self.at >= len(self._content):
            raise ValueError("cut off")
        self.at += 1
        return self._content[self.at - 1]

    def value(self, mark: int, depth: int) -> Any:
        if mark in _NUMBERS:
            return self._number(mark)
        if mark == ord("S"):
            return self._text()
        if mark in _CONSTANTS:
            return _CONSTANTS[mark]
        if mark not in self._containers or depth >= _DEPTH:
            raise ValueError(f"byte {self.at - 1} is no value, or nested too deeply")
        return self._containers[mark](depth + 1)

    def _number(self, mark: int) -> Any:
        kind = _NUMBERS[mark]
        if self.at + kind.size > len(self._content):
            raise ValueError("cut off")
        self.at += kind.size
        return kind.unpack_from(self._content, self.at - kind.size)[0]

    def _size(self, unit: int = 1) -> int:
        """Reads how many follow, of so many bytes each at the least."""
        mark = self.byte()
        found = self._number(mark) if mark in _NUMBERS else None
        left = len(self._content) - self.at
        if not isinstance(found, int) or not 0 <= found * unit <= left:
            raise ValueError(f"a length at byte {self.at} that leads out of the file")
        return found

    def _text(self) -> str:
        size = self._size()
        self.at += size
        return self._content[self.at - size : self.at].decode()

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._peek() != ord("}"):
            key = self._text()
            if key in found:
                raise ValueError(f"{key} is there twice")
            found[key] = self.value(self.byte(), depth)
        self.at += 1
        return found

    def _array(self, depth: int) -> Any:
        if self._peek() == ord("$"):
            self.at += 1
            kind = np.dtype(_KINDS.get(chr(self.byte()), "V0"))
            if not kind.itemsize or self.byte() != ord("#"):
                raise ValueError(f"an array at byte {self.at} of no known type")
            size = self._size(kind.itemsize)
            self.at += size * kind.itemsize
            return np.frombuffer(self._content, kind, size, self.at - size * kind.itemsize)
        if self._peek() == ord("#"):
            self.at += 1
            return [self.value(self.byte(), depth) for _ in range(self._size())]
        found = []
        while self._peek() != ord("]"):
            found.append(self.value(self.byte(), depth))
        self.at += 1
        return found

    def _peek(self) -> int:
        if self.at >= len(self._content):
            raise ValueError("cut off")
        return self._content[self.at]
