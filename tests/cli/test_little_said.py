"""``nascast search`` with little said: what is chosen, why, and the network at its end."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nascast.cli._final import _epochs, _sized
from nascast.cli._sized import _opened
from nascast.core.types import Architecture, Candidate, Evaluation, Trial
from nascast.studies.searches.results import read_search

Cli = Callable[..., tuple[int, str, str]]


def test_pictures_and_a_time_are_enough(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size of children is chosen by time, stays on resumption, and the best is exported."""
    for name, value in (("_SIZES", ((1, 4), (1, 8))), ("_EPOCHS", (1, 2, 2)), ("_MEASURED", 1)):
        monkeypatch.setattr(f"nascast.studies.searches.sizing.{name}", value)  # to be quick
    for name, value in (("_FINAL_SIZES", ((1, 4), (1, 8))), ("MOST", 2)):
        monkeypatch.setattr(f"nascast.studies.searches.sizing.{name}", value)
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    images = rng.integers(0, 120, (400, 8, 8, 1)) + 120 * labels[:, None, None, None]
    images, labels = images.astype(np.uint8), labels.astype(np.uint8)
    parts = {"x_train": images[:300], "y_train": labels[:300]}
    parts |= {"x_test": images[300:], "y_test": labels[300:]}
    np.savez(tmp_path / "own.npz", allow_pickle=False, **parts)
    out = tmp_path / "run"
    words = ["search", "--data", tmp_path / "own.npz", "--hours", "0.01"]
    words += ["--space", "nasbench201", "--out", out, "--executor", "serial", "--device", "cpu"]
    status, text, told = cli(*words, "--evaluations", "1", "--export", "safetensors", "--json")
    assert (status, json.loads(text)[0]["trials"]) == (0, 1), told
    assert "of another size is trained by: nascast train" in told
    assert re.search(r"so that about \d+ fit into 18 s on 1 worker$", told, re.MULTILINE)
    assert "chosen: strategy guided" in told
    assert "chosen: children with cells=" in told
    found = read_search(out)
    assert found.training is not None
    assert {run.strategy for run in found.runs} == {"guided"}
    (model,) = out.glob("model-guided-0-0-*")
    for file in model.iterdir():  # as a kill leaves it that comes before the first record
        file.unlink()
    status, _, told = cli(*words, "--evaluations", "1", "--resume", "--export", "safetensors")
    assert (status, (model / "architecture.json").is_file()) == (0, True), told
    status, _, told = cli(*words, "--evaluations", "2", "--resume")
    assert (status, "measuring" in told) == (0, False), told
    assert read_search(out).training == found.training


def test_photos_of_unequal_size_are_brought_to_one(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network at the end, and a search that goes on, have it too."""
    for name, value in (("_SIZES", ((1, 4),)), ("_MEASURED", 1), ("MOST", 1), ("SIDES", (8, 16))):
        monkeypatch.setattr(f"nascast.studies.searches.sizing.{name}", value)  # to be quick
    monkeypatch.setattr("nascast.cli._sized._SMALL", 8)
    rng = np.random.default_rng(0)
    for k in range(60):
        folder = tmp_path / "photos" / f"class{k % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (*rng.integers(20, 40, 2), 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{k}.png")
    out = tmp_path / "run"
    words = ["search", "--data", tmp_path / "photos", "--out", out, "--executor", "serial"]
    words += ["--device", "cpu", "--export", "safetensors"]
    status, _, told = cli(*words, "--hours", "0.05", "--evaluations", "1")
    assert (status, "chosen: images of 16 × 16 pixels" in told) == (0, True), told
    (model,) = out.glob("model-*/architecture.json")
    assert json.loads(model.read_text())["preparation"]["resize"] == [16, 16]
    assert cli(*words, "--hours", "0.05", "--evaluations", "2", "--resume")[0] == 0
    found = read_search(out)
    assert found.training is not None
    assert (found.training["split"]["size"], len(found.runs[0].trials)) == (16, 2)


def test_oblong_arrays_stay_as_they_are(tmp_path: Path) -> None:
    """Those that are large and square become small, as pictures do."""
    for shape, side in (((80, 80), 32), ((80, 70), None), ((64, 60), None)):
        file = tmp_path / "own.npz"
        images = np.zeros((20, *shape, 1), np.uint8)
        np.savez(file, allow_pickle=False, x=images, y=np.arange(20) % 2)
        data, found = _opened(str(file))
        assert (found, data.train[0].shape[2:]) == (side, (side, side) if side else shape)


def test_records_of_other_data_are_begun_with_unless_a_strategy_is_named(
    cli: Cli, tmp_path: Path
) -> None:
    """A search that goes on begins as it began."""
    words = ["search", "--data", "digits", "--executor", "serial", "--device", "cpu"]
    words += ["--recipe", "epochs=1", "--split", "train=64,validation=64,test=10"]
    words += ["--skeleton", "cells=1,channels=4"]
    for name, more, space, knows in (
        ("known", [], "nasbench201", True),
        ("without", ["--from", "none"], "nasbench201", False),
        ("named", ["--strategy", "random"], "nasnet", False),
        ("size", ["--metric", "parameters"], "nasnet", False),
        ("own", ["--space", "nasbench201", "--prior", "none=-1"], "nasbench201", True),
        ("after", ["--from", tmp_path / "named"], "nasnet", True),
        ("asked", ["--strategy", "guided", "--from", "known"], "nasbench201", True),
    ):
        out = ["--out", tmp_path / name]
        own = words if space == "nasbench201" else [*words[:-1], "repeats=1,filters=4"]
        status, _, told = cli(*own, *out, *more, "--evaluations", "1")
        assert status == 0, (name, told)
        assert ("the records of nb201_seeds:cifar10, " in told) == (name == "known"), told
        again = [] if name in ("known", "without") else more
        status, _, told = cli(*own, *out, *again, "--evaluations", "2", "--resume")
        assert status == 0, (name, told)
        found = read_search(tmp_path / name)
        (run,) = found.runs
        assert (found.space.name, "prior" in run.spec.settings, len(run.trials)) == (
            space,
            knows,
            2,
        )


def test_texts_are_searched_in_a_space_of_language_models(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("a b c d e f g h\n" * 400)
    words = ["search", "--data", tmp_path / "text.txt", "--out", tmp_path / "run"]
    words += ["--executor", "serial", "--device", "cpu", "--evaluations", "4"]
    status, _, told = cli(
        *words, "--recipe", "epochs=1,learning_rate=0.001", "--skeleton", "layers=1,hidden=4"
    )
    assert (status, "chosen: space nasbench_nlp" in told) == (0, True), told


def test_what_cannot_be(cli: Cli, tmp_path: Path) -> None:
    for words, told in (
        (["--hours", "1", "--budget", "1h"], "either --budget or --hours"),
        (["--export", "poem"], "poem"),
        (["--export", "onnx", "--benchmark", "nb201-mini"], "leave out --benchmark"),
        (["--from", "known", "--from", "none"], "--from none begins with nothing"),
        (["--from", "none", "--from", "x", "--benchmark", "nb201-mini"], "leave it out, or the"),
        (["--hours", "0"], "--hours is a number above 0; got 0"),
    ):
        status, _, error = cli("search", *words, "--out", tmp_path / "run")
        assert (status, told in error) == (2, True), (words, error)
    assert not (tmp_path / "run").exists()


def test_the_last_training_is_as_long_as_the_time_allows() -> None:
    """By what an epoch took, whether the best child was trained for all of them or for some."""
    found: Any = SimpleNamespace(training={"recipe": {"epochs": 27}, "data": "digits"})
    arch = Architecture("nasbench201", (3,) * 6)
    other = replace(arch, genes=(2,) * 6)
    for asked in (
        [(arch, None, 270.0)],
        [(arch, 27, 1.0), (arch, 27, 270.0)],  # once more, from the beginning
        [(other, 3, 5.0), (arch, 3, 30.0)],
        [(arch, 3, 30.0), (arch, 13, 100.0), (arch, 27, 140.0)],  # each goes on from the one before
    ):
        trials = [
            Trial(k, Candidate(a, epochs), Evaluation({"val_accuracy": 9.0}, took), 1.0)
            for k, (a, epochs, took) in enumerate(asked)
        ]
        assert _epochs(found, trials, 300.0) == 30  # of 10 s each
        assert _epochs(found, trials, math.inf) == 100


def test_the_last_size_is_chosen_once_for_an_architecture_and_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trials of two runs have the same numbers, and are not taken for each other."""
    sizes = iter(range(1, 9))
    monkeypatch.setattr("nascast.cli._final._measured", lambda *_: (next(sizes), {"cells": 1}))
    unused: Any = None
    one, other = (Architecture("nasbench201", (k,) * 6) for k in (2, 3))
    asked = (one, 9.0), (one, 9.0), (other, 9.0), (other, 5.0), (other, 5.0)
    found = [_sized(tmp_path, unused, arch, unused, unused, time) for arch, time in asked]
    assert [epochs for epochs, _ in found] == [1, 1, 2, 3, 3]
    assert found[1][1] == {"cells": 1}
