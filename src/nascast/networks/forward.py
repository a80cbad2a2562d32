"""A forward pass of a network of either kind over a batch of its kind, for zero-cost proxies."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nascast.core.errors import UnsupportedError
from nascast.core.types import Batch, ImageTask, Task, TextTask
from nascast.networks.language import LanguageNetwork

__all__ = ["Forward", "device_of", "example", "forward", "inputs_of", "labels_of", "logits_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Forward:
    """The inputs and logits of a forward pass, with its graph.

    Attributes:
        logits: ``(k, classes)``; k counts images, or words step by step: all of the first step,
            then all of the second.
        labels: ``(k,)`` int64: classes, or numbers of the next words.
        inputs: tensor by which gradients can be taken: images ``(n, channels, height, width)``, or
            embedded words ``(steps, columns, size)``.
    """

    logits: Tensor
    labels: Tensor
    inputs: Tensor

    def by_example(self, gradient: Tensor) -> Tensor:
        """Returns ``(n, d)``: a gradient by `inputs` with a row for each image or column of text.

        Images do not read one another except through batch statistics, and columns not at all; so
        the gradient of the sum of all logits holds that of each example's own.
        """
        return (gradient if gradient.ndim == 4 else gradient.transpose(0, 1)).flatten(1)


def forward(
    network: nn.Module, batch: Batch, change: Callable[[Tensor], Tensor] | None = None
) -> Forward:
    """Returns a forward pass in the network's mode, with its graph.

    Gradients can be taken by `Forward.inputs` and by whatever parameters require them, also by
    those of an embedding.

    Args:
        network: classifier of images or `LanguageNetwork`.
        batch: batch of the same kind.
        change: function that makes other inputs of the usual ones, of their shape, such as
            ``torch.ones_like``; gradients are then taken by the new ones, and do not reach an
            embedding.

    Raises:
        UnsupportedError: the batch is of the other kind.
    """
    inputs = inputs_of(network, batch)
    if change is not None:
        inputs = change(inputs.detach()).requires_grad_()
    return Forward(logits_of(network, inputs), labels_of(network, batch), inputs)


def inputs_of(network: nn.Module, batch: Batch) -> Tensor:
    """Returns the images of a batch, or its words as the network embeds them; see `Forward`.

    They are on the device of the network's parameters, in their precision, and require a gradient.
    Channels of images stand last in memory, which is faster on a CPU.

    Raises:
        UnsupportedError: the batch is of the other kind.
    """
    text = isinstance(network, LanguageNetwork)
    if text != (batch.kind == TextTask.kind):
        wanted = TextTask.kind if text else ImageTask.kind
        raise UnsupportedError(
            f"the network reads {wanted}; got a batch of {batch.kind}: {batch.source}"
        )
    place = _parameter(network)
    values = torch.from_numpy(batch.inputs).to(place.device)
    if isinstance(network, LanguageNetwork):
        embedded = network.embed(values)
        return embedded if embedded.requires_grad else embedded.requires_grad_()
    images = values.to(place.dtype).contiguous(memory_format=torch.channels_last)
    return images.detach().requires_grad_()


def logits_of(network: nn.Module, inputs: Tensor) -> Tensor:
    """Returns ``(k, classes)`` logits for what `inputs_of` returns, or something of its shape."""
    if isinstance(network, LanguageNetwork):
        return network.read(inputs)[0].flatten(0, 1)
    logits: Tensor = network(inputs)
    return logits


def labels_of(network: nn.Module, batch: Batch) -> Tensor:
    """Returns ``(k,)`` labels, in the order of `logits_of`."""
    return torch.from_numpy(batch.labels).flatten().to(device_of(network))


def example(task: Task) -> Tensor:
    """Returns zeros as input of a network for a task: one image, or one word of one text."""
    if isinstance(task, TextTask):
        return torch.zeros(1, 1, dtype=torch.int64)
    return torch.zeros(1, *task.input_shape)


def device_of(network: nn.Module) -> torch.device:
    """Returns the device of the network's parameters."""
    return _parameter(network).device


def _parameter(network: nn.Module) -> Tensor:
    """Returns a parameter, which has the device and the precision of the network."""
    return next(iter(network.parameters()), torch.zeros(()))
