"""Runs in one SQLite file, which any number of processes may read and write.

Every trial is a row of the table ``trials``, in columns that other tools can query; genes, metrics
and curves are JSON, in which Python writes floats exactly. Columns of numbers hold them exactly
too, but for two: SQLite keeps NaN as NULL, which is read back as NaN, and −0.0 as 0.0. ``sum`` is
the CRC-32 of the rest of a row, as SQLite has none: a flipped bit would be a trial, or a setting,
of its own.
"""

import json
import os
import shutil
import sqlite3
import tempfile
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nascast.core.errors import StoreError
from nascast.core.store import Store, changed_settings
from nascast.core.types import Trial
from nascast.stores.sqlite.rows import row_of, sum_of, trial_of

__all__ = ["Sqlite"]

_PAGE = 512  # bytes of the smallest page, and so of a database: https://sqlite.org/fileformat2.html
_MARK = 0x6E617363  # "nasc", the application id of our files
_VERSION = 4  # version of the tables; raise it with every change to them
_CHANGES = {  # by version: what makes the tables those of the next one
    1: "ALTER TABLE trials ADD COLUMN thinking REAL",  # unknown for the trials that are there
    2: "ALTER TABLE trials ADD COLUMN sum INTEGER",  # none for them, until the next change
    3: "ALTER TABLE runs ADD COLUMN reached REAL; ALTER TABLE runs ADD COLUMN sum INTEGER",
}  # the last one also puts run and position into the sums of trials
_WAIT = 60.0  # seconds for another process to finish writing; chosen: a write takes milliseconds
_STATE = """
SELECT (SELECT application_id FROM pragma_application_id),
  (SELECT user_version FROM pragma_user_version), (SELECT COUNT(*) FROM sqlite_schema),
  (SELECT COUNT(*) FROM sqlite_schema
    WHERE rootpage = 0 AND lower(tbl_name) IN ('trials', 'runs')),
  (SELECT COUNT(*) FROM pragma_table_info('trials')),
  (SELECT COUNT(*) FROM pragma_table_info('runs'))
"""  # in one statement, since another process may make the tables meanwhile
_PAUSE = 0.01  # seconds between tries; chosen
_TABLES = """
CREATE TABLE runs (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  info TEXT NOT NULL,
  reached REAL,
  sum INTEGER
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
_PLACE = "run, position"
_COLUMNS = "id, space, genes, epochs, metrics, seconds, error, curves, finished, thinking, sum"
_OLD = {  # what earlier versions have of them
    1: _COLUMNS.replace("thinking, sum", "NULL, NULL"),
    2: _COLUMNS.replace("sum", "NULL"),
}
_HAS = {  # columns of trials and of runs in each version
    version: (10 + min(version, 3), 3 + 2 * (version > 3)) for version in range(1, _VERSION + 1)
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
                "INSERT INTO runs (name, info, sum) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (run, text, sum_of((run, text, None))),
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
            rows = (row_of(number, start + k, trial) for k, trial in enumerate(trials))
            marks = ", ".join("?" * (_COLUMNS.count(",") + 3))
            try:
                connection.executemany(
                    f"INSERT INTO trials ({_PLACE}, {_COLUMNS}) VALUES ({marks})", rows
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
            rows = list(_rows(connection, "WHERE run = ? AND position >= ?", (number, start)))
            if [row[1] for row in rows] != list(range(start, start + len(rows))):
                raise ValueError(f"trials of the run {run!r} are missing")
            return [trial_of(row) for row in rows]

    def reach(self, run: str, clock: float) -> None:
        with self._writing() as connection:
            number, _ = self._run(connection, run)
            found = connection.execute("SELECT name, info FROM runs WHERE number = ?", (number,))
            total = sum_of((*found.fetchone(), float(clock)))
            changes = (float(clock), total, number)
            connection.execute("UPDATE runs SET reached = ?, sum = ? WHERE number = ?", changes)

    def reached(self, run: str) -> float:
        with self._reading() as connection:
            number, _ = self._run(connection, run)
            if _version(connection) < _VERSION:
                return 0.0
            (found,) = connection.execute("SELECT reached FROM runs WHERE number = ?", (number,))
            return found[0] or 0.0

    def runs(self) -> list[str]:
        with self._reading() as connection:
            return sorted(name for (name,) in connection.execute("SELECT name FROM runs"))

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_connection": None}  # another process opens the file itself

    def _run(self, connection: sqlite3.Connection, run: str) -> tuple[int, dict[str, Any]]:
        """Returns the number and the settings of a run."""
        summed = _version(connection) == _VERSION
        columns = "number, info, reached, sum" if summed else "number, info, NULL, NULL"
        found = connection.execute(f"SELECT {columns} FROM runs WHERE name = ?", (run,))
        for number, info, reached, kept in found.fetchall():
            if summed and kept != sum_of((run, info, reached)):
                raise StoreError(
                    f"{self.path} is damaged, or was altered: the settings of the run {run!r} do "
                    "not fit their checksum; restore it from a copy"
                )
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
    begun = _version(connection)
    if begun == _VERSION:
        return
    rows = list(_rows(connection))  # checked by the sums that they have
    for old in range(begun, _VERSION):
        for change in _CHANGES[old].split(";"):
            connection.execute(change)
    connection.executemany(
        "UPDATE trials SET sum = ? WHERE run = ? AND position = ?",
        [(sum_of(row[:-1]), *row[:2]) for row in rows],
    )
    runs = connection.execute("SELECT name, info FROM runs").fetchall()
    connection.executemany(
        "UPDATE runs SET sum = ? WHERE name = ?", [(sum_of((*row, None)), row[0]) for row in runs]
    )
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _rows(
    connection: sqlite3.Connection, which: str = "", values: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yields rows of trials in their order, run and position first, each checked by its sum."""
    version = _version(connection)
    columns = f"{_PLACE}, {_OLD.get(version, _COLUMNS)}"
    order = f"{which} ORDER BY {_PLACE}"
    for row in connection.execute(f"SELECT {columns} FROM trials {order}", values):
        summed = row[:-1] if version == _VERSION else row[2:-1]
        none = row[-1] is None and version < _VERSION  # as of trials of the first two versions
        if not none and row[-1] != sum_of(summed):
            raise ValueError(f"trial {row[2]} does not fit its checksum")
        yield row


def _check(path: Path, connection: sqlite3.Connection) -> bool:
    """Returns whether the file has our tables; raises if it has others, or later ones."""
    mark, version, tables, foreign, *widths = connection.execute(_STATE).fetchone()
    if not tables and not mark:
        return False
    if mark != _MARK:
        raise StoreError(f"{path} is a database of another program; choose another path")
    if not 1 <= version <= _VERSION:
        raise StoreError(
            f"{path} has version {version} of the tables, and this nascast reads 1 to {_VERSION}; "
            "use the nascast that wrote it, or choose another path"
        )
    if tuple(widths) != _HAS[version]:
        raise StoreError(
            f"{path} is damaged, or was altered: its tables are not those of version {version}, "
            "which it says it has; restore it from a copy"
        )
    if foreign:  # statements of others that would run with ours, and change what they do
        raise StoreError(
            f"{path} was altered: its trials or runs are a view, or have triggers, which nascast "
            "never makes; restore it from a copy"
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
