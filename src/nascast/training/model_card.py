"""The model card: what a model is, how it was made and how it is used, for people to read.

After Mitchell et al., FAccT 2019, https://arxiv.org/abs/1810.03993, as far as a training knows it.
"""

import shlex
from collections.abc import Mapping
from typing import Any

__all__ = ["CARD", "PICTURE", "model_card"]

CARD, PICTURE = "model_card.md", "architecture.svg"
_ROWS = 20  # of the table of epochs; chosen


def model_card(
    description: Mapping[str, Any], record: Mapping[str, Any], picture: str | None
) -> str:
    """Returns the card as Markdown.

    Args:
        description: ``architecture.json``.
        record: ``training.json`` of a finished training.
        picture: file of the architecture's picture, beside the card.
    """
    parts = (
        _model(description, record, picture),
        _training(description, record),
        _use(description),
    )
    return "\n\n".join(parts) + "\n"


def _model(description: Mapping[str, Any], record: Mapping[str, Any], picture: str | None) -> str:
    task, results = description["task"], record["results"]
    channels, height, width = task["input_shape"]
    skeleton = _settings(task["skeleton"]) or "that of the paper"
    lines = [
        f"# Image classifier of the space {description['space']}",
        "",
        f"- Input: `(n, {channels}, {height}, {width})` images, float32 from 0 to 1 (bytes divided "
        "by 255). The model normalises them itself, by the mean and deviation of each channel in "
        "`architecture.json`.",
        f"- Output: `(n, {task['classes']})` logits. Classes, in this order: "
        f"{', '.join(description['class_names'])}.",
        f"- Parameters: {results['parameters']:,}; multiply-adds for one image: "
        f"{results['multiply_adds']:,}.",
        f"- Test accuracy: {results['test_accuracy']:.2f} % on {results['images']['test']:,} "
        f"images (loss {results['test_loss']:.4f} nats), looked at once, after the training.",
        f"- Validation accuracy after the last epoch: {results['val_accuracy']:.2f} % on "
        f"{results['images']['validation']:,} images.",
        "",
        "## Architecture",
        "",
        f"    {description['text']}",
        "",
        f"Skeleton: {skeleton}.",
    ]
    return "\n".join([*lines, *(["", f"![The architecture]({picture})"] if picture else [])])


def _training(description: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    settings, results = record["settings"], record["results"]
    split = _settings(settings["split"])
    weights = "the running mean of all steps" if settings["recipe"]["ema"] else "the last ones"
    lines = [
        "## Training",
        "",
        f"- Data: `{settings['data']}`, arrays with SHA-256 `{settings['fingerprint']}`.",
        f"- Images: {results['images']['train']:,} to train on; split: {split}; what is not "
        "given is as the data have it.",
        f"- Recipe: {_settings(settings['recipe'])}.",
        f"- Seed {settings['seed']}; device {settings['device']}; {results['seconds']:.0f} seconds "
        f"of training and validation; the weights are {weights}.",
        f"- Versions: {_settings(record['versions'])}.",
        "",
        "| epoch | training loss | validation loss | validation accuracy |",
        "| ---: | ---: | ---: | ---: |",
    ]
    curves = record["curves"]
    epochs = len(curves["seconds"])
    step = -(-epochs // _ROWS)
    shown = sorted({*range(step - 1, epochs, step), epochs - 1})
    for i in shown:
        losses = f"{curves['train_loss'][i]:.4f} | {curves['val_loss'][i]:.4f}"
        lines.append(f"| {i + 1} | {losses} | {curves['val_accuracy'][i]:.2f} |")
    lines += [
        "",
        "All epochs and settings are in `training.json`. The same training again:",
        "",
        f"    {_command(settings, description)}",
    ]
    return "\n".join(lines)


def _use(description: Mapping[str, Any]) -> str:
    channels, height, width = description["task"]["input_shape"]
    shape = f"(1, {channels}, {height}, {width})"
    return f"""## Use

With nascast:

```python
from pathlib import Path

import torch

from nascast.training.model import load_model

model = load_model(Path("."))
logits = model.classifier(torch.zeros{shape})
print(model.classes[int(logits.argmax())])
```

Without nascast, after `nascast export . --format onnx`:

```python
import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
(logits,) = session.run(None, {{"images": np.zeros({shape}, np.float32)}})
```

Without nascast, after `nascast export . --format torch-export`:

```python
import torch

logits = torch.export.load("model.pt2").module()(torch.zeros{shape})
```

`examples.safetensors` holds a few test images and this model's logits for them, by which
`load_model` and `nascast export` check what they make. Leave it out if the images are private, and
with it this folder: the exported files need none of it."""


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items() if value is not None)


def _command(settings: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    """Returns the command that trains the same model."""
    words = ["nascast", "train", "--space", description["space"]]
    words += ["--architecture", description["text"], "--data", settings["data"]]
    for option in ("skeleton", "split", "recipe"):
        if told := _settings(settings[option]).replace(", ", ","):
            words += [f"--{option}", told]
    words += ["--seed", str(settings["seed"]), "--device", settings["device"]]
    return shlex.join(words)
