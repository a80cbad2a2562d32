"""A forward pass with its graph over the minibatch, and the gradients taken by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nascast.core.types import Batch
from nascast.networks.forward import Forward, forward
from nascast.networks.language import LanguageNetwork
from nascast.proxies.passes.untrained import hooked, weights, without_tracking

__all__ = [
    "Labelled",
    "Traced",
    "gradients_at",
    "halves",
    "inner",
    "input_jacobian",
    "labelled",
    "traced",
]


@dataclass(frozen=True, slots=True, eq=False)
class Traced:
    """A forward pass with its graph.

    What is kept beside the graph is kept by the graph too, so that it takes no memory.

    Attributes:
        passed: inputs, logits and labels.
        layers: modules and results of all convolutions and linear maps, in the order of calls; none
            of a language model, whose cells are no modules.
        rectified: all ReLU modules and their results.
        pooled: all modules of max pooling and their inputs.
    """

    passed: Forward
    layers: list[tuple[nn.Module, Tensor]]
    rectified: list[tuple[nn.Module, Tensor]]
    pooled: list[tuple[nn.Module, Tensor]]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """What the gradient of the cross-entropy, meaned over the batch, leaves.

    Attributes:
        weights: weights of convolutions and linear maps that have a gradient.
        gradients: gradient of each of them.
        channels: for each call of a convolution or linear map its module and, of shape
            ``(n, channels)``, the sums over all positions of activation times gradient.
    """

    weights: list[Tensor]
    gradients: list[Tensor]
    channels: list[tuple[nn.Module, Tensor]]

    @property
    def vanish(self) -> bool:
        """Whether all gradients are 0: nothing that the input feeds reaches the loss."""
        return not any(gradient.any() for gradient in self.gradients)


def traced(network: nn.Module, batch: Batch) -> Traced:
    """Returns a forward pass over the batch, in the network's mode."""
    found: tuple[list[tuple[nn.Module, Tensor]], ...] = ([], [], [])
    layers, rectified, pooled = found

    def note(module: nn.Module, inputs: tuple[Tensor, ...], result: Tensor) -> None:
        if isinstance(module, nn.ReLU):
            rectified.append((module, result))
        elif isinstance(module, nn.MaxPool2d):
            pooled.append((module, inputs[0]))
        else:
            layers.append((module, result))

    kinds = () if isinstance(network, LanguageNetwork) else (nn.Conv2d, nn.Linear)
    with without_tracking(network), hooked(network, (nn.ReLU, nn.MaxPool2d, *kinds), note):
        return Traced(forward(network, batch), *found)


def labelled(found: Traced, network: nn.Module) -> Labelled:
    """Returns the gradients of the cross-entropy; the graph is kept."""
    passed, channels = found.passed, []
    handles = []

    def note(module: nn.Module, activation: Tensor) -> Any:
        def reduce(gradient: Tensor) -> None:
            # Of its own, so that it holds no graph; layers of a recurrence come once for each step.
            product = activation.mul(gradient)
            channels.append((module, product.flatten(2).sum(2) if product.ndim > 2 else product))

        return reduce

    for module, result in found.layers:
        handles.append(result.register_hook(note(module, result.detach())))  # type: ignore[no-untyped-call]
    wanted = weights(network)
    loss = functional.cross_entropy(passed.logits, passed.labels)
    gradients = torch.autograd.grad(loss, wanted, retain_graph=True, allow_unused=True)
    for handle in handles:
        handle.remove()
    pairs = [(w, g) for w, g in zip(wanted, gradients, strict=True) if g is not None]
    return Labelled([w for w, _ in pairs], [g for _, g in pairs], channels)


def input_jacobian(passed: Forward) -> Tensor:
    """Returns ``(n, d)``: each example's gradient of its summed logits by its inputs.

    Examples are images of d numbers, or columns of text of d embedded numbers. Weight gradients
    are not computed, and the graph is kept.
    """
    total = passed.logits.sum()
    (gradient,) = torch.autograd.grad(total, passed.inputs, retain_graph=True)
    return passed.by_example(gradient)


def halves(network: nn.Module, batch: Batch) -> list[list[Tensor]]:
    """Returns the gradients of the cross-entropy by each weight on two halves of the batch.

    Each half is a batch of its own, also for normalisation.
    """
    axis = 1 if isinstance(network, LanguageNetwork) else 0
    middle = batch.inputs.shape[axis] // 2
    found = []
    for part in (slice(0, middle), slice(middle, 2 * middle)):
        cut = (slice(None), part) if axis else (part,)
        half = Batch(batch.inputs[cut], batch.labels[cut], batch.source)
        found.append(gradients_at(network, half))
    return found


def gradients_at(
    network: nn.Module, batch: Batch, wanted: list[Tensor] | None = None
) -> list[Tensor]:
    """Returns the gradient of the cross-entropy by some weights, those of `weights` if None.

    A weight that has none has zeros.
    """
    with without_tracking(network):
        passed = forward(network, batch)
    loss = functional.cross_entropy(passed.logits, passed.labels)
    wanted = weights(network) if wanted is None else wanted
    return list(torch.autograd.grad(loss, wanted, materialize_grads=True))


def inner(ones: Sequence[Tensor], others: Sequence[Tensor]) -> float:
    """Returns the sum of the products of two lists of tensors, in double precision."""
    pairs = zip(ones, others, strict=True)
    return sum((one.double() * other.double()).sum().item() for one, other in pairs)
