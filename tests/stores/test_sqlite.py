"""The file of runs: what other tools see, several processes, and files that cannot be used."""

import gc
import math
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from nascast.core.errors import StoreError
from nascast.core.types import Architecture, Candidate, Evaluation, Trial
from nascast.stores.sqlite import Sqlite


def trial(k: int, **changes: object) -> Trial:
    candidate = Candidate(Architecture("tiny", (k % 3, 2)), 4)
    return Trial(k, candidate, Evaluation({"acc": 0.1 * k}, 1.5, **changes), 2.0 * k, 0.5)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.sqlite"


def test_other_tools_can_query_the_columns(path: Path) -> None:
    store = Sqlite(path)
    store.begin("a", {"seed": 3})
    store.append("a", [trial(0), trial(1, error="it failed", curves={"acc": (0.5, 0.25)})])
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, info, id, space, genes, epochs, metrics, seconds, error, curves, "
            "finished, thinking FROM trials JOIN runs ON run = number ORDER BY position"
        ).fetchall()
        ((value,),) = connection.execute("SELECT metrics ->> 'acc' FROM trials WHERE id = 1")
    curve = '{"acc": [0.5, 0.25]}'
    assert rows == [
        ("a", '{"seed": 3}', 0, "tiny", "[0, 2]", 4, '{"acc": 0.0}', 1.5, None, "{}", 0.0, 0.5),
        (
            "a",
            '{"seed": 3}',
            1,
            "tiny",
            "[1, 2]",
            4,
            '{"acc": 0.1}',
            1.5,
            "it failed",
            curve,
            2.0,
            0.5,
        ),
    ]
    assert value == 0.1


def test_every_commit_waits_for_the_disk(path: Path) -> None:
    store = Sqlite(path)
    store.begin("a", {})
    connection = store._connection
    assert connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_reading_makes_no_file(path: Path) -> None:
    store = Sqlite(path)
    assert store.runs() == []
    with pytest.raises(StoreError, match="no run 'a'; there are none"):
        store.info("a")
    with pytest.raises(StoreError, match="no run 'a'"):
        store.append("a", [trial(0)])
    assert list(path.parent.iterdir()) == []


def test_a_temporary_file_goes_with_the_store() -> None:
    store = Sqlite()
    store.begin("a", {})
    folder = store.path.parent
    assert store.path.exists()
    del store
    gc.collect()
    assert not folder.exists()


def test_a_store_can_be_sent_to_another_process(path: Path) -> None:
    store = Sqlite(path)
    store.begin("a", {})
    other = pickle.loads(pickle.dumps(store))
    other.append("a", [trial(0)])
    assert store.read("a") == [trial(0)]


def test_values_that_sqlite_has_no_place_for(path: Path) -> None:
    """NaN is kept as NULL; a message with bytes that are no text is written with escapes."""
    store = Sqlite(path)
    store.begin("a", {})
    evaluation = Evaluation({}, math.nan, "no file '\udcff'")
    store.append("a", [Trial(0, trial(0).candidate, evaluation, math.nan)])
    (found,) = store.read("a")
    assert math.isnan(found.evaluation.seconds)
    assert math.isnan(found.finished)
    assert found.evaluation.error == "no file '\\udcff'"


def test_settings_that_are_not_plain(path: Path) -> None:
    with pytest.raises(StoreError, match="plain JSON values"):
        Sqlite(path).begin("a", {"what": object()})


def test_tuples_among_the_settings_are_lists_when_compared(path: Path) -> None:
    Sqlite(path).begin("a", {"objectives": ("x", "y")})
    Sqlite(path).begin("a", {"objectives": ("x", "y")})
    with pytest.raises(StoreError, match=r"objectives was \['x', 'y'\], is \['x'\]"):
        Sqlite(path).begin("a", {"objectives": ["x"]})


def test_a_trial_that_is_there_already_names_the_likely_cause(path: Path) -> None:
    store = Sqlite(path)
    store.begin("a", {})
    store.append("a", [trial(0)])
    with pytest.raises(StoreError, match="one of the trials 1, 0 already; is another process"):
        Sqlite(path).append("a", [trial(1), trial(0)])
    assert store.read("a") == [trial(0)]


def test_an_error_while_appending_leaves_the_store_usable(path: Path) -> None:
    store = Sqlite(path)
    store.begin("a", {})
    bad = Trial(1, Candidate(Architecture("tiny", ("x",))), trial(0).evaluation, 0.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'x'"):
        store.append("a", [trial(0), bad])
    assert store.read("a") == []
    store.append("a", [trial(0)])
    assert Sqlite(path).read("a") == [trial(0)]


@pytest.mark.parametrize("content", [b"not a database, but long enough for a header " * 20, b"x"])
def test_a_file_that_is_no_database(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for use in (Sqlite(path).runs, partial(Sqlite(path).begin, "a", {})):
        with pytest.raises(StoreError, match=r"runs\.sqlite cannot be used as a store.*database"):
            use()
    assert path.read_bytes() == content


def test_a_database_of_another_program_stays_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="database of another program; choose another path"):
        Sqlite(path).begin("a", {})
    assert path.read_bytes() == before


def test_another_version_of_the_tables(path: Path) -> None:
    Sqlite(path).begin("a", {})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="version 99 of the tables, and this nascast reads 1 to 4"):
        Sqlite(path).runs()


OLD = """
CREATE TABLE runs (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, info TEXT NOT NULL
) STRICT;
CREATE TABLE trials (
  run INTEGER NOT NULL REFERENCES runs, position INTEGER NOT NULL, id INTEGER NOT NULL,
  space TEXT NOT NULL, genes TEXT NOT NULL, epochs INTEGER, metrics TEXT NOT NULL, seconds REAL,
  error TEXT, curves TEXT NOT NULL, finished REAL,
  PRIMARY KEY (run, position), UNIQUE (run, id)
) STRICT, WITHOUT ROWID;
INSERT INTO runs VALUES (1, 'a', '{"seed": 3}');
INSERT INTO trials VALUES (1, 0, 0, 'tiny', '[0, 2]', 4, '{"acc": 0.0}', 1.5, NULL, '{}', 0.0);
PRAGMA application_id = 1851880291;
PRAGMA user_version = 1;
"""


def test_tables_of_the_version_before_get_what_they_lack(path: Path) -> None:
    """Written by version 1, which had no column for thinking; what was thought is not known."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD)
    store = Sqlite(path)
    (found,) = store.read("a")
    assert math.isnan(found.thinking)
    assert replace(found, thinking=0.5) == trial(0)
    assert _version(path) == 1  # what was only read can still be used by the version before
    store.append("a", [trial(1)])
    assert Sqlite(path).read("a")[1] == trial(1)
    assert math.isnan(Sqlite(path).read("a")[0].thinking)
    assert _version(path) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("UPDATE trials SET metrics = replace(metrics, '0', '1') WHERE id = 0", "trial 0 does not"),
        ("UPDATE trials SET sum = NULL WHERE id = 1", "trial 1 does not fit its checksum"),
        ("UPDATE trials SET position = 9 WHERE id = 1", "trial 1 does not fit its checksum"),
        ("DELETE FROM trials WHERE id = 0", "trials of the run 'a' are missing"),
        (
            "UPDATE runs SET info = '{\"seed\": 4}'",
            "settings of the run 'a' do not fit their check",
        ),
        ("UPDATE runs SET sum = NULL", "settings of the run 'a' do not fit their checksum"),
        (
            "CREATE TRIGGER t AFTER INSERT ON trials BEGIN DELETE FROM trials; END",
            "have triggers, which nascast never makes",
        ),
        (
            "ALTER TABLE runs RENAME TO r; CREATE VIEW runs AS SELECT * FROM r",
            "runs are a view",
        ),
        ("PRAGMA user_version = 2", "its tables are not those of version 2, which it says it has"),
        ("ALTER TABLE trials DROP COLUMN sum", "its tables are not those of version 4"),
    ],
)
def test_what_was_changed_is_noticed(path: Path, change: str, message: str) -> None:
    odd = trial(1)
    odd = replace(odd, evaluation=replace(odd.evaluation, seconds=math.nan), finished=-0.0)
    store = Sqlite(path)
    store.begin("a", {"seed": 3})
    store.append("a", [trial(0), odd])
    assert len(store.read("a")) == 2
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(change)
        connection.commit()
    with pytest.raises(StoreError, match=message):
        Sqlite(path).read("a")
    with pytest.raises(StoreError, match=message):
        Sqlite(path).append("a", Sqlite(path).read("a"))


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_damaged_file(path: Path) -> None:
    store = Sqlite(path)
    store.begin("a", {})
    store.append("a", [trial(k) for k in range(2000)])
    del store
    gc.collect()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="malformed"):
        Sqlite(path).read("a")


@pytest.mark.parametrize("name", ["missing/runs.sqlite", "file/runs.sqlite", "."])
def test_a_place_where_there_can_be_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used as a store: unable to open"):
        Sqlite(tmp_path / name).begin("a", {})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_folder_that_cannot_be_written(path: Path) -> None:
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="folder that can be written"):
            Sqlite(path).begin("a", {})
    finally:
        path.parent.chmod(0o700)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder even root cannot write")
def test_a_folder_that_nobody_can_write() -> None:
    with pytest.raises(StoreError, match="cannot be used as a store: unable to open"):
        Sqlite("/proc/runs.sqlite").begin("a", {})


FIRST = """
import sys
from nascast.stores.sqlite import Sqlite

sys.stdin.readline()
store = Sqlite(sys.argv[1])
for k in range(3):
    store.begin(f"run {k}", {})
"""


def test_many_processes_make_the_file_at_once(path: Path) -> None:
    command = [sys.executable, "-c", FIRST, str(path)]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(4)]
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
        assert process.returncode == 0
    assert Sqlite(path).runs() == ["run 0", "run 1", "run 2"]


def test_opening_waits_while_another_changes_the_file(tmp_path: Path) -> None:
    """The mode of a file is changed by whoever opens it first, which SQLite does not wait for."""
    path = tmp_path / "runs.sqlite"
    Sqlite(path).begin("a", {})
    gc.collect()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        release.start()
        assert Sqlite(path).runs() == ["a"]
        release.join()


READ = "import sys; from nascast.stores.sqlite import Sqlite; print(Sqlite(sys.argv[1]).runs())"


def test_a_second_look_at_a_file_in_use_costs_no_locks(path: Path) -> None:
    """Else the other process would take itself for the last one, and remove what is in use."""
    store = Sqlite(path)
    store.begin("a", {})
    for k in range(3):
        assert len(Sqlite(path).read("a")) == k  # opened and closed in this process
        gc.collect()
        other = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True)
        assert other.stdout == b"['a']\n", other.stderr
        assert path.with_name(f"{path.name}-wal").exists()
        store.append("a", [trial(k)])
