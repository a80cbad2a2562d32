"""Performance estimation by really training the candidate."""

import hashlib
import json
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from nascast.core import plugins
from nascast.core.clock import clock_of
from nascast.core.errors import InvalidSettingError
from nascast.core.space import SearchSpace
from nascast.core.stamp import stamp
from nascast.core.threads import one_thread
from nascast.core.types import Architecture, Candidate, Evaluation, ImageTask, Task, TextTask
from nascast.networks.counting import Counts, count
from nascast.networks.forward import example
from nascast.networks.latency import latency_ms
from nascast.training import checkpoint as checkpoints
from nascast.training._limits import (
    MemoryLimitError,
    TimeLimitError,
    limited_memory,
    time_guard,
)
from nascast.training.data import ImageData, Split, open_data, task_of
from nascast.training.language import LanguageTraining, evaluate_language
from nascast.training.loop import DivergedError, ImageTraining, Training, evaluate
from nascast.training.placement import device_here, placed
from nascast.training.recipe import Recipe
from nascast.training.running import Reached, tell
from nascast.training.text import TextData, open_text

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "ChildEvaluator",
    "LanguageEvaluator",
    "TrainingEvaluator",
    "image_metrics",
    "text_metrics",
]

_LARGEST = math.log(sys.float_info.max)
_COUNTS = tuple(item.name for item in fields(Counts))


@dataclass(frozen=True, slots=True)
class ChildEvaluator(ABC):
    """Trains each candidate and scores it on data that it was not trained on.

    Seconds are those of building, training and validating: processor seconds on a CPU, where
    trainings share cores, wall seconds on CUDA. The curves by epoch are those of
    `nascast.training.loop.Curves`.

    A candidate of k epochs runs the first k epochs of the recipe's schedule. With `checkpoints` a
    training that stops early is kept, and a candidate of the same architecture with more epochs
    continues the longest one that is shorter: its random numbers too, whatever its seed. It costs
    the new seconds only, while its curves are whole.

    A training that diverges, or takes too much time or memory, is an evaluation with an error and
    the seconds until then. A mistake in the settings shows when the evaluator is made. The object
    is small and pickles; each process opens the data when it first trains, and keeps to them
    where files are written anew.

    Attributes:
        space: search space of the candidates, or its registered name.
        data: source of the data.
        recipe: recipe by which candidates are trained.
        skeleton: settings of the skeleton of the networks.
        checkpoints: folder for trainings that stopped early, one for each run; None keeps none.
        time_limit: wall seconds for one training.
        memory_limit: memory in MiB that one training may take.
        device: name of the device: ``cpu``, ``cuda``, or ``auto``, which is CUDA's where the
            process that trains finds one; on a CPU each training has one thread.
        running: folder in which each training tells after every epoch how far it has come, see
            `nascast.training.running`; None tells nothing.
    """

    space: SearchSpace | str
    data: str
    recipe: Recipe = field(default_factory=Recipe)
    skeleton: Mapping[str, Any] = field(default_factory=dict)
    checkpoints: Path | None = None
    time_limit: float | None = None
    memory_limit: float | None = None
    device: str = "cpu"
    running: Path | None = None
    _seen: str = field(init=False, repr=False, compare=False)  # the stamp of the data

    def __post_init__(self) -> None:
        object.__setattr__(self, "_seen", stamp(self.data))
        for name in ("time_limit", "memory_limit"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise InvalidSettingError(f"{name} is above 0, or None; got {value!r}")
        if isinstance(self.space, str):
            object.__setattr__(self, "space", plugins.load("space", self.space))
        arch = self._space.architecture(self._space.sample(1, np.random.default_rng(0))[0])
        with torch.random.fork_rng([]):
            self._training(arch, generator=torch.Generator())

    @property
    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics that are measured."""

    @property
    @abstractmethod
    def task(self) -> Task:
        """The task that networks are built for, without settings for training alone."""

    @property
    def _space(self) -> SearchSpace:
        assert isinstance(self.space, SearchSpace)
        return self.space

    @property
    def _here(self) -> str:
        return device_here(self.device)

    def network(self, arch: Architecture) -> "nn.Module":
        """Returns the network of an architecture, without parts for training alone."""
        return self._space.build(arch, self.task)

    def told(self) -> str:
        """Returns in words what data were read."""
        return self._open().told()

    def example(self) -> Tensor:
        """Returns one input of `network`, of zeros."""
        return example(self.task)

    def settings(self) -> dict[str, Any]:
        """Returns the settings that decide the results, as JSON values; data by a checksum."""
        return {
            "space": self._space.name,
            "data": self.data,
            "fingerprint": self._open().fingerprint,
            "recipe": asdict(self.recipe),
            "skeleton": dict(self.skeleton),
            "time_limit": self.time_limit,
            "memory_limit": self.memory_limit,
            "device": self.device,
            **self._own(),
        }

    @abstractmethod
    def _open(self) -> ImageData | TextData:
        """Returns the data, on the device."""

    @abstractmethod
    def _own(self) -> dict[str, Any]:
        """Returns the settings that only this kind of evaluator has, as JSON values."""

    @abstractmethod
    def _training(self, arch: Architecture, **how: Any) -> Training[Any]:
        """Returns a training that has not begun."""

    @abstractmethod
    def _score(self, arch: Architecture, training: Training[Any]) -> dict[str, float]:
        """Returns the metrics of a training that has ended."""

    def _counts(self, arch: Architecture) -> dict[str, float]:
        one = self.example()
        with torch.device("meta"):  # no weights are drawn for what is only counted
            network = self.network(arch)
        counts = count(network, tuple(one.shape[1:]), one.dtype)
        return {name: float(value) for name, value in asdict(counts).items()}

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        """Returns the evaluation of a trained candidate.

        Args:
            candidate: candidate to train.
            seed: seed of weights and order of data, which is the number of the trial.

        Raises:
            InvalidSettingError: the candidate asks for more epochs than the recipe has.
            NascastError: see `open_data`, `open_text` and `nascast.training.checkpoint`.
        """
        clock = clock_of(self._here)
        curves: dict[str, tuple[float, ...]] = {}
        epochs = candidate.epochs or self.recipe.epochs
        cuda = [] if self._here == "cpu" else [torch.device(self._here)]
        threads = one_thread() if self._here == "cpu" else nullcontext()
        with threads, torch.random.fork_rng(cuda):
            began = clock()
            try:
                with limited_memory(self.memory_limit, self._here):
                    training = self._start(candidate, seed)
                    tell(self.running, seed, Reached(epochs, asdict(training.curves)))
                    for reached in training.epochs(candidate.epochs):
                        curves = {name: tuple(v) for name, v in asdict(reached).items()}
                        tell(self.running, seed, Reached(epochs, curves))
                    seconds = clock() - began
                    self._keep(candidate, training)
                    metrics = self._score(candidate.arch, training)
            except (DivergedError, TimeLimitError, MemoryLimitError) as error:
                text = f"{type(error).__name__}: {error}"
                return Evaluation({}, clock() - began, text, curves)
        return Evaluation(metrics, seconds, curves=curves)

    def _start(self, candidate: Candidate, seed: int) -> Training[Any]:
        torch.manual_seed(seed)
        training = self._training(
            candidate.arch,
            generator=torch.Generator().manual_seed(seed),
            clock=clock_of(self._here),
            guard=time_guard(self.time_limit),
        )
        if self.checkpoints is not None:
            asked = candidate.epochs or self.recipe.epochs
            for epochs in range(asked - 1, 0, -1):
                if checkpoints.resume(training, self._file(candidate.arch, epochs)):
                    break
        return training

    def _keep(self, candidate: Candidate, training: Training[Any]) -> None:
        epochs = candidate.epochs or self.recipe.epochs
        if self.checkpoints is not None and epochs < self.recipe.epochs:
            checkpoints.save(training, self._file(candidate.arch, epochs))

    def _file(self, arch: Architecture, epochs: int) -> Path:
        """Returns the file for a training that stopped after so many epochs.

        The name has the epochs, so that a search that is repeated from its store, after it was
        killed, continues from the same state as before.
        """
        assert self.checkpoints is not None
        said = [asdict(arch), dict(self.skeleton), asdict(self.recipe), self._own()]
        text = json.dumps([self.data, *said], sort_keys=True, default=str)
        name = hashlib.sha256(text.encode()).hexdigest()[:20]
        return self.checkpoints / f"{name}-{epochs}.pt"


@dataclass(frozen=True, slots=True)
class TrainingEvaluator(ChildEvaluator):
    """Trains classifiers of images; see `ChildEvaluator`.

    The metrics are ``val_accuracy`` and ``test_accuracy`` in percent, ``val_loss``, ``test_loss``
    and ``train_loss`` in nats, after the last epoch, the `Counts` of the network without an
    auxiliary head (``parameters``, ``multiply_adds`` …) and, if asked for, ``latency_ms``.

    Attributes:
        data: source of images, see `open_data`.
        skeleton: settings of the skeleton, to which those that the recipe needs are added
            (`Recipe.skeleton`).
        split: split of the images.
        measure_latency: whether to measure ``latency_ms``: the median time of one image.
    """

    split: Split = field(default_factory=Split)
    measure_latency: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        return image_metrics(self.measure_latency)

    @property
    def task(self) -> ImageTask:
        return task_of(self._open(), self.skeleton)

    def _open(self) -> ImageData:
        return open_data(self.data, self.split, self._here, self._seen)

    def _own(self) -> dict[str, Any]:
        return {"split": asdict(self.split), "measure_latency": self.measure_latency}

    def _training(self, arch: Architecture, **how: Any) -> ImageTraining:
        data = self._open()
        network = self._space.build(arch, task_of(data, self.skeleton, self.recipe))
        return ImageTraining(placed(network, self._here), data, recipe=self.recipe, **how)

    def _score(self, arch: Architecture, training: Training[Any]) -> dict[str, float]:
        network, curves, data = training.scored, training.curves, self._open()
        test_loss, test_accuracy = evaluate(network, *data.test)
        metrics = {
            "val_accuracy": curves.val_accuracy[-1],
            "val_loss": curves.val_loss[-1],
            "train_loss": curves.train_loss[-1],
            "test_accuracy": test_accuracy,
            "test_loss": test_loss,
            **self._counts(arch),
        }
        if self.measure_latency:
            metrics["latency_ms"] = latency_ms(network, self.example().to(self._here))
        return metrics


@dataclass(frozen=True, slots=True)
class LanguageEvaluator(ChildEvaluator):
    """Trains language models of recurrent cells; see `ChildEvaluator`.

    The metrics are ``val_loss``, ``test_loss`` and ``train_loss`` in nats a word, after the last
    epoch, ``val_perplexity`` and ``test_perplexity``, ``val_accuracy`` and ``test_accuracy`` in
    percent of words predicted, and the `Counts` of one word (``parameters``, ``multiply_adds`` …).

    Attributes:
        space: search space with networks for a `TextTask`.
        data: source of text, see `open_text`.
    """

    @property
    def metrics(self) -> tuple[str, ...]:
        return text_metrics()

    @property
    def task(self) -> TextTask:
        return TextTask(len(self._open().words), self.skeleton)

    def _open(self) -> TextData:
        return open_text(self.data, self._here, self._seen)

    def _own(self) -> dict[str, Any]:
        return {}

    def _training(self, arch: Architecture, **how: Any) -> LanguageTraining:
        network = self.network(arch).to(self._here)
        return LanguageTraining(network, self._open(), recipe=self.recipe, **how)

    def _score(self, arch: Architecture, training: Training[Any]) -> dict[str, float]:
        curves = training.curves
        test_loss, test_accuracy = evaluate_language(training.scored, self._open().test)
        val_loss = curves.val_loss[-1]
        return {
            "val_loss": val_loss,
            "val_perplexity": _perplexity(val_loss),
            "val_accuracy": curves.val_accuracy[-1],
            "train_loss": curves.train_loss[-1],
            "test_loss": test_loss,
            "test_perplexity": _perplexity(test_loss),
            "test_accuracy": test_accuracy,
            **self._counts(arch),
        }


def image_metrics(latency: bool) -> tuple[str, ...]:
    """Returns the names of what `TrainingEvaluator` measures, with or without the latency."""
    scores = (f"{part}_{kind}" for kind in ("accuracy", "loss") for part in ("val", "test"))
    return (*scores, "train_loss", *_COUNTS, *(["latency_ms"] if latency else []))


def text_metrics() -> tuple[str, ...]:
    """Returns the names of what `LanguageEvaluator` measures."""
    kinds = ("loss", "perplexity", "accuracy")
    scores = (f"{part}_{kind}" for kind in kinds for part in ("val", "test"))
    return (*scores, "train_loss", *_COUNTS)


def _perplexity(loss: float) -> float:
    """Returns e to the loss; infinity where that is no float."""
    return math.exp(loss) if loss < _LARGEST else math.inf
