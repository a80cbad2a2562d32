"""The predictor study: predictors × budgets × trials on one benchmark.

Protocol of White et al. (NeurIPS 2021, https://arxiv.org/abs/2104.01177, section 3): every trial
draws a test set and, apart from it, a nested sequence of training sets; a predictor is initialized
on a training set and queried on the test set; both times are read off its ledger. Deviations: no
canonical architecture is in both sets, and correlations keep their sign.
"""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from nascast.core import plugins
from nascast.core.errors import StoreError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.executor import Executor
from nascast.core.ledger import Ledger, Memo
from nascast.core.store import changed_settings
from nascast.core.threads import one_thread
from nascast.core.types import Batch, Genes
from nascast.executors.serial import Serial
from nascast.studies.journal import Journal
from nascast.studies.metrics import METRICS, agreement, noise_ceiling
from nascast.studies.scores import Scores
from nascast.studies.study import (
    Cell,
    Progress,
    Study,
    batch_of,
    cells,
    objective_of,
    open_benchmark,
    predictor_of,
    proxies_of,
    results,
    split,
)
from nascast.studies.versions import versions

__all__ = ["compare"]

Row = dict[str, Any]


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
    grid = cells(study)
    sets = [split(study, benchmark, trial) for trial in range(study.trials)]
    batch = batch_of(study, benchmark)
    journal = _begin(study, benchmark, batch, out)
    rows = {_cell_of(row): row for row in journal.read() if "predictor" in row}
    todo = [cell for cell in grid if cell not in rows]
    refused = _refusals(study, benchmark, batch, todo, sets[0][0][:1])
    for cell in todo:
        if cell in refused:
            rows[cell] = {**asdict(cell), "family": _family(cell.predictor), "error": refused[cell]}
    todo = [cell for cell in todo if cell not in refused]
    memo = Scores(study, benchmark, batch, cache or out / "proxies.jsonl")
    memo.measure(todo, sets, executor, progress)
    progress.start("predictors", len(grid))
    progress.advance(len(grid) - len(todo))
    for cell in todo:
        call = partial(_run_cell, study, cell, *sets[cell.trial], batch, memo.part(cell, sets))
        executor.submit(cell, call)
    for done in results(executor, len(todo)):
        cell = cast(Cell, done.task)
        row = {**asdict(cell), "error": done.error} if done.error else done.value
        row["family"] = _family(row["predictor"])
        journal.append(row)
        rows[cell] = row
        progress.advance(1)
    ordered = [rows[cell] for cell in grid]
    _write(ordered, out / "results.parquet")
    return ordered


def _begin(study: Study, benchmark: Benchmark, batch: Batch, out: Path) -> Journal:
    """Makes the run's folder, or finds the same study in it."""
    settings = json.loads(json.dumps(asdict(study)))
    file = out / "study.json"
    try:
        out.mkdir(parents=True, exist_ok=True)
        if file.exists():
            old = json.loads(file.read_text())["settings"]
            if changed := changed_settings(old, settings):
                raise StoreError(
                    f"{out} holds another study: {changed}; choose another folder with --out"
                )
        else:
            objective = objective_of(study, benchmark)
            head = {
                "settings": settings,
                "benchmark": benchmark.name,
                "unit": benchmark.metrics[study.metric].unit,
                "batch": batch.source,
                "noise_ceiling": noise_ceiling(benchmark, objective),
                "versions": versions(),
            }
            part = file.with_suffix(".part")
            part.write_text(json.dumps(head, indent=1))
            part.replace(file)
        journal = Journal(out / "cells.jsonl")
        journal.path.touch()
    except OSError as error:
        raise StoreError(f"cannot write to {out}: {error.strerror}; choose --out") from error
    return journal


def _family(predictor: str) -> str:
    return plugins.family("predictor", predictor) or "hybrid"


def _cell_of(row: Row) -> Cell:
    return Cell(row["predictor"], row["train_size"], row["epochs"], row["trial"])


def _refusals(
    study: Study, benchmark: Benchmark, batch: Batch, cells: Sequence[Cell], genes: Genes
) -> dict[Cell, str]:
    """Tries every feature on some architecture, and says which cells cannot have their evidence."""
    reasons: dict[tuple[str, int | None], str | None] = {}
    for cell in cells:
        kind = (cell.predictor, cell.epochs)
        if kind in reasons:
            continue
        reasons[kind] = None
        ledger = Ledger(benchmark, objective_of(study, benchmark), batch=batch)
        try:
            with ledger.phase("query"):
                for feature in predictor_of(*kind).features:
                    feature(ledger, genes)
        except UnsupportedError as error:
            reasons[kind] = str(error)
    found = ((cell, reasons[cell.predictor, cell.epochs]) for cell in cells)
    return {cell: reason for cell, reason in found if reason is not None}


@one_thread()  # so that measured seconds do not depend on what else runs
def _run_cell(study: Study, cell: Cell, test: Genes, train: Genes, batch: Batch, memo: Memo) -> Row:
    """Initializes and queries one predictor; runs in a worker."""
    benchmark = open_benchmark(study.benchmark)
    objective = objective_of(study, benchmark)
    ledger = Ledger(benchmark, objective, batch=batch, memo=memo)
    predictor = predictor_of(cell.predictor, cell.epochs)
    key = [study.seed, cell.trial, cell.train_size or 0, zlib.crc32(cell.predictor.encode())]
    with ledger.phase("init"):
        rng = np.random.default_rng(key)
        predictor.initialize(ledger, train[: cell.train_size or 0], rng)
    with ledger.phase("query"):
        predicted = predictor.query(ledger, test)
    values = benchmark.query(test, study.metric)
    true = -values if objective.minimize else values  # scores, as the predictions are
    return {
        **asdict(cell),
        "seed": study.seed,
        "test_size": len(test),
        **agreement(predicted, true),
        "init_seconds": ledger.seconds["init"],
        "query_seconds": ledger.seconds["query"] / len(test),
        "batch": batch.source if proxies_of(cell) else "",
        "predicted": predicted.tolist(),
        "true": true.tolist(),
        "versions": json.dumps(versions()),
        "error": None,
    }


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
