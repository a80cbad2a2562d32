"""Transfer: a found architecture, in a larger network, trained on data of its own.

As in NASNet (Zoph et al., CVPR 2018, https://arxiv.org/abs/1707.07012, section 3), cells that were
found with a small network are repeated N times with F filters in a larger one.
"""

import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nascast.core import plugins
from nascast.core.errors import CorruptDataError, StoreError
from nascast.core.space import SearchSpace
from nascast.core.store import changed_settings
from nascast.core.types import Architecture, Task
from nascast.networks.counting import Counts, count
from nascast.training._placement import placed
from nascast.training._sources._arrays import extra
from nascast.training.data import ImageData, Split, open_data, task_of
from nascast.training.loop import Curves, ImageTraining, evaluate, train
from nascast.training.model import ARCHITECTURE, Classifier, load_model, save_model, write_whole
from nascast.training.model_card import CARD, PICTURE, model_card
from nascast.training.recipe import Recipe

__all__ = ["Transfer", "begin", "train_model"]

_TRAINING, _CHECKPOINT = "training.json", "checkpoint.pt"
_EXAMPLES = 16  # test images that are kept with a model; chosen


@dataclass(frozen=True, slots=True)
class Transfer:
    """Everything that decides what the model is.

    Attributes:
        arch: of any space that has networks.
        data: source of images, see `open_data`.
        recipe: how the network is trained.
        split: of the images.
        skeleton: of the network, see `SearchSpace.scaled`; what training needs is added.
        seed: of weights, order and changes of images.
        device: ``cpu`` or ``cuda``.
    """

    arch: Architecture
    data: str
    recipe: Recipe = field(default_factory=Recipe)
    split: Split = field(default_factory=Split)
    skeleton: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"

    @property
    def space(self) -> SearchSpace:
        """The space of the architecture."""
        found: SearchSpace = plugins.load("space", self.arch.space)
        return found

    @property
    def task(self) -> Task:
        """What the network is built for, without what only its training needs."""
        return task_of(self.images(), self.skeleton)

    def images(self) -> ImageData:
        """Returns the data, on the device."""
        return open_data(self.data, self.split, self.device)

    def text(self) -> str:
        """Returns the architecture in the notation of its space."""
        return self.space.to_text(self.space.row(self.arch))[0]

    def counts(self) -> Counts:
        """Counts the network, without an auxiliary head.

        Raises:
            NascastError: there is no such network, or its training could not begin.
        """
        data = self.images()
        with torch.random.fork_rng([]):
            ImageTraining(self.trained(), data, recipe=self.recipe, generator=torch.Generator())
            return count(self.space.build(self.arch, self.task), self.task.input_shape)

    def trained(self) -> nn.Module:
        """Returns the network as it is trained: with an auxiliary head, if the recipe has one."""
        task = task_of(self.images(), self.skeleton, self.recipe)
        return placed(self.space.build(self.arch, task), self.device)

    def settings(self) -> dict[str, Any]:
        """Returns the settings as JSON values, the data by their content too."""
        return {
            "space": self.arch.space,
            "genes": list(self.arch.genes),
            "data": self.data,
            "fingerprint": self.images().fingerprint,
            "recipe": asdict(self.recipe),
            "split": asdict(self.split),
            "skeleton": dict(self.skeleton),
            "seed": self.seed,
            "device": self.device,
        }


def begin(transfer: Transfer, out: Path, resume: bool) -> None:
    """Makes the folder of a model, or finds the same training in it.

    Raises:
        StoreError: it holds a training and `resume` is false, or another training; it holds none
            and `resume` is true; it cannot be written.
        CorruptDataError: what it holds is damaged.
        MissingExtraError: safetensors is not installed.
    """
    extra("safetensors.torch", "export", "writing a model")  # before hours of training
    file = out / _TRAINING
    settings = json.loads(json.dumps(transfer.settings()))
    if resume:
        if not file.exists():
            raise StoreError(f"{out} holds no training to resume; leave out --resume to begin one")
        if changed := changed_settings(_same(_read(file)["settings"]), _same(settings)):
            raise StoreError(
                f"{out} holds another training: {changed}; choose another --out, or the same "
                "settings"
            )
    elif file.exists() or (out / ARCHITECTURE).exists():
        raise StoreError(f"{out} holds a training; add --resume to go on, or choose another --out")
    else:
        _write(file, {"settings": settings, "versions": _versions()})


def train_model(
    transfer: Transfer, out: Path, watch: Callable[[Curves], None] | None = None
) -> dict[str, Any]:
    """Trains in a folder that `begin` has made, and writes the model and its card there.

    A training that was stopped goes on after its last whole epoch; a finished one is not repeated.
    The weights are the last ones or, with `Recipe.ema`, their mean. The test images are looked at
    once, by the model as it is read back from the disk.

    Args:
        transfer: the settings.
        out: the folder.
        watch: called with the curves after each epoch.

    Returns:
        ``test_accuracy`` and ``val_accuracy`` in percent, ``test_loss`` and ``val_loss`` in nats,
        ``parameters``, ``multiply_adds``, and the training's ``seconds``.

    Raises:
        DivergedError: the loss is not finite.
        StoreError: the folder cannot be written.
        CorruptDataError: the checkpoint is damaged.
    """
    record = _read(out / _TRAINING)
    if "results" not in record:
        curves = _train(transfer, out, watch)
        record |= {"results": _results(transfer, out, curves), "curves": asdict(curves)}
        _write(out / _TRAINING, record)
    description = _read(out / ARCHITECTURE)
    picture = PICTURE if (out / PICTURE).exists() else None
    write_whole(out / CARD, model_card(description, record, picture).encode())
    (out / _CHECKPOINT).unlink(missing_ok=True)
    return dict(record["results"])


def _train(transfer: Transfer, out: Path, watch: Callable[[Curves], None] | None) -> Curves:
    """Trains, from the checkpoint if there is one, and writes the model."""
    data = transfer.images()
    cuda = [] if transfer.device == "cpu" else [torch.device(transfer.device)]
    with torch.random.fork_rng(cuda):
        torch.manual_seed(transfer.seed)
        network = transfer.trained()
        generator = torch.Generator().manual_seed(transfer.seed)
        checkpoint = out / _CHECKPOINT
        curves = train(
            network, data, transfer.recipe, generator, checkpoint=checkpoint, watch=watch
        )
        kept = transfer.space.build(transfer.arch, transfer.task)
    trained = network.state_dict()
    kept.load_state_dict({name: trained[name] for name in kept.state_dict()})
    told = {
        "space": transfer.arch.space,
        "genes": list(transfer.arch.genes),
        "text": transfer.text(),
        "task": asdict(transfer.task),
        "class_names": list(data.names) or [str(i) for i in range(data.classes)],
    }
    save_model(Classifier(kept, data.mean, data.std), told, _examples(data), out)
    return curves


def _examples(data: ImageData) -> torch.Tensor:
    """Returns test images from all over the test part, as they were before normalisation."""
    images, _ = data.test
    chosen = np.linspace(0, len(images) - 1, min(_EXAMPLES, len(images))).astype(np.int64)
    mean, std = (torch.tensor(v).reshape(1, -1, 1, 1) for v in (data.mean, data.std))
    return (images[torch.from_numpy(chosen)].cpu() * std + mean).clamp(0, 1).contiguous()


def _results(transfer: Transfer, out: Path, curves: Curves) -> dict[str, Any]:
    data, counts = transfer.images(), transfer.counts()
    network = load_model(out).classifier.network.to(transfer.device)
    test_loss, test_accuracy = evaluate(network, *data.test)
    return {
        "test_accuracy": test_accuracy,
        "test_loss": test_loss,
        "val_accuracy": curves.val_accuracy[-1],
        "val_loss": curves.val_loss[-1],
        **asdict(counts),
        "seconds": sum(curves.seconds),
        "images": {part: len(getattr(data, part)[0]) for part in ("train", "validation", "test")},
    }


def _same(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what must be equal to go on: the path of the data and the device may change."""
    return {key: value for key, value in settings.items() if key not in ("data", "device")}


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "nascast": version("nascast"),
        "numpy": np.__version__,
        "torch": torch.__version__,
    }


def _write(file: Path, record: Mapping[str, Any]) -> None:
    write_whole(file, json.dumps(record, indent=1).encode())


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(found, dict) or not isinstance(found.get("settings", {}), dict):
            raise ValueError("it is no record of a training")
    except (OSError, ValueError) as error:
        raise CorruptDataError(f"{file} cannot be read: {error}; choose another --out") from error
    return found
