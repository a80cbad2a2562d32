"""Models on disk: a folder from which a trained network is rebuilt, and that says what it is.

It holds ``architecture.json`` (what to rebuild), ``model.safetensors`` (the weights) and
``examples.safetensors`` (a few test images and the logits of the model when it was written).
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, MissingDataError, StoreError
from nascast.core.types import Architecture, Task
from nascast.training._sources._arrays import extra

__all__ = [
    "ARCHITECTURE",
    "WEIGHTS",
    "Classifier",
    "Model",
    "load_model",
    "rebuild",
    "save_model",
    "tensors_of",
    "write_whole",
]

ARCHITECTURE, WEIGHTS, _EXAMPLES = "architecture.json", "model.safetensors", "examples.safetensors"
_FORMAT, _VERSION = "nascast model", 1
_SAME = 1e-3  # logits, relative to the largest: other processors round otherwise; chosen


class Classifier(nn.Module):
    """A network with the normalisation of its images before it."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        """Puts the normalisation before a network.

        Args:
            network: maps normalised images to logits.
            mean: of the training images by channel, on a scale from 0 to 1.
            std: their standard deviations.
        """
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images from 0 to 1 to ``(n, classes)`` logits."""
        return self.network((images - self.mean) / self.std)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained network.

    Attributes:
        classifier: on the CPU, in evaluation mode.
        description: what ``architecture.json`` says.
        examples: ``(n, c, h, w)`` test images from 0 to 1.
    """

    classifier: Classifier
    description: Mapping[str, Any]
    examples: Tensor

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; numbers if the data had none."""
        return tuple(self.description["class_names"])


def save_model(classifier: Classifier, told: Mapping[str, Any], images: Tensor, out: Path) -> None:
    """Writes a model; ``architecture.json`` comes last, so that where it is the rest is whole.

    Args:
        classifier: on the CPU.
        told: space, genes, text, task and class_names; see `rebuild`.
        images: ``(n, c, h, w)`` from 0 to 1, kept with the model's logits for them.
        out: the folder.

    Raises:
        StoreError: it cannot be written.
        MissingExtraError: safetensors is not installed.
    """
    safetensors = extra("safetensors.torch", "export", "writing a model")
    with torch.no_grad():
        logits = classifier.eval()(images)
    weights = safetensors.save({k: v.contiguous() for k, v in classifier.state_dict().items()})
    examples = safetensors.save({"images": images.contiguous(), "logits": logits.contiguous()})
    mean, std = (b.flatten().tolist() for b in (classifier.mean, classifier.std))
    description = {
        "format": _FORMAT,
        "version": _VERSION,
        **told,
        "normalisation": {"mean": mean, "std": std},
        "sha256": {WEIGHTS: _digest(weights), _EXAMPLES: _digest(examples)},
    }
    write_whole(out / WEIGHTS, weights)
    write_whole(out / _EXAMPLES, examples)
    write_whole(out / ARCHITECTURE, json.dumps(description, indent=1).encode())


def load_model(folder: Path) -> Model:
    """Rebuilds a model and checks that it computes what it did when it was written.

    Raises:
        MissingDataError: there is no model in the folder.
        CorruptDataError: a file is damaged, or not of this model.
        UnknownComponentError: the model's search space is not installed.
        MissingExtraError: safetensors is not installed.
    """
    description = _description(folder / ARCHITECTURE)
    contents = {name: _checked(folder / name, description) for name in (WEIGHTS, _EXAMPLES)}
    classifier = rebuild(description, folder / ARCHITECTURE)
    try:
        classifier.load_state_dict(tensors_of(contents[WEIGHTS], folder / WEIGHTS))
    except RuntimeError as error:  # names or shapes that differ
        raise CorruptDataError(
            f"{folder / WEIGHTS} is not of the network in {ARCHITECTURE}: {error}"
        ) from error
    examples = tensors_of(contents[_EXAMPLES], folder / _EXAMPLES)
    try:
        images, logits = examples["images"], examples["logits"]
        with torch.no_grad():
            difference = (classifier(images) - logits).abs().max().item()
    except (KeyError, RuntimeError) as error:
        raise CorruptDataError(
            f"{folder / _EXAMPLES} does not hold images and logits of this model: {error}"
        ) from error
    if not difference <= _SAME * max(1.0, logits.abs().max().item()):
        raise CorruptDataError(
            f"the model in {folder} computes other logits than when it was written: they differ "
            f"by {difference:.3g}; was it written by another version of nascast?"
        )
    return Model(classifier, description, images)


def rebuild(description: Mapping[str, Any], source: Path) -> Classifier:
    """Returns the network of a description with new weights, in evaluation mode.

    Raises:
        CorruptDataError: the description contradicts itself; `source` is named.
        UnknownComponentError: the search space is not installed.
    """
    try:
        space = plugins.load("space", description["space"])
        arch = Architecture(space.name, tuple(description["genes"]))
        if space.to_text(space.row(arch)) != [description["text"]]:
            raise ValueError("genes and text are of different architectures")
        told = description["task"]
        shape = tuple(told["input_shape"])
        task = Task(shape, told["classes"], told["skeleton"])
        if len(description["class_names"]) != task.classes:
            raise ValueError(f"{task.classes} classes have {description['class_names']} as names")
        with torch.random.fork_rng([]):
            network = space.build(arch, task)
        normal = description["normalisation"]
        mean, std = tuple(normal["mean"]), tuple(normal["std"])
        if not len(mean) == len(std) == shape[0]:
            raise ValueError(f"{shape[0]} channels are normalised by {normal}")
        return Classifier(network, mean, std).eval()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CorruptDataError(f"{source} does not describe a model: {error}") from error


def tensors_of(content: bytes, path: Path) -> dict[str, Tensor]:
    """Returns the tensors in the content of a safetensors file.

    Raises:
        CorruptDataError: it is no such file; `path` is named.
        MissingExtraError: safetensors is not installed.
    """
    safetensors = extra("safetensors.torch", "export", "reading a model")
    try:
        found: dict[str, Tensor] = safetensors.load(content)
    except extra("safetensors", "export", "reading a model").SafetensorError as error:
        raise CorruptDataError(f"{path} is no safetensors file: {error}") from error
    return found


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it is whole at any moment, the old one or the new one.

    Raises:
        StoreError: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror}; choose another --out, or free the disk"
        ) from error
    finally:
        if part.exists():
            part.unlink()


def _description(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise MissingDataError(
            f"{file.parent} has no {file.name}; expected a folder written by `nascast train`, "
            "whose training is finished"
        )
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptDataError(f"{file} cannot be read: {error}") from error
    mark = (found.get("format"), found.get("version")) if isinstance(found, dict) else None
    if mark != (_FORMAT, _VERSION):
        raise CorruptDataError(
            f"{file}: expected a {_FORMAT} of version {_VERSION}; got {mark}; train again, or use "
            "the nascast that wrote it"
        )
    return dict(found)


def _checked(file: Path, description: Mapping[str, Any]) -> bytes:
    """Returns the content of a file of the model, which must be the one that was written."""
    try:
        content = file.read_bytes()
        wanted = description["sha256"][file.name]
    except (OSError, KeyError, TypeError) as error:
        raise CorruptDataError(f"{file} is missing, or has no checksum: {error}") from error
    if _digest(content) != wanted:
        raise CorruptDataError(
            f"{file} is damaged, or of another model: its SHA-256 is not the one in {ARCHITECTURE}"
        )
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
