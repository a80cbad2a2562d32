"""The values that cross boundaries: frozen, slotted, compared by content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nascast.core.errors import InvalidArchitectureError, InvalidSettingError
from nascast.core.metric import direction

__all__ = [
    "STEPS",
    "Architecture",
    "Batch",
    "Bools",
    "Candidate",
    "Evaluation",
    "Floats",
    "Genes",
    "ImageTask",
    "Metric",
    "Objective",
    "Task",
    "TextTask",
    "Trial",
]

Genes = npt.NDArray[np.int16]  # (n, length): one architecture per row
Floats = npt.NDArray[np.float64]  # the shape stands beside each use
Bools = npt.NDArray[np.bool_]

_BY_NAME: Any = None  # the direction that `nascast.core.metric` has for the name
STEPS = 35  # words in a column of a batch, as in Zaremba et al., https://arxiv.org/abs/1409.2329


@dataclass(frozen=True, slots=True, order=True)
class Architecture:
    """An architecture: the name of its space and its row of genes."""

    space: str
    genes: tuple[int, ...]

    def row(self) -> Genes:
        """Returns the genes as a batch of one, shape ``(1, length)``.

        Raises:
            InvalidArchitectureError: a gene is not an integer, or larger than any space has.
        """
        genes: Sequence[object] = self.genes
        for i, gene in enumerate(genes):
            if not isinstance(gene, (int, np.integer)) or not -(2**15) <= gene < 2**15:
                raise InvalidArchitectureError(
                    f"{self.space}: gene {i} is {gene!r}; allowed are integers below 32,768"
                )
        return np.asarray([self.genes], dtype=np.int16)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An architecture that a strategy wants trained for `epochs`; None is full training."""

    arch: Architecture
    epochs: int | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of evaluating a candidate: metrics, or the error that ended it.

    Attributes:
        metrics: final values by name, as measured (accuracy in percent).
        seconds: training and validation seconds that it cost; NaN where they are not known. If it
            raised, the seconds that its worker was busy, 0 where they are not known.
        error: reason why there are no metrics, or None.
        curves: values after each epoch, by metric, where the evaluator has them.
    """

    metrics: Mapping[str, float]
    seconds: float
    error: str | None = None
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """One finished evaluation.

    Attributes:
        id: number of the candidate in its run, from 0, which is also the seed of its evaluation.
        candidate: candidate that was evaluated.
        evaluation: result of the evaluation.
        finished: seconds on the executor's clock since the run began; pauses of the run left out.
        thinking: seconds that the strategy took to propose the candidate and to learn from the
            trials told before it, see `Executor.busy`; NaN where they are not known.
    """

    id: int
    candidate: Candidate
    evaluation: Evaluation
    finished: float
    thinking: float = 0.0


@dataclass(frozen=True, slots=True)
class Objective:
    """The metric to optimise, and its direction.

    Attributes:
        metric: name of the metric.
        minimize: whether smaller is better; by default what the name says, see `direction`: an
            accuracy is to be large, an error, a loss, a latency or a number of parameters small.

    Raises:
        InvalidSettingError: the direction is not given, and the name does not say it.
    """

    metric: str
    minimize: bool = _BY_NAME

    def __post_init__(self) -> None:
        if self.minimize is _BY_NAME:
            object.__setattr__(self, "minimize", direction(self.metric))

    @property
    def aim(self) -> str:
        """What is looked for, in a word: ``minimize`` or ``maximize``."""
        return "minimize" if self.minimize else "maximize"

    def score(self, evaluation: Evaluation) -> float:
        """Returns the score: the metric turned so that larger is better; NaN for a failure."""
        value = evaluation.metrics.get(self.metric, float("nan"))
        return -value if self.minimize else value


@dataclass(frozen=True, slots=True)
class Metric:
    """A recorded quantity of a benchmark.

    Attributes:
        name: name such as ``val_accuracy``.
        unit: unit such as ``percent``, ``nats``, ``seconds`` or ``count``.
        split: part of the data: ``train``, ``validation``, ``test``, or ``none`` for properties of
            the network.
        minimize: whether smaller is better; by default what the name says, as of an `Objective`.
        epochs: epochs after which it was recorded, ascending; empty if it does not depend on them.
        seeds: number of recorded trainings, for the architectures that have the most.
        own_seeds: whether its seeds number trainings of its own, and not those of the benchmark's
            other metrics: its value and theirs with one seed are then of different trainings.
    """

    name: str
    unit: str
    split: str
    minimize: bool = _BY_NAME
    epochs: tuple[int, ...] = ()
    seeds: int = 1
    own_seeds: bool = False

    def __post_init__(self) -> None:
        if self.minimize is _BY_NAME:
            object.__setattr__(self, "minimize", direction(self.name))

    @property
    def aim(self) -> str:
        """What is looked for, in a word: ``minimize`` or ``maximize``."""
        return "minimize" if self.minimize else "maximize"


@dataclass(frozen=True, slots=True)
class ImageTask:
    """The task of telling the class of an image; a network maps images to logits.

    Attributes:
        input_shape: ``(channels, height, width)``.
        classes: number of classes.
        skeleton: settings of the space's own macro network, such as ``channels`` or ``cells``; an
            empty mapping means the skeleton of the benchmark's paper.
    """

    kind: ClassVar[str] = "images"

    input_shape: tuple[int, int, int] = (3, 32, 32)
    classes: int = 10
    skeleton: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape, classes = self.input_shape, self.classes
        whole = isinstance(shape, Sequence) and all(map(_is_whole, (*shape, classes)))
        if not whole or len(shape) != 3 or min(shape) < 1 or classes < 2:
            raise InvalidSettingError(
                "a task needs an input shape (channels, height, width) of positive whole numbers "
                f"and at least 2 classes; got {shape!r} and {classes!r}"
            )


@dataclass(frozen=True, slots=True)
class TextTask:
    """The task of predicting the next word; a network maps words and states to logits and states.

    Attributes:
        words: number of words in the vocabulary; 10,000 for Penn Treebank, 33,278 for WikiText-2.
        skeleton: settings of the space's own language model; an empty mapping means that of the
            benchmark's paper.
    """

    kind: ClassVar[str] = "text"

    words: int = 10_000
    skeleton: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _is_whole(self.words) or self.words < 2:
            raise InvalidSettingError(
                f"a task of text needs a vocabulary of at least 2 words; got {self.words!r}"
            )


Task = ImageTask | TextTask  # what a network is built for


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One minibatch for zero-cost proxies, of images or of text.

    Attributes:
        inputs: images, ``(n, channels, height, width)`` float32, normalised; or words by number,
            ``(steps, columns)`` int64, where each column is a piece of text read downwards.
        labels: class of each image, ``(n,)`` int64; or word after each word,
            ``(steps, columns)`` int64.
        source: origin of the batch, in words; printed with every result that rests on it.

    Without inputs, see `named`, it stands for a batch that is not at hand: scores that were
    recorded with it can be looked up, and no others computed.
    """

    inputs: npt.NDArray[np.float32] | npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    source: str

    def __post_init__(self) -> None:
        shapes = self.inputs.shape, self.labels.shape
        kinds = self.inputs.dtype.kind, self.labels.dtype.kind
        images = len(shapes[0]) == 4 and shapes[1] == shapes[0][:1] and kinds == ("f", "i")
        text = len(shapes[0]) == 2 and shapes[1] == shapes[0] and kinds == ("i", "i")
        if not (images or text):
            raise InvalidSettingError(
                "a batch is of images (n, channels, height, width) with n labels, or of words "
                f"(steps, columns) with as many words that follow; got {self.inputs.dtype} of "
                f"shape {shapes[0]} and {self.labels.dtype} of shape {shapes[1]}"
            )

    @property
    def kind(self) -> str:
        """The kind of task that it is for, as `ImageTask.kind` or `TextTask.kind`."""
        return TextTask.kind if self.labels.ndim == 2 else ImageTask.kind

    @classmethod
    def named(cls, task: Task, source: str) -> "Batch":
        """Returns a batch that is not at hand, and of which only the origin is known."""
        labels = np.empty(0, dtype=np.int64)
        if isinstance(task, TextTask):
            return cls(labels[:, None], labels[:, None], source)
        return cls(np.empty((0, *task.input_shape), dtype=np.float32), labels, source)

    @classmethod
    def random(cls, task: Task, size: int, seed: int = 0) -> "Batch":
        """Returns a random batch for a task, for use without a data set.

        Args:
            task: task of images, which are standard normal and have uniform labels; or of text,
                whose words are uniform and independent, `STEPS` in each column.
            size: number of images, or of columns of text.
            seed: seed of the draw.
        """
        rng = np.random.default_rng(seed)
        if isinstance(task, TextTask):
            words = rng.integers(task.words, size=(STEPS + 1, size))
            source = f"random uniform words, {size} columns of {STEPS} (seed {seed})"
            return cls(words[:-1], words[1:], source)
        inputs = rng.standard_normal((size, *task.input_shape), dtype=np.float32)
        labels = rng.integers(task.classes, size=size)
        return cls(inputs, labels, f"random normal batch of {size} (seed {seed})")
