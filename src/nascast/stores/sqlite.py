"""Runs in one SQLite file, which any number of processes may read and write.

Every trial is a row of the table ``trials``, in columns that other tools can query; genes, metrics
and curves are JSON, in which Python writes floats exactly. Columns of numbers hold them exactly
too, but for two: SQLite keeps NaN as NULL, which is read back as NaN, and −0.0 as 0.0. ``sum`` is
the CRC-32 of the rest of a row, as SQLite has none: a flipped bit would be a trial of its own.
"""

import json
import math
import os
import shutil
import sqlite3
import tempfile
import time
import weakref
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nascast.core.errors import StoreError
from nascast.core.store import Store, changed_settings
from nascast.core.types import Architecture, Candidate, Evaluation, Trial

__all__ = ["Sqlite"]

_PAGE = 512  # bytes of the smallest page, and so of a database: https://sqlite.org/fileformat2.html
_MARK = 0x6E617363  # "nasc", the application id of our files
_VERSION = 3  # version of the tables; raise it with every change to them
_CHANGES = {  # by version: what makes the tables those of the next one
    1: "ALTER TABLE trials ADD COLUMN thinking REAL",  # unknown for the trials that are there
    2: "ALTER TABLE trials ADD COLUMN sum INTEGER",  # none for them
}
_WAIT = 60.0  # seconds for another process to finish writing; chosen: a write takes milliseconds
_STATE = """
SELECT (SELECT application_id FROM pragma_application_id),
  (SELECT user_version FROM pragma_user_version), (SELECT COUNT(*) FROM sqlite_schema)
"""  # in one statement, since another process may make the tables meanwhile
_PAUSE = 0.01  # seconds between tries; chosen
_TABLES = """
CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  info TEXT NOT NULL
) STRICT;
CREATE TABLE trials (
  run INTEGER NOT NULL REFERENCES runs,
  position INTEGER NOT NULL,
  id INTEGER NOT NULL,
  space TEXT NOT NULL,
  genes TEXT NOT NULL,
  epochs INTEGER,
  metrics TEXT NOT NULL,
  seconds REAL,
  error TEXT,
  curves TEXT NOT NULL,
  finished REAL,
  thinking REAL,
  sum INTEGER,
  PRIMARY KEY (run, position),
  UNIQUE (run, id)
) STRICT, WITHOUT ROWID
"""
_COLUMNS = "id, space, genes, epochs, metrics, seconds, error, curves, finished, thinking, sum"
_OLD = {  # what earlier versions have of them
    1: _COLUMNS.replace("thinking, sum", "NULL, NULL"),
    2: _COLUMNS.replace("sum", "NULL"),
}


class Sqlite(Store):
    """Runs in a file that is made by the first `begin`.

    A file of an earlier version can be read; the first that writes to it makes it one of this
    version.

    The file is in write-ahead mode, where a kill at any moment loses nothing that was acknowledged,
    and every commit waits for the disk (``synchronous=FULL``), so that losing power does not
    either; without that it would cost the last trials, and so the training behind them. Writers
    take turns. The folder must be on a local disk: that mode does not work over a network.

    Attributes:
        path: path of the file; beside it are ``-wal`` and ``-shm`` while it is open.
    """

    path: Path

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        """Takes the path of a file, which is not opened yet.

        Args:
            path: path of the file; None is a temporary one, which goes with this object.
        """
        self._connection: sqlite3.Connection | None = None
        if path is None:
            folder = tempfile.mkdtemp(prefix="nascast-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            path = Path(folder) / "runs.sqlite"
        self.path = Path(path)

    def begin(self, run: str, info: Mapping[str, Any]) -> None:
        try:
            text = json.dumps(dict(info))
        except TypeError as error:
            raise StoreError(f"settings are plain JSON values; {error}") from error
        with self._writing(create=True) as connection:
            connection.execute(
                "INSERT INTO runs (name, info) VALUES (?, ?) ON CONFLICT DO NOTHING", (run, text)
            )
            _, old = self._run(connection, run)
        if changed := changed_settings(old, json.loads(text)):
            raise StoreError(
                f"the run {run!r} in {self.path} was begun with other settings: {changed}"
            )

    def info(self, run: str) -> dict[str, Any]:
        with self._reading() as connection:
            return self._run(connection, run)[1]

    def append(self, run: str, trials: Sequence[Trial]) -> None:
        with self._writing() as connection:
            number, _ = self._run(connection, run)
            (start,) = connection.execute(
                "SELECT COALESCE(MAX(position) + 1, 0) FROM trials WHERE run = ?", (number,)
            ).fetchone()
            rows = ((number, start + k, *_row(trial)) for k, trial in enumerate(trials))
            marks = ", ".join("?" * (_COLUMNS.count(",") + 3))
            try:
                connection.executemany(
                    f"INSERT INTO trials (run, position, {_COLUMNS}) VALUES ({marks})", rows
                )
            except sqlite3.IntegrityError as error:
                raise StoreError(
                    f"the run {run!r} in {self.path} has one of the trials "
                    f"{', '.join(str(trial.id) for trial in trials)} already; is another process "
                    "writing the same run?"
                ) from error

    def read(self, run: str, start: int = 0) -> list[Trial]:
        with self._reading() as connection:
            number, _ = self._run(connection, run)
            columns = _OLD.get(_version(connection), _COLUMNS)
            rows = connection.execute(
                f"SELECT {columns} FROM trials WHERE run = ? AND position >= ? ORDER BY position",
                (number, start),
            )
            return [_trial(row) for row in rows]

    def runs(self) -> list[str]:
        with self._reading() as connection:
            return sorted(name for (name,) in connection.execute("SELECT name FROM runs"))

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_connection": None}  # another process opens the file itself

    def _run(self, connection: sqlite3.Connection, run: str) -> tuple[int, dict[str, Any]]:
        """Returns the number and the settings of a run."""
        found = connection.execute("SELECT number, info FROM runs WHERE name = ?", (run,))
        for number, info in found.fetchall():
            return number, json.loads(info)
        there = ", ".join(sorted(n for (n,) in connection.execute("SELECT name FROM runs")))
        raise StoreError(f"{self.path} has no run {run!r}; there are {there or 'none'}")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._explained(), self._opened(create=False) as connection:
            try:
                yield connection
            except (KeyError, TypeError, ValueError, RecursionError) as error:
                raise StoreError(
                    f"{self.path} is damaged, or was altered: {error}; restore it from a copy"
                ) from error

    @contextmanager
    def _writing(self, create: bool = False) -> Iterator[sqlite3.Connection]:
        """Yields a connection inside a transaction that happens as a whole or not at all."""
        with self._explained(), self._opened(create) as connection, _transaction(connection):
            if self._connection is not None:
                _renew(connection)
            yield connection

    @contextmanager
    def _opened(self, create: bool) -> Iterator[sqlite3.Connection]:
        """Yields the connection, which stays open; before there is a file, one in memory."""
        if self._connection is None:
            if not create and not self.path.exists():
                empty = sqlite3.connect(":memory:", isolation_level=None)
                empty.executescript(_TABLES)
                try:
                    yield empty
                finally:
                    empty.close()
                return
            self._connection = _connect(self.path)
            weakref.finalize(self, self._connection.close)
        yield self._connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeDecodeError) as error:  # text that is none
            raise StoreError(
                f"{self.path} cannot be used as a store: {error}; expected a file of nascast, or "
                "none yet, in a folder that can be written"
            ) from error


def _connect(path: Path) -> sqlite3.Connection:
    """Returns a connection to a file of ours, which is made if needed."""
    # SQLite itself takes a tiny file of another kind as empty. It is not opened to look: closing
    # it would give up the locks that this process has on it by other connections.
    if path.is_file() and 0 < path.stat().st_size < _PAGE:
        raise sqlite3.DatabaseError("file is not a database")
    connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    try:
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            _check(path, connection)  # a foreign file stays as it is
            _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        if not _check(path, connection):
            with _transaction(connection):
                if not _check(path, connection):  # nobody else was faster
                    for statement in (
                        *_TABLES.split(";"),
                        f"PRAGMA application_id = {_MARK}",
                        f"PRAGMA user_version = {_VERSION}",
                    ):
                        connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Changes the mode of the file; SQLite does not wait for others here, so that this does."""
    until = time.monotonic() + _WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)


def _version(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)


def _renew(connection: sqlite3.Connection) -> None:
    """Brings the tables of an earlier version to this one."""
    for old in range(_version(connection), _VERSION):
        connection.execute(_CHANGES[old])
        connection.execute(f"PRAGMA user_version = {old + 1}")


def _check(path: Path, connection: sqlite3.Connection) -> bool:
    """Returns whether the file has our tables; raises if it has others, or later ones."""
    mark, version, tables = connection.execute(_STATE).fetchone()
    if not tables and not mark:
        return False
    if mark != _MARK:
        raise StoreError(f"{path} is a database of another program; choose another path")
    if not 1 <= version <= _VERSION:
        raise StoreError(
            f"{path} has version {version} of the tables, and this nascast reads 1 to {_VERSION}; "
            "use the nascast that wrote it, or choose another path"
        )
    return True


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")  # waits for other writers now, not at the commit
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have ended it
            connection.execute("ROLLBACK")
        raise


def _row(trial: Trial) -> tuple[Any, ...]:
    arch, evaluation = trial.candidate.arch, trial.evaluation
    metrics = {name: float(value) for name, value in evaluation.metrics.items()}
    curves = {name: [float(v) for v in values] for name, values in evaluation.curves.items()}
    error = evaluation.error
    if error is not None:  # a message may hold bytes that are no text, such as a file's name
        error = error.encode("utf-8", "backslashreplace").decode()
    row = (
        int(trial.id),
        arch.space,
        json.dumps([int(gene) for gene in arch.genes]),
        trial.candidate.epochs,
        json.dumps(metrics),
        float(evaluation.seconds),
        error,
        json.dumps(curves),
        float(trial.finished),
        float(trial.thinking),
    )
    return (*row, _sum(row))


def _sum(row: Sequence[Any]) -> int:
    """Returns the checksum of a row but for itself; of numbers it is that of what SQLite keeps."""
    kept = [v + 0.0 if isinstance(v, float) else v for v in row]
    return zlib.crc32(repr([None if v != v else v for v in kept]).encode("utf-8", "surrogatepass"))


def _trial(row: Sequence[Any]) -> Trial:
    *row, kept = row
    number, space, genes, epochs, metrics, seconds, error, curves, finished, thinking = row
    if kept is not None and kept != _sum(row):
        raise ValueError(f"trial {number} does not fit its checksum; the file is damaged")
    evaluation = Evaluation(
        json.loads(metrics),
        _known(seconds),
        error,
        {name: tuple(values) for name, values in json.loads(curves).items()},
    )
    candidate = Candidate(Architecture(space, tuple(json.loads(genes))), epochs)
    return Trial(number, candidate, evaluation, _known(finished), _known(thinking))


def _known(value: float | None) -> float:
    return math.nan if value is None else value
