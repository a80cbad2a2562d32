"""Files that a user could be handed: an error of ours, soon, in little memory, nothing written."""

import bz2
import io
import os
import pickle
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

CASES = Path(__file__).parents[3] / "shared/cases/20_hostile_files"
SMALL = Path(__file__).parent / "nasbench301/nb_models_small.zip"
PRIME = 2**61 - 1  # integers that differ by it have one hash


# A process begins with the memory of the one that starts it, so a small one does.
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(code)
"""


def convert(benchmark: str, source: Path, folder: Path) -> tuple[int, str, float]:
    """Runs the command; returns its status, its error and the MiB that a process of it took."""
    folder.mkdir()
    command = [sys.executable, "-m", "nascast", "benchmark", "convert", benchmark, str(source)]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command],
        env={**os.environ, "NASCAST_DATA": str(folder), "NASCAST_READ_SECONDS": "6"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert list(folder.iterdir()) == []
    return done.returncode, done.stderr, float(done.stdout.split()[-1])


def refused(benchmark: str, source: Path, folder: Path, words: str) -> None:
    code, error, memory = convert(benchmark, source, folder)
    assert code == 2, error[-2000:]
    assert "Traceback" not in error
    assert re.search(words, error), error
    assert memory < 1024


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("crash-lgb-9.zip", "no booster of LightGBM|is damaged"),
        ("crash-xgb-194.zip", "tree 6 of a booster is damaged"),
        ("crash-xgb-875.zip", "tree 9 of a booster is damaged"),
        ("NATS-lists.pickle.pbz2", "belong to nothing yet"),
    ],
)
def test_files_that_were_handed_out(name: str, words: str, tmp_path: Path) -> None:
    if not (CASES / name).is_file():
        pytest.skip(f"no {CASES / name}")
    if name.startswith("crash"):
        pytest.importorskip("xgboost")
        pytest.importorskip("lightgbm")
    benchmark = "nasbench301" if name.endswith(".zip") else "nasbench201"
    refused(benchmark, CASES / name, tmp_path / "data", words)


def altered(member: str, change: Callable[[bytearray], None]) -> bytes:
    """Returns the small release with one member changed and its sum made again."""
    out = io.BytesIO()
    with zipfile.ZipFile(SMALL) as archive, zipfile.ZipFile(out, "w") as written:
        for name in archive.namelist():
            content = bytearray(archive.read(name))
            if name == member:
                change(content)
            written.writestr(name, bytes(content))
    return out.getvalue()


def grow_cycle(content: bytearray) -> None:
    """Lets the first inner node of a LightGBM tree be its own child, in as many characters."""
    start = content.index(b"left_child=") + len(b"left_child=")
    content[start : start + 1] = b"0"


def far_child(content: bytearray) -> None:
    """Puts a child of the first tree of an XGBoost model far behind its end."""
    start = content.index(b"gbtree") + 6 + 160 + 148
    content[start + 4 : start + 8] = (2**30).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("folder", "change"), [("lgb_runtime_v1.0", grow_cycle), ("xgb_v1.0", far_child)]
)
def test_siblings_of_the_boosters(
    folder: str, change: Callable[[bytearray], None], tmp_path: Path
) -> None:
    pytest.importorskip("xgboost")
    pytest.importorskip("lightgbm")
    source = tmp_path / "models.zip"
    source.write_bytes(altered(f"nb_models/{folder}/0_seed/surrogate_model.model", change))
    refused("nasbench301", source, tmp_path / "data", "damaged")


def deep_key() -> bytes:
    """A dictionary by a tuple in a tuple in a tuple …, whose hash is found by recursion in C."""
    return b"\x80\x04}K\x01" + b"\x85" * 2_000_000 + b"K\x01s."


def colliding() -> bytes:
    """A dictionary that takes minutes to fill, written by hand for that reason."""
    keys = (pickle.dumps(k * PRIME, 2)[2:-1] for k in range(1, 100_000))
    return b"\x80\x04}(" + b"".join(key + b"N" for key in keys) + b"u."


def colliding_in_turns() -> bytes:
    """The same, a thousand keys at a time, as a pickle is written."""
    keys = [pickle.dumps(k * PRIME, 2)[2:-1] + b"N" for k in range(1, 100_000)]
    turns = (b"(" + b"".join(keys[i : i + 1000]) + b"u" for i in range(0, len(keys), 1000))
    return b"\x80\x04}" + b"".join(turns) + b"."


def many_lists() -> bytes:
    """A sibling of the handed out file: lists in a list, a thousand at a time."""
    return b"\x80\x04]" + (b"(" + b"]" * 1000 + b"e") * 100_000 + b"."


def long_text() -> bytes:
    return b"\x80\x04X" + (2**31 - 1).to_bytes(4, "little") + bytes(2**29)


BOMBS = {
    "deep keys": (deep_key, "crashed|nested|memory"),
    "one hash": (colliding, "more than 7 seconds|belong to nothing yet"),
    "one hash in turns": (colliding_in_turns, "more than 7 seconds"),
    "lists": (many_lists, "MiB of memory|than 6 seconds"),
    "a long text": (long_text, "damaged|memory"),
}


# All in one form, and some in the others: a conversion takes seconds.
FORMS = [(name, "whole") for name in BOMBS] + [("lists", "folder"), ("deep keys", "tar")]


@pytest.mark.parametrize(("name", "kind"), FORMS)
def test_pickles_that_take_all(name: str, kind: str, tmp_path: Path) -> None:
    make, words = BOMBS[name]
    packed = bz2.compress(make(), 1)
    source = tmp_path / "NATS.pickle.pbz2"
    if kind == "whole":
        source.write_bytes(packed)
    elif kind == "folder":
        source = tmp_path / "simple"
        source.mkdir()
        (source / "000000.pickle.pbz2").write_bytes(packed)
    else:
        source = tmp_path / "simple.tar"
        with tarfile.open(source, "w") as archive:
            member = tarfile.TarInfo("simple/000000.pickle.pbz2")
            member.size = len(packed)
            archive.addfile(member, io.BytesIO(packed))
    refused("nasbench201", source, tmp_path / "data", words)


def test_a_sparse_member_of_a_tar(tmp_path: Path) -> None:
    """A header of GNU tar that claims a terabyte of nothing."""
    member = tarfile.TarInfo("simple/000000.pickle.pbz2")
    member.type, member.size = tarfile.GNUTYPE_SPARSE, 0
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b"00000000000\0", b"00000000000\0"
    header[483:495] = b"\x80\0\0\0\0\0\1\0\0\0\0\0"  # the real size
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    source = tmp_path / "simple.tar"
    source.write_bytes(bytes(header) + bytes(1024))
    refused("nasbench201", source, tmp_path / "data", "sparse|damaged")
