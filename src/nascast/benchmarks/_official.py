"""What official benchmarks share: where their files are, and where converted ones are kept."""

import os
import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from nascast.benchmarks.table import Table
from nascast.core.errors import MissingDataError
from nascast.core.evaluator import Benchmark

__all__ = ["Download", "Official", "OfficialTable", "Progress", "data_folder", "staged"]

_STAGE = ".part-"
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


def data_folder() -> Path:
    """Returns where downloads and converted tables are kept: ``$NASCAST_DATA`` or the user's."""
    given = os.environ.get("NASCAST_DATA")
    return Path(given) if given else Path.home() / ".local" / "share" / "nascast"


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Lends a folder inside of `folder`; the tables in it move there together at the end.

    After an error nothing of it is left. What a killed process left is removed by the next one.
    """
    for old in folder.glob(f"{_STAGE}*"):
        if not _runs(old.name.removeprefix(_STAGE).partition("-")[0]):
            shutil.rmtree(old, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f"{_STAGE}{os.getpid()}-") as stage:
        yield Path(stage)
        for table in sorted(Path(stage).glob("*.nascast")):
            os.replace(table, folder / table.name)


def _runs(pid: str) -> bool:
    """Returns whether a process is alive, as far as that can be known."""
    if os.name != "posix" or not pid.isdigit():
        return os.name != "posix"
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Official(Benchmark):
    """A benchmark whose records somebody else published.

    Attributes:
        registered: its registered name.
        downloads: the official files; one of them is enough unless `Download.what` says otherwise.
        files: what converting leaves in the data folder.
    """

    registered: ClassVar[str]
    downloads: ClassVar[tuple[Download, ...]]
    files: ClassVar[tuple[str, ...]]

    @classmethod
    @abstractmethod
    def convert(cls, source: Path, folder: Path, progress: Progress) -> list[Path]:
        """Converts official files into `folder` and returns what was written.

        What is written appears whole or not at all.

        Args:
            source: a file or folder of the official release.
            folder: exists; the files get the names in `files`.
            progress: told about the input read so far.

        Raises:
            MissingDataError: nothing of the release is there.
            CorruptDataError: damaged, or not a file of the release; says where.
        """

    @classmethod
    def missing(cls, file: str) -> MissingDataError:
        """Returns the error to raise where a converted file is not there: it says what to do."""
        name = cls.registered.replace("_", "-")
        return MissingDataError(
            f"{name} has not been converted yet: there is no {data_folder() / file}. "
            f"Fetch the official file with `nascast benchmark download {name}` (it says what it "
            f"will do first), then run `nascast benchmark convert {name} PATH`{cls._others(name)}"
        )

    @classmethod
    def _others(cls, name: str) -> str:
        """Says which other files of the benchmark are there, and how they are named."""
        there = [file for file in cls.files if (data_folder() / file).is_file()]
        stems = [Path(file).stem.removeprefix(cls.registered + "-") for file in there]
        known = ", ".join(f"{name}:{stem}" for stem in stems if stem != cls.registered)
        return f". Converted already: {known}" if known else ""


class OfficialTable(Table, Official):
    """An official benchmark that is a table."""

    def __init__(self, file: str | None = None) -> None:
        """Opens the converted table.

        Args:
            file: one of `files`, what sets it apart from the first, such as ``only108``, or any
                path; None is the first of `files`.

        Raises:
            MissingDataError: it is not there; the message says how to get it.
        """
        if file is not None and f"{self.registered}-{file}.nascast" in self.files:
            file = f"{self.registered}-{file}.nascast"
        path = data_folder() / (file or self.files[0])
        if not path.is_file():
            raise self.missing(str(path))
        super().__init__(path)
