import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from nascast.core.errors import (
    CorruptDataError,
    MissingDataError,
    MissingExtraError,
    StoreError,
    UnsupportedError,
)
from nascast.training.classify import classify
from nascast.training.export import TOLERANCE, export
from nascast.training.model import Classifier, Model, load_model
from nascast.training.model_card import photo_code

pytest.importorskip("safetensors")

EXAMPLE = Path(__file__).parents[2] / "examples" / "classify_photos.py"

# Runs the exported files where nascast cannot be imported.
_ALONE = """
import json, sys
sys.modules["nascast"] = None
import numpy as np, onnxruntime, torch
onnx, pt2, arrays = sys.argv[1:]
images = np.load(arrays)
session = onnxruntime.InferenceSession(onnx)
program = torch.export.load(pt2).module()
found = {"names": json.loads(session.get_modelmeta().custom_metadata_map["class_names"])}
for n in (1, 3, len(images)):
    found[f"onnx{n}"] = session.run(None, {"images": images[:n]})[0].tolist()
    found[f"pt2{n}"] = program(torch.from_numpy(images[:n])).tolist()
print(json.dumps(found))
"""


def test_from_a_photo_to_a_class(folder: Path, tmp_path: Path) -> None:
    """The card's code, with onnxruntime, numpy and pillow alone, and `classify` agree.

    The expected class is that of the network for the picture prepared by hand.
    """
    model = load_model(folder)
    export(model, "onnx", tmp_path / "model.onnx")
    noise = np.random.default_rng(3).integers(0, 255, (20, 50, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    square = Image.fromarray(noise).resize((8, 8), Image.Resampling.BILINEAR, (15, 0, 35, 20))
    pixels = np.asarray(square, dtype=np.float32).transpose(2, 0, 1)[None] / 255
    expected = model.portable.logits(torch.from_numpy(pixels))[0].softmax(0)
    blocked = "import sys\nfor name in ('nascast', 'torch'): sys.modules[name] = None\n"
    code = blocked + photo_code(model.description)
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    name = model.classes[int(expected.argmax())]
    assert run.stdout == f"{name}\n", run.stderr
    code = blocked + "import runpy\nrunpy.run_path(sys.argv[1])['main']('model.onnx', 'photo.png')"
    command = [sys.executable, "-c", code, str(EXAMPLE)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout == f"photo.png: {name} ({100 * expected.max():.1f} %)\n", run.stderr
    for path in (folder, tmp_path / "model.onnx"):
        (answer,) = classify(path, [tmp_path / "photo.png"], top=9)
        assert answer.classes[0] == name
        told = [answer.probabilities[answer.classes.index(c)] for c in model.classes]
        assert np.allclose(told, expected.numpy(), atol=1e-5)


def test_an_onnx_file_that_contradicts_itself(folder: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    export(load_model(folder), "onnx", tmp_path / "model.onnx")
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    whole = onnx.load(tmp_path / "model.onnx")
    (place,) = (p for p in whole.metadata_props if p.key == "architecture.json")
    told = json.loads(place.value)
    for changes, words in (
        ({"class_names": ["a"]}, "expected logits of 1 classes; got"),
        ({"task": None}, "does not describe a model"),
        ({"task": {**told["task"], "input_shape": [3, 9, 9]}}, "InvalidArgument"),
    ):
        place.value = json.dumps({**told, **changes})
        onnx.save(whole, tmp_path / "model.onnx")
        with pytest.raises(CorruptDataError, match=words):
            classify(tmp_path / "model.onnx", [tmp_path / "photo.png"])


def test_what_is_no_picture_or_no_model(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"no picture")
    with pytest.raises(CorruptDataError, match=r"photo\.png"):
        classify(folder, [tmp_path / "photo.png"])
    with pytest.raises(MissingDataError, match=r"no file .*none\.png"):
        classify(folder, [tmp_path / "none.png"])
    with pytest.raises(MissingDataError, match=r"architecture\.json"):
        classify(tmp_path, [])
    with pytest.raises(MissingDataError, match=r"there is no .*none\.pt2; expected the folder"):
        classify(tmp_path / "none.pt2", [])
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(CorruptDataError, match=r"model\.onnx"):
        classify(tmp_path / "model.onnx", [])
    with pytest.raises(UnsupportedError, match="expected the folder of a model, or a file that"):
        classify(tmp_path / "photo.png", [])


def test_exported_files_run_without_nascast(folder: Path, tmp_path: Path) -> None:
    model = load_model(folder)
    written = [
        export(model, "onnx", tmp_path / "model.onnx"),
        export(model, "torch-export", tmp_path / "model.pt2"),
    ]
    images = np.random.default_rng(1).random((4, 3, 8, 8), dtype=np.float32)
    np.save(tmp_path / "images.npy", images)
    with torch.no_grad():
        expected = model.portable(torch.from_numpy(images)).numpy()
    paths = [tmp_path / name for name in ("model.onnx", "model.pt2", "images.npy")]
    for one, path in zip(written, paths, strict=False):
        assert one.path == path
        assert one.examples == 6 + 1 + 2 + 5
        assert one.difference <= TOLERANCE
        assert b"test_export" not in path.read_bytes()  # no paths of the machine it was made on
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, *map(str, paths)], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["names"] == ["a", "b", "c", "d"]
    for form in ("onnx", "pt2"):
        for n in (1, 3, 4):
            np.testing.assert_allclose(found[f"{form}{n}"], expected[:n], atol=1e-4, rtol=0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["images.npy", "model.onnx", "model.pt2"]


def test_safetensors_carry_their_description(folder: Path, tmp_path: Path) -> None:
    from safetensors import safe_open

    model = load_model(folder)
    written = export(model, "safetensors", tmp_path / "new" / "weights.safetensors")
    assert written.difference == 0
    with safe_open(written.path, framework="pt") as file:
        assert json.loads(file.metadata()["architecture.json"]) == model.description
        assert file.get_tensor("mean").flatten().tolist() == pytest.approx([0.4, 0.5, 0.6])


class _Changed(nn.Module):
    """A linear map whose logits are changed."""

    def __init__(self, change: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.linear, self.change = nn.Linear(48, 4), change

    def forward(self, x: Tensor) -> Tensor:
        return self.change(self.linear(x.flatten(1)))


def _branch(logits: Tensor) -> Tensor:
    return logits if logits.sum() > 0 else -logits


def _changed(change: Callable[[Tensor], Tensor]) -> Model:
    classifier = Classifier(_Changed(change), (0.4,) * 3, (0.2,) * 3, (4, 4)).eval()
    return Model(classifier, {"class_names": list("abcd")}, torch.rand(6, 3, 4, 4))


def test_what_computes_something_else_is_not_written(tmp_path: Path) -> None:
    noisy = _changed(lambda logits: logits + torch.rand_like(logits))
    with pytest.raises(UnsupportedError, match=r"was not written: its logits differ .* by 0\."):
        export(noisy, "torch-export", tmp_path / "model.pt2")
    broken = _changed(lambda logits: logits / 0 * 0)
    with pytest.raises(UnsupportedError, match=r"differ from the model's by nan"):
        export(broken, "torch-export", tmp_path / "model.pt2")
    assert not list(tmp_path.iterdir())


def test_a_network_that_branches_on_its_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"cannot be written as torch\.export: \S"):
        export(_changed(_branch), "torch-export", tmp_path / "model.pt2")
    assert not list(tmp_path.iterdir())


def test_mistakes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model(folder)
    with pytest.raises(UnsupportedError, match="known are onnx, torch-export, safetensors"):
        export(model, "tflite", tmp_path / "model.tflite")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        export(model, "safetensors", tmp_path / "file" / "model.safetensors")
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(MissingExtraError, match=r'onnxscript.*pip install "nascast\[export\]"'):
        export(model, "onnx", tmp_path / "model.onnx")
