"""``nascast search`` with little said: what is chosen, why, and the network at its end."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nascast.studies.searches.results import read_search

Cli = Callable[..., tuple[int, str, str]]


def test_pictures_and_a_time_are_enough(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size of children is chosen by time, stays on resumption, and the best is exported."""
    for name, value in (("_SIZES", ((1, 4), (1, 8))), ("_EPOCHS", (1, 2, 2)), ("_MEASURED", 1)):
        monkeypatch.setattr(f"nascast.studies.searches.sizing.{name}", value)  # to be quick
    monkeypatch.setattr("nascast.cli._final._MOST", 2)
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    images = rng.integers(0, 120, (400, 8, 8, 1)) + 120 * labels[:, None, None, None]
    images, labels = images.astype(np.uint8), labels.astype(np.uint8)
    parts = {"x_train": images[:300], "y_train": labels[:300]}
    parts |= {"x_test": images[300:], "y_test": labels[300:]}
    np.savez(tmp_path / "own.npz", allow_pickle=False, **parts)
    out = tmp_path / "run"
    words = ["search", "--data", tmp_path / "own.npz", "--hours", "0.01", "--workers", "1"]
    words += ["--space", "nasbench201", "--out", out, "--executor", "serial"]
    status, _, told = cli(*words, "--evaluations", "1", "--export", "safetensors")
    assert status == 0, told
    assert "chosen: strategy guided" in told
    assert "chosen: children with cells=" in told
    found = read_search(out)
    assert found.training is not None
    assert {run.strategy for run in found.runs} == {"guided"}
    assert len(list(out.glob("model-*/architecture.json"))) == 1
    status, _, told = cli(*words, "--evaluations", "2", "--resume")
    assert (status, "measuring" in told) == (0, False), told
    assert read_search(out).training == found.training


def test_what_cannot_be(cli: Cli, tmp_path: Path) -> None:
    for words, told in (
        (["--hours", "1", "--budget", "1h"], "either --budget or --hours"),
        (["--export", "poem"], "poem"),
        (["--export", "onnx", "--benchmark", "nb201-mini"], "leave out --benchmark"),
        (["--hours", "0"], "expected a time"),
    ):
        status, _, error = cli("search", *words, "--out", tmp_path / "run")
        assert (status, told in error) == (2, True), (words, error)
    assert not (tmp_path / "run").exists()
