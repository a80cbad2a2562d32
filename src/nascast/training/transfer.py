"""Transfer: a found architecture, in a larger network, trained on data of its own.

As in NASNet (Zoph et al., CVPR 2018, https://arxiv.org/abs/1707.07012, section 3), cells that were
found with a small network are repeated N times with F filters in a larger one.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, StoreError
from nascast.core.extras import extra
from nascast.core.space import SearchSpace
from nascast.core.stamp import stamp
from nascast.core.store import changed_settings, way_out
from nascast.core.types import Architecture, ImageTask, Task, TextTask
from nascast.core.versions import versions
from nascast.networks.counting import Counts, count
from nascast.networks.forward import example
from nascast.training.classify import preparation
from nascast.training.data import ImageData, Split, open_data, task_of
from nascast.training.files import read_record, write_record, write_whole
from nascast.training.language import LanguageTraining, evaluate_language
from nascast.training.loop import Curves, ImageTraining, Training, evaluate, finish
from nascast.training.model import (
    ARCHITECTURE,
    Classifier,
    Portable,
    WordByWord,
    load_model,
    save_model,
)
from nascast.training.model_card import CARD, PICTURE, model_card
from nascast.training.pixels import Pixels
from nascast.training.placement import placed
from nascast.training.recipe import Recipe
from nascast.training.text import TextData, open_text

__all__ = [
    "TRAINING",
    "ImageTransfer",
    "TextTransfer",
    "Transfer",
    "begin",
    "check_out",
    "train_model",
]

TRAINING, _CHECKPOINT = "training.json", "checkpoint.pt"
_BEFORE = ("settings", "versions", "results", "curves")  # in records without a checksum
_EXAMPLES = 16  # test images, or words, that are kept with a model; chosen
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Transfer(ABC):
    """All settings that decide a model.

    Attributes:
        arch: architecture of any space that has networks.
        data: source of the data.
        recipe: recipe of the training.
        skeleton: settings of the skeleton, see `SearchSpace.scaled`; those that training needs are
            added.
        seed: seed of the initial weights and of the order of data.
        device: name of the device, ``cpu`` or ``cuda``.
        unit: unit of the data: ``images`` or ``words``.
    """

    unit: ClassVar[str]

    arch: Architecture
    data: str
    recipe: Recipe = field(default_factory=Recipe)
    skeleton: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"
    _seen: str = field(init=False, repr=False, compare=False)  # the stamp of the data

    def __post_init__(self) -> None:
        object.__setattr__(self, "_seen", stamp(self.data))

    @property
    def space(self) -> SearchSpace:
        """The search space of the architecture."""
        found: SearchSpace = plugins.load("space", self.arch.space)
        return found

    def text(self) -> str:
        """Returns the architecture in the notation of its space."""
        return self.space.to_text(self.space.row(self.arch))[0]

    @property
    @abstractmethod
    def task(self) -> Task:
        """The task that the network is built for, without settings for training alone."""

    def counts(self) -> Counts:
        """Returns parameters and multiply-adds of the network, without an auxiliary head.

        Raises:
            NascastError: there is no such network, or its training could not begin.
        """
        one = example(self.task)
        with torch.random.fork_rng([]):
            self.training(torch.Generator())
            network = self.space.build(self.arch, self.task)
        return count(network, tuple(one.shape[1:]), one.dtype)

    @abstractmethod
    def sizes(self) -> dict[str, int]:
        """Returns the numbers of images, or words, to train, validate and test."""

    @abstractmethod
    def training(self, generator: torch.Generator) -> Training[Any]:
        """Returns a training that has not begun."""

    @abstractmethod
    def portable(self, trained: nn.Module) -> tuple[Portable, dict[str, Any], torch.Tensor]:
        """Returns the model of a trained network, a description to rebuild it by, and examples."""

    @abstractmethod
    def score(self, portable: Portable) -> dict[str, Any]:
        """Returns the metrics of a model on the test data."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Returns the settings as JSON values, with a checksum of the data."""

    def _shared(self) -> dict[str, Any]:
        return {
            "space": self.arch.space,
            "genes": list(self.arch.genes),
            "data": self.data,
            "recipe": asdict(self.recipe),
            "skeleton": dict(self.skeleton),
            "seed": self.seed,
            "device": self.device,
        }


@dataclass(frozen=True, slots=True)
class ImageTransfer(Transfer):
    """All settings that decide a classifier of images; see `Transfer`.

    Attributes:
        data: source of images, see `open_data`.
        split: split of the images.
    """

    unit = "images"

    split: Split = field(default_factory=Split)

    @property
    def task(self) -> ImageTask:
        return task_of(self.images(), self.skeleton)

    def images(self) -> ImageData:
        """Returns the data, on the device."""
        return open_data(self.data, self.split, self.device, self._seen)

    def sizes(self) -> dict[str, int]:
        data = self.images()
        return {part: len(getattr(data, part)[0]) for part in _PARTS}

    def training(self, generator: torch.Generator) -> ImageTraining:
        data = self.images()
        network = self.space.build(self.arch, task_of(data, self.skeleton, self.recipe))
        placed_one = placed(network, self.device)
        return ImageTraining(placed_one, data, recipe=self.recipe, generator=generator)

    def portable(self, trained: nn.Module) -> tuple[Portable, dict[str, Any], torch.Tensor]:
        data, task = self.images(), self.task
        kept = self.space.build(self.arch, task)
        weights = trained.state_dict()
        kept.load_state_dict({name: weights[name] for name in kept.state_dict()})
        told = {
            "kind": "image classifier",
            "task": asdict(task),
            "class_names": list(data.names) or [str(i) for i in range(data.classes)],
            "normalisation": {"mean": list(data.mean), "std": list(data.std)},
            "preparation": preparation(task),
        }
        return Classifier(kept, data.mean, data.std, task.input_shape[1:]), told, _examples(data)

    def score(self, portable: Portable) -> dict[str, Any]:
        data = self.images()
        counts = np.zeros((data.classes, data.classes), dtype=np.int64)
        test_loss, test_accuracy = evaluate(portable.network, *data.test, counts=counts)
        told = {"test_accuracy": test_accuracy, "test_loss": test_loss}
        return {**told, "confusion": counts.tolist()}

    def settings(self) -> dict[str, Any]:
        split, fingerprint = asdict(self.split), self.images().fingerprint
        return {**self._shared(), "split": split, "fingerprint": fingerprint}


@dataclass(frozen=True, slots=True)
class TextTransfer(Transfer):
    """All settings that decide a language model; see `Transfer`.

    Attributes:
        arch: architecture of a space with networks for a `TextTask`.
        data: source of text, see `open_text`.
    """

    unit = "words"

    def words(self) -> TextData:
        """Returns the data, on the device."""
        return open_text(self.data, self.device, self._seen)

    @property
    def task(self) -> TextTask:
        return TextTask(len(self.words().words), self.skeleton)

    def sizes(self) -> dict[str, int]:
        data = self.words()
        return {part: len(getattr(data, part)) for part in _PARTS}

    def training(self, generator: torch.Generator) -> LanguageTraining:
        network = self.space.build(self.arch, self.task).to(self.device)
        return LanguageTraining(network, self.words(), recipe=self.recipe, generator=generator)

    def portable(self, trained: nn.Module) -> tuple[Portable, dict[str, Any], torch.Tensor]:
        data, kept = self.words(), self.space.build(self.arch, self.task)
        kept.load_state_dict(trained.state_dict())
        told = {
            "kind": "language model",
            "skeleton": dict(self.skeleton),
            "class_names": list(data.words),
        }
        return WordByWord(kept, len(data.words)), told, data.test[:_EXAMPLES, None].cpu()

    def score(self, portable: Portable) -> dict[str, Any]:
        test_loss, test_accuracy = evaluate_language(portable.network, self.words().test)
        return {"test_accuracy": test_accuracy, "test_loss": test_loss}

    def settings(self) -> dict[str, Any]:
        return {**self._shared(), "fingerprint": self.words().fingerprint}


def begin(transfer: Transfer, out: Path, resume: bool) -> None:
    """Makes the folder of a model, or finds the same training in it.

    Raises:
        StoreError: it holds a training and `resume` is false, or another training; it holds none
            and `resume` is true; it cannot be written.
        CorruptDataError: what it holds is damaged.
        MissingExtraError: safetensors is not installed.
    """
    extra("safetensors.torch", "export", "writing a model")  # before hours of training
    check_out(out, resume)
    file = out / TRAINING
    settings = json.loads(json.dumps(transfer.settings()))
    if resume:
        if changed := changed_settings(_same(_read(file)["settings"]), _same(settings)):
            raise StoreError(f"{out} holds another training: {changed}; {way_out(changed)}")
    else:
        write_record(file, {"settings": settings, "versions": versions()})


def check_out(out: Path, resume: bool) -> None:
    """Raises StoreError for a folder of a training where one begins, or of none to resume."""
    there = (out / TRAINING).exists()
    if resume and not there:
        raise StoreError(f"{out} holds no training to resume; leave out --resume to begin one")
    if not resume and (there or (out / ARCHITECTURE).exists()):
        raise StoreError(f"{out} holds a training; add --resume to go on, or choose another --out")


def train_model(
    transfer: Transfer, out: Path, watch: Callable[[Curves], None] | None = None
) -> dict[str, Any]:
    """Trains in a folder that `begin` has made, and writes the model and its card there.

    A training that was stopped goes on after its last whole epoch; a finished one is not repeated.
    The weights are the last ones or, with `Recipe.ema`, their mean. The test data are looked at
    once, by the model as it is read back from the disk.

    Args:
        transfer: settings of the model.
        out: folder of the model.
        watch: function called with the curves after each epoch.

    Returns:
        ``test_accuracy`` and ``val_accuracy`` in percent, ``test_loss`` and ``val_loss`` in nats,
        ``parameters``, ``multiply_adds``, the training's ``seconds``, the numbers of ``images`` or
        ``words`` and, of images, ``confusion``: test images by class and class foretold.

    Raises:
        DivergedError: the loss is not finite.
        StoreError: the folder cannot be written.
        CorruptDataError: the checkpoint is damaged.
    """
    record = _read(out / TRAINING)
    if "results" not in record:
        curves = _train(transfer, out, watch)
        record |= {"results": _results(transfer, out, curves), "curves": asdict(curves)}
        write_record(out / TRAINING, record)
    description = load_model(out).description
    picture = PICTURE if (out / PICTURE).exists() else None
    write_whole(out / CARD, model_card(description, record, picture).encode())
    (out / _CHECKPOINT).unlink(missing_ok=True)
    return dict(record["results"])


def _train(transfer: Transfer, out: Path, watch: Callable[[Curves], None] | None) -> Curves:
    """Trains, from the checkpoint if there is one, writes the model and returns the curves."""
    cuda = [] if transfer.device == "cpu" else [torch.device(transfer.device)]
    with torch.random.fork_rng(cuda):
        torch.manual_seed(transfer.seed)
        training = transfer.training(torch.Generator().manual_seed(transfer.seed))
        finish(training, out / _CHECKPOINT, watch)
        portable, told, examples = transfer.portable(training.scored)
    known = {"space": transfer.arch.space, "genes": list(transfer.arch.genes)}
    save_model(portable, {**known, "text": transfer.text(), **told}, examples, out)
    return training.curves


def _examples(data: ImageData) -> torch.Tensor:
    """Returns images from all over the test part, as they were before normalisation."""
    images, _ = data.test
    chosen = np.linspace(0, len(images) - 1, min(_EXAMPLES, len(images))).astype(np.int64)
    assert isinstance(images, Pixels)
    return images.raw(torch.from_numpy(chosen)).cpu().contiguous()


def _results(transfer: Transfer, out: Path, curves: Curves) -> dict[str, Any]:
    portable = load_model(out).portable.to(transfer.device)
    return {
        **transfer.score(portable),
        "val_accuracy": curves.val_accuracy[-1],
        "val_loss": curves.val_loss[-1],
        **asdict(transfer.counts()),
        "seconds": sum(curves.seconds),
        transfer.unit: transfer.sizes(),
    }


def _same(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings that must be equal to go on: without path of the data and device."""
    return {key: value for key, value in settings.items() if key not in ("data", "device")}


def _read(file: Path) -> dict[str, Any]:
    found = read_record(file, _BEFORE, "choose another --out")
    if not isinstance(found.get("settings"), dict):
        raise CorruptDataError(f"{file} is no record of a training; choose another --out")
    return found
