"""Classes of picture files, by a trained model or an exported one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core.bounds import reading, size_of
from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    UnsupportedError,
)
from nascast.core.extras import extra
from nascast.core.types import Floats, ImageTask
from nascast.training.exported import Logits, open_exported
from nascast.training.sources.pictures import EIGHT_BITS, MODES, squared

__all__ = ["Answer", "classify", "preparation"]

_MODES = {1: "L", 3: "RGB"}  # of Pillow, by channels


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a model for a picture.

    Attributes:
        file: file of the picture.
        classes: names of the classes, the most probable first.
        probabilities: probabilities of these, by the softmax of the logits.
    """

    file: Path
    classes: tuple[str, ...]
    probabilities: tuple[float, ...]


def preparation(task: ImageTask) -> dict[str, Any]:
    """Returns how a picture becomes an input, in words and numbers, for people and programs."""
    channels, height, width = task.input_shape
    square = height == width
    return {
        "turn": "as the camera noted, by Exif",
        "mode": _MODES.get(channels, f"{channels} channels"),
        "crop": "the largest square around the centre" if square else "none",
        "resize": [width, height],
        "filter": "bilinear, antialiased" if square else "none: the size must be this",
        "scale": "bytes divided by 255; the model itself normalises",
    }


def classify(model: Path, files: Sequence[Path], top: int = 1) -> list[Answer]:
    """Returns the classes of pictures, prepared as those that the model was trained on.

    Args:
        model: folder of a model, or a file that was exported from it, which needs no such folder,
            and as ONNX no PyTorch either.
        files: pictures that Pillow reads.
        top: number of classes for each.

    Raises:
        MissingDataError: there is no such model or picture.
        CorruptDataError: a file is damaged, or no picture; the model contradicts itself.
        UnsupportedError: the model is none of pictures in grey or colour.
        InvalidSettingError: `top` is below 1, or a picture cannot be brought to the model's shape.
        MissingExtraError: a package that this needs is not installed.
    """
    if top < 1:
        raise InvalidSettingError(f"the number of classes to show is 1 or more; got {top}")
    if not model.exists():
        raise MissingDataError(
            f"there is no {model}; expected the folder of a model, or a file exported from it"
        )
    description, call = open_exported(model) if model.is_file() else _folder(model)
    task, classes = _task(description, model)
    channels, *shape = task.input_shape
    if channels not in _MODES:
        raise UnsupportedError(f"{model} takes images of {channels} channels, which no picture has")
    answers = []
    for file in files:
        with reading(model, size_of(model), what="a model of pictures"):  # of any size it claims
            images = _prepared(file, _MODES[channels], (shape[0], shape[1]))
        logits = call(images)
        if logits.shape != (len(classes),):
            raise CorruptDataError(
                f"{model}: expected logits of {len(classes)} classes; got {logits.shape}"
            )
        answers.append(_answer(file, logits, classes, top))
    return answers


def _answer(file: Path, logits: Floats, classes: Sequence[str], top: int) -> Answer:
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    best = np.argsort(-shares, kind="stable")[:top].tolist()
    return Answer(file, tuple(classes[i] for i in best), tuple(float(shares[i]) for i in best))


def _task(description: Mapping[str, Any], model: Path) -> tuple[ImageTask, list[str]]:
    """Returns the task of a model of pictures, and the names of the classes."""
    try:
        if (kind := description["kind"]) != "image classifier":
            raise UnsupportedError(f"{model} is a {kind}; pictures need a classifier")
        told = description["task"]
        task = ImageTask(tuple(told["input_shape"]), told["classes"])
        return task, [str(name) for name in description["class_names"]]
    except (KeyError, TypeError, InvalidSettingError) as error:
        raise CorruptDataError(
            f"{model} does not describe a model: {type(error).__name__}: {error}"
        ) from error


def _prepared(file: Path, mode: str, shape: tuple[int, int]) -> Any:
    """Returns a picture as ``(1, c, h, w)`` float32 from 0 to 1."""
    pillow = extra("PIL.Image", "data", "reading a picture")
    operations = extra("PIL.ImageOps", "data", "reading a picture")
    if not file.is_file():
        inside = "; it is a folder: name the pictures in it" if file.is_dir() else ""
        raise MissingDataError(f"no file {file}{inside}")
    with reading(file, size_of(file), what="a picture that Pillow reads"), pillow.open(file) as raw:
        if raw.mode not in MODES:
            raise CorruptDataError(
                f"{file} has pixels of the kind {raw.mode}; expected {EIGHT_BITS}"
            )
        picture = operations.exif_transpose(raw).convert(mode)
    if picture.size != shape[::-1]:
        if shape[0] != shape[1]:
            raise InvalidSettingError(
                f"{file} is {picture.width}×{picture.height}, and the model takes images of "
                f"{shape[1]}×{shape[0]}; resize it"
            )
        picture = squared(picture, shape[0])
    values = np.asarray(picture, dtype=np.float32).reshape(1, *shape, -1) / 255
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def _folder(model: Path) -> tuple[Mapping[str, Any], Logits]:
    import torch

    from nascast.training.model import load_model

    found = load_model(model)
    return found.description, lambda x: found.portable.logits(torch.from_numpy(x))[0].numpy()
