"""Hard limits on what a network may cost, as a space that holds nothing else."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.core.space import SearchSpace
from nascast.core.types import Bools, Genes, Task
from nascast.spaces._restricted import Restricted

__all__ = ["Limits", "latency_ms", "limited"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network may cost at most; None is no limit.

    Attributes:
        parameters: numbers that training changes.
        multiply_adds: of one forward pass, see `networks.counting`.
        latency_ms: milliseconds of one forward pass for one input on one core of this machine.
    """

    parameters: int | None = None
    multiply_adds: int | None = None
    latency_ms: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            if value <= 0:
                raise InvalidSettingError(f"a limit on {name} should be positive; got {value}")

    def given(self) -> dict[str, float]:
        """Returns the limits there are, by name."""
        values = {
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "latency_ms": self.latency_ms,
        }
        return {name: value for name, value in values.items() if value is not None}

    def words(self) -> str:
        """Returns them in words."""
        shown = (f"{name.replace('_', ' ')} ≤ {value:,}" for name, value in self.given().items())
        return ", ".join(shown)


def limited(space: SearchSpace, task: Task, limits: Limits) -> SearchSpace:
    """Returns the space of those architectures whose network for `task` keeps to the limits.

    Every architecture is built at most once, to be counted. Latency is measured, so that near a
    limit on it two runs may differ.
    """
    if not limits.given():
        return space
    known: dict[bytes, bool] = {}

    def fits(genes: Genes) -> Bools:
        for row in genes:
            if row.tobytes() not in known:
                known[row.tobytes()] = _fits(space, row, task, limits)
        return np.asarray([known[row.tobytes()] for row in genes], dtype=bool)

    return Restricted(space, fits, limits.words())


def _fits(space: SearchSpace, row: Genes, task: Task, limits: Limits) -> bool:
    import torch

    from nascast.networks.counting import count

    arch = space.architecture(row)
    with torch.device("meta"):  # no weights are drawn for what is only counted
        counts = count(space.build(arch, task), task.input_shape)
    if limits.parameters is not None and counts.parameters > limits.parameters:
        return False
    if limits.multiply_adds is not None and counts.multiply_adds > limits.multiply_adds:
        return False
    if limits.latency_ms is None:
        return True
    return latency_ms(space.build(arch, task), task) <= limits.latency_ms


def latency_ms(network: Callable[..., object], task: Task, repeats: int = 9) -> float:
    """Returns the median milliseconds of a forward pass for one input, after two to warm up."""
    import torch

    from nascast.networks.threads import one_thread

    inputs = torch.zeros(1, *task.input_shape)
    network.eval()  # type: ignore[attr-defined]
    times = []
    with one_thread(), torch.inference_mode():
        for _ in range(repeats + 2):
            began = time.perf_counter()
            network(inputs)
            times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times[2:])
