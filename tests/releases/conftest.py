"""Records in the layout of NATS-Bench, with values that tell where they come from."""

import bz2
import hashlib
import pickle
import tarfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nascast.core import plugins

Records = dict[int, Any]
EVALUATED = {  # official data set: evaluation sets after every epoch, and after the last one only
    "cifar10-valid": (("x-valid",), ("ori-test",)),
    "cifar10": (("ori-test",), ()),
    "cifar100": (("ori-test",), ("x-valid", "x-test")),
    "ImageNet16-120": (("ori-test",), ("x-valid", "x-test")),
}
PARAMETERS = {  # of a cell without convolutions in the network of NAS-Bench-201
    "cifar10-valid": 73_306,
    "cifar10": 73_306,
    "cifar100": 79_156,
    "ImageNet16-120": 80_456,
}
SETS = ("train", "x-valid", "x-test", "ori-test")


def accuracy(index: int, dataset: str, seed: int, kind: str, epoch: int) -> float:
    """A different value for everything that it depends on, below 100."""
    place = list(EVALUATED).index(dataset) * 4 + SETS.index(kind)
    return place * 5 + (index % 50) * 0.05 + seed / 1000 + epoch * 0.004


def training(
    index: int, text: str, dataset: str, seed: int, epochs: int, every: bool
) -> dict[str, Any]:
    marks = range(epochs)
    after_each, after_last = EVALUATED[dataset]
    evaluated = [(s, e) for s in after_each for e in marks]
    evaluated += [(s, e) for s in after_last for e in (marks if every else marks[-1:])]
    accuracies = {f"{s}@{e}": accuracy(index, dataset, seed, s, e) for s, e in evaluated}
    times = {f"{s}@{e}": 0.25 + index for s in (*after_each, *after_last) for e in marks}
    return {
        "name": dataset,
        "train_acc1es": {e: accuracy(index, dataset, seed, "train", e) for e in marks},
        "train_acc5es": dict.fromkeys(marks, 99.0),
        "train_losses": {e: 10 - accuracy(index, dataset, seed, "train", e) / 10 for e in marks},
        "train_times": OrderedDict.fromkeys(marks, 2.0 + index),
        "arch_config": {"channel": 16, "num_cells": 5, "arch_str": text, "class_num": 10},
        "params": None,
        "flop": 7.78305,
        "seed": f"{seed:04d}",
        "epochs": epochs,
        "latency": [np.float64(0.01)],
        "eval_names": [*after_each, *after_last],
        "eval_acc1es": accuracies,
        "eval_times": times,
        "eval_losses": {key: 10 - value / 10 for key, value in accuracies.items()},
        "net_state_dict": None,
    }


def record(
    index: int,
    text: str,
    seeds: Mapping[int, tuple[int, ...]],
    full: int,
    parameters: Mapping[str, int] = PARAMETERS,
) -> OrderedDict[str, Any]:
    """One architecture; `seeds` by number of epochs, of which `full` is the full training."""
    groups: OrderedDict[str, Any] = OrderedDict()
    for epochs, numbers in sorted(seeds.items()):
        groups[f"{epochs:02d}"] = {
            "arch_index": index,
            "arch_str": text,
            "all_results": {
                (dataset, seed): training(index, text, dataset, seed, epochs, epochs != full)
                for seed in reversed(numbers)
                for dataset in EVALUATED
            },
            "dataset_seed": {dataset: list(numbers) for dataset in EVALUATED},
            "clear_net_done": True,
        }
        for (dataset, _), result in groups[f"{epochs:02d}"]["all_results"].items():
            result["params"] = np.float64(parameters[dataset] / 1e6)
    return groups


def write(record: Any, path: Path) -> Path:
    path.write_bytes(bz2.compress(pickle.dumps(record, protocol=4), 1))
    return path


def write_folder(records: Records, folder: Path) -> Path:
    folder.mkdir(parents=True)
    for index, record in records.items():
        write(record, folder / f"{index:06d}.pickle.pbz2")
    write({"meta_archs": [], "arch2infos": None}, folder / "meta.pickle.pbz2")
    return folder


def write_release(records: Records, kind: str, folder: Path) -> Path:
    """Writes the records as one of the official files."""
    if kind == "folder":
        return write_folder(records, folder / "NATS-tss-v1_0-3ffb9-simple")
    if kind == "tar":
        inside = write_folder(records, folder / "inside")
        path = folder / "NATS-tss-v1_0-3ffb9-simple.tar"
        with tarfile.open(path, "w") as archive:
            for file in sorted(inside.iterdir(), reverse=True):
                archive.add(file, f"NATS-tss-v1_0-3ffb9-simple/{file.name}")
        return path
    whole = {
        "meta_archs": [groups["12"]["arch_str"] for groups in records.values()],
        "total_archs": 15625,
        "arch2infos": records,
        "evaluated_indexes": set(records),
    }
    if kind == "whole":
        content = bz2.compress(pickle.dumps(whole, protocol=4), 1)
        path = folder / f"NATS-tss-v1_0-{hashlib.md5(content).hexdigest()[-5:]}.pickle.pbz2"
        path.write_bytes(content)
        return path
    torch = pytest.importorskip("torch")
    whole["arch2infos"] = {i: {"full": g["200"], "less": g["12"]} for i, g in records.items()}
    path = folder / "NAS-Bench-201-v1_1-096897.pth"
    torch.save(whole, path, _use_new_zipfile_serialization=kind == "zip")
    return path


@pytest.fixture(scope="session")
def nats_record() -> Callable[..., OrderedDict[str, Any]]:
    return record


@pytest.fixture(scope="session")
def nats_accuracy() -> Callable[..., float]:
    return accuracy


@pytest.fixture(scope="session")
def write_nats() -> Callable[[Records, str, Path], Path]:
    return write_release


@pytest.fixture(scope="session")
def nats_records() -> Records:
    """Architectures with three, two and one full trainings."""
    space = plugins.load("space", "nasbench201")
    rows = np.array([[0] * 6, [1] * 6, [0, 1, 4, 0, 1, 4]], dtype=np.int16)
    seeds = ((777, 888, 999), (777, 888), (888,))
    texts = space.to_text(rows)
    return {
        index: record(index, text, {200: numbers, 12: (111, 777)}, 200)
        for index, text, numbers in zip((0, 7, 15624), texts, seeds, strict=True)
    }


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where converted tables go."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("NASCAST_DATA", str(folder))
    return folder
