"""The benchmark over both surrogates; the surrogates themselves have tests of their own."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from nascast import testing
from nascast.benchmarks._onnx_rows import OnnxRows
from nascast.benchmarks.nasbench301 import NasBench301
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidArchitectureError,
    InvalidSettingError,
    MissingDataError,
    MissingExtraError,
    UnsupportedError,
)
from nascast.spaces.darts import Darts

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("xgboost")
pytest.importorskip("lightgbm")

SMALL = Path(__file__).with_name("nb_models_small.zip")
GENES = Darts().sample(20, np.random.default_rng(0))


def nothing(done: int, total: int) -> None:
    return


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("NASCAST_DATA", str(folder))
    return folder


@pytest.fixture
def published(shared_data: Path) -> Path:
    found = shared_data / "nb301_yahpo"
    if not found.is_dir():
        pytest.skip(f"no {found}")
    return found


@pytest.fixture
def yahpo(data: Path, published: Path) -> NasBench301:
    (path,) = NasBench301.convert(published, data, nothing)
    assert path == data / "nasbench301-yahpo.zip"
    return NasBench301()


@pytest.fixture
def trees(data: Path) -> NasBench301:
    (path,) = NasBench301.convert(SMALL, data, nothing)
    assert path == data / "nasbench301-trees.zip"
    return NasBench301()


@pytest.mark.parametrize("check", testing.checks("benchmark"))
@pytest.mark.parametrize("surrogate", ["yahpo", "trees"])
def test_promises(surrogate: str, check: object, request: pytest.FixtureRequest) -> None:
    assert callable(check)
    check(request.getfixturevalue(surrogate))


def test_curves_are_those_of_the_model(yahpo: NasBench301, published: Path) -> None:
    file = next(published.glob("*.onnx"))
    said = OnnxRows(file.read_bytes(), file).predict(GENES, tuple(range(1, 99)))
    assert np.array_equal(yahpo.curve(GENES, "val_accuracy", 98), said[:, :, 0])
    assert np.array_equal(yahpo.query(GENES, "val_accuracy"), said[:, -1, 0])
    assert np.array_equal(yahpo.query(GENES, "val_accuracy", 5), said[:, 4, 0])
    assert np.array_equal(yahpo.seconds(GENES), said[:, -1, 1])
    assert yahpo.seconds(GENES, 49) == pytest.approx(said[:, -1, 1] / 2)
    assert np.array_equal(yahpo.curve(GENES, "seconds", 3)[:, 1], yahpo.seconds(GENES, 2))


def test_the_ensembles_know_the_end_alone(trees: NasBench301) -> None:
    assert trees.query(GENES, "val_accuracy").shape == (20,)
    assert trees.seconds(GENES, 49) == pytest.approx(trees.seconds(GENES) / 2)
    with pytest.raises(UnsupportedError, match="epoch 49 asked for"):
        trees.query(GENES, "val_accuracy", 49)
    with pytest.raises(UnsupportedError, match="recorded epochs: 98"):
        trees.curve(GENES, "val_accuracy", 49)


def test_it_is_a_function_of_every_row(trees: NasBench301) -> None:
    with pytest.raises(UnsupportedError, match="no list of architectures"):
        trees.genes()
    with pytest.raises(InvalidArchitectureError):
        trees.seconds(GENES + 10)
    for epochs in (0, -1, 99):
        with pytest.raises(UnsupportedError, match=f"{epochs} asked for"):
            trees.seconds(GENES, epochs)
    with pytest.raises(UnsupportedError, match="seed 1"):
        trees.seconds(GENES, None, 1)


def test_which_surrogate_is_opened(yahpo: NasBench301, trees: NasBench301) -> None:
    assert len(NasBench301().metrics["val_accuracy"].epochs) == 98
    assert len(NasBench301("yahpo").metrics["val_accuracy"].epochs) == 98
    assert NasBench301("trees").metrics["val_accuracy"].epochs == (98,)
    with pytest.raises(InvalidSettingError, match="yahpo and trees; got 'gin'"):
        NasBench301("gin")


def test_nothing_converted_yet() -> None:
    for surrogate in (None, "trees"):
        with pytest.raises(MissingDataError, match="nascast benchmark convert nasbench301"):
            NasBench301(surrogate)


def test_what_is_found_in_a_folder(data: Path, published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    with pytest.raises(MissingDataError, match=r"neither an \.onnx file"):
        NasBench301.convert(folder, data, nothing)
    shutil.copy(SMALL, folder / "any.zip")
    assert NasBench301.convert(folder, data, nothing)[0].name == "nasbench301-trees.zip"
    file = next(published.glob("*.onnx"))
    for name in ("one.onnx", "two.onnx"):
        shutil.copy(file, folder / name)
    with pytest.raises(MissingDataError, match=r"2 models; .*one\.onnx, two\.onnx"):
        NasBench301.convert(folder, data, nothing)
    assert NasBench301.convert(folder / "one.onnx", data, nothing)[0].is_file()
    with pytest.raises(MissingDataError, match="no file"):
        NasBench301.convert(folder / "three.onnx", data, nothing)


def test_another_encoding_is_refused(data: Path, published: Path, tmp_path: Path) -> None:
    file = next(published.glob("*.onnx"))
    shutil.copy(file, tmp_path / "model.onnx")
    for text in ("not JSON", "[]", "{}", '{"a": 1}'):
        (tmp_path / "encoding.json").write_text(text)
        with pytest.raises(CorruptDataError, match=r"encoding\.json"):
            NasBench301.convert(tmp_path / "model.onnx", data, nothing)
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "xgboost", "lightgbm"])
def test_a_missing_package_is_named(
    package: str, data: Path, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    source = published if package.startswith("onnx") else SMALL
    with pytest.raises(MissingExtraError, match=rf"package {package}, .*pip install"):
        NasBench301.convert(source, data, nothing)
    plugins.resolve("benchmark", "nasbench301")  # needs none of them
