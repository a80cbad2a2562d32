"""Exported models, read back from files that anyone may have written.

The graph of an ONNX file runs in ONNX Runtime. That of a file of `torch.export` does not run, since
PyTorch's loader unpickles and evaluates what is in it, and a file of weights has none: of both the
network is built anew from the description that `nascast export` put there, and given the weights,
in a process of its own with bounds on memory and time.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core.bounds import reading, size_of
from nascast.core.child import Child
from nascast.core.errors import CorruptDataError, UnsupportedError
from nascast.core.extras import extra
from nascast.core.types import Floats
from nascast.training.torch_archive import extra_text, raw_weights

__all__ = ["Logits", "open_exported"]

Logits = Callable[[Any], Floats]  # of ``(1, c, h, w)`` float32 images from 0 to 1: ``(classes,)``

_EXPORTED = "a file that `nascast export` wrote"
_DESCRIPTION = "architecture.json"


def open_exported(model: Path) -> tuple[Mapping[str, Any], Logits]:
    """Returns the description of an exported model, as it stands there, and the model.

    Raises:
        CorruptDataError: the file is damaged, or no exported model; also when the model is called.
        UnsupportedError: its name has none of the endings of exported models.
        MissingExtraError: a package that this needs is not installed.
    """
    if model.suffix == ".onnx":
        return _onnx(model)
    if model.suffix not in _READERS:
        raise UnsupportedError(
            f"{model}: expected the folder of a model, or {_EXPORTED}, whose name ends in .onnx, "
            f"{' or '.join(_READERS)}"
        )
    child = Child(model, size_of(model))
    return _description(model), lambda images: child.call(_logits, model, images)


def _onnx(model: Path) -> tuple[Mapping[str, Any], Logits]:
    runtime = extra("onnxruntime", "onnx", "an exported model")
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what is wrong is said below
    with _read(model):
        content = model.read_bytes()
        try:
            session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except _refusals() as error:
            raise ValueError(str(error).splitlines()[0]) from error
        description = _parsed(
            session.get_modelmeta().custom_metadata_map.get(_DESCRIPTION, ""), model
        )

    def logits(images: Any) -> Floats:
        with _read(model):
            return np.asarray(session.run(None, {"images": images})[0][0])

    return description, logits


def _refusals() -> tuple[type[Exception], ...]:
    """Returns what ONNX Runtime raises of a file that it cannot read."""
    state = extra("onnxruntime.capi.onnxruntime_pybind11_state", "onnx", "an exported model")
    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
    return tuple(getattr(state, name) for name in names)


def _logits(model: Path, images: Any) -> Floats:
    """Returns the logits of the model that is built anew; runs in a process of its own."""
    import torch

    with _read(model):
        return np.asarray(_rebuilt(model).logits(torch.from_numpy(images))[0].numpy())


@cache
def _rebuilt(model: Path) -> Any:
    """Returns the network of a file with its weights."""
    from nascast.training.model import load_weights, rebuild

    portable = rebuild(_description(model), model)
    load_weights(portable, _READERS[model.suffix][1](model), model)
    return portable


def _description(model: Path) -> dict[str, Any]:
    with _read(model):
        return _parsed(_READERS[model.suffix][0](model), model)


def _parsed(text: str, model: Path) -> dict[str, Any]:
    """Returns the description in a text, which is empty where the file has none."""
    found = json.loads(text) if text else None
    if not isinstance(found, dict):
        raise CorruptDataError(f"{model}: expected {_EXPORTED}; it has no {_DESCRIPTION}")
    return found


def _metadata(model: Path) -> str:
    """Returns the description in a file of weights."""
    safetensors = extra("safetensors", "export", "reading a model")
    with safetensors.safe_open(model, framework="numpy") as file:
        return str((file.metadata() or {}).get(_DESCRIPTION, ""))


def _tensors(model: Path) -> Any:
    from nascast.training.model import tensors_of

    return tensors_of(model.read_bytes(), model)


_READERS: dict[str, tuple[Callable[[Path], str], Callable[[Path], Any]]] = {
    ".pt2": (lambda model: extra_text(model, _DESCRIPTION), raw_weights),
    ".safetensors": (_metadata, _tensors),
}


def _read(model: Path) -> Any:
    return reading(model, size_of(model), what=_EXPORTED, advice="export the model again")
