"""Pickles of others: plain data is read, everything else is refused before it runs."""

import datetime
import fractions
import io
import pickle
import pickletools
import resource
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.errors import CorruptDataError
from nascast.releases.formats.plain_pickle import load, scan
from nascast.releases.formats.plain_pickle.memo import Memo

Reader = Callable[..., Any]


def scanned(file: io.BytesIO, *arguments: Any, **settings: Any) -> Any:
    return scan(file, lambda record: False, *arguments, **settings)


both = pytest.mark.parametrize("read", [load, scanned])
protocols = pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))


class Thing:
    """Stands for a class of somebody's benchmark."""

    def __init__(self, value: object) -> None:
        self.value = value


class Attack:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.write_text, (self.path, "run"))


def plain() -> dict[str, Any]:
    same = [1, 2.5]
    return {
        "numbers": [0, -1, 255, 256, 70_000, -(2**31), 2**40, -(2**200), 1e-300, True, False, None],
        "texts": ["", "a" * 255, "b" * 256, "ÿ € 𝄞", b"", b"\x00\xff" * 200],
        "containers": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {1, 2}, frozenset({3})),
        "nested": OrderedDict([("x", {("cifar10", 777): {0: 1.5}})]),
        "twice": [same, same],
        "long": {i: float(i) for i in range(2_500)},
    }


@both
@protocols
def test_plain_data_is_read(read: Reader, protocol: int) -> None:
    found = read(io.BytesIO(pickle.dumps(plain(), protocol)), where="a test")
    assert found == plain()
    assert type(found["nested"]) is OrderedDict
    assert found["twice"][0] is found["twice"][1]


@both
@protocols
def test_numpy_numbers_and_arrays_are_read(read: Reader, protocol: int) -> None:
    arrays = [
        np.arange(6).astype(dtype).reshape(2, 3)
        for dtype in ("<f8", ">f4", "i2", "u8", "c16", "S3", "<U4", ">i4")
    ]
    arrays += [np.asfortranarray(arrays[0]), np.zeros((0, 3)), np.array(7.0), np.array([True])]
    if protocol < 5:  # from 5 on numpy writes arrays in a way that no old file has
        found = read(io.BytesIO(pickle.dumps(arrays, protocol)), where="a test")
        for one, other in zip(map(np.asarray, found), arrays, strict=True):
            assert one.dtype == other.dtype
            assert np.array_equal(one, other)
    scalars: list[Any] = [
        np.float64(0.1),
        np.float32(0.1),
        np.int64(-3),
        np.bool_(True),
        np.str_("a"),
    ]
    found = read(io.BytesIO(pickle.dumps(scalars, protocol)), where="a test")
    assert found == [scalar.item() for scalar in scalars]


@both
@given(
    data=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
        max_leaves=30,
    ),
    protocol=st.integers(0, pickle.HIGHEST_PROTOCOL),
)
def test_what_was_written_is_read(read: Reader, data: object, protocol: int) -> None:
    content = pickle.dumps(data, protocol)
    assert read(io.BytesIO(content), where="a test") == data
    assert read(io.BytesIO(pickletools.optimize(content)), where="a test") == data


@both
@protocols
def test_an_attack_is_refused_and_not_run(read: Reader, protocol: int, tmp_path: Path) -> None:
    target = tmp_path / "written"
    content = pickle.dumps({"numbers": [1.0, Attack(target)]}, protocol)
    with pytest.raises(
        CorruptDataError, match=r"the file: .* asks for (\w|\.)*(write_text|getattr)"
    ):
        read(io.BytesIO(content), where="the file")
    assert not target.exists()
    pickle.loads(content)  # the attack is a real one
    assert target.read_text() == "run"


@both
@pytest.mark.parametrize(
    "name",
    ["os system", "builtins eval", "builtins getattr", "numpy load", "torch load", "copyreg _x"],
)
def test_names_are_refused_before_they_are_looked_up(read: Reader, name: str) -> None:
    content = f"c{name.replace(' ', chr(10))}\n(S'echo'\ntR.".encode()
    with pytest.raises(CorruptDataError, match=name.replace(" ", r"\.")):
        read(io.BytesIO(content), where="a test")


@both
@pytest.mark.parametrize(
    "value", [fractions.Fraction(1, 2), datetime.date(2020, 8, 31), np.array([{}], dtype=object)]
)
def test_other_objects_are_refused(read: Reader, value: object) -> None:
    with pytest.raises(CorruptDataError, match="a test: "):
        read(io.BytesIO(pickle.dumps(value, 4)), where="a test")


@both
def test_structured_and_object_types_are_refused(read: Reader) -> None:
    for dtype in ("O", "V8", "M8[s]", [("a", "O")], [("a", "f8")]):
        content = pickle.dumps(np.zeros(2, dtype=dtype), 4)
        with pytest.raises(CorruptDataError, match="a test: "):
            read(io.BytesIO(content), where="a test")


@both
@protocols
def test_named_classes_become_dictionaries(read: Reader, protocol: int) -> None:
    name = f"{Thing.__module__}.Thing"
    if protocol < 2:
        return  # objects are written by copyreg there, which no official file needs
    content = _as_module(pickle.dumps([Thing({"a": 1}), Thing(2)], protocol))
    found = read(io.BytesIO(content), ["bench.Thing"], where="a test")
    assert found == [{"value": {"a": 1}}, {"value": 2}]
    with pytest.raises(CorruptDataError, match=r"bench\.Thing"):
        read(io.BytesIO(content), [name], where="a test")


def _as_module(content: bytes) -> bytes:
    """Renames the module of `Thing`, whose name depends on how the tests are run."""
    module = Thing.__module__.encode()
    content = content.replace(b"c" + module + b"\n", b"cbench\n")
    content = content.replace(b"\x8c" + bytes([len(module)]) + module, b"\x8c\x05bench")
    frame = content.find(b"\x95")  # its length no longer fits, and it may be left out
    return content if frame < 0 else content[:frame] + content[frame + 9 :]


@both
def test_blank_names_and_outside_objects_become_none(read: Reader) -> None:
    content = b"(ctorch._utils\n_rebuild\n(Pstorage\ntRI1\nl."
    assert read(io.BytesIO(content), where="x", blank=["torch._utils._rebuild"]) == [None, 1]
    with pytest.raises(CorruptDataError, match="outside"):
        read(io.BytesIO(b"Pstorage\n."), where="a test")


@both
def test_changes_of_what_is_admitted_do_not_outlive_the_load(read: Reader) -> None:
    scalar = b"cnumpy.core.multiarray\nscalar\n"
    attack = scalar + b"(N}S'__defaults__'\n(I1\ntstb."  # sets an attribute of the function
    read(io.BytesIO(attack), where="a test")
    record = b"cbench\nThing\n(N}S'__setstate__'\nNstb."
    with pytest.raises(CorruptDataError, match="__setstate__"):
        read(io.BytesIO(record), ["bench.Thing"], where="a test")
    content = pickle.dumps(np.float64(0.5), 2)
    assert read(io.BytesIO(content), where="a test") == 0.5
    again = io.BytesIO(b"\x80\x02cbench\nThing\n)\x81}X\x01\x00\x00\x00aK\x01sb.")
    assert read(again, ["bench.Thing"], where="a test") == {"a": 1}


@both
def test_every_cut_is_noticed(read: Reader) -> None:
    content = pickle.dumps({"a": [1.5, "text", np.float64(2)], "b": {0: 1.0}}, 4)
    for end in range(len(content)):
        with pytest.raises(CorruptDataError, match=r"the file: damaged"):
            read(io.BytesIO(content[:end]), where="the file")


@both
def test_altered_bytes_raise_nothing_but_our_error(read: Reader) -> None:
    content = bytearray(pickle.dumps({"a": [1.5, "text", np.float64(2)], "b": {0: 1.0}}, 4))
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(2_000):
        altered = content.copy()
        altered[rng.integers(len(altered))] = rng.integers(256)
        try:
            read(io.BytesIO(altered), where="the file")
        except CorruptDataError:
            refused += 1
    assert refused > 500


def test_taken_records_are_forgotten() -> None:
    names = [f"name {i}" for i in range(20)]  # the same objects in all records
    records = {i: {"index": i, "values": {name: float(i) for name in names}} for i in range(300)}
    seen: list[int] = []

    def taken(record: dict[Any, Any]) -> bool:
        if "index" not in record:
            return False
        assert record == records[record["index"]]
        seen.append(record["index"])
        return True

    for protocol in (2, 4):
        seen.clear()
        content = io.BytesIO(pickle.dumps({"all": records, "names": names}, protocol))
        found = scan(content, taken, where="a test")
        assert seen == list(range(300))
        assert found == {"all": {i: {} for i in range(300)}, "names": names}


def test_referring_back_into_a_taken_record_is_refused() -> None:
    shared = {0: 1.0}
    content = io.BytesIO(pickle.dumps([{"record": shared}, {"record": shared}], 4))
    with pytest.raises(CorruptDataError, match="a later record refers to object"):
        scan(content, lambda record: "record" in record, where="a test")


def test_the_memo_keeps_atoms_and_drops_containers() -> None:
    memo = Memo("a test")
    values: list[Any] = ["text", 1, 1.0, [1], b"1", {}, print]
    for number, value in enumerate(values):
        memo[number] = value
    memo.forget()
    assert len(memo) == 0
    for number, value in enumerate(values):
        if isinstance(value, list | dict):
            with pytest.raises(CorruptDataError, match=rf"object {number}"):
                memo[number]
        else:
            assert memo[number] is value
    with pytest.raises(KeyError):
        memo[len(values)]
    memo[0] = "other"
    with pytest.raises(CorruptDataError, match="two objects have the number 0"):
        memo.forget()


def test_a_number_out_of_all_proportion_is_refused() -> None:
    memo = Memo("a test")
    memo[2**31] = "text"
    with pytest.raises(CorruptDataError, match=str(2**31)):
        memo.forget()


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def _dtype(code: str) -> bytes:
    return b"cnumpy\ndtype\n" + _text(code) + b"\x89\x88\x87R"


def _content(code: str, count: int, content: bytes) -> bytes:
    """The state of an array of that many numbers."""
    packed = b"B" + struct.pack("<I", len(content)) + content
    return (
        b"(K\x01"
        + b"M"
        + struct.pack("<H", count)
        + b"\x85"
        + _dtype(code)
        + b"\x89"
        + packed
        + b"t"
    )


_MADE = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"


@both
@pytest.mark.parametrize(
    "content",
    [
        # An array over the memory of another one, which then gets a new content: what was written
        # to the first would go into memory that is no longer its own.
        b"cnumpy\nndarray\nM\x00\x10\x85" + _text("u1") + b"\x86R.",
        b"cnumpy\nndarray\nM\x00\x10\x85\x81.",  # by NEWOBJ
        _MADE + b"K\x00K\x01s.",  # an item is set
        _MADE + b"K\x01a.",  # appended
        _MADE + _content("u1", 1, b"a") + b"b" + _content("u1", 1, b"b") + b"b.",  # twice
        _MADE + _content("u1", 2, b"a") + b"b.",
        _MADE + _content("U0", 60_000, b"") + b"b.",
        _MADE + _content("i4,O", 1, b"a" * 12) + b"b.",
    ],
)
def test_arrays_can_only_be_filled_once(read: Reader, content: bytes) -> None:
    with pytest.raises(CorruptDataError, match="a test: damaged"):
        read(io.BytesIO(b"\x80\x04" + content), where="a test")


@both
def test_an_array_without_content_is_no_numbers(read: Reader) -> None:
    found = read(io.BytesIO(b"\x80\x04" + _MADE + b"."), where="a test")
    with pytest.raises(ValueError, match="without a content"):
        np.asarray(found)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux only")
def test_a_short_pickle_does_not_take_much_memory() -> None:
    """The memo of Python's own unpickler is as long as the largest number in it."""
    bomb = b"\x80\x04Nr" + struct.pack("<I", 2**30) + b"."
    with pytest.raises(CorruptDataError, match=r"more than .* MiB of memory"):
        load(io.BytesIO(bomb), where="a test")
    assert scan(io.BytesIO(bomb), lambda found: False, where="a test") is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 8 * 2**20  # KiB
