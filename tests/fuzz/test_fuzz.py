"""The fuzzer for some seconds; ``python -m tests.fuzz --inputs 20000`` runs it long."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.fuzz.mutations import mutate

SECONDS = float(os.environ.get("NASCAST_FUZZ_SECONDS", "20"))
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_no_mutated_file_does_harm() -> None:
    for package in ("torch", "xgboost", "lightgbm", "onnx", "onnxruntime", "safetensors"):
        pytest.importorskip(package)
    seed = os.environ.get("NASCAST_FUZZ_SEED", "1")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--seconds", str(SECONDS), "--seed", seed],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        timeout=SECONDS + 200,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    assert " 0 faults" in done.stdout
    assert int(done.stdout.splitlines()[-1].split()[0]) >= 100


def test_mutations_are_those_of_the_seed() -> None:
    content = bytes(range(256)) * 4
    found = [[mutate(content, np.random.default_rng([0, i])) for i in range(50)] for _ in range(2)]
    assert found[0] == found[1]
    assert len(set(found[0])) > 45
    assert mutate(b"", np.random.default_rng(0)) == b""
