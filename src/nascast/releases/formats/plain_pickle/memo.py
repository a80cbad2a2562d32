"""The memo of an unpickler that reads more than fits into memory.

A pickle numbers nearly everything it holds, and may refer back to any of it. Containers that were
taken are forgotten. Strings and numbers may come again a million objects later, so they are kept:
each one once, and which number stood for which one as compressed pages, of which a file of equal
records needs a few kilobytes each.
"""

import zlib
from array import array
from bisect import bisect_right
from functools import lru_cache
from typing import Any

from nascast.core.errors import CorruptDataError

__all__ = ["Memo"]

_GONE = -1


class Memo(dict[int, Any]):
    """Objects by number.

    Attributes:
        packed: first number that is an item of the dictionary; lower ones are on pages.
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self.packed = 0
        self._where = where
        self._kept: list[Any] = []
        self._ids: dict[Any, int] = {}
        self._pages: list[bytes] = []
        self._starts: list[int] = []
        self._page = lru_cache(maxsize=8)(self._unpack)  # chosen: few pages are referred to

    def __missing__(self, number: int) -> Any:
        if not 0 <= number < self.packed:
            raise KeyError(number)
        page = bisect_right(self._starts, number) - 1
        found = self._page(page)[number - self._starts[page]]
        if found == _GONE:
            raise CorruptDataError(
                f"{self._where}: a later record refers to object {number} of an earlier one; in "
                "an official file every record stands alone"
            )
        return self._kept[found]

    def forget(self) -> None:
        """Drops the containers, and packs away the numbers of strings and numbers."""
        if not self:
            return
        if min(self) < self.packed:
            raise CorruptDataError(f"{self._where}: two objects have the number {min(self)}")
        end = max(self) + 1
        if end - self.packed > 2 * len(self):  # a number chosen to need memory
            raise CorruptDataError(f"{self._where}: object {end - 1} follows {self.packed - 1}")
        page = array("q", (self._keep(self.get(number)) for number in range(self.packed, end)))
        self._starts.append(self.packed)
        self._pages.append(zlib.compress(page.tobytes(), 1))
        self.packed = end
        self.clear()

    def _keep(self, value: Any) -> int:
        kind = type(value)
        if kind in (str, float, int, bytes):
            key: Any = (kind, value)
        elif callable(value) or kind.__name__ == "DType":  # what makes objects, by identity
            key = (kind, id(value))
        else:
            return _GONE
        found = self._ids.setdefault(key, len(self._kept))
        if found == len(self._kept):
            self._kept.append(value)
        return found

    def _unpack(self, page: int) -> "array[int]":
        found = array("q")
        found.frombytes(zlib.decompress(self._pages[page]))
        return found
