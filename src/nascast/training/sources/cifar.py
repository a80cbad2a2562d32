"""CIFAR-10 and CIFAR-100 as their authors publish them, in the binary version.

The archives, or the folders they unpack to: records of one label byte (two for CIFAR-100, the
second is the fine label) and 3 × 32 × 32 image bytes.
"""

import gzip
import io
import tarfile
import zlib
from pathlib import Path

import numpy as np

from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.training.sources.arrays import Arrays, Part

FORM = "cifar-10-binary.tar.gz or cifar-100-binary.tar.gz"

_TEN = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
_HUNDRED = ["train.bin", "test.bin"]


def accepts(source: str) -> bool:
    """Returns whether a source is of this form."""
    path = Path(source)
    if path.is_dir():
        return any((path / name).is_file() for name in (_TEN[0], _TEN[-1], _HUNDRED[0]))
    return source.endswith((".tar.gz", ".tgz"))


def read(source: str, size: int | None) -> Arrays:
    """Reads the archive or folder.

    Raises:
        CorruptDataError: it is no such archive.
        InvalidSettingError: it is the Python version, whose pickled batches are not read.
    """
    with reading(source, size_of(Path(source)), what=FORM):
        return _read(source)


def _read(source: str) -> Arrays:
    try:
        files = _folder(Path(source)) if Path(source).is_dir() else _archive(source)
        if "data_batch_1" in files or {"train", "test", "meta"} <= files.keys():
            raise InvalidSettingError(
                f"{source} is the Python version, which is pickled; get the binary version, {FORM}"
            )
        names, labels = (_HUNDRED, 2) if _HUNDRED[0] in files else (_TEN, 1)
        records = [
            np.frombuffer(files[name], np.uint8).reshape(-1, labels + 3 * 32 * 32) for name in names
        ]
    except InvalidSettingError:
        raise
    except (KeyError, ValueError, OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise CorruptDataError(f"{source}: expected {FORM}; {error}") from error
    return Arrays(_part(np.concatenate(records[:-1]), labels), _part(records[-1], labels))


def _part(records: np.ndarray, labels: int) -> Part:
    images = records[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, records[:, labels - 1]


def _folder(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir() if file.suffix == ".bin"}


def _archive(source: str) -> dict[str, bytes]:
    files = {}
    # Unpacked as a whole: reading a compressed archive member by member checks no checksum.
    with gzip.open(source) as packed, tarfile.open(fileobj=io.BytesIO(packed.read())) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                files[Path(member.name).name] = content.read()
    return files
