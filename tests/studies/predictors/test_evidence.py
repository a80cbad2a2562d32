"""What predictors that share weights find in a study: images, and a folder for the supernet."""

from pathlib import Path

import numpy as np
import pytest

from nascast.studies.predictors.design import Study
from nascast.studies.predictors.run import compare

pytest.importorskip("torch")

SPEC = "rsws(epochs=1,repeats=1,filters=2,batch_size=8)"


def study(images: Path | None) -> Study:
    source = None if images is None else str(images)
    return Study("nb201-mini", (SPEC,), trials=2, test_size=4, images=source, batch_size=2)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    file = tmp_path / "images.npz"
    parts = {}
    for part, n in (("train", 40), ("test", 2)):
        parts[f"x_{part}"] = rng.integers(256, size=(n, 16, 16, 3), dtype=np.uint8)
        parts[f"y_{part}"] = np.arange(n, dtype=np.uint8) % 2
    np.savez(file, **parts)  # type: ignore[arg-type]
    return file


def test_a_supernet_is_trained_on_the_images_of_the_study_once(
    images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    results = compare(study(images), out)
    assert [r.error for r in results] == [None, None]
    (kept,) = (out / "artefacts").iterdir()
    assert min(r.init_seconds_total for r in results) > 0
    assert results[0].predicted
    # Without the cells it goes on with the supernet that is there.
    (out / "cells.jsonl").unlink()
    written = kept.stat().st_mtime_ns
    again = compare(study(images), out)
    assert [r.predicted for r in again] == [r.predicted for r in results]
    assert kept.stat().st_mtime_ns == written


def test_without_images_the_reason_stands_in_the_results(tmp_path: Path) -> None:
    results = compare(study(None), tmp_path / "out")
    assert all("--data on the command line" in str(r.error) for r in results)
