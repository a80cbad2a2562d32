"""Files that `torch.export` writes, read without PyTorch's reader of them.

`torch.export.load` is for files that one trusts: it unpickles example inputs and objects, finds
operators by their names, and has SymPy evaluate the sizes in the graph. Here JSON and the raw bytes
of weights are read, and nothing else: nothing is unpickled, evaluated, or run.
"""

import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["extra_text", "raw_weights"]

_WHAT = "a file that `nascast export --format torch-export` wrote"
_ADVICE = "export the model again"
_KINDS = {1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 12: "bool"} | {
    6: "float16",
    7: "float32",
    8: "float64",
    13: "bfloat16",
}  # by the numbers of ScalarType in torch/_export/serde/schema.py


def extra_text(path: Path, name: str) -> str:
    """Returns the text that was put beside a program under a name.

    Raises:
        CorruptDataError: the file is damaged, or has no such text.
    """
    with _members(path) as (names, member):
        if (inside := f"extra/{name}") not in names:
            raise CorruptDataError(
                f"{path}: expected {_WHAT}; it has no {name}; {_ADVICE}, or use it with "
                "torch.export.load if you trust it"
            )
        return member(inside).decode()


def raw_weights(path: Path) -> "dict[str, Tensor]":
    """Returns the parameters and buffers of the program by name.

    Raises:
        CorruptDataError: the file is damaged, or a weight is pickled.
    """
    with _members(path) as (names, member):
        if "byteorder" in names and (order := member("byteorder").decode()) != sys.byteorder:
            raise ValueError(f"its numbers are {order}-endian, and this machine is not")
        told = json.loads(member("data/weights/model_weights_config.json"))["config"]
        if pickled := [name for name, meta in told.items() if meta["use_pickle"]]:
            raise CorruptDataError(
                f"{path}: the weight {pickled[0]} is pickled, and no file of others is unpickled; "
                f"{_ADVICE}"
            )
        return {
            name: _tensor(member(f"data/weights/{meta['path_name']}"), meta["tensor_meta"])
            for name, meta in told.items()
        }


@contextmanager
def _members(path: Path) -> Iterator[tuple[set[str], Callable[[str], bytes]]]:
    """Yields the names of the members without their common folder, and a reader of one."""
    with (
        reading(path, size_of(path), what=_WHAT, advice=_ADVICE),
        zipfile.ZipFile(path) as archive,
    ):
        folder, _, _ = archive.namelist()[0].partition("/")

        def member(name: str) -> bytes:
            info = archive.getinfo(f"{folder}/{name}")
            if info.compress_type != zipfile.ZIP_STORED:  # so that none is larger than the file
                raise ValueError(f"{name} is compressed, which PyTorch never does")
            return archive.read(info)

        yield {name.removeprefix(f"{folder}/") for name in archive.namelist()}, member


def _tensor(content: bytes, meta: Mapping[str, Any]) -> "Tensor":
    """Returns a weight as a view of the bytes of its storage."""
    import torch

    sizes, strides = ([n["as_int"] for n in meta[key]] for key in ("sizes", "strides"))
    storage = torch.frombuffer(bytearray(content), dtype=getattr(torch, _KINDS[meta["dtype"]]))
    return storage.as_strided(sizes, strides, meta["storage_offset"]["as_int"])
