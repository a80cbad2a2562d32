"""The benchmark over both surrogates; the surrogates themselves have tests of their own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from nascast import testing
from nascast.benchmarks.nasbench301 import NasBench301
from nascast.benchmarks.nasbench301.onnx_rows import OnnxRows
from nascast.core.errors import (
    InvalidArchitectureError,
    InvalidSettingError,
    MissingDataError,
    UnsupportedError,
)
from nascast.releases.nasbench301 import release
from nascast.spaces.darts import Darts

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")
pytest.importorskip("xgboost")
pytest.importorskip("lightgbm")

SMALL = Path(__file__).parents[2] / "releases/nasbench301/nb_models_small.zip"
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
    (path,) = release.convert(published, data, nothing)
    assert path == data / "nasbench301-yahpo.zip"
    return NasBench301()


@pytest.fixture
def trees(data: Path) -> NasBench301:
    (path,) = release.convert(SMALL, data, nothing)
    assert path == data / "nasbench301-trees.zip"
    return NasBench301()


@pytest.fixture(scope="module", params=["yahpo", "trees"])
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NasBench301]:
    """Each surrogate, converted once for all promises."""
    source = SMALL
    if request.param == "yahpo":
        source = request.getfixturevalue("shared_data") / "nb301_yahpo"
        if not source.is_dir():
            pytest.skip(f"no {source}")
    folder = tmp_path_factory.mktemp("converted")
    release.convert(source, folder, nothing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASCAST_DATA", str(folder))
        yield NasBench301()


@pytest.mark.parametrize("check", testing.checks("benchmark"))
def test_promises(opened: NasBench301, check: object) -> None:
    assert callable(check)
    check(opened)


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
    assert [NasBench301(name).surrogate for name in (None, "trees")] == [None, "trees"]
    with pytest.raises(InvalidSettingError, match="yahpo and trees; got 'gin'"):
        NasBench301("gin")


def test_nothing_converted_yet() -> None:
    for surrogate in (None, "trees"):
        with pytest.raises(MissingDataError, match="nascast benchmark convert nasbench301"):
            NasBench301(surrogate)
