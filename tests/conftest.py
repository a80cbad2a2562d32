"""What tests of several folders need."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

# One thread: tests use tiny tensors, and other work may run beside them. Read when torch starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Read when ray is imported: loopback addresses only, nothing sent, nothing printed.
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# A suite begun in the background ignores SIGINT, and so would all commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Every property of the suite. Slowness is no fault on a busy machine; in CI each run is the same.
settings.register_profile(
    "nascast",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
    database=None,
)
settings.load_profile("nascast")

_SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real public records, which are not part of the repository."""
    if not _SHARED.is_dir():
        pytest.skip("the folder ../shared/data with public benchmark records is not there")
    return _SHARED


@pytest.fixture(scope="session")
def ray_folder() -> Iterator[str]:
    """A folder for what Ray writes, of a short path: names of its sockets have up to 107 bytes."""
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # a TMPDIR may be long
    with pytest.MonkeyPatch.context() as patch:
        # The cluster writes its address into the folder `ray` in it, which it does not make.
        patch.setenv("RAY_TMPDIR", folder)
        Path(folder, "ray").mkdir()
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def ray_cluster(ray_folder: str) -> Iterator[Any]:
    """A Ray cluster of two nodes with a core each, all on the loopback address of this machine."""
    utils = pytest.importorskip("ray.cluster_utils")
    quickly = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500}
    node = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}
    head = {"include_dashboard": False, "_system_config": quickly}
    cluster = utils.Cluster(initialize_head=True, head_node_args={**node, **head})
    try:
        cluster.add_node(**node)
        yield cluster
    finally:
        cluster.shutdown()


@pytest.fixture(scope="session")
def ray_connected(ray_cluster: Any) -> Iterator[Any]:
    """The cluster, with this process connected to it; executors leave that as it is."""
    from nascast.executors.ray import Ray

    with Ray(address=ray_cluster.address):
        yield ray_cluster


@pytest.fixture(scope="session")
def trackers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that trackers of experiments write into, and into nothing else; nothing is sent."""
    folder = tmp_path_factory.mktemp("trackers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
            patch.setenv(name, str(folder))
        yield folder


@pytest.fixture
def images(tmp_path: Path) -> Callable[..., str]:
    """Writes an .npz file of 8×8 images of three classes, one brightness each, and some noise."""

    def write(name: str = "images.npz", colours: int = 0, **arrays: Any) -> str:
        rng = np.random.default_rng(0)
        found = {}
        for part, n in (("train", 60), ("test", 30)):
            labels = rng.permutation(np.arange(n) % 3)
            shape = (n, 8, 8, colours) if colours else (n, 8, 8)
            noise = rng.integers(0, 60, shape)
            bright = 80 * labels.reshape(-1, *[1] * (len(shape) - 1))
            found[f"x_{part}"] = (noise + bright).astype(np.uint8)
            found[f"y_{part}"] = labels.astype(np.uint8)
        path = tmp_path / name
        np.savez(path, **{k: v for k, v in {**found, **arrays}.items() if v is not None})
        return str(path)

    return write


_HEAD: dict[str, Any] = {
    "settings": {
        "benchmark": "nb201_mini",
        "predictors": ["xgboost", "jacov"],
        "axes": {"train_size": [20, 100], "epochs": [2, 6]},
        "trials": 2,
        "seed": 0,
        "test_size": 12,
        "test_set": "uniform",
        "metric": "val_accuracy",
        "images": None,
        "batch_size": 64,
    },
    "benchmark": "nb201-mini",
    "space": "nasbench201",
    "unit": "percent",
    "batch": "random normal batch of 64 (seed 0)",
    "noise": {
        "cells": 1000,
        "agreement": {"value": 0.84, "low": 0.82, "high": 0.86},
        "limit": {"value": 0.89, "low": 0.87, "high": 0.91},
        "top_agreement": None,
        "top_limit": None,
    },
    "versions": {"python": "3.12.0", "nascast": "0.1.0"},
}


def _cell(predictor: str, trial: int, **budget: int | None) -> dict[str, Any]:
    """Returns what a result says of its cell."""
    from nascast.studies.predictors.design import Budget

    name, _, settings = predictor.partition("(")
    return {
        "predictor": predictor,
        "predictor_name": name,
        "predictor_settings": json.dumps(
            dict(part.split("=") for part in settings[:-1].split(",") if "=" in part)
        ),
        "family": "model_based",
        "budget": Budget({axis: n for axis, n in budget.items() if n is not None}),
        "trial": trial,
        "seed": 0,
        "test_size": 12,
    }


@pytest.fixture
def make_row() -> Callable[..., Any]:
    """Makes a result that is there; predictions, metrics and times are plausible."""
    from nascast.studies.metrics import agreement
    from nascast.studies.predictors.results import Result

    def make(
        predictor: str = "xgboost",
        train_size: int | None = 20,
        epochs: int | None = None,
        trial: int = 0,
        **changes: Any,
    ) -> Result:
        rng = np.random.default_rng([trial, len(predictor), train_size or 0, epochs or 0])
        true = np.asarray(changes.pop("true", rng.normal(60, 5, 12)))
        predicted = np.asarray(
            changes.pop("predicted", true + rng.normal(0, 3, len(true))), dtype=np.float64
        )
        more = changes.pop("budget", {})
        values: dict[str, Any] = {
            **_cell(predictor, trial, train_size=train_size, epochs=epochs, **more),
            **agreement(predicted, true),
            **{"init_seconds_total": 120.0 + trial, "query_seconds_each": 2e-5},
            **{"kendall_other": 0.5, "other_size": 3},
            "architectures": tuple(f"|arch {i}|" for i in range(len(true))),
            **{"predicted": tuple(predicted.tolist()), "true": tuple(true.tolist())},
            "versions": json.dumps(_HEAD["versions"]),
        }
        return Result(**{**values, **changes})

    return make


@pytest.fixture
def make_failed() -> Callable[..., Any]:
    """Makes the result of a cell that did not run."""
    from nascast.studies.predictors.results import Result

    def make(predictor: str, reason: str, *, trial: int = 0, **budget: int | None) -> Result:
        cell = {**_cell(predictor, trial, **budget), "family": "zero_cost"}
        return Result(**cell, error=reason)

    return make


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Path]:
    """Makes the folder of a comparison of some results, with the changes to its head."""
    from nascast.studies.noise import NoiseLimits
    from nascast.studies.predictors.head import Head, write_head
    from nascast.studies.predictors.results import TABLE, write_results

    def make(results: Sequence[Any], **changes: Any) -> Path:
        folder = tmp_path / "run"
        folder.mkdir(exist_ok=True)
        settings = {**_HEAD["settings"], **changes.pop("settings", {})}
        known = {**_HEAD, "noise": NoiseLimits.of_json(_HEAD["noise"]), "settings": settings}
        head = Head(**{**known, **changes})
        write_head(head, folder)
        write_results(results, head.axes, folder / TABLE)
        return folder

    return make
