"""Records, on which a ledger stands: recorded trainings, told trials, or trainings on demand."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from nascast.core.errors import InvalidArchitectureError
from nascast.core.evaluator import Benchmark, Evaluator, checked
from nascast.core.history import History
from nascast.core.metric import direction, quantity
from nascast.core.space import SearchSpace
from nascast.core.types import (
    Candidate,
    Evaluation,
    Floats,
    Genes,
    ImageTask,
    Metric,
    Task,
    Trial,
)

__all__ = ["Records", "Told", "Trained", "usual_task"]


class Records(Protocol):
    """Trainings of architectures, by metric, epoch and seed.

    A `Benchmark` is one, and documents the methods; `Told` makes one of the trials that a strategy
    was told, so that a predictor can live inside a strategy; `Trained` trains what is asked for.
    """

    @property
    def space(self) -> SearchSpace:
        """The search space of the architectures."""
        ...

    @property
    def task(self) -> Task:
        """The task that networks are built for."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """The recorded metrics, by name."""
        ...

    @property
    def separate(self) -> bool:
        """Whether trainings of different numbers of epochs are separate ones."""
        ...

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        """Returns ``(n,)`` values of a metric as measured; see `Benchmark.query`."""
        ...

    def curve(self, genes: Genes, metric: str, epochs: int, seed: int | None = 0) -> Floats:
        """Returns ``(n, k)`` values at the k recorded epochs up to and including `epochs`."""
        ...

    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        """Returns ``(n,)`` seconds that the trainings took; NaN where they are not known."""
        ...

    def describe(self, metric: str) -> Metric:
        """Returns the metric of that name, or raises `UnsupportedError`."""
        ...


_Training = dict[int | None, Evaluation]  # by the epochs that were asked for; None is all


class _Evaluations(Benchmark):
    """Evaluations by network; equivalent rows are one network.

    The k-th training of a network consists, for each number of epochs, of the evaluation of the
    k-th candidate that asked for it. Its value after some epochs is that of the candidate that
    asked for them, or stands in the curve of a longer evaluation. Its seconds are those of all its
    evaluations up to there, which is what was spent, whether they went on from each other or began
    anew; an evaluation that went further counts with its share of epochs.
    """

    def __init__(self, name: str, space: SearchSpace, task: Task) -> None:
        self.name, self.space, self.task = name, space, task
        self._networks: dict[bytes, list[_Training]] = {}

    @abstractmethod
    def _training(self, row: Genes, epochs: int | None, seed: int) -> _Training:
        """Returns the training of a canonical row, ``(length,)``, after so many epochs."""

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        self.describe(metric)
        return self._each(genes, epochs, seed, lambda training: _value(training, metric, epochs))

    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        return self._each(genes, epochs, seed, lambda training: _seconds(training, epochs))

    def _each(
        self,
        genes: Genes,
        epochs: int | None,
        seed: int | None,
        read: Callable[[_Training], float],
    ) -> Floats:
        found = np.empty(len(genes))
        for i, row in enumerate(self.space.canonical(genes)):
            seeds = range(max(self._trainings(row), 1)) if seed is None else (seed,)
            values = [read(self._training(row, epochs, k)) for k in seeds]
            found[i] = math.fsum(values) / len(values)
        return found

    def _trainings(self, row: Genes) -> int:
        return len(self._networks.get(row.tobytes(), ()))


class Told(_Evaluations):
    """The trials that a strategy was told, as records.

    A failed trial has the value NaN. Where no trial asked for a full training, the longest one
    counts as full. The direction of a metric is that of the objective, or what its name says;
    where neither does, `describe` raises `InvalidSettingError`.
    """

    def __init__(self, history: History, space: SearchSpace, task: Task | None = None) -> None:
        """Takes the trials of a history.

        Args:
            history: trials that the strategy was told; later ones are not seen.
            space: search space of the candidates.
            task: task that networks for proxies are built for; None is the space's default.
        """
        super().__init__("told trials", space, task or usual_task(space))
        declared = {objective.metric: objective.minimize for objective in history.objectives}
        marks: dict[str, set[int]] = {}
        for trial in history.trials:
            self._take(trial.candidate, trial.evaluation)
            for name in trial.evaluation.metrics:
                marks.setdefault(name, set()).update(filter(None, [trial.candidate.epochs]))
            for name, curve in trial.evaluation.curves.items():
                marks.setdefault(name, set()).update(range(1, len(curve) + 1))
        self._longest = max((e for epochs in marks.values() for e in epochs), default=None)
        self._any_full = any(trial.candidate.epochs is None for trial in history.trials)
        self._metric = history.objectives[0].metric
        for trainings in self._networks.values():
            trainings.sort(key=lambda training: not self._is_label(training))
        seeds = max(map(len, self._networks.values()), default=1)
        self.metrics = {}
        for name, e in marks.items():
            if name in declared or quantity(name):
                known = {"minimize": declared[name]} if name in declared else {}
                self.metrics[name] = Metric(
                    name, "", "", epochs=tuple(sorted(e)), seeds=seeds, **known
                )
        self._unsaid = marks.keys() - self.metrics.keys()

    def describe(self, metric: str) -> Metric:
        if metric in self._unsaid:
            direction(metric)  # says that the name does not say it
        return super().describe(metric)

    def genes(self) -> Genes:
        """Returns ``(n, length)``: the canonical rows of the networks that have a label."""
        rows = [
            np.frombuffer(key, dtype=np.int16)
            for key, trainings in self._networks.items()
            if self._is_label(trainings[0])
        ]
        return np.asarray(rows, dtype=np.int16).reshape(-1, self.space.length)

    def _is_label(self, training: _Training) -> bool:
        """Returns whether a training is a full one with a finite value of the first objective."""
        full = training.get(None if self._any_full else self._longest)
        return full is not None and math.isfinite(full.metrics.get(self._metric, math.nan))

    def _take(self, candidate: Candidate, evaluation: Evaluation) -> None:
        key = self.space.canonical(candidate.arch.row()).tobytes()
        trainings = self._networks.setdefault(key, [])
        for training in trainings:
            if candidate.epochs not in training:
                training[candidate.epochs] = evaluation
                return
        trainings.append({candidate.epochs: evaluation})

    def _training(self, row: Genes, epochs: int | None, seed: int) -> _Training:
        trainings = self._networks.get(row.tobytes(), [])
        if seed >= len(trainings):
            text = self.space.to_text(row[None])[0]
            raise InvalidArchitectureError(
                f"{text} was told {len(trainings)} times; asked for training {seed}"
            )
        training = trainings[seed]
        if epochs is None and not self._any_full and self._longest in training:
            return {**training, None: training[self._longest]}
        return training


class Trained(_Evaluations):
    """Trainings made when they are asked for, and remembered.

    A curve is trained no further than it is read. Seed k is the k-th training of a network, and
    the mean over seeds is over those there are.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        space: SearchSpace,
        metrics: Sequence[Metric],
    ) -> None:
        """Begins without any training.

        Args:
            evaluator: evaluator that trains candidates; what it raises is the caller's to handle.
            space: search space of the candidates.
            metrics: metrics that the evaluator measures; the ``epochs`` of each are those of its
                curves, and the last of them is a full training.
        """
        super().__init__("trainings on demand", space, evaluator.task)
        self.metrics = {metric.name: metric for metric in metrics}
        self._last = max((e for metric in metrics for e in metric.epochs), default=None)
        self._evaluator = evaluator

    def remember(self, trials: Iterable[Trial]) -> None:
        """Takes trainings that are finished, each as the first of its network; none is repeated."""
        for trial in trials:
            key = self.space.canonical(trial.candidate.arch.row()).tobytes()
            self._networks[key] = [{trial.candidate.epochs: trial.evaluation}]

    def genes(self) -> Genes:
        """Returns ``(n, length)``: the canonical rows whose full training is there and went well.

        Raises:
            UnsupportedError: there is none, since nothing was trained yet.
        """
        rows = [
            np.frombuffer(key, dtype=np.int16)
            for key, trainings in self._networks.items()
            if trainings and None in trainings[0] and trainings[0][None].error is None
        ]
        return np.stack(rows) if rows else super().genes()

    def curve(self, genes: Genes, metric: str, epochs: int, seed: int | None = 0) -> Floats:
        self.describe(metric)
        self.seconds(genes, epochs, seed)  # the longest training first: its curve has the others
        return super().curve(genes, metric, epochs, seed)

    def _training(self, row: Genes, epochs: int | None, seed: int) -> _Training:
        trainings = self._networks.setdefault(row.tobytes(), [])
        while len(trainings) <= seed:
            trainings.append({})
        training = trainings[seed]
        asked = None if epochs == self._last else epochs
        if not _reaches(training, asked):
            candidate = Candidate(self.space.architecture(row), asked)
            training[asked] = checked(self._evaluator.evaluate(candidate, seed))
        if epochs is not None and asked is None:
            return {**training, epochs: training[None]}
        return training


def _reaches(training: _Training, epochs: int | None) -> bool:
    if epochs in training:
        return True
    curves = (c for e in training.values() for c in e.curves.values())
    return epochs is not None and any(len(curve) >= epochs for curve in curves)


def _value(training: _Training, metric: str, epochs: int | None) -> float:
    """Returns a metric after so many epochs; NaN where the training failed, or it is not known."""
    if epochs in training:
        return training[epochs].metrics.get(metric, math.nan)
    for evaluation in training.values():
        curve = evaluation.curves.get(metric, ())
        if epochs is not None and len(curve) >= epochs:
            return curve[epochs - 1]
    return math.nan


def _seconds(training: _Training, epochs: int | None) -> float:
    """Returns the seconds of a training until so many epochs; NaN where they are not known."""
    if epochs is None:
        return math.fsum(e.seconds for e in training.values()) if None in training else math.nan
    shorter = [e.seconds for asked, e in training.items() if asked is not None and asked <= epochs]
    if epochs in training:
        return math.fsum(shorter)
    for evaluation in training.values():
        length = max(map(len, evaluation.curves.values()), default=0)
        if length >= epochs:
            return max(math.fsum(shorter), evaluation.seconds * epochs / length)
    return math.nan


def usual_task(space: SearchSpace) -> Task:
    """Returns the task that networks of a space are built for where none is given."""
    return space.tasks[0]() if space.tasks else ImageTask()
