"""What tests of several folders need."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
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
