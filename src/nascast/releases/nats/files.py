"""Walking the official files of NATS-Bench and NAS-Bench-201, one architecture after the other.

- ``NATS-…-simple``: a folder of one bz2-compressed pickle for each architecture, or its tar.
- ``NATS-….pickle.pbz2``: all of them in one pickle; it ends its name in its own MD5.
- ``NAS-Bench-201-v1_1-096897.pth``: all of them in one pickle inside a torch file, of either of
  torch's layouts. The weights, which the release does not have, would be passed over.

None of them is ever in memory as a whole.
"""

import bz2
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.releases.catalogue import Progress
from nascast.releases.formats.plain_pickle import load, scan

__all__ = ["md5", "walk"]

Take = Callable[[Any, str], None]  # told a group and where it stands

_RECORD = re.compile(r"(?:[a-z]+_)?\d{1,6}\.pickle\.pbz2")
_WHOLE = re.compile(r"NATS-[ts]ss-v\d+_\d+-([0-9a-f]{5})\.pickle\.pbz2")
_OFFICIAL = re.compile(
    rf"{_WHOLE.pattern}|NATS-[ts]ss-v\d+_\d+-[0-9a-f]{{5}}-simple(?:\.tar)?|NAS-Bench-201-v1_\d-\w+\.pth"
)
_TORCH = 0x1950A86A20F9469CFC6C  # torch/serialization.py: MAGIC_NUMBER of the older layout
_WANTED = "a .tar of the folder NATS-…-simple, a .pickle.pbz2 or a .pth"
_BUFFER = 2**20  # bytes, chosen
_CLASSES = tuple(
    f"{module}.{name}"
    for module in ("nas_201_api.api", "nas_201_api.api_utils", "nats_bench.api_utils")
    for name in ("ArchResults", "ResultsCount")
)
_WEIGHTS = (
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor",
    *(f"torch.{kind}Storage" for kind in ("Float", "Long", "Half", "Double", "Int", "Bool")),
)


def walk(source: Path, take: Take, progress: Progress) -> None:
    """Reads all groups of a release, in their order in it.

    Args:
        source: path of a folder, tar, ``.pickle.pbz2`` or ``.pth``.
        take: function called with every group and its place in words.
        progress: function called with the bytes read so far.

    Raises:
        MissingDataError: no file of a release is there.
        CorruptDataError: a file is damaged, or something else; the message says where.
    """
    source = _inside(source)
    if source.is_dir():
        _walk_folder(source, take, progress)
    elif not source.is_file():
        raise MissingDataError(f"no file or folder {source}")
    else:
        with open(source, "rb") as file:
            start = file.read(4)
        if start[:3] == b"BZh":
            _check_name(source)
            with _told(source, progress) as file, bz2.BZ2File(file) as unpacked:
                _scan(_buffered(unpacked), take, source)
        elif start == b"PK\x03\x04":
            _walk_zip(source, take, progress)
        elif source.name.endswith(".pth"):
            _walk_torch(source, take, progress)
        else:
            _walk_tar(source, take, progress)


def _inside(source: Path) -> Path:
    """Returns the official file in a folder that people put it into, or else the source."""
    found = sorted(source.iterdir()) if source.is_dir() else []
    if any(_RECORD.fullmatch(path.name) for path in found):
        return source
    official = [path for path in found if _OFFICIAL.fullmatch(path.name)]
    if len(official) > 1:
        names = ", ".join(path.name for path in official)
        raise MissingDataError(
            f"{source} has several official files; give the path of one: {names}"
        )
    return official[0] if official else source


def md5(file: Path) -> str:
    """Returns the MD5 of a file, by which the release names its files."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _check_name(source: Path) -> None:
    named = _WHOLE.fullmatch(source.name)
    if named and not md5(source).endswith(named[1]):
        raise CorruptDataError(
            f"{source}: its MD5 should end in {named[1]}, as its name says, and does not; "
            "it is damaged or cut off, get it again"
        )


def _walk_folder(source: Path, take: Take, progress: Progress) -> None:
    every = source.glob("*.pickle.pbz2")
    files = sorted(path for path in every if _is_record(path.name, source))
    if not files:
        raise MissingDataError(
            f"{source}: expected the folder NATS-…-simple with a file such as "
            "000000.pickle.pbz2 for each architecture; none is there"
        )
    sizes = [path.stat().st_size for path in files]
    done, total = 0, sum(sizes)
    for path, size in zip(files, sizes, strict=True):
        with open(path, "rb") as file:
            _read_one(file, take, str(path))
        done += size
        progress(done, total)


def _read_one(file: IO[bytes], take: Take, where: str) -> None:
    """Reads a file of one architecture."""
    with reading(where), bz2.BZ2File(file) as unpacked:
        groups = load(unpacked, _CLASSES, where=where)
    if not isinstance(groups, dict) or not groups:
        raise CorruptDataError(
            f"{where}: expected trainings by number of epochs; got {type(groups).__name__}"
        )
    for group in groups.values():
        take(group, where)


def _is_record(name: str, where: object) -> bool:
    """Returns whether a file holds an architecture, or may be passed over.

    Raises:
        CorruptDataError: it is neither, so that its name may be damaged.
    """
    if _RECORD.fullmatch(name):
        return True
    if name.endswith("meta.pickle.pbz2") or name.startswith(".") or "pbz2" not in name:
        return False
    raise CorruptDataError(
        f"{where}: expected files such as 000000.pickle.pbz2, and meta.pickle.pbz2; got {name!r}, "
        "a damaged name; get the file again"
    )


def _walk_tar(source: Path, take: Take, progress: Progress) -> None:
    found = 0
    with (
        reading(source, size_of(source), what=_WANTED),
        _told(source, progress) as file,
        _open_tar(file) as archive,
    ):
        for member in archive:
            name = member.name.rpartition("/")[2]
            if member.isfile() and _is_record(name, source):
                if member.issparse():
                    raise CorruptDataError(f"{source}, {member.name}: a sparse file in a release")
                content = archive.extractfile(member)
                assert content is not None
                _read_one(content, take, f"{source}, {member.name}")
                found += 1
    if not found:
        raise MissingDataError(f"{source}: it has no file such as 000000.pickle.pbz2")


class _Member(tarfile.TarInfo):
    """A member of a tar whose damaged or missing header is an error, not the end as in Python."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> "_Member":
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if type(error).__name__ == "EOFHeaderError":  # the zeros that a tar ends with
                raise
            raise tarfile.ReadError(f"at byte {archive.offset}: {error}") from error


def _open_tar(file: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=file, mode="r|*", tarinfo=_Member)


def _walk_zip(source: Path, take: Take, progress: Progress) -> None:
    """Reads a torch file as torch ≥ 1.6 writes it."""
    with reading(source, size_of(source), what="a torch file"), zipfile.ZipFile(source) as archive:
        (name,) = [n for n in archive.namelist() if n.rpartition("/")[2] == "data.pkl"]
        total = archive.getinfo(name).file_size
        with archive.open(name) as file:
            content = _buffered(file, lambda done: progress(done, total))
            _scan(content, take, source)
            while content.read(_BUFFER):  # so that the sum at its end is checked
                pass


def _walk_torch(source: Path, take: Take, progress: Progress) -> None:
    """Reads a torch file as torch < 1.6 writes it: three short pickles, a long one, weights."""
    where = str(source)
    with _told(source, progress) as file:
        if load(file, where=where) != _TORCH:
            raise CorruptDataError(f"{source}: not a torch file")
        load(file, where=where)  # version of the layout
        load(file, where=where)  # the machine's sizes of numbers
        _scan(file, take, source)


def _scan(file: IO[bytes], take: Take, source: Path) -> None:
    """Reads a pickle of all architectures."""
    found, where = False, str(source)

    def taken(record: dict[Any, Any]) -> bool:
        nonlocal found
        if "all_results" not in record:
            return False
        take(record, where)
        found = True
        return True

    whole = scan(file, taken, _CLASSES, where=where, blank=_WEIGHTS, size=size_of(source))
    if not found or not isinstance(whole, dict) or "arch2infos" not in whole:
        raise CorruptDataError(
            f"{where}: expected a dictionary with the trainings in 'arch2infos'; "
            f"got {type(whole).__name__}"
        )


class _Raw(io.RawIOBase):
    """A file whose reads are counted, and told to a function."""

    def __init__(self, file: Any, tell: Callable[[int], None]) -> None:
        self._file, self._tell, self._done = file, tell, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        read: int = self._file.readinto(buffer)
        self._done += read
        self._tell(self._done)
        return read


def _buffered(file: Any, tell: Callable[[int], None] = lambda done: None) -> io.BufferedReader:
    return io.BufferedReader(_Raw(file, tell), _BUFFER)


@contextmanager
def _told(source: Path, progress: Progress) -> Iterator[io.BufferedReader]:
    """Opens a file whose every read is told to `progress`."""
    total = source.stat().st_size
    with open(source, "rb") as file:
        yield _buffered(file, lambda done: progress(done, total))
