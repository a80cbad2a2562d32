"""The released ensembles, on small ones of the same layout.

``nb_models_small.zip`` was pickled by XGBoost 1.2.1 and LightGBM 3.0.0, the versions of the time of
the release, with protocols 3 and 4. In it, ``expected.json`` is what those versions predict, and
``configspace.json`` what ConfigSpace 0.6.1 makes of five cells and the settings of the release.
"""

import json
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.benchmarks.nasbench301.archive import read_archive
from nascast.benchmarks.nasbench301.boosters import Boosters
from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.types import Genes
from nascast.releases.nasbench301.trees import convert_trees, released

pytest.importorskip("xgboost")
pytest.importorskip("lightgbm")

SMALL = Path(__file__).with_name("nb_models_small.zip")


def nothing(done: int, total: int) -> None:
    return


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    with zipfile.ZipFile(SMALL) as archive:
        return json.loads(archive.read("expected.json"))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def genes(expected: dict[str, Any]) -> Genes:
    return np.asarray(expected["genes"], dtype=np.int16)


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    with zipfile.ZipFile(SMALL) as archive:
        archive.extractall(tmp_path / "release")
    return tmp_path / "release" / "nb_models"


@pytest.mark.parametrize("packed", [True, False])
def test_old_boosters_predict_as_they_did(
    packed: bool, unpacked: Path, tmp_path: Path, expected: dict[str, Any], genes: Genes
) -> None:
    source = SMALL if packed else unpacked
    assert released(source)
    told: list[tuple[int, int]] = []
    path = convert_trees(source, tmp_path / "trees.zip", lambda *pair: told.append(pair))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] > 0
    head, members = read_archive(path)
    assert head["models"] == {"accuracy": "xgb", "seconds": "lgb_time"}
    surrogate = Boosters(members, path)
    accuracy = np.mean(expected["accuracy"], axis=0)
    assert surrogate.accuracy(genes, (98,))[:, 0] == pytest.approx(accuracy, rel=1e-6)
    assert surrogate.seconds(genes) == pytest.approx(np.mean(expected["seconds"], axis=0), rel=1e-9)
    assert np.ptp(accuracy) > 1
    assert surrogate.seconds(genes[:0]).shape == (0,)


def test_a_missing_ensemble(unpacked: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"no ensemble for seconds, .*there are xgb\."):
        convert_trees(unpacked / "xgb_v1.0", tmp_path / "trees.zip", nothing)
    assert not released(tmp_path / "nowhere")
    assert not (tmp_path / "trees.zip").exists()


class Harmful:
    """A pickle of it would call print."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("it ran",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "damaged"),
        (pickle.dumps({"a": 1}), "no booster"),
        (pickle.dumps(b"binf" + b"\0" * 50), "cut off or damaged|no booster"),
        (pickle.dumps("tree\nversion=v3\n"), "no booster of LightGBM"),
    ],
)
def test_a_damaged_member(unpacked: Path, tmp_path: Path, content: bytes, message: str) -> None:
    next(unpacked.rglob("xgb_v1.0/*/surrogate_model.model")).write_bytes(content)
    with pytest.raises(CorruptDataError, match=message):
        convert_trees(unpacked, tmp_path / "trees.zip", nothing)
    assert not (tmp_path / "trees.zip").exists()


def test_nothing_in_a_pickle_runs(
    unpacked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    member = next(unpacked.rglob("xgb_v1.0/*/surrogate_model.model"))
    member.write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(CorruptDataError, match="no booster"):
        convert_trees(unpacked, tmp_path / "trees.zip", nothing)
    assert "it ran" not in capsys.readouterr().out


def test_a_damaged_archive(tmp_path: Path) -> None:
    data = bytearray(SMALL.read_bytes())
    data[3000] ^= 255
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(CorruptDataError, match="damaged"):
        convert_trees(tmp_path / "a.zip", tmp_path / "trees.zip", nothing)


def test_a_pipe_is_no_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.zip")
    assert not released(tmp_path / "a.zip")


def test_a_configuration_that_is_nested_too_deeply(unpacked: Path, tmp_path: Path) -> None:
    config = next(unpacked.rglob("model_config.json"))
    config.write_text("[" * 100_000)
    with pytest.raises(CorruptDataError, match=r"model_config\.json names no model"):
        convert_trees(unpacked, tmp_path / "trees.zip", nothing)
