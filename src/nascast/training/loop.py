"""The training loop."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.errors import InvalidSettingError, NascastError
from nascast.core.store import changed_settings
from nascast.networks.auxiliary import AuxiliaryNetwork
from nascast.networks.drop_path import DropPath, set_drop_path_progress
from nascast.training import checkpoint as checkpoints
from nascast.training._augment import augment
from nascast.training._optimizer import WeightAverage, optimizer_of
from nascast.training.data import ImageData
from nascast.training.pixels import Pixels
from nascast.training.recipe import Recipe
from nascast.training.text import TextData

__all__ = ["Curves", "DivergedError", "ImageTraining", "Training", "evaluate", "finish", "train"]

Data = TypeVar("Data", ImageData, TextData)


class DivergedError(NascastError):
    """The loss of a training is no longer a finite number."""


@dataclass(frozen=True, slots=True)
class Curves:
    """The values after each epoch; losses are in nats, accuracies in percent.

    Attributes:
        train_loss: mean loss over the steps of the epoch, while the weights change, without the
            auxiliary head's part and weight decay.
        val_loss: loss on all validation data.
        val_accuracy: accuracy on all validation data.
        seconds: seconds of the epoch's training and validation.
    """

    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class Training(ABC, Generic[Data]):
    """A training that can stop after any epoch and be continued, in another process too.

    Attributes:
        network: network that is trained in place.
        curves: values after the epochs that are done.
    """

    def __init__(
        self,
        network: nn.Module,
        data: Data,
        *,
        recipe: Recipe,
        generator: torch.Generator,
        clock: Callable[[], float] = time.perf_counter,
        guard: Callable[[], None] | None = None,
    ) -> None:
        """Prepares a training.

        Args:
            network: network to train, on the device of `data`.
            data: data to train and validate on.
            recipe: recipe of the training.
            generator: generator on the CPU for the order of data and their random changes. Drop
                path and dropout use the global generator.
            clock: function that returns seconds.
            guard: function called before each step, which stops the training by raising.

        Raises:
            InvalidSettingError: the recipe does not fit the data or the network.
        """
        self.network, self.curves = network, Curves()
        self._data: Data = data
        self._recipe, self._generator = recipe, generator
        self._clock, self._guard = clock, guard or _nothing
        self._check()
        self._optimizer = optimizer_of(network, recipe)
        self._average = WeightAverage(network, recipe.ema) if recipe.ema else None

    @property
    def scored(self) -> nn.Module:
        """The network that is scored: the one with mean weights, if the recipe has one."""
        return self.network if self._average is None else self._average.network

    def epochs(self, until: int | None = None) -> Iterator[Curves]:
        """Trains until `until` epochs of the recipe are done; yields the curves after each.

        The schedules are those of the whole recipe, however early this stops.

        Raises:
            DivergedError: the loss is not finite.
            InvalidSettingError: the recipe has fewer epochs.
        """
        until = self._recipe.epochs if until is None else until
        if not 1 <= until <= self._recipe.epochs:
            raise InvalidSettingError(
                f"{until} epochs asked for of a recipe of {self._recipe.epochs}"
            )
        curves = self.curves
        while len(curves.seconds) < until:
            began = self._clock()
            epoch = len(curves.seconds)
            self.network.train()
            train_loss = self._epoch(epoch)
            if not math.isfinite(train_loss):
                raise DivergedError(f"the training loss is {train_loss} in epoch {epoch + 1}")
            val_loss, val_accuracy = self._validate()
            curves.train_loss.append(train_loss)
            curves.val_loss.append(val_loss)
            curves.val_accuracy.append(val_accuracy)
            curves.seconds.append(self._clock() - began)
            yield curves

    @abstractmethod
    def _check(self) -> None:
        """Raises InvalidSettingError if the recipe does not fit the data or the network."""

    @abstractmethod
    def _epoch(self, epoch: int) -> float:
        """Trains on all data once and returns the mean loss."""

    @abstractmethod
    def _validate(self) -> tuple[float, float]:
        """Returns the loss in nats and the accuracy in percent on the validation data."""

    def _step(self, loss: Tensor, rate: float) -> None:
        """Changes the weights by the gradient of a loss."""
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self._recipe.grad_clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self._recipe.grad_clip)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        if self._average is not None:
            self._average.update(self.network)

    def state(self) -> dict[str, Any]:
        """Returns all that continuing needs, the states of random generators included."""
        device = self._data.device
        return {
            "recipe": asdict(self._recipe),
            "data": self._data.fingerprint,
            "curves": asdict(self.curves),
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": None if self._average is None else self._average.state(),
            "generator": self._generator.get_state(),
            "global": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continues where `state` was taken; sets the global random generators too.

        Raises:
            InvalidSettingError: it was taken of a training with another recipe or other data.
        """
        told = {"data": self._data.fingerprint, **asdict(self._recipe)}
        if changed := changed_settings({"data": state["data"], **state["recipe"]}, told):
            raise InvalidSettingError(f"that training had other settings: {changed}")
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._average is not None:
            self._average.restore(state["average"])
        for name, values in state["curves"].items():
            getattr(self.curves, name)[:] = values
        self._generator.set_state(state["generator"])
        torch.set_rng_state(state["global"])
        if state["cuda"] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["cuda"], self._data.device)


class ImageTraining(Training[ImageData]):
    """The training of a classifier of images.

    It needs as many images as a batch has, and a network with the auxiliary head or the drop path
    that the recipe wants.
    """

    @property
    def steps(self) -> int:
        """The number of batches of an epoch; images left over are not used in it."""
        return len(self._data.train[0]) // self._recipe.batch_size

    def _check(self) -> None:
        if not self.steps:
            raise InvalidSettingError(
                f"a batch of {self._recipe.batch_size} images asked for, "
                f"{len(self._data.train[0])} to train on; give the recipe a smaller one, such as "
                "batch_size=8"
            )
        _check_network(self.network, self._recipe)

    def _epoch(self, epoch: int) -> float:
        recipe, (images, labels) = self._recipe, self._data.train
        scheduled = any(isinstance(module, DropPath) for module in self.network.modules())
        order = torch.randperm(len(images), generator=self._generator).to(images.device)
        total = torch.zeros((), device=images.device)
        for step in range(self.steps):
            self._guard()
            done = epoch + step / self.steps
            if scheduled:
                set_drop_path_progress(self.network, done / recipe.epochs)
            chosen = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            batch = augment(images[chosen], recipe, self._generator)
            loss, extra = self._losses(batch, labels[chosen])
            self._step(loss + extra, recipe.rate(done))
            total += loss.detach()
        return total.item() / self.steps

    def _validate(self) -> tuple[float, float]:
        return evaluate(self.scored, *self._data.validation)

    def _losses(self, batch: Tensor, target: Tensor) -> tuple[Tensor, Tensor | float]:
        """Returns the loss, and the part that the auxiliary head adds to it."""
        recipe, network = self._recipe, self.network
        mixed = recipe.mixed_precision and batch.is_cuda
        with torch.autocast(batch.device.type, torch.bfloat16, enabled=mixed):
            if recipe.auxiliary_weight:
                assert isinstance(network, AuxiliaryNetwork)
                logits, midway = network.forward_auxiliary(batch)
            else:
                logits, midway = network(batch), None
        loss = self._loss(logits, target)
        if midway is None:
            return loss, 0.0
        return loss, recipe.auxiliary_weight * self._loss(midway, target)

    def _loss(self, logits: Tensor, target: Tensor) -> Tensor:
        smoothing = self._recipe.label_smoothing
        return functional.cross_entropy(logits.float(), target, label_smoothing=smoothing)


def train(
    network: nn.Module,
    data: ImageData,
    recipe: Recipe,
    generator: torch.Generator,
    clock: Callable[[], float] = time.perf_counter,
    *,
    checkpoint: Path | None = None,
    watch: Callable[[Curves], None] | None = None,
) -> Curves:
    """Trains a classifier in place by a whole recipe and returns its curves.

    If the recipe has a mean of weights (`Recipe.ema`), these are the network's at the end.

    Args:
        network: network to train, on the device of `data`.
        data: images to train and validate on.
        recipe: recipe of the training.
        generator: generator on the CPU for the order of images and their random changes.
        clock: function that returns seconds.
        checkpoint: file written after each epoch, see `finish`.
        watch: function called after each epoch, see `finish`.

    Raises:
        InvalidSettingError: see `ImageTraining`.
        NascastError: see `finish`.
    """
    training = ImageTraining(network, data, recipe=recipe, generator=generator, clock=clock)
    finish(training, checkpoint, watch)
    if training.scored is not network:
        network.load_state_dict(training.scored.state_dict())
    return training.curves


def finish(
    training: Training[Any],
    checkpoint: Path | None = None,
    watch: Callable[[Curves], None] | None = None,
) -> None:
    """Trains to the end of the recipe.

    Args:
        training: training that has not begun.
        checkpoint: file that is written after each epoch; if it exists, the training continues it.
        watch: function called with the curves after each epoch.

    Raises:
        DivergedError: the loss is not finite.
        InvalidSettingError: the checkpoint is of another training.
        CorruptDataError: the checkpoint cannot be read.
    """
    if checkpoint is not None:
        checkpoints.resume(training, checkpoint)
    for curves in training.epochs():
        if checkpoint is not None:
            checkpoints.save(training, checkpoint)
        if watch is not None:
            watch(curves)


@torch.no_grad()
def evaluate(
    network: nn.Module,
    images: Tensor | Pixels,
    labels: Tensor,
    batch_size: int = 500,
    *,
    counts: npt.NDArray[np.int64] | None = None,
) -> tuple[float, float]:
    """Returns the mean loss in nats and the accuracy in percent on images.

    Args:
        network: classifier.
        images: ``(n, c, h, w)`` images.
        labels: ``(n,)`` numbers of their classes.
        batch_size: number of images at a time.
        counts: ``(classes, classes)``, to which the numbers of images are added, by their class
            (rows) and the class foretold (columns); or None.
    """
    network.eval()
    loss = torch.zeros((), device=images.device)
    right = torch.zeros((), device=images.device)
    for start in range(0, len(images), batch_size):
        target = labels[start : start + batch_size]
        logits = network(images[start : start + batch_size])
        loss += functional.cross_entropy(logits, target, reduction="sum")
        found = logits.argmax(1)
        right += (found == target).sum()
        if counts is not None:
            np.add.at(counts, (target.cpu().numpy(), found.cpu().numpy()), 1)
    return loss.item() / len(images), 100 * right.item() / len(images)


def _nothing() -> None:
    """Does nothing, in place of a guard."""


def _check_network(network: nn.Module, recipe: Recipe) -> None:
    head = isinstance(network, AuxiliaryNetwork) and network.auxiliary is not None
    if recipe.auxiliary_weight and not head:
        raise InvalidSettingError(
            "the recipe weighs an auxiliary head, which the network does not have; build it with "
            "recipe.skeleton(), or set auxiliary_weight=0"
        )
    paths = any(isinstance(m, DropPath) and m.probability for m in network.modules())
    if recipe.drop_path and not paths:
        raise InvalidSettingError(
            "the recipe has drop path, which the network does not have; build it with "
            "recipe.skeleton(), or set drop_path=0"
        )
