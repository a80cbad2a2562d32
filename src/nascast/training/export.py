"""Models in formats that need no nascast, checked against the model at once."""

import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nascast.core.errors import StoreError, UnsupportedError
from nascast.core.extras import extra
from nascast.training.files import write_whole
from nascast.training.model import (
    WEIGHTS,
    Call,
    Model,
    Portable,
    load_weights,
    rebuild,
    tensors_of,
    weights_of,
)

__all__ = ["FORMATS", "TOLERANCE", "Exported", "check_format", "export"]

TOLERANCE = 1e-4  # difference of logits, times the largest of them if above 1
_TRACED = 4  # size of the batch that is traced; 1 would be taken as a constant
_BATCHES = (1, 2, 5)  # sizes of random batches; chosen, unlike those that are traced


@dataclass(frozen=True, slots=True)
class Exported:
    """An exported file, and how well it agrees with the model.

    Attributes:
        path: path of the file.
        difference: largest difference between its logits and those of the model.
        examples: number of examples that were compared, random ones and some of the test part.
        largest: largest absolute logit of the model.
    """

    path: Path
    difference: float
    examples: int
    largest: float


def export(model: Model, form: str, path: Path) -> Exported:
    """Writes a model in another format, and compares the logits of the file with the model's.

    The file has the inputs and outputs of the model's `Portable`, for batches of any size. It is
    kept only if its logits agree with the model's to `TOLERANCE`.

    Args:
        model: model to write.
        form: name of a format in `FORMATS`.
        path: path of the file.

    Raises:
        UnsupportedError: the format is unknown; the network cannot be written in it, or computes
            something else there.
        MissingExtraError: a package that the format needs is not installed.
        StoreError: the file cannot be written.
    """
    check_format(form)
    part = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _quiet():
            run = _WRITERS[form](model, part)
            compared = _compare(model, run, path)
        part.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}; choose --out") from error
    finally:
        if part.exists():
            part.unlink()
    return compared


def check_format(form: str) -> None:
    """Raises UnsupportedError unless the format is known."""
    if form not in FORMATS:
        raise UnsupportedError(f"unknown format {form!r}; known are {', '.join(FORMATS)}")


@torch.no_grad()
def _compare(model: Model, call: Call, path: Path) -> Exported:
    portable, generator = model.portable, torch.Generator().manual_seed(0)
    batches = [model.examples, *(portable.random(n, generator) for n in _BATCHES)]
    expected = _rows([portable.logits(batch) for batch in batches])
    found = _rows([portable.answers(call, batch) for batch in batches])
    difference = (found - expected).abs().max().item()  # NaN if any is
    largest = expected.abs().max().item()
    if not difference <= TOLERANCE * max(1.0, largest):
        raise UnsupportedError(
            f"{path} was not written: its logits differ from the model's by {difference:.3g}, "
            f"more than {TOLERANCE:g} of the largest logit, {largest:.3g}"
        )
    return Exported(path, difference, len(expected), largest)


def _rows(logits: list[Tensor]) -> Tensor:
    return torch.cat([each.flatten(0, -2) for each in logits])


def _onnx(model: Model, path: Path) -> Call:
    """Writes ONNX; the description of the model goes into the file's metadata."""
    for package in ("onnx", "onnxscript"):
        extra(package, "export", "exporting to ONNX")
    runtime = extra("onnxruntime", "export", "exporting to ONNX")
    portable = model.portable
    with _explained("ONNX"):
        program = torch.onnx.export(
            portable,
            portable.inputs(_TRACED),
            dynamo=True,
            verbose=False,
            input_names=list(portable.takes),
            output_names=list(portable.gives),
            dynamic_shapes=_any_batch(portable),
        )
        assert program is not None
        for node in program.model.graph:
            node.metadata_props.clear()  # traces with this machine's paths
        program.model.metadata_props.update(_metadata(model))
        program.save(path, external_data=False)
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def call(*inputs: Tensor) -> tuple[Tensor, ...]:
        named = {name: value.numpy() for name, value in zip(portable.takes, inputs, strict=True)}
        return tuple(torch.from_numpy(value) for value in session.run(portable.gives, named))

    return call


def _torch_export(model: Model, path: Path) -> Call:
    """Writes a file that `torch.export.load` reads."""
    with _explained("torch.export"):
        program = torch.export.export(
            model.portable,
            model.portable.inputs(_TRACED),
            dynamic_shapes=_any_batch(model.portable),
        )
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)  # with this machine's paths
        torch.export.save(program, path, extra_files=_metadata(model))
        return _outputs(torch.export.load(path).module())


def _safetensors(model: Model, path: Path) -> Call:
    """Writes the weights, with the description as metadata."""
    safetensors = extra("safetensors.torch", "export", "exporting to safetensors")
    write_whole(path, safetensors.save(weights_of(model.portable), _metadata(model)))
    again = rebuild(model.description, path)
    load_weights(again, tensors_of(path.read_bytes(), path), path)
    return _outputs(again)


def _outputs(module: Any) -> Call:
    def call(*inputs: Tensor) -> tuple[Tensor, ...]:
        outputs = module(*inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    return call


_WRITERS: dict[str, Callable[[Model, Path], Call]] = {
    "onnx": _onnx,
    "torch-export": _torch_export,
    "safetensors": _safetensors,
}
FORMATS = {  # names of the files
    "onnx": "model.onnx",
    "torch-export": "model.pt2",
    "safetensors": f"exported-{WEIGHTS}",  # the model's own file has no metadata
}


def _any_batch(portable: Portable) -> Any:
    batch = torch.export.Dim("batch", min=1)
    first, *states = ({axis: batch} for axis in portable.axes)
    return (first, tuple(states)) if states else (first,)


def _metadata(model: Model) -> dict[str, str]:
    return {
        "architecture.json": json.dumps(dict(model.description)),
        "class_names": json.dumps(list(model.classes)),
    }


@contextmanager
def _explained(form: str) -> Iterator[None]:
    """Turns errors of an export into one that names the format."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError) as error:  # torch's own are RuntimeErrors
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UnsupportedError(f"this network cannot be written as {form}: {first}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences messages of PyTorch to its own developers while it exports."""
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns that torchvision is not there
    try:
        with warnings.catch_warnings():
            # From copyreg: torch.export copies a class that PyTorch itself deprecates.
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)`", FutureWarning)
            # The batch is an axis of every state too.
            warnings.filterwarnings(
                "ignore", "# The axis name: batch will not be used", UserWarning
            )
            yield
    finally:
        log.setLevel(level)
