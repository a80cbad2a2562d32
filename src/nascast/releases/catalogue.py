"""Releases, and how that of a benchmark is found.

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
        file: name of the file.
        what: content of the file, in words.
        url: address to fetch it from without a browser; None if it is only on a shared drive.
        sha256: published checksum, or None.
        size: size in bytes, or None.
        page: address of the web page where people find it.
    """

    file: str
    what: str
    url: str | None
    sha256: str | None
    size: int | None
    page: str


@dataclass(frozen=True, slots=True)
class Release:
    """The official files of a benchmark, and their conversion to those that its reader opens.

    Attributes:
        benchmark: reader of the benchmark, which names the converted files.
        downloads: official files; one of them is enough unless `Download.what` says otherwise.
        convert: function that converts official files, or raises a MissingDataError or
            CorruptDataError that says where something is missing or damaged. It takes

            - a file or folder of the official release,
            - the folder to write into, which exists; the files get the names in
              `Converted.files`, and appear whole or not at all,
            - a function that is called with the progress of reading,

            and returns the paths of the files written.
    """

    benchmark: type[Converted]
    downloads: tuple[Download, ...]
    convert: Callable[[Path, Path, Progress], list[Path]]


def find(benchmark: str) -> Release | None:
    """Returns the release of a benchmark, or None if there are no official files of it.

    Args:
        benchmark: registered name of the benchmark; ``-`` and ``_`` are the same.
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
