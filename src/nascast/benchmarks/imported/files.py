"""Columns of CSV and Parquet files, packed or not."""

import bz2
import csv
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet

from nascast.core.bounds import Bounds, reading, size_of
from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError
from nascast.core.leftovers import is_leftover

__all__ = ["Columns", "read"]

_MIB = 2**20
_EMPTY = 2_000_000  # lines without anything, twice what spreadsheets have; chosen
_NOTHING = ' \t,;"\r\n'  # of which such a line consists
_KNOWN = 100_000  # different texts that are kept once, chosen
_SEPARATORS = (",", ";", "\t")
_NUMBER = re.compile(r"[-+]?[0-9]*[.,]?[0-9]+(?:[eE][-+]?[0-9]+)?")
_TEXTS = (".csv", ".tsv", ".txt")
_ENDINGS = (*_TEXTS, *(text + way for text in _TEXTS for way in (".gz", ".bz2", ".xz")), ".zip")
_UNPACK: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"PK\x03\x04": lambda path: _member(path),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file, and the line of each row.

    Attributes:
        path: path of the file.
        names: names of all columns, in their order.
        columns: fields of the columns that were asked for, by name; texts, or what Parquet has.
        lines: line of each row, from 1 in a text; its number from 0 in Parquet.
        separator: separator of a text; empty for Parquet.
    """

    path: Path
    names: Sequence[str]
    columns: dict[str, list[Any]]
    lines: Sequence[int]
    separator: str

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, name: str) -> list[Any]:
        if name in self.columns:
            return self.columns[name]
        places = [i for i, known in enumerate(self.names, 1) if known == name]
        if places:
            raise CorruptDataError(
                f"{self.path}: {len(places)} columns are called {name!r}, the columns "
                f"{', '.join(map(str, places))}; give them different names"
            )
        known = ", ".join(n for n in self.names if not re.fullmatch(r"|Unnamed: [0-9]+", n))
        raise InvalidSettingError(f"{self.path} has no column {name!r}; it has {known}")

    def place(self, row: int) -> str:
        """Returns where a row stands, for messages."""
        return f"{self.path}, {'line' if self.separator else 'row'} {self.lines[row]}"


def read(path: Path, wanted: Collection[str]) -> Columns:
    """Returns some columns of a file; those that it lacks are found missing when they are used.

    Texts are separated by commas, semicolons or tabs, whichever makes most columns of the first
    line, or by blanks where none of them makes two; they are in UTF-8, or UTF-16 with its mark.
    What they are packed with is told by their first bytes. Lines that begin with ``#`` are
    comments, but for names of columns above numbers, as NumPy writes them.

    Args:
        path: path of a ``.csv``, ``.tsv`` or ``.txt``, also packed as ``.gz``, ``.bz2``, ``.xz``
            or ``.zip`` of one file, or of a ``.parquet``.
        wanted: names of the columns to read.

    Raises:
        MissingDataError: there is no such file.
        InvalidSettingError: the file is of another kind.
        CorruptDataError: the file cannot be read, a row is longer or shorter than the first line,
            or there are no rows.
    """
    if not path.is_file():
        raise MissingDataError(f"no file {path}")
    name = path.name.lower()
    with reading(path, size_of(path), what="a table", advice="export it again"):
        if name.endswith(".parquet"):
            table = _read_parquet(path, wanted)
        elif name.endswith(_ENDINGS):
            table = _read_text(path, wanted)
        else:
            raise InvalidSettingError(
                f"expected a .csv, .csv.gz or .parquet file, or a .tsv, .bz2, .xz or .zip; got "
                f"{path}; save the table as CSV"
            )
    if not len(table):
        raise CorruptDataError(f"{path}: no rows")
    return table


def _read_parquet(path: Path, wanted: Collection[str]) -> Columns:
    file = pyarrow.parquet.ParquetFile(path)
    names = [field.name for field in file.schema_arrow]
    found = {name: i for i, name in enumerate(names) if name in wanted and names.count(name) == 1}
    distinct = len(set(names)) == len(names)  # else columns cannot be asked for by name
    table = file.read(columns=list(found) if distinct else None)
    columns = {name: _plain(table.column(_place(table, name))) for name in found}
    return Columns(path, names, columns, range(file.metadata.num_rows), "")


def _place(table: pa.Table, name: str) -> int:
    return [field.name for field in table.schema].index(name)


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """Returns Python values; a dictionary's are those that it stands for, and bytes are UTF-8."""
    values: list[Any] = column.to_pylist()
    return [v.decode("utf-8") if isinstance(v, bytes) else v for v in values]


def _read_text(path: Path, wanted: Collection[str]) -> Columns:
    with _opened(path) as file:
        comment, first = _begins(file)
    said = re.fullmatch(r"sep=(.)\s*", first)  # as some spreadsheets begin their files
    separator = said[1] if said else max(_SEPARATORS, key=lambda s: len(_split(first, s)))
    if not said and len(_split(first, separator)) == 1 and len(first.split()) > 1:
        separator = " "
    with _opened(path) as file:
        lines = csv.reader(
            _without_comments(file, separator),
            delimiter=separator,
            strict=True,
            skipinitialspace=True,
        )
        rows = (line for line in lines if line)
        if said:
            next(rows)
        names = _names_above(comment, first, separator) or next(rows, [])
        names = [name.strip() for name in names]
        if not any(names):
            raise CorruptDataError(f"{path}: expected names of columns in the first line; got none")
        return _collect(path, names, wanted, _numbered(path, lines, len(names)), separator)


def _begins(file: Iterable[str]) -> tuple[str, str]:
    """Returns the last comment at the head of a file, without its mark, and the line below it."""
    comment = ""
    for line in file:
        if line.startswith("#"):
            comment = line.lstrip("#").strip()
        elif line.strip():
            return comment, line
    return comment, ""


def _names_above(comment: str, first: str, separator: str) -> list[str]:
    """Returns the names of columns in a comment above a row of numbers; none if it has none."""
    names, values = (_split(line.strip(), separator) for line in (comment, first))
    numbers = any(_NUMBER.fullmatch(value.strip()) for value in values)
    return names if numbers and len(names) == len(values) > 1 else []


def _without_comments(file: Iterable[str], separator: str) -> Iterator[str]:
    """Yields lines; comments are empty ones, so that lines keep their numbers."""
    for line in file:
        if line.startswith("#"):
            yield "\n"
        else:
            yield line.strip() + "\n" if separator == " " else line


def _numbered(path: Path, lines: Any, width: int) -> Iterator[tuple[int, list[str]]]:
    """Yields every row with its line; `lines` is a reader of the module csv."""
    for line in lines:
        if not any(line):  # also a row without anything in it, as spreadsheets leave behind
            continue
        if len(line) != width:
            raise CorruptDataError(
                f"{path}, line {lines.line_num}: {len(line)} values; expected {width}"
            )
        yield lines.line_num, line


def _collect(
    path: Path,
    names: Sequence[str],
    wanted: Collection[str],
    rows: Iterator[tuple[int, list[str]]],
    separator: str,
) -> Columns:
    places = [i for i, name in enumerate(names) if name in wanted and names.count(name) == 1]
    columns: list[list[str]] = [[] for _ in places]
    numbers = []
    known: dict[str, str] = {}  # long tables repeat their architectures, seeds and epochs
    for number, row in rows:
        numbers.append(number)
        for column, i in zip(columns, places, strict=True):
            keep = known.setdefault if len(known) < _KNOWN else known.get
            column.append(keep(row[i], row[i]))
    found = {names[i]: column for i, column in zip(places, columns, strict=True)}
    return Columns(path, names, found, numbers, separator)


def _split(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return []


class _Counted(io.RawIOBase):
    """The bytes of a packed file, which are not more than it may have."""

    def __init__(self, path: Path, packed: IO[bytes]) -> None:
        self._path, self._packed, self._count = path, packed, 0
        self._most = Bounds.from_environment().unpacked(size_of(path))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._packed.read(len(buffer))
        self._count += len(found)
        if self._count > self._most * _MIB:
            raise CorruptDataError(
                f"{self._path}: it unpacks to more than {self._most:,.0f} MiB, which no sound file "
                "of its size should; if you trust it, set NASCAST_READ_UNPACKED_MIB to more"
            )
        buffer[: len(found)] = found
        return len(found)


@contextmanager
def _opened(path: Path) -> Iterator[Iterable[str]]:
    """Opens a text, unpacked, as its lines; its encoding is told by its mark.

    Raises:
        CorruptDataError: it is no text in that encoding, or has too many empty lines.
    """
    with open(path, "rb") as raw:
        start = raw.read(8)
    unpack = next((way for mark, way in _UNPACK.items() if start.startswith(mark)), None)
    with unpack(path) if unpack else open(path, "rb") as file:
        buffered = io.BufferedReader(_Counted(path, file) if unpack else file)
        encoding = _encoding(path, buffered.peek(4)[:4])
        try:
            with io.TextIOWrapper(buffered, encoding=encoding, newline="") as text:
                yield _few_empty(path, text)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise CorruptDataError(
                f"{path}: expected a text in UTF-8; got the byte 0x{byte:02x}, which cannot "
                "be there; save the table as CSV in UTF-8"
            ) from error


def _encoding(path: Path, head: bytes) -> str:
    """Returns the encoding of a text that begins with up to four bytes."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") and head[2:] != b"\0\0":
        return "utf-16"
    if b"\0" in head:
        raise CorruptDataError(
            f"{path}: expected a text in UTF-8, or in UTF-16 with its mark; it seems to be in "
            "UTF-16 without one, in UTF-32, or no text; save the table as CSV in UTF-8"
        )
    return "utf-8-sig"


def _few_empty(path: Path, lines: Iterable[str]) -> Iterator[str]:
    """Yields lines; a file of nothing but empty ones would take for ever, and little memory."""
    empty = 0
    for line in lines:
        if line.startswith("#") or not line.strip(_NOTHING):
            empty += 1
            if empty > _EMPTY:
                raise CorruptDataError(
                    f"{path}: more than {_EMPTY:,} lines are empty, or comments; export it again"
                )
        yield line


def _member(path: Path) -> IO[bytes]:
    """Opens the only table of a zip; what systems add to archives does not count."""
    archive = zipfile.ZipFile(path)
    inside = archive.namelist()
    names = [n for n in inside if n.lower().endswith(_TEXTS) and not is_leftover(n)]
    if len(names) != 1:
        workbook = any(name.startswith("xl/") for name in inside)
        book = "; it is a workbook: save its table as CSV" if workbook else ""
        raise InvalidSettingError(
            f"{path}: expected one .csv, .tsv or .txt file inside; got "
            f"{', '.join(names) or 'none'}{book}"
        )
    return archive.open(names[0])
