"""Benchmarks that others published: their readers open what was converted from the official files.

The official files, and how they are converted, stand in `nascast.releases`.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from nascast.benchmarks.table import Table
from nascast.core.errors import InvalidSettingError, MissingDataError
from nascast.core.evaluator import Benchmark

__all__ = ["Converted", "ConvertedTable", "data_folder", "file_of"]


def data_folder() -> Path:
    """Returns the folder of downloads and converted tables: ``$NASCAST_DATA`` or the user's."""
    given = os.environ.get("NASCAST_DATA")
    return Path(given) if given else Path.home() / ".local" / "share" / "nascast"


def file_of(dataset: str, files: Sequence[str]) -> str:
    """Returns the file of a data set among files called ``<stem>-<data set>.nascast``.

    Raises:
        InvalidSettingError: there is no such data set; the message names the known ones.
    """
    known = {Path(file).stem.rpartition("-")[2]: file for file in files}
    if dataset not in known:
        raise InvalidSettingError(
            f"{files[0].rpartition('-')[0]}: unknown data set {dataset!r}; known are "
            f"{', '.join(known)}"
        )
    return known[dataset]


class Converted(Benchmark):
    """A benchmark that others published, read from files converted from the official ones.

    Attributes:
        registered: registered name of the benchmark, and of its release.
        files: names of the converted files in the data folder.
    """

    registered: ClassVar[str]
    files: ClassVar[tuple[str, ...]]

    @classmethod
    def missing(cls, file: str) -> MissingDataError:
        """Returns the error for a converted file that is not there, which says what to do."""
        name = cls.registered.replace("_", "-")
        return MissingDataError(
            f"{name} has not been converted yet: there is no {data_folder() / file}. "
            f"Fetch the official file with `nascast benchmark download {name}` (it says what it "
            f"will do first), then run `nascast benchmark convert {name} PATH`{cls._others(name)}"
        )

    @classmethod
    def _others(cls, name: str) -> str:
        """Returns a text that names the other files of the benchmark that are there, or nothing."""
        there = [file for file in cls.files if (data_folder() / file).is_file()]
        stems = [Path(file).stem.removeprefix(cls.registered + "-") for file in there]
        known = ", ".join(f"{name}:{stem}" for stem in stems if stem != cls.registered)
        return f". Converted already: {known}" if known else ""


class ConvertedTable(Table, Converted):
    """A published benchmark that is a table."""

    def __init__(self, file: str | None = None) -> None:
        """Opens the converted table.

        Args:
            file: name of one of `files`, the part in which it differs from the first, such as
                ``only108``, or any path; None is the first of `files`.

        Raises:
            MissingDataError: it is not there; the message says how to get it.
        """
        self.file = file
        if file is not None and f"{self.registered}-{file}.nascast" in self.files:
            file = f"{self.registered}-{file}.nascast"
        path = data_folder() / (file or self.files[0])
        if not path.is_file():
            raise self.missing(str(path))
        super().__init__(path)
