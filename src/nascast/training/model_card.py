"""The model card: what a model is, how it was made and how it is used, for people to read.

After Mitchell et al., FAccT 2019, https://arxiv.org/abs/1810.03993, as far as a training knows it.
"""

import math
import shlex
import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["CARD", "PICTURE", "model_card", "photo_code"]

CARD, PICTURE = "model_card.md", "architecture.svg"
_HUGE = math.log(sys.float_info.max)
_ROWS = 20  # rows of a table at most; chosen


def model_card(
    description: Mapping[str, Any], record: Mapping[str, Any], picture: str | None
) -> str:
    """Returns the model card as Markdown.

    Args:
        description: content of ``architecture.json``.
        record: content of ``training.json`` of a finished training.
        picture: file of the architecture's picture, beside the card, or None.
    """
    parts = (
        _model(description, record, picture),
        *_classes(description, record["results"]),
        _training(description, record),
        _use(description),
    )
    return "\n\n".join(parts) + "\n"


def _model(description: Mapping[str, Any], record: Mapping[str, Any], picture: str | None) -> str:
    text = description["kind"] == "language model"
    results, told = record["results"], _words if text else _images
    skeleton = description["skeleton"] if text else description["task"]["skeleton"]
    lines = [
        f"# {description['kind'].capitalize()} of the space {description['space']}",
        "",
        *told(description, results),
        f"- Parameters: {results['parameters']:,}; multiply-adds for one "
        f"{'word' if text else 'image'}: {results['multiply_adds']:,}.",
        "",
        "## Architecture",
        "",
        f"    {description['text']}",
        "",
        f"Skeleton: {_settings(skeleton) or 'that of the paper'}.",
    ]
    return "\n".join([*lines, *(["", f"![The architecture]({picture})"] if picture else [])])


def _images(description: Mapping[str, Any], results: Mapping[str, Any]) -> list[str]:
    task = description["task"]
    channels, height, width = task["input_shape"]
    return [
        f"- Input: `(n, {channels}, {height}, {width})` images, float32 from 0 to 1 (bytes divided "
        "by 255). The model normalises them itself, by the mean and deviation of each channel in "
        "`architecture.json`.",
        f"- Output: `(n, {task['classes']})` logits. Classes, in this order: "
        f"{', '.join(description['class_names'])}.",
        f"- Test accuracy: {results['test_accuracy']:.2f} % on {results['images']['test']:,} "
        f"images (loss {results['test_loss']:.4f} nats), looked at once, after the training.",
        f"- Validation accuracy after the last epoch: {results['val_accuracy']:.2f} % on "
        f"{results['images']['validation']:,} images.",
    ]


def _classes(description: Mapping[str, Any], results: Mapping[str, Any]) -> list[str]:
    """Returns the accuracy of each class and, of few classes, which is taken for which."""
    if "confusion" not in results:
        return []
    names, counts = description["class_names"], results["confusion"]
    totals = [sum(row) for row in counts]
    right = [
        row[i] / max(total, 1) for i, (row, total) in enumerate(zip(counts, totals, strict=True))
    ]
    order = sorted((i for i, total in enumerate(totals) if total), key=lambda i: right[i])
    about = "" if len(order) <= _ROWS else f" The {_ROWS} worst of {len(order)}:"
    lines = [
        "## Classes",
        "",
        f"Test images of each class, and the share of them that is recognised.{about}",
        "",
        "| class | images | accuracy | most often taken for |",
        "| --- | ---: | ---: | --- |",
    ]
    for i in order[:_ROWS]:
        wrong = {j: n for j, n in enumerate(counts[i]) if n and j != i}
        most = max(wrong, key=lambda j: wrong[j], default=None)
        taken = "" if most is None else f"{names[most]} ({wrong[most]:,})"
        lines.append(f"| {names[i]} | {totals[i]:,} | {100 * right[i]:.2f} % | {taken} |")
    if len(names) > _ROWS:
        return ["\n".join([*lines, "", "The whole confusion matrix is in `training.json`."])]
    lines += ["", "Confusion matrix: a row for each class, a column for each class foretold.", ""]
    lines += [f"| | {' | '.join(names)} |", f"| --- |{' ---: |' * len(names)}"]
    lines += [f"| {names[i]} | {' | '.join(map(str, row))} |" for i, row in enumerate(counts)]
    return ["\n".join(lines)]


def _words(description: Mapping[str, Any], results: Mapping[str, Any]) -> list[str]:
    count = len(description["class_names"])
    return [
        "- Input: `(n,)` words of n texts, int64, by their number in `class_names` of "
        f"`architecture.json` ({count:,} of them; a line ends with `<eos>`, others are `<unk>`); "
        "and the states that it gave for the word before, zeros at the beginning of a text.",
        f"- Output: `(n, {count})` logits of the next word, and the states.",
        f"- Test perplexity: {_perplexity(results['test_loss'])} "
        f"({results['test_loss']:.4f} nats a word; {results['test_accuracy']:.2f} % of words "
        f"foretold) on {results['words']['test']:,} words, looked at once, after the training.",
        f"- Validation perplexity after the last epoch: {_perplexity(results['val_loss'])} on "
        f"{results['words']['validation']:,} words.",
    ]


def _perplexity(loss: float) -> str:
    return f"{math.exp(loss):,.2f}" if loss < _HUGE else "beyond measure"


def _training(description: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    settings, results = record["settings"], record["results"]
    if "split" in settings:
        split = f"; split: {_settings(settings['split'])}; what is not given is as the data have it"
        sizes = f"- Images: {results['images']['train']:,} to train on{split}."
    else:
        sizes = f"- Words: {results['words']['train']:,} to train on."
    weights = "the running mean of all steps" if settings["recipe"]["ema"] else "the last ones"
    lines = [
        "## Training",
        "",
        f"- Data: `{settings['data']}`, contents with SHA-256 `{settings['fingerprint']}`.",
        sizes,
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
    if description["kind"] == "language model":
        return _USE_WORDS
    channels, height, width = description["task"]["input_shape"]
    text = _USE_IMAGES.replace("SHAPE", f"(1, {channels}, {height}, {width})")
    return text.replace("PHOTO", photo_code(description))


def photo_code(description: Mapping[str, Any]) -> str:
    """Returns Python code from ``photo.png`` to a class, for ``model.onnx``, without nascast."""
    channels, height, width = description["task"]["input_shape"]
    mode = "L" if channels == 1 else "RGB"
    code = _PHOTO.replace("MODE", f'"{mode}"')
    code = code.replace("RESHAPE", f"1, {height}, {width}, {channels}")
    return code.replace("WIDTH", str(width)).replace("HEIGHT", str(height))


_LOAD = """## Use

With nascast:

```python
from pathlib import Path

import torch

from nascast.training.model import load_model

model = load_model(Path("."))
"""
_USE_IMAGES = (
    _LOAD
    + """logits = model.portable(torch.zerosSHAPE)
print(model.classes[int(logits.argmax())])
```

For pictures: `nascast predict . photo.png`, or `nascast predict model.onnx photo.png`.

Without nascast, after `nascast export . --format onnx`:

```python
PHOTO```

Without nascast, after `nascast export . --format torch-export`:

```python
import torch

logits = torch.export.load("model.pt2").module()(torch.zerosSHAPE)
```

`examples.safetensors` holds a few test images and this model's logits for them, by which
`load_model` and `nascast export` check what they make. Leave it out if the images are private, and
with it this folder: the exported files need none of it."""
)
_PHOTO = """import json

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession("model.onnx")
names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
photo = ImageOps.exif_transpose(Image.open("photo.png")).convert(MODE)
side = min(photo.size)  # of the largest square around the centre
left, top = (photo.width - side) // 2, (photo.height - side) // 2
square = (left, top, left + side, top + side)
photo = photo.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, square)
images = np.asarray(photo, np.float32).reshape(RESHAPE).transpose(0, 3, 1, 2) / 255
(logits,) = session.run(None, {"images": images})
print(names[logits[0].argmax()])
"""
_USE_WORDS = (
    _LOAD
    + """words, *states = model.portable.inputs(1)  # a text has begun
for name in ("the", "<eos>"):
    words[:] = model.classes.index(name)
    logits, *states = model.portable(words, *states)
    print(model.classes[int(logits.argmax())])
```

Without nascast, after `nascast export . --format onnx`:

```python
import json

import numpy as np
import onnxruntime

session = onnxruntime.InferenceSession("model.onnx")
names = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
_, *inputs = session.get_inputs()
sizes = {i.name: [n if isinstance(n, int) else 1 for n in i.shape] for i in inputs}
states = {name: np.zeros(size, np.float32) for name, size in sizes.items()}
for name in ("the", "<eos>"):
    word = np.asarray([names.index(name)])
    logits, *after = session.run(None, {"words": word, **states})
    states = dict(zip(states, after))
    print(names[int(logits.argmax())])
```

`examples.safetensors` holds a few test words and this model's logits for them, by which
`load_model` and `nascast export` check what they make."""
)


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items() if value is not None)


def _command(settings: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    """Returns the command that trains the same model."""
    words = ["nascast", "train", "--space", description["space"]]
    words += ["--architecture", description["text"], "--data", settings["data"]]
    for option in ("skeleton", "split", "recipe"):
        if told := _settings(settings.get(option, {})).replace(", ", ","):
            words += [f"--{option}", told]
    words += ["--seed", str(settings["seed"]), "--device", settings["device"]]
    return shlex.join(words)
