"""Reading pickles that others wrote, without running any code that they name.

Admitted are dictionaries, lists, tuples, sets, numbers, strings, bytes, `OrderedDict`, and numpy
scalars and arrays of numbers, booleans or strings, which are made here and not by numpy's own
pickling: an array is an object that ``np.asarray`` takes. A caller may name classes to be read as
plain dictionaries and names to be read as None. Everything else is refused before it is looked up.
Whatever is admitted is made anew for every load, so that a pickle that changes attributes changes
nothing that outlives it.

`load` is the fast one. `scan` reads a pickle that is larger than the memory: it hands out every
dictionary as it is completed, and forgets those that were taken.
"""

import pickle
import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import IO, Any

from nascast.core.errors import CorruptDataError, NascastError
from nascast.core.memory import more_memory
from nascast.releases.formats.plain_pickle.makers import makers
from nascast.releases.formats.plain_pickle.memo import Memo

__all__ = ["load", "scan"]

Taken = Callable[[dict[Any, Any]], bool]  # told a completed dictionary; True: taken, forget it

_BUFFER = 2**20  # bytes, chosen
_LONGEST = 512  # bytes, more than any of the opcodes below takes
_FLOAT, _TEXT, _BYTE = pickle.BINFLOAT[0], pickle.SHORT_BINUNICODE[0], pickle.BININT1[0]
_NEXT, _PUT = pickle.MEMOIZE[0], pickle.LONG_BINPUT[0]
_ITEMS = (pickle.SETITEMS[0], pickle.SETITEM[0])
_real, _index = struct.Struct(">d").unpack_from, struct.Struct("<I").unpack_from
_MOST = 1024  # MiB for one pickle that is loaded as a whole; chosen, official ones need a few


def load(
    file: IO[bytes], admitted: Collection[str] = (), *, where: str, blank: Collection[str] = ()
) -> Any:
    """Returns the object in a pickle.

    Args:
        file: open file at the start of a pickle; it is left at the end of it.
        admitted: classes, as ``module.Name``, of which only the dictionary of attributes is read.
        where: name of the file for errors.
        blank: names, as ``module.name``, whose objects become None; so do outside objects, such as
            the memory of tensors, if there are any.

    Raises:
        CorruptDataError: it is damaged, needs over a gigabyte of memory, or names something that
            is not admitted.
    """
    with _damage(where), more_memory(_MOST):
        return _Fast(file, makers(admitted, blank), where, bool(blank)).load()


def scan(
    file: IO[bytes],
    taken: Taken,
    admitted: Collection[str] = (),
    *,
    where: str,
    blank: Collection[str] = (),
) -> Any:
    """Returns the object in a pickle of any size, without the parts that were taken.

    Args:
        file: open file at the start of a pickle; bytes after its end may be read, too.
        taken: function called with every plain dictionary once its items are in (with over 1,000
            items at every 1,000); if it returns True, the dictionary is emptied and forgotten.
        admitted: classes of which only the dictionary of attributes is read, see `load`.
        where: name of the file for errors.
        blank: names whose objects become None, see `load`.

    Raises:
        CorruptDataError: it is damaged, names something that is not admitted, or refers back to
            something that was taken.
    """
    with _damage(where):
        return _Slow(file, taken, makers(admitted, blank), where, bool(blank)).load()


@contextmanager
def _damage(where: str) -> Iterator[None]:
    try:
        yield
    except NascastError:
        raise
    except Exception as error:  # an unpickler meets all kinds in bytes that are no pickle
        text = f"{type(error).__name__}: {error}"
        raise CorruptDataError(
            f"{where}: damaged or cut off ({text}); get the file again"
        ) from error


class _Restricted:
    """The base class of the two unpicklers."""

    admits: dict[str, Any]
    where: str
    outside: bool

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full not in self.admits:
            raise CorruptDataError(
                f"{self.where}: the file asks for {full}, which plain data does not need; it was "
                "refused and nothing was run. If the file is from the official place, say so in "
                "an issue"
            )
        return self.admits[full]

    def persistent_load(self, pid: Any) -> Any:
        if not self.outside:
            raise CorruptDataError(f"{self.where}: the file refers to something outside of it")
        return None


class _Fast(_Restricted, pickle.Unpickler):
    def __init__(self, file: IO[bytes], admits: dict[str, Any], where: str, outside: bool) -> None:
        super().__init__(file)
        self.admits, self.where, self.outside = admits, where, outside


class _Slow(_Restricted, pickle._Unpickler):
    """The standard library's unpickler in Python, which can be interrupted.

    Its loop is replaced by one that runs frequent opcodes itself, on a buffer, which is faster.
    """

    def __init__(
        self, file: IO[bytes], taken: Taken, admits: dict[str, Any], where: str, outside: bool
    ) -> None:
        super().__init__(file)
        self.admits, self.where, self.outside = admits, where, outside
        self.taken = taken
        self.memo = Memo(where)
        self.proto = 0
        self._file, self._data, self._at = file, b"", 0

    def load(self) -> Any:
        self.metastack: list[Any] = []
        self.stack: list[Any] = []
        self.append = self.stack.append
        memo, dispatch = self.memo, _DISPATCH
        data, at, last = b"", 0, 0
        try:
            while True:
                if at >= last:
                    self._at = at
                    self._fill(_BUFFER)
                    data, at, last = self._data, 0, len(self._data) - _LONGEST
                code = data[at]
                if code == _FLOAT:
                    self.append(_real(data, at + 1)[0])
                    at += 9
                elif code == _TEXT:
                    end = at + 2 + data[at + 1]
                    self.append(str(data[at + 2 : end], "utf-8", "surrogatepass"))
                    at = end
                elif code == _BYTE:
                    self.append(data[at + 1])
                    at += 2
                elif code == _NEXT:
                    memo[memo.packed + len(memo)] = self.stack[-1]
                    at += 1
                elif code == _PUT:
                    memo[_index(data, at + 1)[0]] = self.stack[-1]
                    at += 5
                else:
                    self._at = at + 1
                    dispatch[code](self)
                    if code in _ITEMS:
                        self._offer(self.stack[-1])
                    data, at, last = self._data, self._at, len(self._data) - _LONGEST
        except pickle._Stop as stop:  # type: ignore[attr-defined]
            return stop.value

    def read(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            self._fill(size + _BUFFER)
        start, self._at = self._at, self._at + size
        return self._data[start : self._at]

    def readline(self) -> bytes:
        end = self._data.find(b"\n", self._at)
        if end < 0:
            self._fill(_BUFFER)
            end = self._data.find(b"\n")
        return self.read(end + 1 - self._at)

    def _fill(self, size: int) -> None:
        """Reads more bytes into the buffer; after the end zeros, which are no opcode."""
        self._data = self._data[self._at :] + (self._file.read(size) or bytes(_LONGEST))
        self._at = 0

    def _offer(self, last: Any) -> None:
        if type(last) is dict and self.taken(last):
            last.clear()
            self.memo.forget()


_DISPATCH: dict[int, Callable[[Any], None]] = {
    **pickle._Unpickler.dispatch,
    pickle.FRAME[0]: lambda unpickler: unpickler.read(8),  # a hint of how much to read at once
}
del _DISPATCH[pickle.BYTEARRAY8[0]]  # takes memory for a size before it is there to be read
