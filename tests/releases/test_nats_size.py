"""The size space of NATS-Bench, from files in the official layout."""

import bz2
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast import testing
from nascast.benchmarks.nats_size import NatsSize
from nascast.core import plugins
from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError
from nascast.core.types import ImageTask
from nascast.releases import nasbench201, nats_size

SPACE = plugins.load("space", "nats_size")
CLASSES = {"cifar10-valid": 10, "cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
DATASETS = ("cifar10", "cifar100", "imagenet16_120", "cifar10_full")
TEXTS = {0: "8:8:8:8:8", 9: "8:8:8:16:16", 32767: "64:64:64:64:64"}


def ignore(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="session")
def source(nats_record: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("size") / "NATS-sss-v1_0-50262-simple"
    folder.mkdir()
    for index, text in TEXTS.items():
        arch = SPACE.architecture(SPACE.from_text([text])[0])
        parameters = {
            name: sum(p.numel() for p in SPACE.build(arch, ImageTask(classes=classes)).parameters())
            for name, classes in CLASSES.items()
        }
        seeds = {90: (777, 888, 999) if index else (777,), 12: (777,), 1: (777,)}
        record = nats_record(index, text, seeds, 90, parameters)
        content = bz2.compress(pickle.dumps(record, protocol=4), 1)
        (folder / f"{index:06d}.pickle.pbz2").write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def converted(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("converted_size")
    written = nats_size.release.converter(source, folder, ignore)
    assert [path.name for path in written] == list(NatsSize.files)
    return folder


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("check", testing.checks("benchmark"), ids=lambda check: check.__name__)
def test_promises(
    converted: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, check: Callable[..., None]
) -> None:
    monkeypatch.setenv("NASCAST_DATA", str(converted))
    check(NatsSize(dataset))


def test_three_trainings_of_their_own(
    converted: Path, monkeypatch: pytest.MonkeyPatch, nats_accuracy: Callable[..., float]
) -> None:
    monkeypatch.setenv("NASCAST_DATA", str(converted))
    table = NatsSize("cifar100")
    assert [TEXTS[i] for i in sorted(TEXTS)] == SPACE.to_text(table.genes())
    for epochs, suffix in ((90, ""), (12, "_12"), (1, "_1")):
        for ours, official in (("val", "x-valid"), ("test", "x-test"), ("valtest", "ori-test")):
            metric = f"{ours}_accuracy{suffix}"
            found = table.query(table.genes(), metric)
            expected = [
                nats_accuracy(index, "cifar100", 777, official, epochs - 1)
                for index in sorted(TEXTS)
            ]
            assert found == pytest.approx(expected, rel=1e-6)
            assert table.metrics[metric].epochs[-1] == epochs
            assert table.metrics[metric].seeds == (1 if suffix else 3)
    assert table.metrics["seconds"].epochs == tuple(range(1, 91))
    assert table.provenance["official seeds"]["1 epochs"] == {"777": 3}


def test_the_other_release_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"trainings of 1 epochs.* has 200, 12"):
        nasbench201.release.converter(source, tmp_path, ignore)
    assert list(tmp_path.iterdir()) == []


def test_real_records_of_the_other_release_are_refused(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(CorruptDataError, match=r"avg_pool_3x3.* Is this another release than"):
        nats_size.release.converter(shared_data / "nats_bench_tss_sample", tmp_path, ignore)
    assert list(tmp_path.iterdir()) == []


def test_not_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASCAST_DATA", str(tmp_path))
    with pytest.raises(MissingDataError, match="benchmark convert nats-size PATH"):
        plugins.load("benchmark", "nats_size")
    with pytest.raises(InvalidSettingError, match="'mnist'"):
        NatsSize("mnist")
    assert np.array_equal(
        sorted(NatsSize.files), sorted(f"nats-size-{d}.nascast" for d in DATASETS)
    )
