"""Performance estimation by really training the candidate."""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture, Candidate, Evaluation, Task
from nascast.networks.counting import count
from nascast.networks.threads import one_thread
from nascast.training import checkpoint as checkpoints
from nascast.training._limits import (
    MemoryLimitError,
    TimeLimitError,
    limited_memory,
    time_guard,
)
from nascast.training._placement import placed
from nascast.training.data import ImageData, Split, open_data, task_of
from nascast.training.loop import DivergedError, Training, evaluate
from nascast.training.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn

__all__ = ["TrainingEvaluator", "latency"]

_WARM_UP, _RUNS = 3, 20  # of a latency; chosen


@dataclass(frozen=True, slots=True)
class TrainingEvaluator:
    """Trains each candidate and scores it on the validation images.

    The metrics are ``val_accuracy`` and ``test_accuracy`` in percent, ``val_loss``, ``test_loss``
    and ``train_loss`` in nats, after the last epoch, ``parameters`` and ``multiply_adds`` of the
    network without an auxiliary head and, if asked for, ``latency_ms``. The curves by epoch are
    those of `nascast.training.loop.Curves`. Seconds are those of building, training and validating:
    processor seconds on a CPU, where trainings share cores, wall seconds on CUDA.

    A candidate of k epochs runs the first k epochs of the recipe's schedule. With `checkpoints` a
    training that stops early is kept, and a candidate of the same architecture with more epochs
    continues the longest one that is shorter: its random numbers too, whatever its seed. It costs
    the new seconds only, while its curves are whole.

    A training that diverges, or takes too much time or memory, is an evaluation with an error and
    the seconds until then. A mistake in the settings shows when the evaluator is made. The object
    is small and pickles; each process opens the data when it first trains.

    Attributes:
        space: of the candidates, or its registered name.
        data: source of images, see `open_data`.
        recipe: how a candidate is trained.
        split: of the images.
        skeleton: of the networks; what the recipe needs is added (`Recipe.skeleton`).
        checkpoints: folder for trainings that stopped early, one for each run; None keeps none.
        time_limit: wall seconds for one training.
        memory_limit: MiB that one training may take.
        device: ``cpu`` or ``cuda``. On a CPU each training has one thread.
        measure_latency: whether to measure ``latency_ms``: the median time of one image.
    """

    space: SearchSpace | str
    data: str
    recipe: Recipe = field(default_factory=Recipe)
    split: Split = field(default_factory=Split)
    skeleton: Mapping[str, Any] = field(default_factory=dict)
    checkpoints: Path | None = None
    time_limit: float | None = None
    memory_limit: float | None = None
    device: str = "cpu"
    measure_latency: bool = False

    def __post_init__(self) -> None:
        for name in ("time_limit", "memory_limit"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidSettingError(f"{name} is above 0, or None; got {value!r}")
        if isinstance(self.space, str):
            object.__setattr__(self, "space", plugins.load("space", self.space))
        arch = self._space.architecture(self._space.sample(1, np.random.default_rng(0))[0])
        with torch.random.fork_rng([]):
            Training(
                self._build(arch),
                self._open(),
                recipe=self.recipe,
                generator=torch.Generator(),
            )

    @property
    def _space(self) -> SearchSpace:
        assert isinstance(self.space, SearchSpace)
        return self.space

    def _open(self) -> ImageData:
        return open_data(self.data, self.split, self.device)

    @property
    def task(self) -> Task:
        """What the networks are built for."""
        return task_of(self._open(), self.skeleton, self.recipe)

    def settings(self) -> dict[str, Any]:
        """Returns what decides the results, as JSON values; the data by their content."""
        return {
            "space": self._space.name,
            "data": self.data,
            "fingerprint": self._open().fingerprint,
            "recipe": asdict(self.recipe),
            "split": asdict(self.split),
            "skeleton": dict(self.skeleton),
            "time_limit": self.time_limit,
            "memory_limit": self.memory_limit,
            "device": self.device,
            "measure_latency": self.measure_latency,
        }

    def _build(self, arch: Architecture) -> "nn.Module":
        return placed(self._space.build(arch, self.task), self.device)

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        """Trains a candidate; the seed is that of weights, order and changes of images.

        Raises:
            InvalidSettingError: the candidate asks for more epochs than the recipe has.
            NascastError: see `open_data` and `nascast.training.checkpoint`.
        """
        data = self._open()
        clock = time.process_time if self.device == "cpu" else time.perf_counter
        curves: dict[str, tuple[float, ...]] = {}
        cuda = [] if self.device == "cpu" else [torch.device(self.device)]
        threads = one_thread() if self.device == "cpu" else nullcontext()
        with threads, torch.random.fork_rng(cuda):
            began = clock()
            try:
                with limited_memory(self.memory_limit, self.device):
                    training = self._start(candidate, seed, data)
                    for reached in training.epochs(candidate.epochs):
                        curves = {name: tuple(v) for name, v in asdict(reached).items()}
                    seconds = clock() - began
                    self._keep(candidate, training)
                    metrics = self._score(candidate.arch, training, data)
            except (DivergedError, TimeLimitError, MemoryLimitError) as error:
                text = f"{type(error).__name__}: {error}"
                return Evaluation({}, clock() - began, text, curves)
        return Evaluation(metrics, seconds, curves=curves)

    def _start(self, candidate: Candidate, seed: int, data: ImageData) -> Training:
        torch.manual_seed(seed)
        training = Training(
            self._build(candidate.arch),
            data,
            recipe=self.recipe,
            generator=torch.Generator().manual_seed(seed),
            clock=time.process_time if self.device == "cpu" else time.perf_counter,
            guard=time_guard(self.time_limit),
        )
        if self.checkpoints is not None:
            asked = candidate.epochs or self.recipe.epochs
            for epochs in range(asked - 1, 0, -1):
                if checkpoints.resume(training, self._file(candidate.arch, epochs)):
                    break
        return training

    def _keep(self, candidate: Candidate, training: Training) -> None:
        epochs = candidate.epochs or self.recipe.epochs
        if self.checkpoints is not None and epochs < self.recipe.epochs:
            checkpoints.save(training, self._file(candidate.arch, epochs))

    def _file(self, arch: Architecture, epochs: int) -> Path:
        """Where a training stopped after so many epochs is kept.

        The name tells epochs, so that a search that is repeated from its store, after it was
        killed, continues from the same state as before.
        """
        assert self.checkpoints is not None
        said = [asdict(arch), dict(self.skeleton), asdict(self.recipe), asdict(self.split)]
        text = json.dumps([self.data, *said], sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:20]
        return self.checkpoints / f"{name}-{epochs}.pt"

    def _score(self, arch: Architecture, training: Training, data: ImageData) -> dict[str, float]:
        network, curves = training.scored, training.curves
        test_loss, test_accuracy = evaluate(network, *data.test)
        bare = network
        if self.recipe.auxiliary_weight:
            bare = self._space.build(arch, task_of(data, self.skeleton))
        counts = count(bare, self.task.input_shape)
        metrics = {
            "val_accuracy": curves.val_accuracy[-1],
            "val_loss": curves.val_loss[-1],
            "train_loss": curves.train_loss[-1],
            "test_accuracy": test_accuracy,
            "test_loss": test_loss,
            "parameters": float(counts.parameters),
            "multiply_adds": float(counts.multiply_adds),
        }
        if self.measure_latency:
            metrics["latency_ms"] = latency(network, data)
        return metrics


@torch.no_grad()
def latency(network: "nn.Module", data: ImageData) -> float:
    """Returns the median milliseconds of a forward pass for one image, on the data's device."""
    network.eval()
    image = data.validation[0][:1]
    times = []
    for _ in range(_WARM_UP + _RUNS):
        began = time.perf_counter()
        network(image)
        if image.is_cuda:
            torch.cuda.synchronize(image.device)
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times[_WARM_UP:]))
