"""Converting both surrogates; their models have tests of their own."""

import shutil
import sys
from pathlib import Path

import pytest

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, MissingDataError, MissingExtraError
from nascast.releases.nasbench301 import release

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("xgboost")
pytest.importorskip("lightgbm")

SMALL = Path(__file__).with_name("nb_models_small.zip")


def nothing(done: int, total: int) -> None:
    return


@pytest.fixture
def published(shared_data: Path) -> Path:
    found = shared_data / "nb301_yahpo"
    if not found.is_dir():
        pytest.skip(f"no {found}")
    return found


def test_what_is_found_in_a_folder(data: Path, published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    folder.mkdir()
    with pytest.raises(MissingDataError, match=r"neither an \.onnx file"):
        release.converter(folder, data, nothing)
    shutil.copy(SMALL, folder / "any.zip")
    assert release.converter(folder, data, nothing)[0].name == "nasbench301-trees.zip"
    file = next(published.glob("*.onnx"))
    for name in ("one.onnx", "two.onnx"):
        shutil.copy(file, folder / name)
    with pytest.raises(MissingDataError, match=r"2 models; .*one\.onnx, two\.onnx"):
        release.converter(folder, data, nothing)
    assert release.converter(folder / "one.onnx", data, nothing)[0].is_file()
    with pytest.raises(MissingDataError, match="no file"):
        release.converter(folder / "three.onnx", data, nothing)


def test_another_encoding_is_refused(data: Path, published: Path, tmp_path: Path) -> None:
    file = next(published.glob("*.onnx"))
    shutil.copy(file, tmp_path / "model.onnx")
    for text in ("not JSON", "[]", "{}", '{"a": 1}'):
        (tmp_path / "encoding.json").write_text(text)
        with pytest.raises(CorruptDataError, match=r"encoding\.json"):
            release.converter(tmp_path / "model.onnx", data, nothing)
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "xgboost", "lightgbm"])
def test_a_missing_package_is_named(
    package: str, data: Path, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    source = published if package.startswith("onnx") else SMALL
    with pytest.raises(MissingExtraError, match=rf"package {package}, .*pip install"):
        release.converter(source, data, nothing)
    plugins.resolve("benchmark", "nasbench301")  # needs none of them
