"""What a predictor study is made of: settings, cells, test and training sets, evidence."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.executor import Done, Executor
from nascast.core.predictor import PerformancePredictor, Proxy
from nascast.core.space import SearchSpace
from nascast.core.types import Batch, Genes, Objective

__all__ = [
    "Cell",
    "Progress",
    "Study",
    "batch_of",
    "cells",
    "modules_of",
    "objective_of",
    "open_benchmark",
    "predictor_of",
    "proxies_of",
    "results",
    "split",
]


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that decides the result of a comparison.

    Attributes:
        benchmark: registered name or path of a table.
        predictors: registered names.
        train_sizes: labels at initialization, for predictors that take labels.
        epochs: partial training at query, for predictors that read learning curves.
        trials: how often everything is repeated with other test and training sets.
        seed: of trial t is ``(seed, t)``.
        test_size: architectures in a test set.
        metric: which metric predictors are to predict, after full training.
        images: ``.npz`` file with images for zero-cost proxies; None is a seeded random batch.
        batch_size: images in that batch.
    """

    benchmark: str
    predictors: tuple[str, ...]
    train_sizes: tuple[int, ...] = (20, 100)
    epochs: tuple[int, ...] = (2, 6)
    trials: int = 5
    seed: int = 0
    test_size: int = 200
    metric: str = "val_accuracy"
    images: str | None = None
    batch_size: int = 64

    def __post_init__(self) -> None:
        for name in ("trials", "test_size", "batch_size"):
            if getattr(self, name) < 1:
                raise InvalidSettingError(f"{name} should be at least 1; got {getattr(self, name)}")
        for name, least in (("train_sizes", 1), ("epochs", 1)):
            values = getattr(self, name)
            if not values or min(values) < least or len(set(values)) != len(values):
                raise InvalidSettingError(
                    f"{name} should be different whole numbers of at least {least}; "
                    f"got {', '.join(map(str, values)) or 'none'}"
                )
        if self.seed < 0 or self.test_size < 2 or self.batch_size < 2:
            raise InvalidSettingError(
                "the seed should be at least 0, the test set and the batch at least 2; got "
                f"{self.seed}, {self.test_size} and {self.batch_size}"
            )
        if not self.predictors or len(set(self.predictors)) != len(self.predictors):
            raise InvalidSettingError("name at least one predictor, and each only once")
        for name in self.predictors:
            plugins.resolve("predictor", name)


@dataclass(frozen=True, slots=True)
class Cell:
    """One predictor with one budget in one trial; a budget it cannot spend is None."""

    predictor: str
    train_size: int | None
    epochs: int | None
    trial: int


@dataclass
class Progress:
    """Told what goes on; the command line draws it.

    Attributes:
        start: called with a description and the number of steps of a stage.
        advance: called with the number of steps done since.
    """

    start: Callable[[str, int], None] = field(default=lambda name, steps: None)
    advance: Callable[[int], None] = field(default=lambda steps: None)


@lru_cache(maxsize=4)
def open_benchmark(name: str) -> Benchmark:
    """Opens a registered benchmark, or a table by its path.

    What follows a colon is given to the benchmark: ``nasbench201:cifar100``.

    Raises:
        UnknownComponentError: neither of the two.
    """
    path = Path(name)
    if path.suffix == ".nascast" or path.exists():
        from nascast.benchmarks.table import read_table

        return read_table(path)
    registered, colon, setting = name.partition(":")
    component = plugins.resolve("benchmark", registered)
    if colon and not inspect.signature(component).parameters:
        raise InvalidSettingError(f"{registered} has no settings; got {name!r}")
    arguments = (setting,) if colon else ()
    benchmark: Benchmark = plugins.load("benchmark", registered, *arguments)
    return benchmark


def cells(study: Study) -> list[Cell]:
    """Returns every predictor with every budget it can spend, in every trial."""
    grid = []
    for name in study.predictors:
        axes = plugins.resolve("predictor", name).axes
        sizes: Sequence[int | None] = study.train_sizes if "train_size" in axes else (None,)
        epochs: Sequence[int | None] = study.epochs if "epochs" in axes else (None,)
        grid += [Cell(name, n, e, t) for n in sizes for e in epochs for t in range(study.trials)]
    return grid


def split(study: Study, benchmark: Benchmark, trial: int) -> tuple[Genes, Genes]:
    """Draws test and training architectures, no two of the same canonical architecture.

    Of a benchmark without a list of rows they are canonical rows of random ones of its space.

    Returns:
        Rows of shape ``(test_size, length)`` and ``(largest train size, length)``.
    """
    rng = np.random.default_rng([study.seed, trial])
    train = max(cell.train_size or 0 for cell in cells(study))
    need = study.test_size + train
    try:
        pool = rng.permutation(benchmark.genes())
    except UnsupportedError:
        pool = _distinct(benchmark.space, need, rng)
    _, first = np.unique(benchmark.space.canonical(pool), axis=0, return_index=True)
    if len(first) < need:
        raise InvalidSettingError(
            f"{study.test_size} test and {train} training architectures asked for; "
            f"{benchmark.name} has {len(first)} distinct ones"
        )
    rows = pool[np.sort(first)[:need]]
    return rows[: study.test_size], rows[study.test_size :]


def _distinct(space: SearchSpace, need: int, rng: np.random.Generator) -> Genes:
    """Draws canonical rows until `need` are different, or no more new ones come."""
    pool = np.empty((0, space.length), dtype=np.int16)
    while len(pool) < need:
        drawn = space.canonical(space.sample(2 * need, rng))
        grown = np.concatenate([pool, drawn])
        _, first = np.unique(grown, axis=0, return_index=True)
        if len(first) == len(pool):
            break
        pool = grown[np.sort(first)]
    return pool


def batch_of(study: Study, benchmark: Benchmark) -> Batch:
    """Returns the inputs for zero-cost proxies."""
    task = benchmark.task
    if study.images is None:
        return Batch.random(task, study.batch_size)
    from nascast.training.data import Split, image_batch, open_data

    size = study.batch_size
    part = Split(train=size, validation=1, test=1, size=task.input_shape[1])
    batch = image_batch(open_data(study.images, part), size)
    if batch.inputs.shape[1:] != task.input_shape:
        raise InvalidSettingError(
            f"{study.images} has images of {batch.inputs.shape[1:]}; the networks of "
            f"{benchmark.name} take {task.input_shape}"
        )
    return batch


def objective_of(study: Study, benchmark: Benchmark) -> Objective:
    """Returns what the predictors are to predict."""
    return Objective(study.metric, benchmark.describe(study.metric).minimize)


@lru_cache(maxsize=32)
def predictor_of(name: str, epochs: int | None) -> PerformancePredictor:
    """Returns the predictor of a name, made for reading so many epochs."""
    settings = {} if epochs is None else {"epochs": epochs}
    predictor: PerformancePredictor = plugins.load("predictor", name, **settings)
    return predictor


def proxies_of(cell: Cell) -> list[Proxy]:
    """Returns the proxies among the features of a cell's predictor."""
    features = predictor_of(cell.predictor, cell.epochs).features
    return [feature for feature in features if isinstance(feature, Proxy)]


def modules_of(study: Study) -> tuple[str, ...]:
    """Returns what cells import that takes long, for the workers of `Processes`."""
    components = [plugins.resolve("predictor", name) for name in study.predictors]
    return ("scipy.stats", *(m for c in components for m in getattr(c, "modules", ())))


def results(executor: Executor, count: int) -> Iterator[Done]:
    """Yields so many results as they come."""
    while count > 0:
        for done in executor.collect():
            count -= 1
            yield done
