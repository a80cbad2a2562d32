"""The training loop of all neural predictors."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from nascast.predictors.model_based.regression.members import Network
from nascast.predictors.model_based.regression.settings import Training

__all__ = ["train"]


def train(network: Network, inputs: tuple[Tensor, ...], targets: Tensor, how: Training) -> None:
    """Trains all members in place; every epoch sees every row once, however few there are.

    Args:
        network: ensemble to train; it is left in evaluation mode.
        inputs: what its `forward` takes, n entries each.
        targets: ``(n,)`` targets.
        how: settings of training.
    """
    parts = math.ceil(len(targets) / how.batch_size)
    steps = how.epochs * parts
    optimizer = torch.optim.Adam(network.parameters(), lr=how.learning_rate)
    network.train()
    for step, rows in enumerate(_batches(len(targets), parts, how.epochs)):
        for group in optimizer.param_groups:
            group["lr"] = how.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
        optimizer.zero_grad()
        batch = tuple(tensor[rows] for tensor in inputs)
        network.loss(how.loss, batch, targets[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    network.eval()


def _batches(n: int, parts: int, epochs: int) -> Iterator[Tensor | slice]:
    for _ in range(epochs):
        if parts == 1:  # the order within a batch does not matter
            yield slice(None)
        else:
            yield from torch.randperm(n).tensor_split(parts)
