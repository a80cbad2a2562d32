"""Exported models are read back without running anything that is in them."""

import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nascast.core.errors import CorruptDataError, UnsupportedError
from nascast.training.classify import classify
from nascast.training.export import FORMATS, export
from nascast.training.model import load_model

pytest.importorskip("safetensors")

Members = dict[str, bytes]
WEIGHTS, GRAPH = "data/weights/model_weights_config.json", "models/model.json"
DESCRIPTION = "extra/architecture.json"


class Harm:
    """Pickles as a call that leaves a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    noise = np.random.default_rng(3).integers(0, 255, (20, 50, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture(scope="module")
def exported(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("exported") / "model.pt2"
    export(load_model(folder), "torch-export", path)
    return path.read_bytes()


@pytest.fixture
def archive(exported: bytes, tmp_path: Path) -> Path:
    (tmp_path / "model.pt2").write_bytes(exported)
    return tmp_path / "model.pt2"


def change(archive: Path, edit: Callable[[Members], None], form: int = zipfile.ZIP_STORED) -> None:
    """Writes an archive anew with members that a function changes."""
    with zipfile.ZipFile(archive) as read:
        names = read.namelist()
        members = {name.partition("/")[2]: read.read(name) for name in names}
    edit(members)
    with zipfile.ZipFile(archive, "w", form) as written:
        for name, content in members.items():
            written.writestr(f"model/{name}", content)


def edited(name: str, edit: Callable[[Any], None]) -> Callable[[Members], None]:
    """Returns an edit of one member of JSON."""

    def whole(members: Members) -> None:
        found = json.loads(members[name])
        edit(found)
        members[name] = json.dumps(found).encode()

    return whole


@pytest.mark.parametrize("form", ["torch-export", "safetensors"])
def test_probabilities_are_those_of_the_folder(
    form: str, folder: Path, photo: Path, tmp_path: Path
) -> None:
    path = tmp_path / FORMATS[form]
    export(load_model(folder), form, path)
    (expected,), (found,) = classify(folder, [photo], top=4), classify(path, [photo], top=4)
    assert found.classes == expected.classes
    assert np.allclose(found.probabilities, expected.probabilities, rtol=0, atol=1e-5)


def test_weights_may_share_a_storage(archive: Path, photo: Path) -> None:
    (before,) = classify(archive, [photo], top=4)

    def joined(members: Members) -> None:
        told = json.loads(members[WEIGHTS])["config"]
        one, two = told["mean"], told["std"]
        files = [f"data/weights/{meta['path_name']}" for meta in (one, two)]
        members[files[0]] += members[files[1]]
        two["path_name"], two["tensor_meta"]["storage_offset"] = one["path_name"], {"as_int": 3}
        members[WEIGHTS] = json.dumps({"config": told}).encode()

    change(archive, joined)
    assert classify(archive, [photo], top=4) == [before]


def test_nothing_in_an_archive_is_run(archive: Path, photo: Path, tmp_path: Path) -> None:
    """PyTorch's own loader runs it, which shows that there is harm in the file."""
    (before,) = classify(archive, [photo], top=4)
    marks = [tmp_path / "evaluated", tmp_path / "unpickled"]
    text = f"__import__('os').mkdir({str(marks[0])!r})"

    def harm(members: Members) -> None:
        graph = members[GRAPH].decode()
        symbol = next(s for s in graph.split('"') if s.startswith("Symbol("))
        members[GRAPH] = graph.replace(symbol, text).encode()
        config = "data/constants/model_constants_config.json"
        meta = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True}
        members[config] = json.dumps({"config": {"x": {**meta, "tensor_meta": None}}}).encode()
        members["data/constants/opaque_obj_0"] = pickle.dumps(Harm(marks[1]))

    change(archive, harm)
    assert classify(archive, [photo], top=4) == [before]
    assert not any(mark.exists() for mark in marks)
    code = "import sys, torch; torch.export.load(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, archive], capture_output=True, check=False)
    assert all(mark.exists() for mark in marks)


def pickled(members: Members) -> None:
    told = json.loads(members[WEIGHTS])
    told["config"]["mean"]["use_pickle"] = True
    members[WEIGHTS] = json.dumps(told).encode()


def sized(**changes: Any) -> Callable[[Members], None]:
    def edit(told: Any) -> None:
        told["config"]["mean"]["tensor_meta"] |= changes

    return edited(WEIGHTS, edit)


def described(**changes: Any) -> Callable[[Members], None]:
    return edited(DESCRIPTION, lambda told: told.update(changes))


def skeleton(**changes: Any) -> Callable[[Members], None]:
    return edited(DESCRIPTION, lambda told: told["task"]["skeleton"].update(changes))


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda members: members.pop(DESCRIPTION), "it has no architecture.json"),
        (lambda members: members.pop(WEIGHTS), "model_weights_config.json"),
        (lambda members: members.pop("data/weights/weight_3"), "weight_3"),
        (lambda members: members.update({WEIGHTS: b"[" * 10**6}), "nested too deeply"),
        (lambda members: members.update({DESCRIPTION: b"\xff"}), "UnicodeDecodeError"),
        (lambda members: members.update({DESCRIPTION: b"[]"}), "it has no architecture.json"),
        (lambda members: members.update(byteorder=b"big"), "big-endian"),
        (pickled, "the weight mean is pickled"),
        (sized(dtype=9), "KeyError: 9"),
        (sized(sizes=[{"as_int": 2**40}], strides=[{"as_int": 1}]), "out of bounds"),
        (sized(sizes=[{"as_int": 2**40}], strides=[{"as_int": 0}]), "size mismatch"),
        (sized(storage_offset={"as_int": -1}), "invalid storage offset"),
        (sized(sizes=[{"as_expr": {"expr_str": "__import__('os')"}}]), "KeyError: 'as_int'"),
        (edited(WEIGHTS, lambda told: told["config"].pop("std")), "not of the network"),
        (described(version=2), "expected a nascast model of version 3"),
        (described(space=["os"]), "does not describe a model"),
        (described(genes=[0, 0, 0, 0, 0, 0]), "genes and text are of different"),
        (described(kind=None), "is a None"),
        (described(task={}), "does not describe a model: KeyError"),
        (described(class_names=["a"]), "as names"),
        (skeleton(channels=10**9), "allocate"),
        (skeleton(cells=10**12), "reading it takes more than"),
        (
            edited(DESCRIPTION, lambda told: told["task"].update(input_shape=[3, 10**6, 10**6])),
            "reading it takes more than",
        ),
    ],
)
def test_what_is_wrong_in_an_archive_is_told(
    edit: Callable[[Members], None],
    told: str,
    archive: Path,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NASCAST_READ_SECONDS", "6")
    change(archive, edit)
    with pytest.raises((CorruptDataError, UnsupportedError)) as failure:
        classify(archive, [photo])
    assert str(failure.value).startswith(str(archive))
    assert told in str(failure.value)


def test_damaged_archives(archive: Path, photo: Path) -> None:
    """A file that ends early may end with the archive that example inputs are."""
    content = archive.read_bytes()
    weight = bytearray(content)
    with zipfile.ZipFile(archive) as whole:
        (name,) = (name for name in whole.namelist() if name.endswith("/weight_3"))
        weight[content.index(whole.read(name))] ^= 1
    for damaged in (b"", b"no archive", content[:-100], content[:5000], bytes(weight)):
        archive.write_bytes(damaged)
        with pytest.raises(CorruptDataError, match=r"damaged|it has no architecture") as failure:
            classify(archive, [photo])
        assert str(failure.value).startswith(str(archive))
    assert "Bad CRC-32" in str(failure.value)


def test_a_member_larger_than_the_file_is_not_unpacked(archive: Path, photo: Path) -> None:
    bomb = {DESCRIPTION: b" " * 2**26}
    change(archive, lambda members: members.update(bomb), zipfile.ZIP_DEFLATED)
    assert archive.stat().st_size < 2**20
    with pytest.raises(CorruptDataError, match=r"architecture\.json is compressed"):
        classify(archive, [photo])
