"""Passes through an untrained network, each made once and timed, which proxies reduce."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from nascast.core.errors import UnsupportedError
from nascast.core.types import Batch, Floats, ImageTask, Task
from nascast.networks.forward import forward, logits_of
from nascast.networks.language import LanguageNetwork
from nascast.training.placement import placed

__all__ = ["Passes", "fresh_network", "input_jacobian", "once", "synflow_terms"]

_WORDS = 4  # that SynFlow's flow passes through a language model; chosen, so that states matter
Method = TypeVar("Method", bound=Callable[..., Any])


def once(method: Method) -> Method:
    """Returns a method as a pass: it runs once, and its seconds are noted."""
    name = method.__name__

    @wraps(method)
    def kept(passes: "Passes") -> Any:
        return passes.made(name, lambda: method(passes))

    return cast(Method, kept)


class Passes:
    """The passes through the untrained network of one architecture.

    A pass leaves the network as it was: the same weights, statistics and mode. So the order in
    which passes are asked for changes nothing.

    Attributes:
        task: task that the network is built for.
        seed: seed of its initial weights.
        seconds: seconds of each pass made so far, by name, without those of passes that it used.
        spent: sum of these seconds.
    """

    def __init__(
        self,
        build: Callable[[], nn.Module],
        seed: int,
        task: Task,
        *,
        batch: Batch | None,
        clock: Callable[[], float],
        told: Callable[[str, float], None] = lambda name, seconds: None,
    ) -> None:
        """Prepares the passes; none is made yet.

        Args:
            build: function that returns the network, initialised from torch's generator.
            seed: seed of the initial weights.
            task: task that the network is built for.
            batch: inputs and labels; None where there are none.
            clock: function that returns monotonic seconds.
            told: function called with the name and the seconds of each pass that was made.
        """
        self.task, self.seed = task, seed
        self.seconds: dict[str, float] = {}
        self.spent = 0.0
        self._build, self._batch, self._clock, self._told = build, batch, clock, told
        self._kept: dict[str, Any] = {}
        self._needs: dict[str, set[str]] = {}  # all passes that a pass rests on, itself too
        self._users: list[set[str]] = []

    @contextmanager
    def used(self) -> Iterator[set[str]]:
        """Yields a set that fills with the names of passes used inside, and of those they need."""
        users: set[str] = set()
        self._users.append(users)
        try:
            yield users
        finally:
            self._users.pop()

    def made(self, name: str, make: Callable[[], Any]) -> Any:
        """Returns the result of a pass, which is made at the first call."""
        if name not in self._kept:
            began, inside = self._clock(), self.spent
            with self.used() as needs:
                self._kept[name] = make()
            self._needs[name] = needs | {name}
            self.seconds[name] = self._clock() - began - (self.spent - inside)
            self.spent += self.seconds[name]
            self._told(name, self.seconds[name])
        if self._users:
            self._users[-1] |= self._needs[name]
        return self._kept[name]

    def batch(self) -> Batch:
        """Returns the minibatch of inputs and labels.

        Raises:
            UnsupportedError: there is none.
        """
        if self._batch is None:
            raise UnsupportedError("this ledger has no batch of inputs; open it with batch=…")
        return self._batch

    @once
    def network(self) -> nn.Module:
        """Returns the untrained network; see `fresh_network`."""
        return fresh_network(self._build, self.seed)

    @once
    def input_jacobian(self) -> Floats:
        """Returns ``(n, d)``: the gradient by the inputs of each example; see `input_jacobian`."""
        return np.asarray(input_jacobian(self.network(), self.batch()).double().numpy())

    @once
    def synflow_terms(self) -> list[Tensor]:
        """Returns ``|w ∂R/∂w|`` for each weight; see `synflow_terms`."""
        return synflow_terms(self.network(), self.task)


def fresh_network(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Returns the network with the initial weights of a seed.

    Classifiers are in training mode, with the statistics of the batch; language models are not,
    since there that means dropout. The process's own random state is left as it was. Channels stand
    last in memory, which is the fastest for nearly all passes on a CPU.
    """
    with torch.random.fork_rng(devices=[]):
        # PyTorch's own `manual_seed` also queues seeds for devices that never start, in every call.
        torch.default_generator.manual_seed(seed)
        network = build()
    return placed(network.train(not isinstance(network, LanguageNetwork)), "cpu")


def input_jacobian(network: nn.Module, batch: Batch) -> Tensor:
    """Returns ``(n, d)``: each example's gradient of its summed logits by its inputs.

    Examples are images of d numbers, or columns of text of d embedded numbers. Weight gradients
    are not computed, which makes the pass twice as fast.
    """
    with _unchanged(network):
        network.requires_grad_(False)
        passed = forward(network, batch)
        (gradient,) = torch.autograd.grad(passed.logits.sum(), passed.inputs)
    return passed.by_example(gradient)


def synflow_terms(network: nn.Module, task: Task) -> list[Tensor]:
    """Returns ``|w ∂R/∂w|`` of every weight of a convolution or linear map, in double precision.

    R is the sum of the logits for an input of ones, with all weights made positive and batch
    normalisation left out. Of a language model the input are the embeddings of a few words, since
    the embedding itself is no weight that a flow passes.
    """
    shape = _input_shape(network, task)
    with _positive(network), _without_normalisation(network):
        total = logits_of(network, torch.ones(shape, dtype=torch.float64)).sum()
        weights = _weights(network)
        gradients = torch.autograd.grad(total, weights, allow_unused=True)
        pairs = zip(weights, gradients, strict=True)
        return [(weight.detach() * g).abs() for weight, g in pairs if g is not None]


def _input_shape(network: nn.Module, task: Task) -> tuple[int, ...]:
    if isinstance(network, LanguageNetwork):
        return tuple(network.embed(torch.zeros(_WORDS, 1, dtype=torch.int64)).shape)
    assert isinstance(task, ImageTask)
    return (1, *task.input_shape)


def _weights(network: nn.Module) -> list[Tensor]:
    """Returns the weights that a flow passes; a language model's are its matrices."""
    if isinstance(network, LanguageNetwork):
        return [parameter for parameter in network.parameters() if parameter.ndim > 1]
    return [m.weight for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


@contextmanager
def _positive(network: nn.Module) -> Iterator[None]:
    """Lets every parameter be its absolute value in double precision."""
    kept = [(parameter, parameter.data) for parameter in network.parameters()]
    for parameter, value in kept:
        parameter.data = value.abs().double().contiguous()
    try:
        yield
    finally:
        for parameter, value in kept:
            parameter.data = value


@contextmanager
def _unchanged(network: nn.Module) -> Iterator[None]:
    """Restores, at the end, statistics and which parameters require gradients."""
    buffers = [(buffer, buffer.clone()) for buffer in network.buffers()]
    wanted = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    try:
        yield
    finally:
        for buffer, before in buffers:
            buffer.copy_(before)
        for parameter, gradients in wanted:
            parameter.requires_grad_(gradients)


@contextmanager
def _without_normalisation(network: nn.Module) -> Iterator[None]:
    """Turns batch normalisation into the identity inside a ``with``."""
    layers = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for layer in layers:
        layer.forward = nn.Identity().forward  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward
