"""Classes and functions by which a restricted unpickler makes objects.

They are made anew for every load: a pickle can set attributes of what it names, and such changes
must not outlive it. Numpy's own pickling is not used, as it trusts what it reads.
"""

import codecs
import re
from collections import OrderedDict
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["makers"]

_DTYPE = re.compile(r"[<>|=]?(b1|[iu][1248]|f[248]|c(8|16)|[SU]\d+)")


def makers(admitted: Collection[str], blank: Collection[str]) -> dict[str, Any]:
    """Returns the classes and functions that a pickle may name, by full name.

    Args:
        admitted: classes that are read as dictionaries of their attributes.
        blank: names whose objects become None.
    """
    found: dict[str, Any] = {"collections.OrderedDict": OrderedDict, **_old_bytes(), **_numpy()}
    for module in ("builtins", "__builtin__"):  # as Python 3 and Python 2 call it
        found |= {f"{module}.set": set, f"{module}.frozenset": frozenset}

    class Record(dict[str, Any]):
        """An object as the dictionary of its attributes."""

        def __setstate__(self, state: Any) -> None:
            self.update(state)

    def nothing(*_: Any) -> None:
        return None

    found |= {name: type(name.rpartition(".")[2], (Record,), {}) for name in admitted}
    return found | dict.fromkeys(blank, nothing)


def _old_bytes() -> dict[str, Any]:
    """Returns the makers of bytes for protocols before the third."""

    def encode(text: Any, encoding: Any) -> bytes:
        if encoding != "latin1":
            raise ValueError(f"bytes written as {encoding!r}")
        return codecs.latin_1_encode(text)[0]

    def empty() -> bytes:  # takes no size, for which memory would be taken
        return b""

    return {"_codecs.encode": encode, "__builtin__.bytes": empty, "builtins.bytes": empty}


def _numpy() -> dict[str, Any]:
    """Returns the makers of numpy's scalars and arrays."""
    kinds = _dtypes()
    arrays = _arrays(kinds)

    class Kind:
        """Stands for numpy's class of arrays, which pickles name and nobody needs."""

        def __new__(cls, *_: Any) -> "Kind":
            raise ValueError("an array that is not made from its bytes")

    def scalar(kind: Any, content: Any) -> Any:
        (value,) = np.frombuffer(_bytes(content), _type(kind, kinds)).tolist()
        return value

    def reconstruct(*_: Any) -> Any:
        return arrays()

    found: dict[str, Any] = {"numpy.dtype": kinds, "numpy.ndarray": Kind}
    for module in ("numpy.core.multiarray", "numpy._core.multiarray"):  # before and since numpy 2
        found |= {f"{module}.scalar": scalar, f"{module}._reconstruct": reconstruct}
    return found


def _dtypes() -> type[Any]:
    """Returns a class for the types of scalars and arrays."""

    class DType:
        """The type of a scalar or array, as pickles describe it."""

        def __init__(self, code: Any, *_: Any) -> None:
            if not (isinstance(code, str) and _DTYPE.fullmatch(code)):
                raise ValueError(f"numpy type {code!r}, which is not plain")
            self.dtype: np.dtype[Any] = np.dtype(code)

        def __setstate__(self, state: Any) -> None:
            _, order, *structure = state
            if any(part is not None for part in structure[:3]):
                raise ValueError("a numpy type with fields")
            self.dtype = self.dtype.newbyteorder(order)

    return DType


def _arrays(kinds: type[Any]) -> type[Any]:
    """Returns a class for arrays, whose types are of the class `kinds`."""

    class Array:
        """The content of an array, with nothing that a pickle could call or change.

        Numpy's own arrays are not at hand while the pickle is read: they can be made over memory
        that others still use, and be written to.
        """

        __slots__ = ("values",)

        def __setstate__(self, state: Any) -> None:
            if hasattr(self, "values"):
                raise ValueError("an array with two contents")
            _, shape, kind, fortran, content = state
            dtype = _type(kind, kinds)
            size = int(np.prod(shape, dtype=np.int64))
            if not dtype.itemsize or len(_bytes(content)) != dtype.itemsize * size:
                raise ValueError(f"{len(content)} bytes for an array of shape {shape} of {dtype}")
            order: Any = "F" if fortran else "C"
            self.values = np.ndarray(shape, dtype, content, order=order)

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
            if not hasattr(self, "values"):
                raise ValueError("an array without a content")
            return np.array(self.values, dtype=dtype)  # never a view: that could be written to

    return Array


def _type(kind: Any, expected: type[Any]) -> np.dtype[Any]:
    if type(kind) is not expected:
        raise ValueError(f"expected a numpy type; got {type(kind).__name__}")
    found: np.dtype[Any] = kind.dtype
    return found


def _bytes(content: Any) -> bytes:
    if not isinstance(content, bytes):
        raise ValueError(f"expected the bytes of numbers; got {type(content).__name__}")
    return content
