"""Supernets are trained once, kept, and paid for by everyone who uses them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.ledger import Ledger
from nascast.core.types import Batch, Objective
from nascast.studies.artefacts import ArtefactFolder
from nascast.testing.doubles import TinyBenchmark

torch = pytest.importorskip("torch")

from nascast.training.data import ImageData, Split  # noqa: E402

BENCHMARK = TinyBenchmark()
ROWS = BENCHMARK.genes()[::40]


def images(split: Split) -> ImageData:
    assert split == Split(size=8)
    drawn = [Batch.random(BENCHMARK.task, 16, seed) for seed in range(3)]
    parts = [(torch.from_numpy(b.inputs), torch.from_numpy(b.labels)) for b in drawn]
    return ImageData(parts[0], parts[1], parts[2], 3, "random")


def ledger(**how: Any) -> Ledger:
    return Ledger(BENCHMARK, Objective("val_accuracy"), **{"data": images, **how})


def small(name: str, **settings: Any) -> Any:
    return plugins.load("predictor", name, epochs=1, batch_size=8, size=8, **settings)


def scores(predictor: Any, opened: Ledger) -> Any:
    with opened.phase("init"):
        predictor.initialize(opened, ROWS[:0], np.random.default_rng())
    with opened.phase("query"):
        return predictor.query(opened, ROWS).mean


@pytest.mark.parametrize("name", ["oneshot", "rsws"])
def test_a_supernet_is_trained_once_and_paid_by_all(name: str, tmp_path: Path) -> None:
    kept = ArtefactFolder(tmp_path)
    first, second = ledger(artefacts=kept), ledger(artefacts=kept)
    found = scores(small(name), first)
    written = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(written) == 1
    assert np.array_equal(scores(small(name), second), found)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == written
    key = next(iter(second._paid))[1].decode()
    kept_seconds = kept.get(key)
    assert kept_seconds is not None
    assert second.seconds["init"] >= kept_seconds[1] > 0
    assert first.seconds["init"] >= kept_seconds[1]
    assert np.array_equal(scores(small(name), ledger()), found)  # the seed decides, no generator


def test_other_settings_are_other_supernets(tmp_path: Path) -> None:
    kept = ArtefactFolder(tmp_path)
    made = [
        *(small("rsws"), small("rsws", seed=1), small("rsws", learning_rate=0.05)),
        *(small("oneshot"), small("oneshot", dropout=0.0)),
    ]
    found = [scores(predictor, ledger(artefacts=kept)) for predictor in made]
    assert len(list(tmp_path.iterdir())) == len(made)
    assert all(((values >= 0) & (values <= 100)).all() for values in found)


def test_without_images_it_says_what_to_do() -> None:
    with pytest.raises(UnsupportedError, match="--data on the command line"):
        scores(small("rsws"), ledger(data=None))


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"epochs": 0}, {"filters": 0}, {"learning_rate": 0.0}, {"batch_size": 1}):
        with pytest.raises(InvalidSettingError, match=next(iter(wrong))):
            plugins.load("predictor", "rsws", **wrong)
    with pytest.raises(InvalidSettingError, match="dropout"):
        plugins.load("predictor", "oneshot", dropout=1.0)
    opened = ledger()
    with opened.phase("query"), pytest.raises(InvalidSettingError, match="initialize"):
        small("rsws").query(opened, ROWS)
