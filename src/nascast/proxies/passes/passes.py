"""The passes of one network, each made once and timed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from torch import Tensor, nn

from nascast.core.errors import UnsupportedError
from nascast.core.types import Batch, Floats, Task
from nascast.proxies.passes.blocks import blocks, entropies
from nascast.proxies.passes.curvature import curvature
from nascast.proxies.passes.flow import synflow_terms
from nascast.proxies.passes.traced import (
    Labelled,
    Traced,
    halves,
    input_jacobian,
    labelled,
    traced,
)
from nascast.proxies.passes.untrained import expect_images, fresh_network, weights

__all__ = ["Passes", "once"]

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
        device: str = "cpu",
        told: Callable[[str, float], None] = lambda name, seconds: None,
    ) -> None:
        """Prepares the passes; none is made yet.

        Args:
            build: function that returns the network, initialised from torch's generator.
            seed: seed of the initial weights.
            task: task that the network is built for.
            batch: inputs and labels; None where there are none.
            clock: function that returns monotonic seconds.
            device: device that the network is placed on.
            told: function called with the name and the seconds of each pass that was made.
        """
        self.task, self.seed = task, seed
        self.seconds: dict[str, float] = {}
        self.spent = 0.0
        self._build, self._batch, self._clock, self._told = build, batch, clock, told
        self._device = device
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
            UnsupportedError: there is none, or it is not at hand.
        """
        if self._batch is None:
            raise UnsupportedError("this ledger has no batch of inputs; open it with batch=…")
        if not len(self._batch.inputs):
            raise UnsupportedError(
                f"scores with {self._batch.source} are recorded for some architectures, and not "
                "for this one; that batch is not at hand to compute it: give inputs, as with "
                "--images PATH, or --images random"
            )
        return self._batch

    @once
    def network(self) -> nn.Module:
        """Returns the untrained network; see `fresh_network`."""
        return fresh_network(self._build, self.seed, self._device)

    def weights(self) -> list[Tensor]:
        """Returns the weights of all convolutions and linear maps; see `weights`."""
        return [weight.detach() for weight in weights(self.network())]

    @once
    def traced(self) -> Traced:
        """Returns a forward pass over the batch with its graph; see `traced`."""
        return traced(self.network(), self.batch())

    @once
    def labelled(self) -> Labelled:
        """Returns the gradients of the loss; see `labelled`."""
        return labelled(self.traced(), self.network())

    @once
    def input_jacobian(self) -> Floats:
        """Returns ``(n, d)``: the gradient by the inputs of each example; see `input_jacobian`."""
        return np.asarray(input_jacobian(self.traced().passed).double().cpu().numpy())

    def rectified(self) -> list[Tensor]:
        """Returns what the ReLU modules returned, ``(n, …)`` each."""
        return [result for _, result in self.traced().rectified]

    @once
    def halves(self) -> list[list[Tensor]]:
        """Returns the gradients of the loss on two halves of the batch; see `halves`."""
        return halves(self.network(), self.batch())

    @once
    def curvature(self) -> float:
        """Returns ``Σ w · (H g)`` of the loss; see `curvature`."""
        return curvature(self.network(), self.batch(), self.traced(), self.labelled())

    @once
    def expressivity(self) -> list[float]:
        """Returns the entropy of the features of each block; see `entropies`."""
        return entropies(self.blocks())

    @once
    def blocks(self) -> list[Tensor]:
        """Returns the feature maps of each block for noise, with their graph; see `blocks`."""
        task = expect_images(self.task, "blocks are compared by their feature maps")
        return blocks(self.network(), task, self.seed)

    @once
    def synflow_terms(self) -> list[Tensor]:
        """Returns ``|w ∂R/∂w|`` for each weight; see `synflow_terms`."""
        return synflow_terms(self.network(), self.task)
