"""Small components with a known truth, quick to build and to train."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark, Evaluator
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import (
    Architecture,
    Bools,
    Candidate,
    Evaluation,
    Floats,
    Genes,
    ImageTask,
    Metric,
    Task,
)

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ConstantEvaluator", "FlakyEvaluator", "TinyBenchmark", "TinySpace"]

_LAYERS = 4
_EPOCHS = 10
_SEEDS = 2
_TASK = ImageTask((3, 8, 8), 3)


class TinySpace(SearchSpace):
    """Chains of four layers between a stem and a classifier, in two widths.

    The first four genes are the layers, at least one of them a convolution; the last gene is the
    width. A skip computes nothing, so that rows which differ only in where their skips stand are
    equivalent: there are 160 rows and 60 networks.

    Attributes:
        operations: names of the operations by value of the first four genes.
        widths: numbers of channels by value of the last gene.
    """

    name = "tiny"
    cardinalities = (3,) * _LAYERS + (2,)
    operations = ("skip", "conv_1x1", "conv_3x3")
    widths = (4, 8)
    tasks = (ImageTask,)

    def is_valid(self, genes: Genes) -> Bools:
        fine = super().is_valid(genes)
        if fine.any():
            fine &= (genes[:, :_LAYERS] != 0).any(1)
        return fine

    def canonical(self, genes: Genes) -> Genes:
        """Returns the rows with their skips first."""
        self.check(genes)
        order = np.argsort(genes[:, :_LAYERS] != 0, axis=1, kind="stable")
        out = genes.copy()
        out[:, :_LAYERS] = np.take_along_axis(genes[:, :_LAYERS], order, axis=1)
        return out

    def all(self) -> Genes:
        """Returns all 160 rows in ascending order."""
        rows = np.indices(self.cardinalities, dtype=np.int16).reshape(self.length, -1).T.copy()
        return rows[self.is_valid(rows)]

    def graphs(self, genes: Genes) -> Graph:
        """Returns chains of input, width, the layers that are not skips, and output."""
        self.check(genes)
        vocabulary = ("input", "output", "narrow", "wide", *self.operations[1:])
        last = _LAYERS + 2
        adjacency = np.zeros((len(genes), last + 1, last + 1), dtype=bool)
        labels = np.full((len(genes), last + 1), -1, dtype=np.int16)
        labels[:, 0], labels[:, 1], labels[:, last] = 0, 2 + genes[:, -1], 1
        for i, row in enumerate(genes):
            layers = row[:_LAYERS][row[:_LAYERS] > 0]
            labels[i, 2 : 2 + len(layers)] = 3 + layers
            chain = [*range(2 + len(layers)), last]
            adjacency[i, chain[:-1], chain[1:]] = True
        return Graph(adjacency, labels, vocabulary)

    def build(self, arch: Architecture, task: Task) -> "nn.Module":
        from torch import nn

        from nascast.networks.operations import ReluConvNorm

        task = self.expect_task(task, ImageTask)
        row = self.row(arch)[0].tolist()
        if task.skeleton:
            raise InvalidSettingError(f"tiny: there are no settings; got {dict(task.skeleton)}")
        width = self.widths[row[-1]]
        kernels = [(0, 1, 3)[gene] for gene in row[:_LAYERS]]
        return nn.Sequential(
            nn.Conv2d(task.input_shape[0], width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            *(ReluConvNorm(width, width, kernel) for kernel in kernels if kernel),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(width, task.classes),
        )

    def supernet(self, task: Task) -> "nn.Module":
        from nascast.testing._tiny_supernet import TinySupernet

        return TinySupernet(self.expect_task(task, ImageTask), _LAYERS, self.widths)


class TinyBenchmark(Benchmark):
    """Two trainings of ten epochs for every row of `TinySpace`, by a formula and seeded noise.

    More and larger convolutions, early ones most of all, and the greater width are better and take
    longer. Equivalent rows have the same records.
    """

    name = "tiny"

    def __init__(self, spread: float = 1.0, noise: float = 0.3, seed: int = 0) -> None:
        """Makes the records.

        Args:
            spread: factor of the differences between architectures; with 0, and no noise, there are
                none.
            noise: standard deviation of the accuracies, in percent.
            seed: seed of the noise.
        """
        self.space = TinySpace()
        self.task: ImageTask = _TASK
        self._genes = self.space.all()
        self._codes = self.space.codes(self._genes)
        self._values = _records(self.space, self._genes, spread, noise, seed)
        epochs = tuple(range(1, _EPOCHS + 1))
        self.metrics: Mapping[str, Metric] = {
            metric.name: metric
            for metric in (
                Metric("train_loss", "nats", "train", True, epochs, _SEEDS),
                Metric("val_loss", "nats", "validation", True, epochs, _SEEDS),
                Metric("val_accuracy", "percent", "validation", False, epochs, _SEEDS),
                Metric("test_accuracy", "percent", "test", False, epochs, _SEEDS),
                Metric("seconds", "seconds", "train", True, epochs, _SEEDS),
                Metric("parameters", "count", "none", True),
            )
        }

    def genes(self) -> Genes:
        return self._genes.copy()

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        meta = self.describe(metric)
        self.space.check(genes)
        rows = np.searchsorted(self._codes, self.space.codes(genes))
        if not meta.epochs:
            return np.asarray(self._values[metric][rows, 0, 0])
        epochs = _EPOCHS if epochs is None else epochs
        if epochs not in meta.epochs or seed not in (None, *range(_SEEDS)):
            raise UnsupportedError(
                f"tiny: recorded are epochs 1 to {_EPOCHS} with seeds 0 to {_SEEDS - 1}; "
                f"epoch {epochs} with seed {seed} asked for"
            )
        values = self._values[metric][rows, :, epochs - 1]
        return np.asarray(values.mean(1) if seed is None else values[:, seed])

    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        return self.query(genes, "seconds", epochs, seed)


def _records(
    space: TinySpace, genes: Genes, spread: float, noise: float, seed: int
) -> dict[str, npt.NDArray[np.float64]]:
    """Returns ``(n, seeds, epochs)`` values by metric; ``(n, 1, 1)`` without epochs."""
    rows = space.canonical(genes)
    _, group = np.unique(space.codes(rows), return_inverse=True)
    size = (4, int(group.max()) + 1, _SEEDS, _EPOCHS)
    draws = noise * np.random.default_rng(seed).standard_normal(size)[:, group]
    epochs = np.arange(1, _EPOCHS + 1)
    width = np.asarray(space.widths)[rows[:, -1]]
    gains = np.asarray([0.0, 0.7, 1.0])[rows[:, :_LAYERS]] * np.linspace(1.1, 0.9, _LAYERS)
    quality = spread * (gains.sum(1) + 0.8 * width)[:, None, None] / (_LAYERS + 6)
    loss = 1.1 * np.exp(-(0.02 + 0.15 * quality) * epochs)
    accuracy = 30 + 50 * quality * (1 - np.exp(-epochs / 3))
    weights = (np.asarray([0, 1, 9])[rows[:, :_LAYERS]] * width[:, None] ** 2).sum(1)
    layers = (rows[:, :_LAYERS] > 0).sum(1)
    fixed = _TASK.input_shape[0] * width * 9 + width * _TASK.classes + _TASK.classes
    parameters = weights + 2 * width * (1 + layers) + fixed
    cost = (0.5 + parameters / 1000)[:, None, None] * np.asarray([1.0, 1.1])[:, None]
    return {
        "train_loss": loss * (1 + 0.01 * draws[0]),
        "val_loss": (0.1 + 1.1 * loss) * (1 + 0.01 * draws[1]),
        "val_accuracy": accuracy + draws[2],
        "test_accuracy": accuracy - 1 + draws[3],
        "seconds": cost * epochs,
        "parameters": parameters.astype(np.float64)[:, None, None],
    }


@dataclass(frozen=True, slots=True)
class ConstantEvaluator:
    """Returns the same metrics at the same cost for every candidate."""

    metrics: Mapping[str, float] = field(default_factory=lambda: {"val_accuracy": 50.0})
    seconds: float = 1.0
    task: Task = _TASK

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        """Returns the evaluation, the same for every candidate."""
        return Evaluation(dict(self.metrics), self.seconds)


@dataclass(frozen=True, slots=True)
class FlakyEvaluator:
    """Raises for a share of the candidates, always for the same ones.

    Attributes:
        evaluator: evaluator of the others.
        share: share of (candidate, seed) pairs that fail, from 0 to 1.
    """

    evaluator: Evaluator = field(default_factory=ConstantEvaluator)
    share: float = 0.5

    @property
    def metrics(self) -> Collection[str]:
        """The metrics of the evaluator of the others."""
        return self.evaluator.metrics

    @property
    def task(self) -> Task:
        """The task of the evaluator of the others."""
        return self.evaluator.task

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        """Returns the evaluation by `evaluator`, or raises ``RuntimeError``."""
        digest = hashlib.sha256(repr((candidate, seed)).encode()).digest()
        if int.from_bytes(digest[:4]) < self.share * 2**32:
            raise RuntimeError(f"flaky: failed for seed {seed}, as it was made to")
        return self.evaluator.evaluate(candidate, seed)
