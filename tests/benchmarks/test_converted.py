"""Opening what was converted: which file, and what is said where it is missing."""

from pathlib import Path

import numpy as np
import pytest

from nascast.benchmarks.converted import ConvertedTable, data_folder, file_of
from nascast.benchmarks.table import TableSource, write_table
from nascast.core.errors import InvalidSettingError, MissingDataError
from nascast.core.types import Metric

FILES = ("tiny-one.nascast", "tiny-two_b.nascast")


class Tiny(ConvertedTable):
    registered = "tiny"
    files = ("tiny.nascast", "tiny-less.nascast")


def write(path: Path, value: float) -> None:
    genes = np.zeros((1, 6), dtype=np.int16)
    metric = Metric("val_accuracy", "percent", "validation")
    values = {"val_accuracy": np.full((1, 1, 1), value)}
    write_table(TableSource(path.stem, "nasbench201", genes, (metric,), values), path)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NASCAST_DATA", str(tmp_path))
    return tmp_path


def test_the_folder_is_that_of_the_user_unless_another_is_set(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data_folder() == data
    monkeypatch.delenv("NASCAST_DATA")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert data_folder() == Path("/home/somebody/.local/share/nascast")


def test_a_table_is_named_by_what_sets_it_apart_or_by_its_path(data: Path) -> None:
    write(data / "tiny.nascast", 1.0)
    write(data / "tiny-less.nascast", 2.0)
    write(data / "other.nascast", 3.0)
    row = np.zeros((1, 6), dtype=np.int16)
    for given, value in {
        None: 1.0,
        "tiny.nascast": 1.0,
        "less": 2.0,
        "tiny-less.nascast": 2.0,
        str(data / "other.nascast"): 3.0,
    }.items():
        table = Tiny(given)
        assert table.query(row, "val_accuracy")[0] == value
        assert table.file == given


def test_what_is_missing_says_what_to_do_and_what_is_there(data: Path) -> None:
    with pytest.raises(MissingDataError, match=r"`nascast benchmark convert tiny PATH`$") as caught:
        Tiny()
    assert str(data / "tiny.nascast") in str(caught.value)
    write(data / "tiny-less.nascast", 2.0)
    with pytest.raises(MissingDataError, match=r"Converted already: tiny:less$"):
        Tiny()


def test_the_file_of_a_data_set() -> None:
    assert [file_of(name, FILES) for name in ("one", "two_b")] == list(FILES)
    with pytest.raises(InvalidSettingError, match=r"^tiny: unknown data set 'b'; .* one, two_b$"):
        file_of("b", FILES)
