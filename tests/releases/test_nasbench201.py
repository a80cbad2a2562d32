"""The official files of NAS-Bench-201 and NATS-Bench, real and in their layout."""

import bz2
import copy
import csv
import gzip
import hashlib
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast import testing
from nascast.benchmarks.nasbench201 import NasBench201
from nascast.benchmarks.table import read_table
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    UnsupportedError,
)
from nascast.releases.nasbench201 import release

SPACE = plugins.load("space", "nasbench201")
DATASETS = {
    "cifar10": ("cifar10-valid", {"val": "x-valid", "test": "ori-test"}),
    "cifar100": ("cifar100", {"val": "x-valid", "test": "x-test", "valtest": "ori-test"}),
    "imagenet16_120": (
        "ImageNet16-120",
        {"val": "x-valid", "test": "x-test", "valtest": "ori-test"},
    ),
    "cifar10_full": ("cifar10", {"test": "ori-test"}),
}
FORMATS = ("folder", "tar", "whole", "legacy", "zip")
Records = dict[int, Any]
Write = Callable[[Records, str, Path], Path]


def ignore(done: int, total: int) -> None:
    pass


@pytest.fixture(scope="session")
def converted(
    nats_records: Records, write_nats: Write, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("converted")
    source = write_nats(nats_records, "folder", tmp_path_factory.mktemp("source"))
    release.converter(source, folder, ignore)
    return folder


# The real records


def raw(path: Path) -> Any:
    """Reads a file with a reader of its own, that knows the three names the sample has."""

    class Reader(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            assert (module.replace("_core", "core"), name) in {
                ("collections", "OrderedDict"),
                ("numpy.core.multiarray", "scalar"),
                ("numpy", "dtype"),
            }
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)

    with bz2.open(path) as file:
        return Reader(file).load()


@pytest.fixture(scope="session")
def sample(shared_data: Path) -> Path:
    return shared_data / "nats_bench_tss_sample"


@pytest.fixture(scope="session")
def sample_tables(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    release.converter(sample, folder, ignore)
    return folder


def open_in(folder: Path, monkeypatch: pytest.MonkeyPatch, dataset: str) -> NasBench201:
    monkeypatch.setenv("NASCAST_DATA", str(folder))
    return NasBench201(dataset)


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_value_of_the_sample(
    sample: Path, sample_tables: Path, monkeypatch: pytest.MonkeyPatch, dataset: str
) -> None:
    table = open_in(sample_tables, monkeypatch, dataset)
    official, sets = DATASETS[dataset]
    checked = 0
    for path in sorted(sample.glob("tss_0*.pbz2")):
        for group in raw(path).values():
            row = SPACE.from_text([group["arch_str"]])
            trainings = [(s, t) for (d, s), t in group["all_results"].items() if d == official]
            for seed, (_, training) in enumerate(sorted(trainings, key=lambda pair: pair[0])):
                last = training["epochs"]
                suffix = "" if last == 200 else f"_{last}"
                assert table.query(row, "parameters")[0] == round(training["params"] * 1e6)
                assert table.query(row, "flops")[0] == round(training["flop"] * 1e6)
                for epoch in range(last):
                    expected = {
                        "train_loss": training["train_losses"][epoch],
                        "train_accuracy": training["train_acc1es"][epoch],
                    }
                    for ours, name in sets.items():
                        if f"{name}@{epoch}" in training["eval_acc1es"]:
                            key = f"{name}@{epoch}"
                            expected[f"{ours}_loss"] = training["eval_losses"][key]
                            expected[f"{ours}_accuracy"] = training["eval_acc1es"][key]
                    for metric, value in expected.items():
                        found = table.query(row, metric + suffix, epoch + 1, seed)[0]
                        assert found == np.float32(value), (metric, epoch, seed)
                        checked += 1
    assert checked > 3 * 3 * 200 * 4


def test_sample_agrees_with_public_copies(
    shared_data: Path, sample_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = open_in(sample_tables, monkeypatch, "cifar10")
    full = NasBench201("cifar10_full")
    with gzip.open(shared_data / "nasbench201_cifar10" / "table.csv.gz", "rt") as file:
        rows = {int(row["index"]): row for row in csv.DictReader(file)}
    genes = SPACE.from_text([rows[i]["arch_str"] for i in (0, 11, 284)])
    assert np.array_equal(table.genes(), genes)  # in the order of the official index

    def column(name: str) -> list[float]:
        return [float(rows[i][name]) for i in (0, 11, 284)]

    def mean(metric: str) -> Any:
        return table.query(genes, metric, seed=None)

    assert mean("val_accuracy_12") == pytest.approx(column("val_acc_12"), abs=5e-4)
    assert mean("val_accuracy") == pytest.approx(column("val_acc_200"), abs=5e-5)
    assert mean("test_accuracy") == pytest.approx(column("test_acc_200"), abs=5e-5)
    assert mean("parameters") / 1e6 == pytest.approx(column("params_M"), abs=5e-7)
    assert mean("flops") / 1e6 == pytest.approx(column("flops_M"), rel=1e-5)
    # the copy's seconds are of an epoch on all 50,000 images; half of it is an epoch on 25,000
    assert full.seconds(genes) / 200 == pytest.approx(column("train_seconds_per_epoch"), rel=1e-5)
    validation = np.array([2.5 * 1.0195917, 2.5 * 1.6605007, 2.5 * 0.9557974])  # of 25,000 images
    epoch = full.seconds(genes) / 200 / 2 + validation
    assert table.seconds(genes) / 200 == pytest.approx(epoch, rel=1e-5)
    assert table.seconds(genes, 12) == pytest.approx(table.query(genes, "seconds_12"), rel=1e-5)


def test_the_long_training_is_not_the_short_one_continued(
    sample_tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = open_in(sample_tables, monkeypatch, "cifar10")
    genes = table.genes()
    short = table.query(genes, "val_accuracy_12", seed=None)
    early = table.query(genes, "val_accuracy", 12, seed=None)
    assert (np.abs(short - early) > 0.5).all()


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("check", testing.checks("benchmark"), ids=lambda check: check.__name__)
def test_promises_on_the_sample(
    sample_tables: Path, monkeypatch: pytest.MonkeyPatch, dataset: str, check: Callable[..., None]
) -> None:
    check(open_in(sample_tables, monkeypatch, dataset))


# Files in the official layout


@pytest.mark.parametrize("check", testing.checks("benchmark"), ids=lambda check: check.__name__)
def test_promises_with_missing_seeds(
    converted: Path, monkeypatch: pytest.MonkeyPatch, check: Callable[..., None]
) -> None:
    check(open_in(converted, monkeypatch, "cifar100"))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_official_file_gives_the_same(
    nats_records: Records, write_nats: Write, converted: Path, data: Path, tmp_path: Path, kind: str
) -> None:
    source = write_nats(nats_records, kind, tmp_path)
    told: list[tuple[int, int]] = []
    written = release.converter(source, data, lambda *pair: told.append(pair))
    assert sorted(path.name for path in data.iterdir()) == sorted(NasBench201.files)
    assert [path.name for path in written] == list(NasBench201.files)
    done = [pair[0] for pair in told]
    assert done == sorted(done)
    assert told[-1][0] == told[-1][1] > 0
    for name in NasBench201.files:
        ours = NasBench201(name.removeprefix("nasbench201-").removesuffix(".nascast"))
        other = read_table(converted / name)
        assert list(ours.metrics.items()) == list(other.metrics.items())
        assert np.array_equal(ours.genes(), other.genes())
        for metric, meta in ours.metrics.items():
            read = ("curve", meta.epochs[-1]) if meta.epochs else ("query", None)
            one, two = (
                getattr(t, read[0])(t.genes(), metric, read[1], None) for t in (ours, other)
            )
            assert np.array_equal(one, two)
        if source.is_file():
            assert ours.provenance["md5"] == hashlib.md5(source.read_bytes()).hexdigest()


@pytest.mark.parametrize("dataset", DATASETS)
def test_splits_epochs_and_seeds_are_where_they_belong(
    nats_records: Records,
    write_nats: Write,
    converted: Path,
    monkeypatch: pytest.MonkeyPatch,
    nats_accuracy: Callable[..., float],
    dataset: str,
) -> None:
    table = open_in(converted, monkeypatch, dataset)
    official, sets = DATASETS[dataset]
    for index, groups in nats_records.items():
        row = SPACE.from_text([groups["12"]["arch_str"]])
        for epochs, suffix in ((200, ""), (12, "_12")):
            numbers = groups[str(epochs)]["dataset_seed"][official]
            for ours, name in {"train": "train", **sets}.items():
                expected = [
                    nats_accuracy(index, official, number, name, epochs - 1) for number in numbers
                ]
                metric = f"{ours}_accuracy{suffix}"
                found = [table.query(row, metric, epochs, k)[0] for k in range(len(numbers))]
                assert found == pytest.approx(expected, rel=1e-6)
                mean = table.query(row, metric, epochs, None)
                assert mean == pytest.approx(np.mean(expected), rel=1e-6)
                assert table.query(row, metric)[0] == found[0]  # nothing is drawn
                loss = table.query(row, f"{ours}_loss{suffix}", epochs)
                assert loss == pytest.approx(10 - expected[0] / 10, rel=1e-6)
                with pytest.raises(UnsupportedError, match="seed"):
                    table.query(row, metric, epochs, len(numbers))
            epoch = 2.0 + index + (0.25 + index if "val" in sets else 0)
            assert table.query(row, f"seconds{suffix}", 7) == pytest.approx(7 * epoch)
    assert table.metrics["val_accuracy"].split == "validation" if "val" in sets else True
    assert "val_accuracy" in table.metrics or dataset == "cifar10_full"
    assert table.metrics["test_accuracy"].split == "test"


def test_curves_have_the_epochs_that_were_recorded(
    converted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    every, last = tuple(range(1, 201)), (200,)
    expected = {
        "cifar10": {"train": every, "val": every, "test": last},
        "cifar100": {"train": every, "val": last, "test": last, "valtest": every},
        "imagenet16_120": {"train": every, "val": last, "test": last, "valtest": every},
        "cifar10_full": {"train": every, "test": every},
    }
    for dataset, epochs in expected.items():
        table = open_in(converted, monkeypatch, dataset)
        sides = [f"{kind}_{side}" for kind in epochs for side in ("loss", "accuracy")]
        full = [*sides, "seconds"]
        names = [*full, *(f"{name}_12" for name in full), "parameters", "flops"]
        assert sorted(table.metrics) == sorted(names)
        assert next(iter(table.metrics)) == "train_loss"
        for name in sides:
            assert table.metrics[name].epochs == epochs[name.partition("_")[0]]
            assert table.metrics[f"{name}_12"].epochs == tuple(range(1, 13))
            assert (table.metrics[name].seeds, table.metrics[f"{name}_12"].seeds) == (3, 2)


def test_provenance_says_what_a_number_is(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = open_in(converted, monkeypatch, "cifar10").provenance
    assert facts["official seeds"] == {
        "200 epochs": {"777, 888, 999": 1, "777, 888": 1, "888": 1},
        "12 epochs": {"111, 777": 3},
    }
    assert facts["dataset"] == "cifar10-valid"
    assert facts["architectures"].startswith("3 of 15625")
    assert facts["licence"] == "MIT"
    assert "trainings of their own" in facts["trainings"]["12 epochs"]
    assert "odd sizes" not in facts


def test_sizes_of_another_network_are_outvoted_and_told(
    nats_records: Records, write_nats: Write, data: Path, tmp_path: Path
) -> None:
    """As in https://github.com/D-X-Y/NATS-Bench/issues/36."""
    altered = copy.deepcopy(nats_records)
    for index in (0, 15624):  # one of three trainings, and the only one
        training = altered[index]["200"]["all_results"]["cifar10-valid", 888]
        training["params"], training["flop"] = np.float64(0.316346), 48.2
    release.converter(write_nats(altered, "folder", tmp_path / "simple"), data, ignore)
    table = NasBench201()
    assert (table.query(table.genes(), "parameters") == 73_306).all()
    assert (table.query(table.genes(), "flops") == 7_783_050).all()
    told = table.provenance["odd sizes"]
    assert told.startswith("2 trainings of 2 architectures (indices 0, 15624)")
    assert "odd sizes" not in NasBench201("cifar100").provenance


# What is not there


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_missing_table_says_what_to_do(data: Path, dataset: str) -> None:
    with pytest.raises(MissingDataError, match=r"benchmark convert nasbench201 PATH") as caught:
        plugins.load("benchmark", "nasbench201", dataset=dataset)
    assert str(data / f"nasbench201-{dataset}.nascast") in str(caught.value)


def test_the_default_data_set(converted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASCAST_DATA", str(converted))
    table = plugins.load("benchmark", "nasbench201")
    assert (table.name, table.dataset) == ("nasbench201-cifar10", "cifar10")


def test_unknown_data_sets_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match=r"'svhn'.*cifar10_full"):
        NasBench201("svhn")


def test_nothing_to_convert(data: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    tar = tmp_path / "empty.tar"
    tarfile.open(tar, "w").close()
    other = tmp_path / "other.pbz2"
    other.write_bytes(bz2.compress(pickle.dumps({"a": 1}, 4)))
    pth = tmp_path / "other.pth"
    pth.write_bytes(pickle.dumps(1, 2))
    for source, error in (
        (tmp_path / "nowhere", MissingDataError),
        (empty, MissingDataError),
        (tar, MissingDataError),
        (other, CorruptDataError),
        (pth, CorruptDataError),
    ):
        with pytest.raises(error, match=str(source)):
            release.converter(source, data, ignore)
    assert list(data.iterdir()) == []
