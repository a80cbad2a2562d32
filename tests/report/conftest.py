"""Small run folders with the files and the schema of ``nascast compare``."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nascast.studies.metrics import METRICS, agreement

Row = dict[str, Any]
MakeRow = Callable[..., Row]
MakeRun = Callable[..., Path]

SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("predictor", "family", "batch", "versions", "error")]
    + [(n, pa.int64()) for n in ("train_size", "epochs", "trial", "seed", "test_size")]
    + [(name, pa.float64()) for name in (*METRICS, "init_seconds", "query_seconds")]
    + [(name, pa.list_(pa.float64())) for name in ("predicted", "true")]
)
HEAD = {
    "settings": {
        "benchmark": "nb201-mini",
        "predictors": ["xgboost", "jacov"],
        "train_sizes": [20, 100],
        "epochs": [2, 6],
        "trials": 2,
        "seed": 0,
        "test_size": 12,
        "metric": "val_accuracy",
        "images": None,
        "batch_size": 64,
    },
    "benchmark": "nb201-mini",
    "unit": "percent",
    "batch": "random normal batch of 64 (seed 0)",
    "noise_ceiling": [0.84, 1000],
    "versions": {"python": "3.12.0", "nascast": "0.1.0"},
}


def _row(
    predictor: str = "xgboost",
    train_size: int | None = 20,
    epochs: int | None = None,
    trial: int = 0,
    **changes: Any,
) -> Row:
    rng = np.random.default_rng([trial, len(predictor), train_size or 0, epochs or 0])
    true = np.asarray(changes.pop("true", rng.normal(60, 5, 12)))
    predicted = changes.pop("predicted", true + rng.normal(0, 3, len(true)))
    row = {
        **{"predictor": predictor, "train_size": train_size, "epochs": epochs, "trial": trial},
        **{"family": "model_based", "seed": 0, "test_size": 12, "batch": "", "error": None},
        **agreement(np.asarray(predicted, dtype=np.float64), true),
        **{"init_seconds": 120.0 + trial, "query_seconds": 2e-5},
        **{"predicted": list(predicted), "true": true.tolist()},
        "versions": json.dumps(HEAD["versions"]),
    }
    return {**row, **changes}


def _failed(predictor: str, reason: str, *, trial: int = 0, epochs: int | None = None) -> Row:
    """Returns the row of a cell that did not run."""
    budget = {"train_size": None, "epochs": epochs, "trial": trial}
    return {"predictor": predictor, **budget, "family": "zero_cost", "error": reason}


@pytest.fixture
def make_row() -> MakeRow:
    """Makes a row that ran; predictions, metrics and times are plausible."""
    return _row


@pytest.fixture
def make_failed() -> Callable[..., Row]:
    """Makes the row of a cell that did not run."""
    return _failed


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes a run folder of some rows, with the changes to its head."""

    def make(rows: Sequence[Row], **changes: Any) -> Path:
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        settings = {**HEAD["settings"], **changes.pop("settings", {})}  # type: ignore[dict-item]
        head = {**HEAD, "settings": settings, **changes}
        (folder / "study.json").write_text(json.dumps(head), encoding="utf-8")
        pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), folder / "results.parquet")
        return folder

    return make
