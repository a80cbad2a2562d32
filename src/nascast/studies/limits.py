"""Hard limits on the cost of a network, as a space of the networks that keep to them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Bools, Genes, Task

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Limits", "Networks", "TaskNetworks", "limited"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest cost that a network may have; None is no limit.

    Attributes:
        parameters: number of parameters.
        multiply_adds: multiply-adds of the network as built, for one input: dead operations count,
            as they do among the parameters and in what benchmarks record; see `networks.counting`.
        latency_ms: milliseconds of a forward pass for one input on one core of this machine.
    """

    parameters: int | None = None
    multiply_adds: int | None = None
    latency_ms: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            if not value > 0:  # nor is NaN
                raise InvalidSettingError(f"a limit on {name} should be positive; got {value}")

    def given(self) -> dict[str, float]:
        """Returns the limits that are set, by name."""
        values = {
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "latency_ms": self.latency_ms,
        }
        return {name: value for name, value in values.items() if value is not None}

    def words(self) -> str:
        """Returns the limits in words."""
        shown = (f"{name.replace('_', ' ')} ≤ {value:,}" for name, value in self.given().items())
        return ", ".join(shown)


class Networks(Protocol):
    """The networks that limits are about: one for each architecture, and an input of them."""

    def network(self, arch: Architecture) -> "nn.Module":
        """Returns the network of an architecture."""
        ...

    def example(self) -> "Tensor":
        """Returns one input of `network`, of zeros."""
        ...


@dataclass(frozen=True, slots=True)
class TaskNetworks:
    """The networks of a space for a task; see `Networks`."""

    space: SearchSpace
    task: Task

    def network(self, arch: Architecture) -> "nn.Module":
        return self.space.build(arch, self.task)

    def example(self) -> "Tensor":
        from nascast.networks.forward import example

        return example(self.task)


def limited(space: SearchSpace, networks: Networks, limits: Limits) -> SearchSpace:
    """Returns the space of those architectures whose network keeps to the limits.

    Every architecture is built at most once, to be counted, and one of all that the space says to
    count alike. Latency is measured, so that near a limit on it two runs may differ.
    """
    if not limits.given():
        return space
    known: dict[bytes, bool] = {}

    def fits(genes: Genes) -> Bools:
        alike = genes if limits.latency_ms is not None else space.counted_alike(genes)
        keys = [key.tobytes() for key in alike]
        for key, row in zip(keys, genes, strict=True):
            if key not in known:
                known[key] = _fits(networks, space.architecture(row), limits)
        return np.asarray([known[key] for key in keys], dtype=bool)

    return Restricted(space, fits, limits.words())


def _fits(networks: Networks, arch: Architecture, limits: Limits) -> bool:
    import torch

    from nascast.networks.counting import count, parameters
    from nascast.networks.latency import latency_ms

    with torch.device("meta"):  # no weights are drawn for what is only counted
        network = networks.network(arch)
    if limits.parameters is not None and parameters(network) > limits.parameters:
        return False
    example = networks.example()
    if limits.multiply_adds is not None:  # which a pass tells, and takes far longer than building
        counts = count(network, tuple(example.shape[1:]), example.dtype)
        if counts.multiply_adds > limits.multiply_adds:
            return False
    if limits.latency_ms is None:
        return True
    return latency_ms(networks.network(arch), example) <= limits.latency_ms
