"""Reading columns of files as other programs write them."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nascast.benchmarks.imported.files import read
from nascast.core.errors import CorruptDataError, InvalidSettingError

ROWS = [("a", "1.5"), ("b", "2.5")]
TEXT = "name,value\na,1.5\nb,2.5\n"
WANTED = ("name", "value")


def columns(path: Path) -> list[tuple[str, ...]]:
    table = read(path, WANTED)
    return list(zip(table["name"], table["value"], strict=True))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        "sep=;\r\n" + TEXT.replace(",", ";").replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        "\n\n" + TEXT.replace("\n", "\n\n"),
        TEXT.replace("name,value", '"name", value '),
        '"name","value"\n"a","1.5"\n"b","2.5"\n',
        ",name,value\n0,a,1.5\n1,b,2.5\n",
        "Unnamed: 0,name,Unnamed: 0.1,value\n0,a,0,1.5\n1,b,1,2.5\n",
        ",,name,value\n0,0,a,1.5\n0,1,b,2.5\n",
        "name,value,\na,1.5,\nb,2.5,\n",
        "# made by a script\n# in 2026\n" + TEXT + "# the end\n",
        "# name,value\na,1.5\nb,2.5\n",
        "#,name,value\n0,a,1.5\n1,b,2.5\n",
        "name value\na 1.5\n  b   2.5  \n",
        "# of a search\n# name value\na 1.5\nb 2.5\n",
    ],
)
def test_columns_of_texts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "records.csv"
    path.write_bytes(text.encode())
    assert columns(path) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_are_told_by_their_marks(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "records.csv"
    path.write_text(TEXT, encoding=encoding)
    assert columns(path) == ROWS


@pytest.mark.parametrize("packed", [False, True])
def test_another_encoding_is_said(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "records.csv"
    content = ("# Größe\n" + TEXT).encode("latin-1")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(CorruptDataError, match=r"records\.csv: .* got the byte 0xf6.*CSV in UTF-8"):
        columns(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_wide_characters_without_a_mark_are_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT.encode(encoding))
    with pytest.raises(CorruptDataError, match=r"UTF-16 without one, in UTF-32.*CSV in UTF-8"):
        columns(tmp_path / "a.csv")


@pytest.mark.parametrize("line", ["\n", ",\n", "# none\n", '"",""\r\n'])
def test_a_file_of_empty_lines_ends(
    tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (TEXT + line * 100).encode()
    for name, packed in (("a.csv", content), ("a.csv.gz", gzip.compress(content))):
        (tmp_path / name).write_bytes(packed)
        assert columns(tmp_path / name) == ROWS
    monkeypatch.setattr("nascast.benchmarks.imported.files._EMPTY", 99)
    with pytest.raises(CorruptDataError, match="99 lines are empty"):
        columns(tmp_path / "a.csv.gz")


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_a_packed_text_unpacks_to_is_bounded(
    tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(pack((TEXT + "c,3.5\n" * 200_000).encode()))
    assert len(columns(path)) == 200_002
    monkeypatch.setenv("NASCAST_READ_UNPACKED_MIB", "0.5")
    with pytest.raises(CorruptDataError, match=r"unpacks to more than .*NASCAST_READ_UNPACKED_MIB"):
        columns(path)


def test_a_workbook_is_named(tmp_path: Path) -> None:
    for name in ("a.csv", "a.zip", "a.xlsx"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("xl/workbook.xml", "<workbook/>")
        with pytest.raises(InvalidSettingError, match="as CSV"):
            columns(tmp_path / name)


@pytest.mark.parametrize("name", ["records.csv", "RECORDS.TSV.GZ", "records.txt.xz", "records.zip"])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packing_is_told_by_the_content(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / name
    path.write_bytes(pack(TEXT.encode()))
    assert columns(path) == ROWS


def test_rows_without_anything_in_them_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n,\n\n3,\n,,,\n")
    table = read(tmp_path / "a.csv", {"a", "b"})
    assert (table["a"], table["b"], [*table.lines]) == (["1", "3"], ["2", ""], [2, 5])


def test_a_zip_of_one_table(tmp_path: Path) -> None:
    path = tmp_path / "records.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("folder/records.csv", TEXT)
        archive.writestr("__MACOSX/folder/._records.csv", "rubbish")
        archive.writestr("folder/._records.csv", "rubbish")
        archive.writestr("README", "about")
    assert columns(path) == ROWS
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.tsv", TEXT)
    with pytest.raises(InvalidSettingError, match=r"one \.csv.*got folder/records\.csv, more\.tsv"):
        read(path, WANTED)


def test_a_zip_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "records.csv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("records.csv", TEXT * 50)
    data = path.read_bytes()
    for length in (10, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(CorruptDataError, match=r"records\.csv\.zip"):
            read(path, WANTED)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_two_columns_of_one_name_are_named_when_they_are_used(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"records.{kind}"
    if kind == "csv":
        path.write_text("name,value,value,more,more\na,1,2,3,4\n")
    else:
        arrays = [pa.array(["a"]), *(pa.array([k]) for k in (1, 2, 3, 4))]
        pq.write_table(pa.table(arrays, names=["name", "value", "value", "more", "more"]), path)
    table = read(path, WANTED)
    assert table["name"] == ["a"]  # what is not asked for does no harm
    with pytest.raises(CorruptDataError, match="2 columns are called 'value', the columns 2, 3"):
        table["value"]


def test_a_column_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text(",name,Unnamed: 3,value\n0,a,0,1\n")
    with pytest.raises(InvalidSettingError, match=r"no column 'other'; it has name, value$"):
        read(path, ("other",))["other"]


def test_parquet_of_all_kinds_of_types(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    table = pa.table(
        {
            "words": pa.array(["a", "b", "a"]).dictionary_encode(),
            "some.thing": pa.array([1, None, 3], pa.int16()),
            "decimal": pa.array([1, 2, 3], pa.decimal128(5, 2)),
            "half": pa.array([0.5, None, 1.5], pa.float32()),
        }
    )
    pq.write_table(table, path)
    found = read(path, ("words", "some.thing", "decimal", "half"))
    assert found["words"] == ["a", "b", "a"]
    assert found["some.thing"] == [1, None, 3]
    assert [float(value) for value in found["decimal"]] == [1, 2, 3]
    assert found["half"] == [0.5, None, 1.5]
    assert found.place(1) == f"{path}, row 1"
