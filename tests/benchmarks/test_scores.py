"""Tables of zero-cost scores: what was measured comes back, with its seconds."""

import dataclasses
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from nascast.benchmarks.table import (
    Contents,
    ScoreTable,
    contents_of,
    read_scores,
    table_of,
    write_scores,
)
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.ledger import Memo, Score
from nascast.spaces.nasbench201 import NasBench201

SPACE = NasBench201()
ROWS = np.unique(SPACE.canonical(SPACE.sample(9, np.random.default_rng(0))), axis=0)
FIRST, LAST = ROWS[0].tobytes(), ROWS[-1].tobytes()


def memo() -> Memo:
    """Two proxies; one was not measured for the last row, and is not defined for the first."""
    found: Memo = {}
    for i, row in enumerate(ROWS):
        took = {"network": 0.5 + i, "traced": 0.25}
        found["jacov|a", row.tobytes()] = Score(-1.5 * i, 0.125, took)
        value = np.nan if i == 0 else i / 3
        found["swap|b", row.tobytes()] = Score(value, 2.0, {"network": 0.5 + i})
    del found["swap|b", LAST]
    return found


def table() -> ScoreTable:
    return table_of(memo(), "nasbench201", ("64 images", 64), {"source": "a test"})


def test_what_was_measured_comes_back(tmp_path: Path) -> None:
    write_scores(table(), tmp_path / "t.scores")
    found = read_scores(tmp_path / "t.scores")
    assert (found.batch, found.batch_size) == ("64 images", 64)
    assert found.names() == ["jacov", "swap"]
    back, kept = found.memo(found.keys), memo()
    assert back.keys() == kept.keys()
    for item, score in kept.items():
        assert back[item].value == pytest.approx(score.value, nan_ok=True, abs=0)
        assert back[item].seconds == score.seconds
        assert dict(back[item].passes) == dict(score.passes)


def test_contents_are_those_of_the_table(tmp_path: Path) -> None:
    path, kept = tmp_path / "t.scores", table()
    write_scores(dataclasses.replace(kept, keys=("jacov|a", "jacov|b")), path)
    assert contents_of(path) == Contents("nasbench201", len(ROWS), ["jacov"], "64 images")


def test_only_the_scores_asked_for_are_given() -> None:
    found = table()
    assert {key for key, _ in found.memo({"swap|b", "zen|c"})} == {"swap|b"}
    assert len(found.rows({"jacov|a"})) == len(ROWS)
    assert FIRST in {row.tobytes() for row in found.rows({"swap|b"})}  # not defined, but measured
    assert LAST not in {row.tobytes() for row in found.rows({"jacov|a", "swap|b"})}
    assert len(found.rows({"zen|c"})) == 0


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.scores"
    for read in (read_scores, contents_of):
        with pytest.raises(MissingDataError, match=r"no table of proxy scores"):
            read(path)
    write_scores(table(), path)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:200] + b"x" + whole[201:]):
        path.write_bytes(damaged)
        for read in (read_scores, contents_of):
            with pytest.raises(CorruptDataError, match=r"t\.scores"):
                read(path)


@pytest.mark.parametrize(
    "change",
    [
        {"genes": ROWS[::-1] * 0 + np.int16(7)},
        {"genes": SPACE.all()[[2000]].repeat(len(ROWS), 0)},
        {"values": np.zeros((len(ROWS), 3))},
        {"used": np.full((len(ROWS), 2), 4)},
        {"used": np.full((len(ROWS), 2), -1)},
        {"keys": ("jacov|a", "jacov|a")},
    ],
)
def test_what_is_no_table_of_scores_is_not_written(change: dict, tmp_path: Path) -> None:  # type: ignore[type-arg]
    with pytest.raises(CorruptDataError):
        write_scores(dataclasses.replace(table(), **change), tmp_path / "t.scores")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [1 << 36, -5, 10])
def test_packed_columns_that_claim_another_size_are_refused(size: int, tmp_path: Path) -> None:
    """The sum of a file can be made again, and the sizes in it be lies."""
    path = tmp_path / "t.scores"
    write_scores(table(), path)
    whole = path.read_bytes()
    body, mark = bytearray(whole[:-40]), whole[-8:]
    start = body.index(b"\x28\xb5\x2f\xfd") - 8  # of the first frame of Zstandard, after its size
    body[start : start + 8] = struct.pack("<q", size)
    path.write_bytes(bytes(body) + hashlib.sha256(body).digest() + mark)
    with pytest.raises(CorruptDataError, match=r"t\.scores"):
        read_scores(path)
