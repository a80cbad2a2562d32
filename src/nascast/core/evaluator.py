"""Performance estimation: evaluators answer one candidate, benchmarks answer batches."""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from nascast.core.errors import CorruptDataError, UnsupportedError
from nascast.core.space import SearchSpace
from nascast.core.types import Candidate, Evaluation, Floats, Genes, Metric, Objective, Task

__all__ = ["Benchmark", "Described", "Evaluator", "alike", "checked", "settings_of"]

_ALIKE = (
    0.9999  # Pearson's correlation; chosen: two trainings of cells have less, and a rounding more
)
_LONGEST = 1e100  # seconds; chosen: however many are added up, the sum is a number


class Evaluator(Protocol):
    """Anything that can train, or look up, one candidate."""

    @property
    def metrics(self) -> Collection[str]:
        """The names of the metrics that it measures."""
        ...

    @property
    def task(self) -> Task:
        """The task that networks are built for."""
        ...

    def evaluate(self, candidate: Candidate, seed: int) -> Evaluation:
        """Returns the evaluation of a candidate; a failure may raise, the runner records it.

        What is returned is `checked`.
        """
        ...


@runtime_checkable
class Described(Protocol):
    """An evaluator that says what decides its answers; see `settings_of`."""

    def settings(self) -> Mapping[str, Any]:
        """Returns the settings that decide the answers, as JSON values.

        A run is continued only where they are equal.
        """
        ...


def settings_of(evaluator: Evaluator) -> dict[str, Any]:
    """Returns the settings of an evaluator, as JSON values; without any the name of its class."""
    if isinstance(evaluator, Described):
        return dict(evaluator.settings())
    return {"evaluator": type(evaluator).__name__}


def checked(came: object, objectives: Sequence[Objective] = ()) -> Evaluation:
    """Returns what an evaluator gave, as an evaluation that can be kept and compared.

    One without metrics, or with a metric that is no number, too large for a float or infinitely
    good, is a failure: it has an error, and no metrics.

    Args:
        came: value that `Evaluator.evaluate` returned.
        objectives: objectives of the search, of which no value can be infinitely good.

    Raises:
        CorruptDataError: it is no evaluation, or took a time that cannot be; whoever ran it knows
            how long that took.
    """
    if not isinstance(came, Evaluation):
        raise CorruptDataError(f"expected an Evaluation from the evaluator; got {_shown(came)}")
    seconds = _number("seconds", came.seconds)
    if seconds < 0 or seconds > _LONGEST:
        raise CorruptDataError(
            "an evaluation takes at least 0 seconds, and NaN where nobody knows how many; "
            f"this one took {seconds:g}"
        )
    error = None if came.error is None else str(came.error)
    try:
        metrics = _numbers(came.metrics)
        curves = {
            name: tuple(_number(f"the curve {name}", value) for value in curve)
            for name, curve in came.curves.items()
        }
        if error is None:
            _expect(metrics, objectives)
    except (CorruptDataError, AttributeError, TypeError) as failure:
        return Evaluation({}, seconds, error or f"{type(failure).__name__}: {failure}")
    return Evaluation(metrics, seconds, error, curves)


def _numbers(metrics: Mapping[str, float]) -> dict[str, float]:
    if not isinstance(metrics, Mapping):
        raise CorruptDataError(f"expected metrics by name; got {_shown(metrics)}")
    for name in metrics:
        if not isinstance(name, str):
            raise CorruptDataError(f"expected metrics by name; one is called {_shown(name)}")
    return {name: _number(name, value) for name, value in metrics.items()}


def _number(name: str, value: object) -> float:
    if type(value) is float:
        return value
    text = isinstance(value, str | bytes | bytearray)
    if not text and not getattr(value, "ndim", 0):
        try:
            return float(value)  # type: ignore[arg-type]
        except OverflowError:
            raise CorruptDataError(f"{name} is too large a number for a float") from None
        except (TypeError, ValueError):
            pass
    raise CorruptDataError(f"expected a number; {name} is {_shown(value)}")


def _expect(metrics: Mapping[str, float], objectives: Sequence[Objective]) -> None:
    if not metrics:
        raise CorruptDataError("the evaluation has neither metrics nor an error")
    for objective in objectives:
        value = metrics.get(objective.metric, 0.0)
        if value == (-math.inf if objective.minimize else math.inf):
            raise CorruptDataError(f"{objective.metric} is {value}, which no network can reach")


def _shown(value: object) -> str:
    if value is None or isinstance(value, str | bytes):
        return repr(value if value is None else value[:40])
    return f"a value of the type {type(value).__name__}"


class Benchmark(ABC):
    """Recorded trainings, which answer batches of architectures.

    Attributes:
        name: registered name, or name in the file it was read from.
        space: search space of its rows.
        metrics: recorded metrics, by name.
        task: task that its networks were built for.
        provenance: origin of the records, as plain JSON values; empty where it is not known.
        separate: whether trainings of different epochs are separate ones with schedules of their
            own, and not one training seen at different times.
        datasets: names of the data sets of which it has a table each, the ``DATASET`` of a
            ``NAME:DATASET``; empty where there is one table.
    """

    datasets: ClassVar[tuple[str, ...]] = ()
    name: str
    space: SearchSpace
    metrics: Mapping[str, Metric]
    task: Task
    provenance: Mapping[str, Any] = MappingProxyType({})
    separate: bool = False

    def settings(self) -> dict[str, Any]:
        """Returns the name, which stands for the records; see `Described`."""
        return {"benchmark": self.name}

    @abstractmethod
    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        """Returns ``(n,)`` values of a metric as measured.

        Args:
            genes: ``(n, length)``.
            metric: name of a metric in `metrics`.
            epochs: epoch after which it was recorded; None is the last one.
            seed: number of the recorded training, from 0; None is the mean over those there are.

        Raises:
            UnsupportedError: the metric, epoch or seed was not recorded.
            InvalidArchitectureError: a row was not recorded.
        """

    @abstractmethod
    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        """Returns ``(n,)`` seconds that training for `epochs` took; None is the full training."""

    def genes(self) -> Genes:
        """Returns ``(n, length)``: every recorded row.

        Raises:
            UnsupportedError: the benchmark is a function, not a table.
        """
        raise UnsupportedError(f"{self.name} has no list of architectures; sample its space")

    def recorded(self, metric: str, seed: int) -> Genes:
        """Returns ``(m, length)``: the rows for which a metric was recorded with a seed.

        Raises:
            UnsupportedError: the benchmark is a function, not a table.
        """
        raise UnsupportedError(f"{self.name} has no list of the trainings of each architecture")

    def measured(self, metric: str) -> Genes:
        """Returns ``(m, length)``: the rows whose first training has a metric.

        All where the benchmark has no list of the trainings of each.

        Raises:
            UnsupportedError: the benchmark is a function, not a table.
        """
        try:
            return self.recorded(metric, 0)
        except UnsupportedError:
            return self.genes()

    def curve(self, genes: Genes, metric: str, epochs: int, seed: int | None = 0) -> Floats:
        """Returns ``(n, k)`` values of a metric at the k recorded epochs up to `epochs`."""
        marks = [mark for mark in self.describe(metric).epochs if mark <= epochs]
        if not marks or marks[-1] != epochs:
            known = ", ".join(map(str, self.describe(metric).epochs)) or "none"
            raise UnsupportedError(
                f"{self.name}: {metric} was not recorded after epoch {epochs}; "
                f"recorded epochs: {known}"
            )
        return np.stack([self.query(genes, metric, e, seed) for e in marks], axis=1)

    def describe(self, metric: str) -> Metric:
        """Returns the metric of that name.

        Raises:
            UnsupportedError: it was not recorded; the message names those that were.
        """
        if metric not in self.metrics:
            known = ", ".join(sorted(self.metrics))
            raise UnsupportedError(f"{self.name} did not record {metric!r}; it has {known}")
        return self.metrics[metric]

    def evaluate(self, candidate: Candidate, seed: int = 0) -> Evaluation:
        """Returns the recorded evaluation of a candidate, so that a benchmark is an evaluator.

        The answer is the first recorded training, whatever the seed: candidates that are the same
        have the same record, strategies with the same seed are compared on the same records, and
        not every row has more than one. So a search does not see how a training would vary. A
        shorter training has the curves of the metrics that were recorded after each of its epochs.

        Args:
            candidate: architecture and epochs, after which at least one metric must be recorded;
                the metrics returned are those, and those that do not depend on epochs.
            seed: not used.

        Raises:
            UnsupportedError: nothing was recorded after so many epochs.
            InvalidArchitectureError: the architecture is of another space, or was not recorded.
        """
        row, epochs = self.space.row(candidate.arch), candidate.epochs
        metrics = {
            name: float(self.query(row, name, epochs)[0]) for name in self.recorded_after(epochs)
        }
        curves = {} if epochs is None or self.separate else self._curves(row, metrics, epochs)
        return Evaluation(metrics, float(self.seconds(row, epochs)[0]), curves=curves)

    def _curves(
        self, row: Genes, names: Collection[str], epochs: int
    ) -> dict[str, tuple[float, ...]]:
        """Returns the values after each epoch; of metrics that were not recorded after all none."""
        every = tuple(range(1, epochs + 1))
        return {
            name: tuple(self.curve(row, name, epochs)[0].tolist())
            for name in names
            if tuple(self.metrics[name].epochs[:epochs]) == every
        }

    def recorded_after(self, epochs: int | None) -> list[str]:
        """Returns the metrics recorded after so many epochs, and those that do not depend on them.

        Raises:
            UnsupportedError: nothing was recorded after so many epochs.
        """
        recorded = [
            name
            for name, metric in self.metrics.items()
            if epochs is None or not metric.epochs or epochs in metric.epochs
        ]
        if epochs is not None and not any(self.metrics[name].epochs for name in recorded):
            known = sorted({mark for metric in self.metrics.values() for mark in metric.epochs})
            raise UnsupportedError(
                f"{self.name}: nothing was recorded after epoch {epochs}; "
                f"recorded epochs: {', '.join(map(str, known)) or 'none'}"
            )
        return recorded


def alike(first: Benchmark, second: Benchmark, metric: str) -> bool:
    """Returns whether two benchmarks have the same trainings, under whatever names and units.

    They are if the metric of the rows that both have, three at least, is the same but for a
    rounding and a scale.
    """
    if metric not in first.metrics or metric not in second.metrics:
        return False
    try:
        known = {row.tobytes() for row in first.measured(metric)}
        rows = second.measured(metric)
    except UnsupportedError:  # a function of every row
        return first.name == second.name
    both = rows[np.asarray([row.tobytes() in known for row in rows], dtype=bool)]
    if len(both) < 3:
        return False
    values = first.query(both, metric), second.query(both, metric)
    if any(len(np.unique(value)) < 2 for value in values):
        return False
    return bool(np.corrcoef(*values)[0, 1] >= _ALIKE)
