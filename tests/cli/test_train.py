"""``nascast train`` and ``nascast export`` as a user meets them."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nascast.core import plugins
from nascast.core.types import Candidate, Evaluation, Trial
from nascast.training import transfer as library
from nascast.training.classify import Answer

pytest.importorskip("safetensors")

Cli = Callable[..., tuple[int, str, str]]
CELL = "|avg_pool_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|none~2|"
SPACE = ["--space", "nasbench201", "--architecture", CELL]
SMALL = ["--repeats", "1", "--filters", "4", "--recipe", "batch_size=10", "--epochs", "1"]


def pictures(path: Path, **arrays: Any) -> Path:
    """Writes 8×8 images of two classes, one dark and one bright."""
    rng = np.random.default_rng(0)
    found: dict[str, Any] = {}
    for part, n in (("train", 40), ("test", 10)):
        labels = np.arange(n) % 2
        noise = rng.integers(0, 60, (n, 8, 8))
        found[f"x_{part}"] = (noise + 150 * labels[:, None, None]).astype(np.uint8)
        found[f"y_{part}"] = labels
    np.savez(path, **{**found, **arrays})
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return pictures(tmp_path / "images.npz")


def searched(folder: Path, data: Path) -> list[str]:
    """Writes the folder of a search of three trials; returns the architectures, best first."""
    space = plugins.load("space", "nasbench201")
    rows = space.from_text([CELL, CELL.replace("nor_conv_1x1~1", "none~1")])
    settings = {
        "space": "nasbench201",
        "benchmark": None,
        "training": {
            "data": str(data),
            "split": {"train": 10, "validation": 10, "test": None, "size": 4, "seed": 2},
            "recipe": {"epochs": 7, "batch_size": 5, "learning_rate": 0.05},
            "skeleton": {"stages": 2, "channels": 2},
        },
        "objectives": [{"metric": "val_loss", "minimize": True}],
        "limits": {},
    }
    folder.mkdir()
    (folder / "search.json").write_text(json.dumps({"settings": settings, "versions": {}}))
    store = plugins.load("store", "sqlite", folder / "trials.sqlite")
    for run, losses in (("random-0", (1.5, 0.5)), ("random-1", (0.7,))):
        store.begin(run, {"strategy": "random", "seed": int(run[-1])})
        for i, loss in enumerate(losses):
            arch = space.architecture(rows[0 if i == 0 else 1])
            store.append(run, [Trial(i, Candidate(arch), Evaluation({"val_loss": loss}, 1.0), i)])
    return [space.to_text(rows[[i]])[0] for i in (1, 0)]


def test_train_and_export_without_a_run(cli: Cli, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    words = ["train", *SPACE, *SMALL, "--skeleton", "stages=2", "--data", data, "--out", out]
    code, said, _ = cli(*words)
    assert code == 0
    assert said.index("parameters") < said.index("multiply-adds") < said.index("test accuracy")
    told = json.loads((out / "architecture.json").read_text())
    assert told["text"] == CELL
    assert told["task"] == {
        "input_shape": [1, 8, 8],
        "classes": 2,
        "skeleton": {"cells": 1, "channels": 4, "stages": 2},
    }
    assert "![The architecture](architecture.svg)" in (out / "model_card.md").read_text()
    assert (out / "architecture.svg").read_text().count("<svg")
    Image.new("L", (8, 8), 9).save(tmp_path / "photo.png")
    code, said, _ = cli("predict", out, tmp_path / "photo.png", "--top", "2", "--json")
    assert code == 0
    (answer,) = json.loads(said)
    assert sum(one["probability"] for one in answer["classes"]) == pytest.approx(1)
    assert cli("predict", out, tmp_path / "photo.png")[1].startswith(f"{tmp_path}/photo.png: ")
    assert "it is a folder: name the pictures in it" in cli("predict", out, tmp_path)[2]
    code, said, _ = cli(*words, "--resume", "--json")
    assert code == 0
    assert json.loads(said)["images"] == {"train": 36, "validation": 4, "test": 10}
    code, _, err = cli(*words)
    assert code == 2
    assert "add --resume" in err
    code, said, _ = cli("export", out, "--format", "safetensors")
    assert code == 0
    assert "Largest difference of the logits for 18 images" in said
    assert (out / "exported-model.safetensors").exists()
    code, _, err = cli("export", out, "--format", "safetensors")
    assert (code, "add --force to replace it" in err) == (2, True)
    assert cli("export", out, "--format", "safetensors", "--force")[0] == 0
    exported = cli("predict", out / "exported-model.safetensors", tmp_path / "photo.png")
    assert exported == cli("predict", out, tmp_path / "photo.png")
    (tmp_path / "model.pt2").write_bytes(b"no archive")
    code, said, err = cli("predict", tmp_path / "model.pt2", tmp_path / "photo.png")
    assert (code, said, len(err.splitlines())) == (2, "", 1)
    assert "damaged, or not a file that `nascast export" in err
    own = ("export", out, "--format", "safetensors", "--out", out / "model.safetensors", "--force")
    code, _, err = cli(*own)
    assert (code, "is what is read" in err) == (2, True)
    assert cli("predict", out, tmp_path / "photo.png")[0] == 0


def test_train_what_a_search_found(cli: Cli, data: Path, tmp_path: Path) -> None:
    texts = searched(tmp_path / "run", data)
    for k, text in enumerate(texts, start=1):
        out = tmp_path / f"model{k}"
        words = ["train", tmp_path / "run", "--best", k, "--filters", 3, "--epochs", 1]
        code, _, err = cli(*words, "--out", out)
        assert code == 0, err
        assert json.loads((out / "architecture.json").read_text())["text"] == text
        settings = json.loads((out / "training.json").read_text())["settings"]
        assert settings["skeleton"] == {"stages": 2, "channels": 3}
        assert settings["recipe"]["epochs"] == 1
        assert settings["recipe"]["batch_size"] == 5
        assert settings["split"]["size"] == 4  # and all of the images
        assert settings["split"]["train"] is None
    code, _, err = cli("train", tmp_path / "run", "--best", 3)
    assert code == 2
    assert "has 2 architectures" in err


def test_ctrl_c_says_how_to_go_on(
    cli: Cli, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(library, "train_model", stopped)
    code, _, err = cli("train", *SPACE, *SMALL, "--data", data, "--out", tmp_path / "model")
    assert code == 130
    assert "--resume" in err


def test_mistakes_end_with_status_2(cli: Cli, data: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    alike = pictures(tmp_path / "alike.npz", y_train=np.zeros(40, int), y_test=np.zeros(10, int))
    for words, told in (
        ([], "or both --space and --architecture"),
        ([empty], "has no search.json"),
        ([empty, *SPACE], "either the folder of a search or --architecture"),
        ([*SPACE, "--best", "3"], "--best is of a search"),
        (["--space", "nasbench201", "--architecture", "conv"], "conv"),
        ([*SPACE, "--data", tmp_path / "none"], "no file"),
        ([*SPACE, "--data", empty], "holds no folders with images"),
        ([*SPACE, "--data", alike], "one class"),
        ([*SPACE, "--data", data, "--repeats", "0"], "repeats is a whole number from 1"),
        (
            [*SPACE, "--data", data, "--skeleton", "depth=2"],
            "no such setting 'depth'; there are channels",
        ),
        ([*SPACE, "--data", data, "--recipe", "darts,batch_size=8"], "the skeleton takes channels"),
        ([*SPACE, "--data", data, "--recipe", "nobody"], "unknown recipe"),
        ([*SPACE, "--data", data, "--recipe", "epochs=1", "--epochs", "2"], "not both"),
        ([*SPACE, "--data", data], "36 to train on; give the recipe a smaller one"),
        ([*SPACE, "--data", data, "--split", "parts=3"], "no such setting"),
        ([*SPACE, "--data", data, "--device", "tpu"], "expected cpu, cuda or auto"),
    ):
        code, _, err = cli("train", *words, "--out", tmp_path / "model")
        assert (code, told in err) == (2, True), (words, err)
    assert not (tmp_path / "model").exists()
    code, _, err = cli("export", empty, "--format", "onnx")
    assert code == 2
    assert "no architecture.json" in err


def test_a_missing_torch_names_the_command(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, err = cli("train", *SPACE)
    assert code == 2
    assert 'pip install "nascast[torch]"' in err


def test_a_language_model_from_search_to_export(cli: Cli, tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat\nthe dog lay on the rug\n" * 100)
    run, out = tmp_path / "run", tmp_path / "model"
    words = ["search", "--space", "recurrent_tree", "--strategy", "random", "--data", text]
    words += ["--evaluations", "2", "--executor", "serial", "--recipe", "batch_size=4,epochs=1"]
    code, _, err = cli(*words, "--out", run)
    assert code == 0, err
    code, said, err = cli("train", run, "--repeats", 2, "--filters", 8, "--out", out)
    assert code == 0, err
    assert said.index("parameters") < said.index("test perplexity")
    assert "words to train, validate, test; 10 different ones" in said
    settings = json.loads((out / "training.json").read_text())["settings"]
    assert settings["skeleton"] == {"layers": 2, "hidden": 8}
    assert settings["recipe"]["batch_size"] == 4
    code, said, _ = cli("export", out, "--format", "safetensors")
    assert code == 0
    assert "the logits for 48 words" in said
    for more, told in (
        (["--split", "train=3"], "--split is for images"),
        (["--skeleton", "colour=1"], "no such setting 'colour'; there are hidden, layers"),
    ):
        code, _, err = cli("train", run, *more, "--out", tmp_path / "other")
        assert (code, told in err) == (2, True), err
    code, _, err = cli("train", *SPACE, "--data", text, "--out", tmp_path / "other")
    assert (code, "nasbench201 has networks for images, and none for text" in err) == (2, True), err


def test_names_of_classes_do_not_command_the_terminal(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Answer(Path("photo.png"), ("\x1b[2Jcat",), (1.0,))
    monkeypatch.setattr("nascast.training.classify.classify", lambda *_: [answer])
    assert cli("predict", "model.pt2", "photo.png")[1] == "photo.png: \\x1b[2Jcat (100.0 %)\n"


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_cannot_be_one_is_refused_before_anything_is_read(
    cli: Cli, tmp_path: Path, seed: int
) -> None:
    words = ["train", *SPACE, "--data", "nowhere.npz", "--out", str(tmp_path / "m")]
    status, _, error = cli(*words, "--seed", str(seed))
    assert status == 2
    assert f"--seed is a whole number from 0 below 2^63; got {seed}" in error
    assert not (tmp_path / "m").exists()
