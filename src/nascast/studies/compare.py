"""The predictor study: predictors × budgets × trials on one benchmark.

Protocol of White et al. (NeurIPS 2021, https://arxiv.org/abs/2104.01177, section 3): every trial
draws a test set and, apart from it, a nested sequence of training sets; a predictor is initialized
on a training set and queried on the test set; both times are read off its ledger. Deviations: no
canonical architecture is in both sets, and correlations keep their sign.
"""

import json
import platform
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, StoreError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.executor import Done, Executor
from nascast.core.ledger import Ledger, Memo
from nascast.core.predictor import PerformancePredictor, Proxy
from nascast.core.types import Batch, Genes, Objective
from nascast.executors.serial import Serial
from nascast.stores._journal import Journal
from nascast.studies.metrics import METRICS, agreement, noise_ceiling

__all__ = ["Cell", "Progress", "Study", "compare", "open_benchmark"]

Row = dict[str, Any]
_CHUNK = 8  # architectures in one proxy task; chosen, about a second of work
_PACKAGES = ("nascast", "numpy", "scipy", "scikit-learn", "torch", "xgboost-cpu", "ngboost")


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


def compare(
    study: Study,
    out: Path,
    executor: Executor | None = None,
    *,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> list[Row]:
    """Runs what is not on record in `out` yet; returns all rows and writes ``results.parquet``.

    A predictor that cannot work on this benchmark, or fails, gives rows with an ``error``.

    Args:
        study: the settings.
        out: folder of the run; made if needed.
        executor: runs the cells; None runs them in this process.
        progress: told of every step.
        cache: file of proxy scores by content, read and extended; None keeps them in `out`.

    Raises:
        StoreError: `out` holds another study, or cannot be written.
        InvalidSettingError: more architectures asked for than the benchmark has.
    """
    executor = executor or Serial()
    progress = progress or Progress()
    benchmark = open_benchmark(study.benchmark)
    benchmark.describe(study.metric)
    cells = _cells(study)
    sets = [_split(study, benchmark, trial) for trial in range(study.trials)]
    batch = _batch(study, benchmark)
    journal = _begin(study, benchmark, batch, out)
    rows = {_cell_of(row): row for row in journal.read() if "predictor" in row}
    todo = [cell for cell in cells if cell not in rows]
    refused = _refusals(study, benchmark, batch, todo)
    for cell in todo:
        if cell in refused:
            rows[cell] = {**asdict(cell), "family": _family(cell.predictor), "error": refused[cell]}
    todo = [cell for cell in todo if cell not in refused]
    memo = _Scores(study, benchmark, batch, cache or out / "proxies.jsonl")
    memo.measure(todo, sets, executor, progress)
    progress.start("predictors", len(cells))
    progress.advance(len(cells) - len(todo))
    for cell in todo:
        call = partial(_run_cell, study, cell, *sets[cell.trial], batch, memo.part(cell, sets))
        executor.submit(cell, call)
    for done in _results(executor, len(todo)):
        row = {**asdict(done.task), "error": done.error} if done.error else done.value  # type: ignore[call-overload]
        row["family"] = _family(row["predictor"])
        journal.append(row)
        rows[done.task] = row  # type: ignore[index]
        progress.advance(1)
    ordered = [rows[cell] for cell in cells]
    _write(ordered, out / "results.parquet")
    return ordered


@lru_cache(maxsize=4)
def open_benchmark(name: str) -> Benchmark:
    """Opens a registered benchmark, or a table by its path.

    Raises:
        UnknownComponentError: neither of the two.
    """
    path = Path(name)
    if path.suffix == ".nascast" or path.exists():
        from nascast.benchmarks._table import read_table

        return read_table(path)
    benchmark: Benchmark = plugins.load("benchmark", name)
    return benchmark


def _cells(study: Study) -> list[Cell]:
    cells = []
    for name in study.predictors:
        axes = plugins.resolve("predictor", name).axes
        sizes: Sequence[int | None] = study.train_sizes if "train_size" in axes else (None,)
        epochs: Sequence[int | None] = study.epochs if "epochs" in axes else (None,)
        cells += [Cell(name, n, e, t) for n in sizes for e in epochs for t in range(study.trials)]
    return cells


def _split(study: Study, benchmark: Benchmark, trial: int) -> tuple[Genes, Genes]:
    """Draws test and training architectures, no two of the same canonical architecture.

    Returns:
        Rows of shape ``(test_size, length)`` and ``(largest train size, length)``.
    """
    rng = np.random.default_rng([study.seed, trial])
    train = max(cell.train_size or 0 for cell in _cells(study))
    need = study.test_size + train
    try:
        pool = rng.permutation(benchmark.genes())
    except UnsupportedError:
        pool = benchmark.space.sample(2 * need, rng)
    _, first = np.unique(benchmark.space.canonical(pool), axis=0, return_index=True)
    if len(first) < need:
        raise InvalidSettingError(
            f"{study.test_size} test and {train} training architectures asked for; "
            f"{benchmark.name} has {len(first)} distinct ones"
        )
    rows = pool[np.sort(first)[:need]]
    return rows[: study.test_size], rows[study.test_size :]


def _batch(study: Study, benchmark: Benchmark) -> Batch:
    task = benchmark.task
    if study.images is None:
        return Batch.random(task, study.batch_size)
    from nascast.training.data import Split, image_batch, load_images

    size = study.batch_size
    split = Split(train=size, validation=1, test=1, size=task.input_shape[1])
    batch = image_batch(load_images(study.images, split), size)
    if batch.inputs.shape[1:] != task.input_shape:
        raise InvalidSettingError(
            f"{study.images} has images of {batch.inputs.shape[1:]}; the networks of "
            f"{benchmark.name} take {task.input_shape}"
        )
    return batch


def _begin(study: Study, benchmark: Benchmark, batch: Batch, out: Path) -> Journal:
    """Makes the run's folder, or finds the same study in it."""
    settings = json.loads(json.dumps(asdict(study)))
    file = out / "study.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if file.exists():
            old = json.loads(file.read_text())["settings"]
            changed = [key for key in settings if settings[key] != old.get(key)]
            if changed:
                raise StoreError(
                    f"{out} holds another study: "
                    + "; ".join(f"{k} was {old.get(k)}, is {settings[k]}" for k in changed)
                    + "; choose another folder with --out"
                )
        else:
            objective = _objective(study, benchmark)
            head = {
                "settings": settings,
                "benchmark": benchmark.name,
                "unit": benchmark.metrics[study.metric].unit,
                "batch": batch.source,
                "noise_ceiling": noise_ceiling(benchmark, objective),
                "versions": _versions(),
            }
            part = file.with_suffix(".part")
            part.write_text(json.dumps(head, indent=1))
            part.replace(file)
        journal = Journal(out / "cells.jsonl")
        journal.path.touch()
    except OSError as error:
        raise StoreError(f"cannot write to {out}: {error.strerror}; choose --out") from error
    return journal


def _objective(study: Study, benchmark: Benchmark) -> Objective:
    return Objective(study.metric, benchmark.describe(study.metric).minimize)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _family(predictor: str) -> str:
    return plugins.family("predictor", predictor) or "hybrid"


def _cell_of(row: Row) -> Cell:
    return Cell(row["predictor"], row["train_size"], row["epochs"], row["trial"])


def _results(executor: Executor, count: int) -> Iterator[Done]:
    while count > 0:
        for done in executor.collect():
            count -= 1
            yield done


@lru_cache(maxsize=32)
def _predictor(name: str, epochs: int | None) -> PerformancePredictor:
    settings = {} if epochs is None else {"epochs": epochs}
    predictor: PerformancePredictor = plugins.load("predictor", name, **settings)
    return predictor


def _refusals(
    study: Study, benchmark: Benchmark, batch: Batch, cells: Sequence[Cell]
) -> dict[Cell, str]:
    """Tries every feature on one architecture, and says which cells cannot have their evidence."""
    reasons: dict[tuple[str, int | None], str | None] = {}
    genes = _split(study, benchmark, 0)[0][:1]
    for cell in cells:
        kind = (cell.predictor, cell.epochs)
        if kind in reasons:
            continue
        reasons[kind] = None
        ledger = Ledger(benchmark, _objective(study, benchmark), batch=batch)
        try:
            with ledger.phase("query"):
                for feature in _predictor(*kind).features:
                    feature(ledger, genes)
        except UnsupportedError as error:
            reasons[kind] = str(error)
    found = ((cell, reasons[cell.predictor, cell.epochs]) for cell in cells)
    return {cell: reason for cell, reason in found if reason is not None}


def _run_cell(
    study: Study, cell: Cell, test: Genes, train: Genes, batch: Batch, memo: Memo
) -> Row:
    """Initializes and queries one predictor; runs in a worker."""
    _one_thread()
    benchmark = open_benchmark(study.benchmark)
    objective = _objective(study, benchmark)
    ledger = Ledger(benchmark, objective, batch=batch, memo=memo)
    predictor = _predictor(cell.predictor, cell.epochs)
    key = [study.seed, cell.trial, cell.train_size or 0, zlib.crc32(cell.predictor.encode())]
    with ledger.phase("init"):
        rng = np.random.default_rng(key)
        predictor.initialize(ledger, train[: cell.train_size or 0], rng)
    with ledger.phase("query"):
        predicted = predictor.query(ledger, test)
    true = benchmark.query(test, study.metric)
    return {
        **asdict(cell),
        "seed": study.seed,
        "test_size": len(test),
        **agreement(predicted, -true if objective.minimize else true),
        "init_seconds": ledger.seconds["init"],
        "query_seconds": ledger.seconds["query"] / len(test),
        "batch": batch.source if _proxies(study, cell) else "",
        "predicted": predicted.tolist(),
        "true": true.tolist(),
        "versions": json.dumps(_versions()),
        "error": None,
    }


def _one_thread() -> None:
    """Keeps a worker to its core, so that measured seconds do not depend on the other workers."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def _proxies(study: Study, cell: Cell) -> list[Proxy]:
    features = _predictor(cell.predictor, cell.epochs).features
    return [feature for feature in features if isinstance(feature, Proxy)]


class _Scores:
    """Proxy scores of a study, measured once for all cells, in parallel, and kept on disk."""

    def __init__(self, study: Study, benchmark: Benchmark, batch: Batch, path: Path) -> None:
        self._study = study
        self._space = benchmark.space
        self._ledger = Ledger(benchmark, _objective(study, benchmark), batch=batch)
        self._batch = batch
        self._journal = Journal(path)
        self._memo: Memo = {
            (r["key"], np.asarray(r["genes"], dtype=np.int16).tobytes()): (r["value"], r["seconds"])
            for r in self._journal.read()
        }

    def part(self, cell: Cell, sets: Sequence[tuple[Genes, Genes]]) -> Memo:
        """Returns the scores that one cell reads."""
        return {item: self._memo[item] for item in self._items(cell, sets) if item in self._memo}

    def measure(
        self,
        cells: Sequence[Cell],
        sets: Sequence[tuple[Genes, Genes]],
        executor: Executor,
        progress: Progress,
    ) -> None:
        """Measures what is missing. A score that fails is left to the cell, which records why."""
        proxies: dict[str, Proxy] = {}
        missing: dict[str, dict[bytes, None]] = {}
        for cell in cells:
            for proxy in _proxies(self._study, cell):
                proxies[proxy.key(self._ledger)] = proxy
            for key, row in self._items(cell, sets):
                if (key, row) not in self._memo:
                    missing.setdefault(key, {})[row] = None
        tasks = 0
        total = sum(map(len, missing.values()))
        if total:
            self._journal.path.parent.mkdir(parents=True, exist_ok=True)
            progress.start("proxies", total)
        for key, rows in missing.items():
            genes = np.frombuffer(b"".join(rows), dtype=np.int16).reshape(len(rows), -1)
            for start in range(0, len(genes), _CHUNK):
                chunk = genes[start : start + _CHUNK]
                call = partial(_score, self._study, proxies[key], chunk, self._batch)
                executor.submit((key, start), call)
                tasks += 1
        for done in _results(executor, tasks):
            for (key, row), (value, seconds) in (done.value or {}).items():
                self._memo[key, row] = (value, seconds)
                listed = np.frombuffer(row, dtype=np.int16).tolist()
                record = {"key": key, "genes": listed, "value": value, "seconds": seconds}
                self._journal.append(record)
            progress.advance(len(done.value or ()))

    def _items(
        self, cell: Cell, sets: Sequence[tuple[Genes, Genes]]
    ) -> Iterator[tuple[str, bytes]]:
        proxies = _proxies(self._study, cell)
        if not proxies:
            return
        test, train = sets[cell.trial]
        genes = np.concatenate([test, train[: cell.train_size or 0]])
        for row in self._space.canonical(genes):
            for proxy in proxies:
                yield proxy.key(self._ledger), row.tobytes()


def _score(study: Study, proxy: Proxy, genes: Genes, batch: Batch) -> Memo:
    """Measures one proxy on some architectures; runs in a worker."""
    import torch

    torch.set_num_threads(1)
    memo: Memo = {}
    benchmark = open_benchmark(study.benchmark)
    ledger = Ledger(benchmark, _objective(study, benchmark), batch=batch, memo=memo)
    with ledger.phase("query"):
        proxy(ledger, genes)
    return memo


def _write(rows: Sequence[Row], path: Path) -> None:
    """Writes the rows as Parquet; the file appears whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ("predictor", "family", "batch", "versions", "error")
    whole = ("train_size", "epochs", "trial", "seed", "test_size")
    numbers = (*METRICS, "init_seconds", "query_seconds")
    lists = ("predicted", "true")
    schema = pa.schema(
        [(name, pa.string()) for name in texts]
        + [(name, pa.int64()) for name in whole]
        + [(name, pa.float64()) for name in numbers]
        + [(name, pa.list_(pa.float64())) for name in lists]
    )
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    part = path.with_suffix(".part")
    pq.write_table(table, part)
    part.replace(path)
