"""Releases, and how that of a benchmark is found.

The release of a benchmark is the object `release` of the module or package here that has the
benchmark's registered name. Another package adds one by an entry point in the group
``nascast.release``.
"""

import importlib
import importlib.util
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascast.benchmarks.converted import Converted
from nascast.core import plugins
from nascast.core.bounds import size_of
from nascast.core.child import Child
from nascast.releases.staging import sweep

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
        converter: function that converts official files, or raises a MissingDataError or
            CorruptDataError that says where something is missing or damaged. It takes

            - a file or folder of the official release,
            - the folder to write into, which exists; the files get the names in
              `Converted.files`, and appear whole or not at all,
            - a function that is called with the progress of reading,

            and returns the paths of the files written.
    """

    benchmark: type[Converted]
    downloads: tuple[Download, ...]
    converter: Callable[[Path, Path, Progress], list[Path]]

    def convert(self, source: Path, folder: Path, progress: Progress) -> list[Path]:
        """Runs the converter in a process of its own, bounded by the size of the source.

        One that no other process can import, such as a function in a function, runs in this one.

        Args:
            source: see `converter`.
            folder: see `converter`.
            progress: see `converter`.

        Raises:
            MissingDataError: something is not there.
            CorruptDataError: damaged, or it takes more memory or time than `Bounds` allows.
        """
        with Child(source, size_of(source)) as child:
            try:
                if not _can_be_sent(self.converter, child):
                    return self.converter(source, folder, progress)
                found: list[Path] = child.call(self.converter, source, folder, told=progress)
            finally:
                child.close()
                sweep(folder)
        return found


def _can_be_sent(function: Any, child: Child) -> bool:
    """Returns whether another process can import a function."""
    try:
        return bool(child.call(_can_be_imported, pickle.dumps(function)))
    except (AttributeError, pickle.PicklingError, TypeError):
        return False


def _can_be_imported(function: bytes) -> bool:
    try:
        pickle.loads(function)
    except (AttributeError, ImportError):
        return False
    return True


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
        for point in plugins.points("nascast.release"):
            if point.name in (benchmark, name):
                found = point.load()
    return found if isinstance(found, Release) else None
