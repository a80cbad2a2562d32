"""Framing and checksums of TFRecord files, against a checksum computed bit by bit."""

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.releases.formats import tfrecord
from nascast.releases.formats.tfrecord import checksums, read_blocks


def crc32c(data: bytes) -> int:
    """CRC-32C by long division, a bit at a time."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    value = crc32c(data)
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def framed(records: Sequence[bytes]) -> bytes:
    out = b""
    for record in records:
        head = struct.pack("<Q", len(record))
        out += head + masked(head) + record + masked(record)
    return out


def read(path: Path) -> list[bytes]:
    blocks = list(read_blocks(path, lambda piece: None))
    for block in blocks:
        whole = path.read_bytes()
        assert whole[block.offset : block.offset + len(block.data)] == block.data
    return [
        block.data[start : start + length]
        for block in blocks
        for start, length in zip(block.starts, block.lengths, strict=True)
    ]


RECORDS = [b"first", b"", b"x" * 300, bytes(range(256)), b'the "last"']


def test_published_checksums() -> None:
    """RFC 3720, B.4, and the check value of the catalogue of CRCs."""
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_checksums_are_those_by_hand(pieces: list[bytes]) -> None:
    found = checksums(pieces).tolist()
    assert [struct.pack("<I", value) for value in found] == [masked(p) for p in pieces]


@pytest.mark.parametrize("size", [1, 7, 100, 2**20])
def test_records_come_back_however_the_file_is_cut(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tfrecord, "_BLOCK", size)
    path = tmp_path / "some.tfrecord"
    path.write_bytes(framed(RECORDS))
    assert read(path) == RECORDS
    seen: list[bytes] = []
    list(read_blocks(path, seen.append))
    assert b"".join(seen) == path.read_bytes()


def test_real_records(shared_data: Path) -> None:
    (path,) = (shared_data / "nasbench101_tfrecord_sample").glob("*.tfrecord")
    assert len(read(path)) == 1092


def test_no_file_and_no_records(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"no file .*none.tfrecord"):
        read(tmp_path / "none.tfrecord")
    (tmp_path / "empty.tfrecord").write_bytes(b"")
    with pytest.raises(CorruptDataError, match=r"empty\.tfrecord: it is empty"):
        read(tmp_path / "empty.tfrecord")


def test_any_flipped_bit_is_noticed(tmp_path: Path) -> None:
    good = framed([b"first", b"second, a little longer"])
    second = 12 + len(b"first") + 4
    path = tmp_path / "flipped.tfrecord"
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        path.write_bytes(bad)
        with pytest.raises(CorruptDataError, match=r"flipped\.tfrecord.*at byte") as caught:
            read(path)
        begins = second if at >= second else 0
        assert f"at byte {begins}" in str(caught.value)


def test_any_cut_inside_a_record_is_noticed(tmp_path: Path) -> None:
    good = framed([b"first", b"second"])
    path = tmp_path / "cut.tfrecord"
    for size in range(1, len(good)):
        path.write_bytes(good[:size])
        if size == 21:  # between the two
            assert read(path) == [b"first"]
            continue
        with pytest.raises(CorruptDataError, match=f"cut off.*at byte {21 if size > 21 else 0}"):
            read(path)


def test_other_files_are_refused_without_reading_them_whole(tmp_path: Path) -> None:
    path = tmp_path / "other.tfrecord"
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 100)
    with pytest.raises(CorruptDataError, match=r"at byte 0: its length does not fit"):
        read(path)
    path.write_bytes(framed([b"good", b"x" * 20_000]))
    with pytest.raises(CorruptDataError, match=r"at byte 20: it has 20000 bytes; expected at most"):
        read(path)
    head = struct.pack("<Q", 2**64 - 1)
    path.write_bytes(framed([b"good"]) + head + masked(head) + b"x")
    with pytest.raises(CorruptDataError, match="at byte 20: it has"):
        read(path)
