"""Official files among what macOS and others leave in folders and archives."""

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.releases import conftest as nats
from tests.releases.nasbench101 import test_conversion as nb101
from tests.releases.nasbench_nlp import test_conversion as nlp

from nascast.core import plugins
from nascast.core.errors import MissingDataError
from nascast.releases.catalogue import find
from nascast.releases.nasbench301.conversion import _onnx_file
from nascast.releases.nasbench301.trees import _ensembles

SMALL = Path(__file__).parent / "nasbench301/nb_models_small.zip"
SIDE = bytes([0, 5, 22, 7]) + bytes(60)  # AppleDouble


def beside(folder: Path) -> Path:
    """Puts a side file beside every file of a folder, and copies of them into one of macOS."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        path.with_name(f"._{path.name}").write_bytes(SIDE)
        (folder / "__MACOSX").mkdir(exist_ok=True)
        (folder / "__MACOSX" / path.name).write_bytes(SIDE)
    (folder / ".DS_Store").write_bytes(SIDE)
    return folder


def archived(source: Path, target: Path) -> Path:
    """Writes a zip with side files in it, and files of the same names as the others."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            new.writestr(info, old.read(info))
            new.writestr(f"__MACOSX/{info.filename}", SIDE)
            folder, _, name = info.filename.rpartition("/")
            new.writestr(f"{folder}/._{name}", SIDE)
    return target


def module(folder: Path) -> Path:
    records = nb101.records_of(nb101.GENES[:2], 0, (4, 108))
    content = nb101.framed([nb101.payload(record) for record in records])
    (folder / "mine.tfrecord").write_bytes(content)
    return beside(folder)


def logs(folder: Path) -> Path:
    nlp.write(folder / "logs.zip", [nlp.log(1), nlp.log(2)])
    return beside(folder)


def zipped_logs(folder: Path) -> Path:
    return archived(nlp.write(folder / "plain.zip", [nlp.log(1)]), folder / "logs.zip")


def unpacked_logs(folder: Path) -> Path:
    with zipfile.ZipFile(nlp.write(folder / "logs.zip", [nlp.log(1)])) as archive:
        archive.extractall(folder)
    (folder / "logs.zip").unlink()
    return beside(folder)


def cells(kind: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        space = plugins.load("space", "nasbench201")
        [text] = space.to_text(space.from_text(["0"]))
        nats.write_release({0: nats.record(0, text, {200: (777,), 12: (111,)}, 200)}, kind, folder)
        return beside(folder) if kind != "folder" else folder

    return make


@pytest.mark.parametrize(
    ("benchmark", "make"),
    [
        ("nasbench101", module),
        *(("nasbench_nlp", make) for make in (logs, zipped_logs, unpacked_logs)),
        *(("nasbench201", cells(kind)) for kind in ("tar", "whole", "zip", "folder")),
    ],
)
def test_they_are_passed_over(benchmark: str, make: Callable[[Path], Path], tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    release = find(benchmark)
    assert release is not None
    assert release.converter(make(source), out, lambda done, total: None)


def test_boosters_beside_them(tmp_path: Path) -> None:
    plain = _ensembles(SMALL)
    assert _ensembles(archived(SMALL, tmp_path / "m.zip")).keys() == plain.keys()
    zipfile.ZipFile(SMALL).extractall(tmp_path / "models")
    found = _ensembles(beside(tmp_path / "models"))
    assert {k: len(v) for k, v in found.items()} == {k: len(v) for k, v in plain.items()}


def test_a_model_beside_them(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    assert _onnx_file(beside(tmp_path)) == tmp_path / "model.onnx"


def test_of_two_official_files_in_a_folder_one_is_named(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    path = cells("tar")(source) / "NATS-tss-v1_0-3ffb9-simple.tar"
    shutil.copy(path, source / "NATS-tss-v1_0-3ffb8-simple.tar")
    release = find("nasbench201")
    assert release is not None
    with pytest.raises(MissingDataError, match="several official files; give the path of one"):
        release.converter(source, out, lambda done, total: None)
