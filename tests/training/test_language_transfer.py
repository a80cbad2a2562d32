"""Language models that are trained, kept and exported."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nascast.core import plugins
from nascast.core.errors import CorruptDataError
from nascast.training.export import TOLERANCE, export
from nascast.training.language import evaluate_language
from nascast.training.loop import Curves
from nascast.training.model import WordByWord, load_model
from nascast.training.recipe import Recipe
from nascast.training.text import open_text
from nascast.training.transfer import TextTransfer, begin, train_model

pytest.importorskip("safetensors")

CELLS = {
    # Two states, and layers of different sizes.
    "nasbench_nlp": (
        '{"node_0": {"op": "linear", "input": ["x", "h_prev_0"]}, '
        '"node_1": {"op": "linear", "input": ["x", "h_prev_1"]}, '
        '"h_new_1": {"op": "activation_sigm", "input": ["node_1"]}, '
        '"node_3": {"op": "activation_tanh", "input": ["node_0"]}, '
        '"h_new_0": {"op": "blend", "input": ["h_new_1", "h_prev_0", "node_3"]}}'
    ),
    "recurrent_tree": None,
}
SKELETONS: dict[str, dict[str, Any]] = {
    "nasbench_nlp": {"layers": 2, "hidden": 12, "embedding": 8},
    "recurrent_tree": {"layers": 2, "hidden": 8, "dropout": 0.1, "tied": True},
}


def plan(space: str, text: str) -> TextTransfer:
    found, cell = plugins.load("space", space), CELLS[space]
    row = found.sample(1, np.random.default_rng(1)) if cell is None else found.from_text([cell])
    recipe = Recipe(4, 4, 0.05, optimizer="adam", weight_decay=0, grad_clip=0.25, ema=0.9)
    return TextTransfer(found.architecture(row[0]), text, recipe, SKELETONS[space], seed=3)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    lines = ("the cat sat on the mat", "the dog lay on the rug", "a cat saw the dog")
    path = tmp_path_factory.mktemp("text") / "text.txt"
    drawn = np.random.default_rng(0).integers(3, size=150)
    path.write_text("".join(f"{lines[i]}\n" for i in drawn))
    return str(path)


@pytest.fixture(scope="module", params=list(CELLS))
def trained(
    request: pytest.FixtureRequest, text: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out: Path = tmp_path_factory.mktemp(request.param) / "model"
    transfer = plan(request.param, text)
    begin(transfer, out, resume=False)
    train_model(transfer, out)
    return out


def test_the_model_scores_what_was_reported(trained: Path, text: str) -> None:
    results = json.loads((trained / "training.json").read_text())["results"]
    portable, data = load_model(trained).portable, open_text(text)
    loss, accuracy = evaluate_language(portable.network, data.test)
    assert (loss, accuracy) == (results["test_loss"], results["test_accuracy"])
    assert loss < math.log(len(data.words)) - 0.2  # it has learned something
    assert results["words"] == {
        "train": len(data.train),
        "validation": len(data.validation),
        "test": len(data.test),
    }
    counted = sum(p.numel() for p in portable.network.parameters())
    assert results["parameters"] == counted
    assert not (trained / "checkpoint.pt").exists()


def test_word_by_word_is_the_whole_text(trained: Path) -> None:
    portable = load_model(trained).portable
    assert isinstance(portable, WordByWord)
    words = portable.random(3, torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, _ = portable.network(words)
    torch.testing.assert_close(portable.logits(words), expected)
    assert set(portable.axes[1:]) <= {0, 1}
    assert len(portable.takes) == len(portable.gives) == len(portable.inputs(2))


_ALONE = """
import json, sys
sys.modules["nascast"] = None
import numpy as np, onnxruntime, torch
onnx, pt2 = sys.argv[1:]
session = onnxruntime.InferenceSession(onnx)
program = torch.export.load(pt2).module()
names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
_, *inputs = session.get_inputs()
sizes = {i.name: [n if isinstance(n, int) else 1 for n in i.shape] for i in inputs}
states = {name: np.zeros(size, np.float32) for name, size in sizes.items()}
others = [torch.from_numpy(value) for value in states.values()]
found = []
for name in ("the", "cat", "sat"):
    word = np.asarray([names.index(name)])
    logits, *after = session.run(None, {"words": word, **states})
    states = dict(zip(states, after))
    again, *others = program(torch.from_numpy(word), *others)
    found.append([logits.tolist(), again.tolist()])
print(json.dumps(found))
"""


def test_exported_files_run_without_nascast(trained: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    model = load_model(trained)
    onnx = export(model, "onnx", tmp_path / "model.onnx")
    pt2 = export(model, "torch-export", tmp_path / "model.pt2")
    weights = export(model, "safetensors", tmp_path / "weights.safetensors")
    assert weights.difference == 0
    assert max(onnx.difference, pt2.difference) <= TOLERANCE
    assert onnx.examples == 16 + 4 * (1 + 2 + 5)
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, str(onnx.path), str(pt2.path)],
        capture_output=True,
        text=True,
        check=True,
    )
    words = torch.tensor([[model.classes.index(name)] for name in ("the", "cat", "sat")])
    expected = model.portable.logits(words).numpy()
    for step, (one, other) in enumerate(json.loads(done.stdout.splitlines()[-1])):
        np.testing.assert_allclose(one, expected[step], atol=1e-4, rtol=0)
        np.testing.assert_allclose(other, expected[step], atol=1e-4, rtol=0)


def test_the_card_shows_code_that_runs(trained: Path) -> None:
    card = (trained / "model_card.md").read_text()
    assert card.startswith("# Language model of the space")
    record = json.loads((trained / "training.json").read_text())
    assert f"Test perplexity: {math.exp(record['results']['test_loss']):.2f}" in card
    assert "--split" not in card
    first = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[0]
    done = subprocess.run(
        [sys.executable, "-c", first], cwd=trained, capture_output=True, text=True, check=True
    )
    assert len(done.stdout.split()) == 2  # a word after each of two


def test_a_stopped_training_goes_on_as_if_it_had_not(
    trained: Path, text: str, tmp_path: Path
) -> None:
    told = json.loads((trained / "architecture.json").read_text())
    transfer, out = plan(told["space"], text), tmp_path / "again"

    def stop(curves: Curves) -> None:
        raise KeyboardInterrupt

    begin(transfer, out, resume=False)
    with pytest.raises(KeyboardInterrupt):
        train_model(transfer, out, stop)
    begin(transfer, out, resume=True)
    train_model(transfer, out)
    name = "model.safetensors"
    assert (out / name).read_bytes() == (trained / name).read_bytes()


def test_a_damaged_model_is_refused(trained: Path, tmp_path: Path) -> None:
    file = trained / "architecture.json"
    before = file.read_text()
    told = json.loads(before)
    for key, value, match in (
        ("skeleton", {"colour": 1}, "does not describe a model"),
        ("skeleton", {"layers": 1}, "is not of the network"),
        ("class_names", told["class_names"][1:], "is not of the network"),
    ):
        file.write_text(json.dumps({**told, key: value}))
        with pytest.raises(CorruptDataError, match=match):
            load_model(trained)
    file.write_text(before)
    load_model(trained)
