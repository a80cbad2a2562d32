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
    """One architecture: the name of its space and its row of genes."""

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
    """What a strategy wants evaluated: an architecture, trained for `epochs` (None: fully)."""

    arch: Architecture
    epochs: int | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of a candidate.

    Attributes:
        metrics: final values by name, as measured (accuracy in percent).
        seconds: training and validation time that the evaluation cost; NaN where nobody knows. Of
            an evaluation that raised, how long its worker was busy, 0 where nobody knows.
        error: why there are no metrics, or None.
        curves: values by epoch, where the evaluator has them.
    """

    metrics: Mapping[str, float]
    seconds: float
    error: str | None = None
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trial:
    """One finished evaluation.

    Attributes:
        id: number of the candidate in its run, from 0; its evaluation has it as seed.
        candidate: what was evaluated.
        evaluation: what came of it.
        finished: seconds on the executor's clock since the run began; pauses of the run left out.
        thinking: seconds that the strategy was busy with asking for the candidate and with being
            told the trials before it, see `Executor.busy`; NaN where nobody knows.
    """

    id: int
    candidate: Candidate
    evaluation: Evaluation
    finished: float
    thinking: float = 0.0


@dataclass(frozen=True, slots=True)
class Objective:
    """Which metric counts, and in which direction.

    Attributes:
        metric: its name.
        minimize: whether smaller is better; left out, as the name says: an accuracy is to be
            large, an error, a loss, a latency or a number of parameters small. A name that does
            not say raises `InvalidSettingError`.
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
        """Returns the metric turned so that larger is better; NaN for a failure."""
        value = evaluation.metrics.get(self.metric, float("nan"))
        return -value if self.minimize else value


@dataclass(frozen=True, slots=True)
class Metric:
    """One recorded quantity of a benchmark.

    Attributes:
        name: such as ``val_accuracy``.
        unit: ``percent``, ``nats``, ``seconds``, ``count`` …
        split: ``train``, ``validation``, ``test``, or ``none`` for properties of the network.
        minimize: whether smaller is better; left out, as the name says, see `Objective`.
        epochs: after which epochs it was recorded, ascending; empty if it does not depend on them.
        seeds: how many training runs were recorded, for the cells that have the most.
    """

    name: str
    unit: str
    split: str
    minimize: bool = _BY_NAME
    epochs: tuple[int, ...] = ()
    seeds: int = 1

    def __post_init__(self) -> None:
        if self.minimize is _BY_NAME:
            object.__setattr__(self, "minimize", direction(self.name))

    @property
    def aim(self) -> str:
        """What is looked for, in a word: ``minimize`` or ``maximize``."""
        return "minimize" if self.minimize else "maximize"


@dataclass(frozen=True, slots=True)
class ImageTask:
    """Telling the class of an image; a network maps images to logits.

    Attributes:
        input_shape: ``(channels, height, width)``.
        classes: of the images.
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
    """Foretelling the next word of a text; a network maps words and states to logits and states.

    Attributes:
        words: in the vocabulary; 10,000 for Penn Treebank, 33,278 for WikiText-2.
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
        labels: the class of each image, ``(n,)`` int64; or the word after each word,
            ``(steps, columns)`` int64.
        source: where it comes from, in words; printed with every result that rests on it.
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
        """The kind of task it is for, as `ImageTask.kind` or `TextTask.kind`."""
        return TextTask.kind if self.labels.ndim == 2 else ImageTask.kind

    @classmethod
    def random(cls, task: Task, size: int, seed: int = 0) -> "Batch":
        """Returns a drawn batch for a task, for use without a data set.

        Args:
            task: of images, which are standard normal and have uniform labels; or of text, whose
                words are uniform and independent, `STEPS` in each column.
            size: how many images, or columns of text.
            seed: of the draw.
        """
        rng = np.random.default_rng(seed)
        if isinstance(task, TextTask):
            words = rng.integers(task.words, size=(STEPS + 1, size))
            source = f"random uniform words, {size} columns of {STEPS} (seed {seed})"
            return cls(words[:-1], words[1:], source)
        inputs = rng.standard_normal((size, *task.input_shape), dtype=np.float32)
        labels = rng.integers(task.classes, size=size)
        return cls(inputs, labels, f"random normal batch of {size} (seed {seed})")
