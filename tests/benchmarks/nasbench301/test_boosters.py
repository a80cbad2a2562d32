"""What the boosters take and refuse; their values are tested where the release is converted."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nascast.benchmarks.nasbench301.boosters import Boosters, vectors
from nascast.core.errors import CorruptDataError

pytest.importorskip("lightgbm")

SMALL = Path(__file__).parents[2] / "releases/nasbench301/nb_models_small.zip"


def test_vectors_are_those_of_configspace() -> None:
    with zipfile.ZipFile(SMALL) as archive:
        said = json.loads(archive.read("configspace.json"))
    found = vectors(np.asarray(said["genes"], dtype=np.int16))
    assert found == pytest.approx(np.asarray(said["vectors"]), rel=1e-12)


def test_a_model_of_other_columns(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix(np.zeros((4, 3)), label=np.arange(4.0))
    booster = xgboost.train({"max_depth": 1}, data, 1)
    members = {"accuracy_00.ubj": bytes(booster.save_raw("ubj")), "seconds_00.txt": b""}
    with pytest.raises(CorruptDataError, match="takes 3 columns"):
        Boosters(members, tmp_path)
