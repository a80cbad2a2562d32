"""MNIST, and data sets published in its form: a folder with four idx files, packed or not.

Fashion-MNIST, KMNIST and the parts of EMNIST named like MNIST's are such. The format is that of
http://yann.lecun.com/exdb/mnist/: two zero bytes, the type 8 (unsigned byte), the number of
dimensions, each as four bytes, big-endian, then the values.
"""

import gzip
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.training.sources.arrays import Arrays, Part

FORM = "a folder with MNIST's four idx files (.gz or not)"

_FILES = {"images": "{}-images[-.]idx3-ubyte(?:.gz)?", "labels": "{}-labels[-.]idx1-ubyte(?:.gz)?"}


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    path = Path(source)
    return path.is_dir() and any(path.glob("*-idx3-ubyte*")) | any(path.glob("*.idx3-ubyte*"))


def read(source: str, size: int | None) -> Arrays:
    """Reads the folder.

    Raises:
        MissingDataError: one of the four files is not there.
        CorruptDataError: a file is damaged.
    """
    with reading(source, size_of(Path(source)), what=FORM):
        return Arrays(_part(Path(source), "train"), _part(Path(source), "t10k"))


def _part(folder: Path, name: str) -> Part:
    images = _array(_find(folder, _FILES["images"].format(name)))
    labels = _array(_find(folder, _FILES["labels"].format(name)))
    return images, labels


def _find(folder: Path, pattern: str) -> Path:
    for path in sorted(folder.iterdir()):
        if re.fullmatch(pattern, path.name) and path.is_file():
            return path
    raise MissingDataError(f"{folder}: expected a file {pattern.split('[')[0]}-idx…-ubyte[.gz]")


def _array(path: Path) -> npt.NDArray[Any]:
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if content[:3] != b"\0\0\x08":
            raise ValueError("it does not begin as one")
        shape = np.frombuffer(content, ">u4", count=content[3], offset=4)
        values = np.frombuffer(content, np.uint8, offset=4 + 4 * content[3])
        return values.reshape(shape.tolist())
    except (ValueError, IndexError, OSError, EOFError, zlib.error) as error:
        raise CorruptDataError(
            f"{path}: expected an idx file of unsigned bytes; {error}"
        ) from error
