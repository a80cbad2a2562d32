"""Models on disk: a folder that describes a trained network, and from which it is rebuilt.

It holds ``architecture.json`` (the description), ``model.safetensors`` (the weights) and
``examples.safetensors`` (a few test images or words, and the logits of the model when it was
written).
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten

from nascast.core import plugins
from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError, MissingDataError, UnsupportedError
from nascast.core.extras import extra
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, ImageTask, TextTask
from nascast.training.files import write_whole

__all__ = [
    "ARCHITECTURE",
    "FILES",
    "WEIGHTS",
    "Classifier",
    "Model",
    "Portable",
    "WordByWord",
    "load_model",
    "load_weights",
    "rebuild",
    "save_model",
    "tensors_of",
    "weights_of",
]

ARCHITECTURE, WEIGHTS, _EXAMPLES = "architecture.json", "model.safetensors", "examples.safetensors"
FILES = (ARCHITECTURE, WEIGHTS, _EXAMPLES)  # that a model is read from
_FORMAT, _VERSION = "nascast model", 3
_LENGTH = 4  # words of a drawn text; chosen
_SAME = 1e-3  # logits, relative to the largest: other processors round otherwise; chosen

Call = Callable[..., tuple[Tensor, ...]]  # inputs to outputs


class Portable(nn.Module, ABC):
    """A trained network as it is used and exported: tensors in, tensors out.

    Attributes:
        network: trained network.
        takes: names of its inputs.
        gives: names of its outputs; the first are logits.
    """

    takes: tuple[str, ...]
    gives: tuple[str, ...]

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    @property
    @abstractmethod
    def axes(self) -> tuple[int, ...]:
        """The axis of each input that may have any length: the same for all."""

    @abstractmethod
    def inputs(self, n: int) -> tuple[Tensor, ...]:
        """Returns inputs of zeros, for n examples at a time."""

    @abstractmethod
    def random(self, n: int, generator: torch.Generator) -> Tensor:
        """Returns random examples, n at a time."""

    @abstractmethod
    def answers(self, call: Call, examples: Tensor) -> Tensor:
        """Returns the logits for examples by `call`, which maps inputs to outputs like this."""

    @torch.no_grad()
    def logits(self, examples: Tensor) -> Tensor:
        """Returns the logits of this network for examples."""
        return self.answers(self._call, examples)

    def _call(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        outputs = self(*inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)


class Classifier(Portable):
    """A network with the normalisation of its images before it. Examples are images."""

    mean: Tensor
    std: Tensor
    takes, gives = ("images",), ("logits",)

    def __init__(
        self,
        network: nn.Module,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        size: tuple[int, ...],
    ) -> None:
        """Puts the normalisation before a network.

        Args:
            network: network that maps normalised images to logits.
            mean: means of the training images by channel, on a scale from 0 to 1.
            std: standard deviations of the training images by channel, on the same scale.
            size: height and width of the images.
        """
        super().__init__(network)
        self.shape = (len(mean), *size)
        self.register_buffer("mean", torch.tensor(mean).reshape(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Maps ``(n, c, h, w)`` images from 0 to 1 to ``(n, classes)`` logits."""
        return self.network((images - self.mean) / self.std)  # type: ignore[no-any-return]

    @property
    def axes(self) -> tuple[int, ...]:
        return (0,)

    def inputs(self, n: int) -> tuple[Tensor, ...]:
        return (torch.zeros(n, *self.shape),)

    def random(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.rand(n, *self.shape, generator=generator)

    def answers(self, call: Call, examples: Tensor) -> Tensor:
        return call(examples)[0]


class WordByWord(Portable):
    """A language model that reads one word of each of n texts. Examples are ``(t, n)`` words.

    The states at the beginning of a text are zeros.
    """

    def __init__(self, network: nn.Module, words: int) -> None:
        """Takes a model of whole sequences.

        Args:
            network: network for a `TextTask`, see `nascast.networks.language`.
            words: number of words in the vocabulary.
        """
        super().__init__(network)
        self.words = words
        self._pattern: Any = None
        one, two = self._states(1), self._states(2)
        count = range(len(one))
        self._batch = tuple(
            next(k for k, size in enumerate(a.shape) if size != b.shape[k])
            for a, b in zip(one, two, strict=True)
        )
        self.takes = ("words", *(f"state_{i}" for i in count))
        self.gives = ("logits", *(f"next_state_{i}" for i in count))

    def forward(self, words: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Maps ``(n,)`` words and states to ``(n, words)`` logits of the next words and states."""
        logits, after = self.network(words[None], tree_unflatten(list(states), self._pattern))
        return (logits[0], *tree_flatten(after)[0])

    @torch.no_grad()
    def _states(self, n: int) -> tuple[Tensor, ...]:
        self.network.eval()
        _, states = self.network(torch.zeros(1, n, dtype=torch.int64), None)
        leaves, self._pattern = tree_flatten(states)
        return tuple(torch.zeros_like(leaf) for leaf in leaves)

    @property
    def axes(self) -> tuple[int, ...]:
        return (0, *self._batch)

    def inputs(self, n: int) -> tuple[Tensor, ...]:
        return (torch.zeros(n, dtype=torch.int64), *self._states(n))

    def random(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randint(self.words, (_LENGTH, n), generator=generator)

    def answers(self, call: Call, examples: Tensor) -> Tensor:
        _, *states = self.inputs(examples.shape[1])
        logits = []
        for words in examples:
            one, *states = call(words, *states)
            logits.append(one)
        return torch.stack(logits)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained network.

    Attributes:
        portable: network as it is used, on the CPU, in evaluation mode.
        description: content of ``architecture.json``.
        examples: ``(n, c, h, w)`` test images from 0 to 1, or ``(t, n)`` test words.
    """

    portable: Portable
    description: Mapping[str, Any]
    examples: Tensor

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, numbers if they have none; the words of a language model."""
        return tuple(self.description["class_names"])


def save_model(portable: Portable, told: Mapping[str, Any], examples: Tensor, out: Path) -> None:
    """Writes a model; ``architecture.json`` comes last, so that where it is, all is.

    Args:
        portable: network as it is used, on the CPU.
        told: description that `rebuild` needs, and class_names.
        examples: examples, kept with the model's logits for them.
        out: folder of the model.

    Raises:
        StoreError: it cannot be written.
        MissingExtraError: safetensors is not installed.
    """
    safetensors = extra("safetensors.torch", "export", "writing a model")
    logits = portable.eval().logits(examples)
    weights = safetensors.save(weights_of(portable))
    kept = safetensors.save({"examples": examples.contiguous(), "logits": logits.contiguous()})
    description = {"format": _FORMAT, "version": _VERSION, **json.loads(json.dumps(told))}
    sums = {ARCHITECTURE: _sum(description), WEIGHTS: _digest(weights), _EXAMPLES: _digest(kept)}
    description["sha256"] = sums
    write_whole(out / WEIGHTS, weights)
    write_whole(out / _EXAMPLES, kept)
    write_whole(out / ARCHITECTURE, json.dumps(description, indent=1).encode())


def load_model(folder: Path) -> Model:
    """Returns the model of a folder, checked to compute what it did when it was written.

    Raises:
        MissingDataError: there is no model in the folder.
        CorruptDataError: a file is damaged, or not of this model.
        UnknownComponentError: the model's search space is not installed.
        MissingExtraError: safetensors is not installed.
    """
    description = _description(folder / ARCHITECTURE)
    contents = {name: _checked(folder / name, description) for name in (WEIGHTS, _EXAMPLES)}
    portable = rebuild(description, folder / ARCHITECTURE)
    load_weights(portable, tensors_of(contents[WEIGHTS], folder / WEIGHTS), folder / WEIGHTS)
    kept = tensors_of(contents[_EXAMPLES], folder / _EXAMPLES)
    try:
        examples, logits = kept["examples"], kept["logits"]
        difference = (portable.logits(examples) - logits).abs().max().item()
    except (KeyError, RuntimeError, IndexError) as error:
        raise CorruptDataError(
            f"{folder / _EXAMPLES} does not hold examples and logits of this model: {error}"
        ) from error
    if not difference <= _SAME * max(1.0, logits.abs().max().item()):
        raise CorruptDataError(
            f"the model in {folder} computes other logits than when it was written: they differ "
            f"by {difference:.3g}; was it written by another version of nascast?"
        )
    if description["sha256"].get(ARCHITECTURE) != _sum(description):  # last: others tell more
        raise CorruptDataError(
            f"{folder / ARCHITECTURE} was altered, or is damaged: its SHA-256 is not the one in it"
        )
    return Model(portable, description, examples)


def weights_of(portable: Portable) -> dict[str, Tensor]:
    """Returns the weights by name; one that two layers share has the first name only."""
    once = {name for name, _ in portable.named_parameters()}
    again = {name for name, _ in portable.named_parameters(remove_duplicate=False)} - once
    states = portable.state_dict()
    return {name: value.contiguous() for name, value in states.items() if name not in again}


def load_weights(portable: Portable, found: Mapping[str, Tensor], path: Path) -> None:
    """Sets the weights to those found in a file, by name; those that layers share have one or more.

    Raises:
        CorruptDataError: they are of another network; the message names `path`.
    """
    missing = weights_of(portable).keys() - found.keys()
    unknown = found.keys() - portable.state_dict().keys()
    if odd := sorted(missing | unknown):
        raise CorruptDataError(f"{path} is not of the network in {ARCHITECTURE}: {odd[0]}")
    try:
        portable.load_state_dict(found, strict=False)
    except RuntimeError as error:  # shapes that differ
        raise CorruptDataError(
            f"{path} is not of the network in {ARCHITECTURE}: {error}"
        ) from error


def rebuild(description: Mapping[str, Any], source: Path) -> Portable:
    """Returns the network of a description with new weights, in evaluation mode.

    Raises:
        CorruptDataError: the description is of another format, or contradicts itself; the message
            names `source`.
        UnknownComponentError: the search space is not installed.
    """
    _check_format(description, source)
    try:
        space = plugins.load("space", description["space"])
        arch = Architecture(space.name, tuple(description["genes"]))
        if space.to_text(space.row(arch)) != [description["text"]]:
            raise ValueError("genes and text are of different architectures")
        build = _words if description["kind"] == "language model" else _images
        with torch.random.fork_rng([]):
            return build(space, arch, description).eval()
    except (ValueError, TypeError, KeyError, AttributeError, UnsupportedError) as error:
        raise CorruptDataError(f"{source} does not describe a model: {error}") from error


def _images(space: SearchSpace, arch: Architecture, description: Mapping[str, Any]) -> Portable:
    told, normal = description["task"], description["normalisation"]
    shape = tuple(told["input_shape"])
    task = ImageTask(shape, told["classes"], told["skeleton"])
    if len(description["class_names"]) != task.classes:
        raise ValueError(f"{task.classes} classes have {description['class_names']} as names")
    mean, std = tuple(normal["mean"]), tuple(normal["std"])
    if not len(mean) == len(std) == shape[0]:
        raise ValueError(f"{shape[0]} channels are normalised by {normal}")
    return Classifier(space.build(arch, task), mean, std, shape[1:])


def _words(space: SearchSpace, arch: Architecture, description: Mapping[str, Any]) -> Portable:
    task = TextTask(len(description["class_names"]), description["skeleton"])
    return WordByWord(space.build(arch, task), task.words)


def tensors_of(content: bytes, path: Path) -> dict[str, Tensor]:
    """Returns the tensors in the content of a safetensors file.

    Raises:
        CorruptDataError: it is no such file; the message names `path`.
        MissingExtraError: safetensors is not installed.
    """
    safetensors = extra("safetensors.torch", "export", "reading a model")
    with reading(path, len(content), what="a safetensors file"):
        found: dict[str, Tensor] = safetensors.load(content)
    return found


def _description(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise MissingDataError(
            f"{file.parent} has no {file.name}; expected a folder written by `nascast train`, "
            "whose training is finished"
        )
    with reading(file, size_of(file), what="a description of a model"):
        found = json.loads(file.read_text(encoding="utf-8"))
    _check_format(found, file)
    return dict(found)


def _check_format(found: Any, source: Path) -> None:
    mark = (found.get("format"), found.get("version")) if isinstance(found, dict) else None
    if mark != (_FORMAT, _VERSION):
        raise CorruptDataError(
            f"{source}: expected a {_FORMAT} of version {_VERSION}; got {mark}; train again, or "
            "use the nascast that wrote it"
        )


def _checked(file: Path, description: Mapping[str, Any]) -> bytes:
    """Returns the content of a file of the model, checked to be what was written."""
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


def _sum(description: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of a description without its checksums."""
    told = {key: value for key, value in description.items() if key != "sha256"}
    return _digest(json.dumps(told, sort_keys=True).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
