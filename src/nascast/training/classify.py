"""Classes of picture files, by a trained model or an exported one."""

import json
from collections.abc import Callable, Mapping, Sequence
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
from nascast.training.sources.pictures import MODES, squared

__all__ = ["Answer", "classify", "preparation"]

_MODES = {1: "L", 3: "RGB"}  # of Pillow, by channels
_EXPORTED = "a file that `nascast export --format onnx` wrote"


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
        model: folder of a model, or its export as ONNX, which needs neither PyTorch nor the folder.
        files: pictures that Pillow reads.
        top: number of classes for each.

    Raises:
        MissingDataError: there is no such model or picture.
        CorruptDataError: a file is damaged, or no picture.
        UnsupportedError: the model is none of pictures in grey or colour.
        InvalidSettingError: `top` is below 1, or a picture cannot be brought to the model's shape.
        MissingExtraError: a package that this needs is not installed.
    """
    if top < 1:
        raise InvalidSettingError(f"the number of classes to show is 1 or more; got {top}")
    description, call = _exported(model) if model.is_file() else _folder(model)
    if description["kind"] != "image classifier":
        raise UnsupportedError(f"{model} is a {description['kind']}; pictures need a classifier")
    channels, height, width = description["task"]["input_shape"]
    if channels not in _MODES:
        raise UnsupportedError(f"{model} takes images of {channels} channels, which no picture has")
    answers = []
    for file in files:
        logits = call(_prepared(file, _MODES[channels], (height, width)))
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        best = np.argsort(-shares, kind="stable")[:top].tolist()
        names = tuple(description["class_names"][i] for i in best)
        answers.append(Answer(file, names, tuple(float(shares[i]) for i in best)))
    return answers


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
                f"{file} has pixels of the kind {raw.mode}; expected 8 bits a channel, as in "
                "training"
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


def _folder(model: Path) -> tuple[Mapping[str, Any], Callable[[Any], Floats]]:
    import torch

    from nascast.training.model import load_model

    found = load_model(model)
    return found.description, lambda x: found.portable.logits(torch.from_numpy(x))[0].numpy()


def _refusals() -> tuple[type[Exception], ...]:
    """Returns what ONNX Runtime raises of a file that it cannot read."""
    state = extra("onnxruntime.capi.onnxruntime_pybind11_state", "onnx", "an exported model")
    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
    return tuple(getattr(state, name) for name in names)


def _exported(model: Path) -> tuple[Mapping[str, Any], Callable[[Any], Floats]]:
    runtime = extra("onnxruntime", "onnx", "an exported model")
    if model.suffix != ".onnx":
        raise UnsupportedError(f"{model}: expected the folder of a model, or {_EXPORTED}")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what is wrong is said below
    with reading(model, size_of(model), what=_EXPORTED):
        content = model.read_bytes()
        try:
            session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except _refusals() as error:
            raise ValueError(str(error).splitlines()[0]) from error
        told = session.get_modelmeta().custom_metadata_map.get("architecture.json")
        if told is None:
            raise CorruptDataError(f"{model}: expected {_EXPORTED}; it has no architecture.json")
        description = json.loads(told)
    return description, lambda x: session.run(None, {"images": x})[0][0]
