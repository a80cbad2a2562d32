import json
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch

from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    MissingExtraError,
    StoreError,
    UnsupportedError,
)
from nascast.core.types import ImageTask
from nascast.networks.counting import count
from nascast.training.data import Split
from nascast.training.loop import Curves
from nascast.training.model import load_model
from nascast.training.recipe import Recipe
from nascast.training.transfer import ImageTransfer, begin, train_model

Write = Callable[..., str]
CELL = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
)
RECIPE = Recipe(epochs=2, batch_size=10, flip=False)


def plan(data: str, recipe: Recipe = RECIPE) -> ImageTransfer:
    space = plugins.load("space", "nasbench201")
    arch = space.architecture(space.from_text([CELL])[0])
    skeleton = {**space.scaled(repeats=1, filters=4), "stages": 2}
    return ImageTransfer(arch, data, recipe, skeleton, seed=3, split=Split(validation=20))


@pytest.fixture
def trained(images: Write, tmp_path: Path) -> Path:
    out = tmp_path / "model"
    transfer = plan(images())
    begin(transfer, out, resume=False)
    train_model(transfer, out)
    return out


@pytest.mark.parametrize(
    "name",
    ["nasnet", "darts", "nasbench201", "nasbench101", "hierarchical", "recurrent_tree"],
)
def test_scaled_networks_are_deeper_and_wider(name: str) -> None:
    space = plugins.load("space", name)
    arch = space.architecture(space.sample(1, np.random.default_rng(0))[0])

    def parameters(repeats: int, filters: int) -> int:
        task = ImageTask((1, 8, 8), 3, space.scaled(repeats, filters))
        with torch.device("meta"):  # shapes without values
            return sum(p.numel() for p in space.build(arch, task).parameters())

    assert parameters(1, 8) < parameters(2, 8) < parameters(2, 16)
    assert space.scaled() == {}
    with pytest.raises(InvalidSettingError, match="repeats is a whole number from 1; got 0"):
        space.scaled(repeats=0)


def test_repeats_of_darts_are_those_between_reductions() -> None:
    assert plugins.load("space", "darts").scaled(repeats=6, filters=36) == {
        "cells": 20,  # the paper's network for CIFAR-10
        "channels": 36,
    }


def test_a_space_says_what_it_cannot_scale() -> None:
    with pytest.raises(UnsupportedError, match="nats_size have no filters"):
        plugins.load("space", "nats_size").scaled(filters=8)


def test_a_training_keeps_to_its_data(images: Write, trained: Path) -> None:
    expected = json.loads((trained / "training.json").read_text())["results"]
    transfer, out = plan(images()), trained.with_name("other")

    def rewrite() -> None:
        images(y_test=np.arange(30) % 3)

    begin(transfer, out, resume=False)
    found = train_model(transfer, out, lambda _: rewrite())
    assert {**found, "seconds": 0} == {**expected, "seconds": 0}
    assert plan(transfer.data).settings()["fingerprint"] != transfer.settings()["fingerprint"]


def test_a_model_takes_raw_images_and_scores_what_was_reported(trained: Path) -> None:
    results = json.loads((trained / "training.json").read_text())["results"]
    with np.load(trained.parent / "images.npz") as file:
        images = torch.from_numpy(file["x_test"])[:, None].float() / 255
        labels = torch.from_numpy(file["y_test"].astype(np.int64))
    model = load_model(trained)
    with torch.no_grad():
        accuracy = (model.portable(images).argmax(1) == labels).float().mean().item()
    assert 100 * accuracy == pytest.approx(results["test_accuracy"])
    assert results["test_accuracy"] > 60  # of three classes
    assert model.classes == ("0", "1", "2")
    assert not (trained / "checkpoint.pt").exists()


def test_a_stopped_training_goes_on_as_if_it_had_not(
    trained: Path, images: Write, tmp_path: Path
) -> None:
    transfer, out = plan(images()), tmp_path / "again"

    def stop(curves: Curves) -> None:
        raise KeyboardInterrupt

    begin(transfer, out, resume=False)
    with pytest.raises(KeyboardInterrupt):
        train_model(transfer, out, stop)
    with pytest.raises(MissingDataError, match="whose training is finished"):
        load_model(out)
    begin(transfer, out, resume=True)
    seen: list[int] = []
    train_model(transfer, out, lambda curves: seen.append(len(curves.seconds)))
    assert seen == [2]  # the first epoch is not repeated
    name = "model.safetensors"
    assert (out / name).read_bytes() == (trained / name).read_bytes()
    before = (out / "training.json").read_bytes()
    train_model(transfer, out)  # nothing is left to do
    assert (out / "training.json").read_bytes() == before


def test_what_only_training_needs_is_not_kept(images: Write, tmp_path: Path) -> None:
    space = plugins.load("space", "darts")
    arch = space.architecture(space.sample(1, np.random.default_rng(0))[0])
    recipe = replace(RECIPE, epochs=1, batch_size=30, auxiliary_weight=0.4, drop_path=0.2, ema=0.9)
    transfer = ImageTransfer(arch, images(), recipe, space.scaled(1, 2))
    out = tmp_path / "model"
    begin(transfer, out, resume=False)
    results = train_model(transfer, out)
    model = load_model(out)
    assert not any("auxiliary" in name for name in model.portable.state_dict())
    assert model.description["task"]["skeleton"] == {"cells": 5, "channels": 2}
    counts = count(model.portable.network, (1, 8, 8))
    assert {name: results[name] for name in asdict(counts)} == asdict(counts)
    assert transfer.counts() == counts
    card = (out / "model_card.md").read_text()
    assert "the running mean of all steps" in card


def test_the_card_tells_how_to_train_again(trained: Path) -> None:
    card = (trained / "model_card.md").read_text()
    record = json.loads((trained / "training.json").read_text())
    for said in (
        f"--architecture '{CELL}'",
        "--skeleton cells=1,channels=4,stages=2 --split validation=20,seed=0",
        "--seed 3 --device cpu",
        record["settings"]["fingerprint"],
        f"torch={version('torch')}",
        f"{record['results']['test_accuracy']:.2f} % on 30 images",
        "reshape(1, 8, 8, 1).transpose",
    ):
        assert said in card
    assert "![" not in card  # nobody has drawn the architecture
    results = json.loads((trained / "training.json").read_text())["results"]
    counts = np.array(results["confusion"])
    assert counts.sum() == results["images"]["test"]
    assert 100 * np.trace(counts) / counts.sum() == pytest.approx(results["test_accuracy"])
    for i, row in enumerate(counts):
        assert f"| {i} | {row.sum()} | {100 * row[i] / row.sum():.2f} % |" in card
        assert f"| {i} | {' | '.join(map(str, row))} |" in card
    assert "\n| 2 | " in card


def test_a_folder_holds_one_training(trained: Path, images: Write, tmp_path: Path) -> None:
    data = images()
    with pytest.raises(StoreError, match="add --resume"):
        begin(plan(data), trained, resume=False)
    with pytest.raises(StoreError, match="no training to resume"):
        begin(plan(data), tmp_path / "other", resume=True)
    with pytest.raises(StoreError, match=r"training: recipe\.epochs was 2, is 3"):
        begin(plan(data, replace(RECIPE, epochs=3)), trained, resume=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        begin(plan(data), tmp_path / "file" / "model", resume=False)


def test_a_missing_package_shows_before_the_training(
    images: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors.torch", None)
    with pytest.raises(MissingExtraError, match=r'pip install "nascast\[export\]"'):
        begin(plan(images()), tmp_path / "model", resume=False)


def test_damaged_models_are_refused(trained: Path) -> None:
    def refused(name: str, content: bytes, match: str) -> None:
        before = (trained / name).read_bytes()
        (trained / name).write_bytes(content)
        with pytest.raises(CorruptDataError, match=match):
            load_model(trained)
        (trained / name).write_bytes(before)
        load_model(trained)

    weights = (trained / "model.safetensors").read_bytes()
    refused("model.safetensors", weights[:-1], "is damaged, or of another model")
    refused("model.safetensors", weights[:-1] + b"\x00", "is damaged, or of another model")
    text = (trained / "architecture.json").read_text()
    told = json.loads(text)
    for key, value, match in (
        ("genes", [0, 0, 0, 0, 0, 0], "genes and text are of different architectures"),
        ("genes", [9] * 6, "does not describe a model"),
        ("task", {**told["task"], "skeleton": {"cells": 2}}, "is not of the network"),
        ("task", {**told["task"], "skeleton": {"depth": 2}}, "does not describe a model"),
        ("class_names", ["cat"], "3 classes have"),
        ("normalisation", {"mean": [0.0], "std": [1.0, 1.0]}, "1 channels are normalised"),
        ("sha256", {}, "has no checksum"),
        ("version", 1, "of version 3; got"),
        ("class_names", ["frog", *told["class_names"][1:]], "was altered, or is damaged"),
    ):
        refused("architecture.json", json.dumps({**told, key: value}).encode(), match)
    refused("architecture.json", text[:-5].encode(), "not a description of a model")
    refused("architecture.json", b"[]", "expected a nascast model")
    (trained / "examples.safetensors").unlink()
    with pytest.raises(CorruptDataError, match="is missing"):
        load_model(trained)


def test_class_names_are_kept(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for i, name in enumerate(("cat", "dog")):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for k in range(20):
            picture = rng.integers(0, 100, (8, 8), dtype=np.uint8) + np.uint8(150 * i)
            pillow.fromarray(picture).save(tmp_path / "pets" / name / f"{k}.png")
    transfer = replace(plan(str(tmp_path / "pets")), split=Split())
    out = tmp_path / "model"
    begin(transfer, out, resume=False)
    train_model(transfer, out)
    assert load_model(out).classes == ("cat", "dog")
