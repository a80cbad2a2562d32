"""The training loop."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.errors import InvalidSettingError, NascastError
from nascast.training.data import ImageData
from nascast.training.recipe import Recipe

__all__ = ["Curves", "DivergedError", "evaluate", "train"]


class DivergedError(NascastError):
    """The loss of a training is no longer a finite number."""


@dataclass(frozen=True, slots=True)
class Curves:
    """What was measured after each epoch. Losses are in nats, accuracies in percent.

    Attributes:
        train_loss: mean over the steps of the epoch, while the weights change.
        val_loss: on all validation images.
        val_accuracy: likewise.
        seconds: of the epoch's training and validation.
    """

    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def train(
    network: nn.Module,
    data: ImageData,
    recipe: Recipe,
    generator: torch.Generator,
    clock: Callable[[], float] = time.perf_counter,
) -> Curves:
    """Trains a network in place and returns its curves.

    Args:
        network: on the device of `data`.
        data: images.
        recipe: how.
        generator: on the CPU; for the order of images and the flips.
        clock: seconds.

    Raises:
        DivergedError: the loss is not finite.
        InvalidSettingError: there are fewer training images than a batch has.
    """
    images, labels = data.train
    steps = len(images) // recipe.batch_size
    if not steps:
        raise InvalidSettingError(
            f"a batch of {recipe.batch_size} images asked for, {len(images)} to train on"
        )
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        weight_decay=recipe.weight_decay,
        foreach=True,
    )
    curves = Curves()
    for epoch in range(recipe.epochs):
        began = clock()
        network.train()
        order = torch.randperm(len(images), generator=generator).to(images.device)
        total = torch.zeros((), device=images.device)
        for step in range(steps):
            progress = (epoch + step / steps) / recipe.epochs
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))
            chosen = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
            batch = images[chosen]
            if recipe.flip:
                batch = _flip(batch, generator)
            optimizer.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(network(batch), labels[chosen])
            loss.backward()  # type: ignore[no-untyped-call]
            if recipe.grad_clip is not None:
                nn.utils.clip_grad_norm_(network.parameters(), recipe.grad_clip)
            optimizer.step()
            total += loss.detach()
        train_loss = total.item() / steps
        if not math.isfinite(train_loss):
            raise DivergedError(f"the training loss is {train_loss} in epoch {epoch + 1}")
        val_loss, val_accuracy = evaluate(network, *data.validation)
        curves.train_loss.append(train_loss)
        curves.val_loss.append(val_loss)
        curves.val_accuracy.append(val_accuracy)
        curves.seconds.append(clock() - began)
    return curves


@torch.no_grad()
def evaluate(
    network: nn.Module, images: Tensor, labels: Tensor, batch_size: int = 500
) -> tuple[float, float]:
    """Returns the mean loss in nats and the accuracy in percent."""
    network.eval()
    loss = torch.zeros((), device=images.device)
    right = torch.zeros((), device=images.device)
    for start in range(0, len(images), batch_size):
        target = labels[start : start + batch_size]
        logits = network(images[start : start + batch_size])
        loss += functional.cross_entropy(logits, target, reduction="sum")
        right += (logits.argmax(1) == target).sum()
    return loss.item() / len(images), 100 * right.item() / len(images)


def _flip(batch: Tensor, generator: torch.Generator) -> Tensor:
    mirrored = torch.rand(len(batch), generator=generator) < 0.5
    return torch.where(mirrored.to(batch.device)[:, None, None, None], batch.flip(3), batch)
