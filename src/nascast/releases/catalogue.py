"""What a release is, and finding that of a benchmark.

The release of a benchmark is the object `release` of the module or package here that has the
benchmark's registered name. Another package adds one by an entry point in the group
``nascast.release``.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from nascast.benchmarks.converted import Converted

__all__ = ["Download", "Progress", "Release", "find"]

Progress = Callable[[int, int], None]  # told what is done and what there is, in bytes of input


@dataclass(frozen=True, slots=True)
class Download:
    """One file of an official release.

    Attributes:
        file: its name.
        what: what it holds, in words.
        url: where it can be fetched without a browser; None if it is only on a shared drive.
        sha256: as published, or None.
        size: bytes, or None.
        page: where people find it.
    """

    file: str
    what: str
    url: str | None
    sha256: str | None
    size: int | None
    page: str


@dataclass(frozen=True, slots=True)
class Release:
    """The official files of a benchmark, and what turns them into those that its reader opens.

    Attributes:
        benchmark: the reader, which names the converted files.
        downloads: the official files; one of them is enough unless `Download.what` says otherwise.
        convert: converts official files, or raises a MissingDataError or CorruptDataError that
            says where something is missing or damaged. It takes

            - a file or folder of the official release,
            - the folder to write into, which exists; the files get the names in
              `Converted.files`, and appear whole or not at all,
            - what is told about the input read so far,

            and returns what was written.
    """

    benchmark: type[Converted]
    downloads: tuple[Download, ...]
    convert: Callable[[Path, Path, Progress], list[Path]]


def find(benchmark: str) -> Release | None:
    """Returns the release of a benchmark, or None if there are no official files of it.

    Args:
        benchmark: registered name; ``-`` and ``_`` are the same.
    """
    name = benchmark.replace("-", "_")
    module = f"{__package__}.{name}"
    found = None
    if name.isidentifier() and importlib.util.find_spec(module):
        found = getattr(importlib.import_module(module), "release", None)
    else:
        for point in entry_points(group="nascast.release"):
            if point.name in (benchmark, name):
                found = point.load()
    return found if isinstance(found, Release) else None
