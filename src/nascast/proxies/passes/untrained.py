"""Untrained networks, their weights, and changes that end with a ``with``."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from nascast.core.errors import UnsupportedError
from nascast.core.types import ImageTask, Task
from nascast.networks.language import LanguageNetwork
from nascast.training.placement import placed

__all__ = [
    "altered",
    "expect_images",
    "fresh_network",
    "hooked",
    "noise",
    "normalising",
    "replaced",
    "tables",
    "weights",
    "without_normalisation",
    "without_tracking",
]


def fresh_network(build: Callable[[], nn.Module], seed: int, device: str = "cpu") -> nn.Module:
    """Returns the network with the initial weights of a seed.

    Classifiers are in training mode, with the statistics of the batch; language models are not,
    since there that means dropout. Nothing is dropped in either: masks drawn anew in every pass
    would make scores a matter of chance. The process's own random state is left as it was. Channels
    stand last in memory, which is the fastest for nearly all passes on a CPU.
    """
    with torch.random.fork_rng(devices=[]):
        # PyTorch's own `manual_seed` also queues seeds for devices that never start, in every call.
        torch.default_generator.manual_seed(seed)
        network = build()
    for module in network.modules():
        if isinstance(module, _DropoutNd):
            module.p = 0.0
    return placed(network.train(not isinstance(network, LanguageNetwork)), device)


def weights(network: nn.Module) -> list[Tensor]:
    """Returns the weights of all convolutions and linear maps, those that are not run too.

    Matrices that are parameters of another module are weights of linear maps, as those of a
    recurrent cell. A table of embeddings is none, unless a decoder shares it.
    """
    found: dict[int, Tensor] = {}  # by identity: tied ones come once
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            found[id(module.weight)] = module.weight
        elif not isinstance(module, nn.Embedding):
            own = module.parameters(recurse=False)
            found |= {id(p): p for p in own if p.ndim == 2 and p.requires_grad}
    return list(found.values())


def tables(network: nn.Module) -> list[Tensor]:
    """Returns the tables of embeddings."""
    return [m.weight for m in network.modules() if isinstance(m, nn.Embedding)]


def expect_images(task: Task, what: str) -> ImageTask:
    """Returns the task if it is one of images.

    Raises:
        UnsupportedError: it is one of text.
    """
    if isinstance(task, ImageTask):
        return task
    raise UnsupportedError(f"{what}; this task is of {task.kind}")


def noise(
    shape: Sequence[int], generator: torch.Generator, device: torch.device | str = "cpu"
) -> Tensor:
    """Returns standard normal numbers of a shape on a device; channels last in memory.

    They are drawn on the CPU, so that they are the same ones everywhere.
    """
    drawn = torch.randn(*shape, generator=generator).to(device)
    return drawn.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else drawn


def altered(network: nn.Module, change: Callable[[str, Tensor], Tensor]) -> nn.Module:
    """Returns a copy in double precision, its parameters made of the own names and values.

    Numbers of another precision must not stand in the parameters themselves, not even for a while:
    it would cut them off from graphs that gradients are still taken by.
    """
    memo: dict[int, Any] = {}
    for name, parameter in network.named_parameters():
        memo[id(parameter)] = nn.Parameter(change(name, parameter.detach().double()))
    return copy.deepcopy(network, memo).double()


@contextmanager
def replaced(parameters: Sequence[Tensor], change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Lets parameters have the values, of their type, that a function makes of their own."""
    kept = [(parameter, parameter.data) for parameter in parameters]
    for parameter, value in kept:
        parameter.data = change(value)
    try:
        yield
    finally:
        for parameter, value in kept:
            parameter.data = value


def without_tracking(network: nn.Module) -> AbstractContextManager[None]:
    """Keeps batch normalisation in training mode from updating its running statistics."""
    return normalising(network, "track_running_stats", False)


@contextmanager
def normalising(network: nn.Module, name: str, value: Any) -> Iterator[None]:
    """Lets an attribute of all batch normalisations have a value."""
    layers = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    kept = [getattr(layer, name) for layer in layers]
    for layer in layers:
        setattr(layer, name, value)
    try:
        yield
    finally:
        for layer, before in zip(layers, kept, strict=True):
            setattr(layer, name, before)


@contextmanager
def without_normalisation(network: nn.Module) -> Iterator[None]:
    """Turns batch normalisation into the identity."""
    layers = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for layer in layers:
        layer.forward = nn.Identity().forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


@contextmanager
def hooked(network: nn.Module, kinds: tuple[type[nn.Module], ...], note: Any) -> Iterator[None]:
    """Calls a function with module, inputs and result after each call of a module of some kinds."""
    modules = [module for module in network.modules() if isinstance(module, kinds)]
    handles = [module.register_forward_hook(note) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
