"""Trials, results and records as tables for other programs: columns, CSV, Parquet, JSON, pandas."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nascast.core.document import document
from nascast.core.errors import InvalidSettingError, MissingDataError
from nascast.core.evaluator import Benchmark
from nascast.core.extras import extra
from nascast.studies.predictors.head import HEAD
from nascast.studies.predictors.results import read_run, to_record
from nascast.studies.records import open_benchmark
from nascast.studies.searches.results import SEARCH, Searched, read_search

if TYPE_CHECKING:
    import pandas

__all__ = ["Columns", "columns", "pieces", "to_pandas"]

Columns = Mapping[str, Sequence[Any]]  # by name, all of one length; None where there is no value
_ROWS = 100  # of a part of a CSV; one of a comparison may take 100 kB
# Columns of the trials of a search, before the metrics and after them.
_BEFORE = ("run", "strategy", "seed", "trial", "space", "architecture", "epochs")
_AFTER = ("seconds", "thinking", "finished", "error")


def columns(source: Path | Searched) -> Columns:
    """Returns a row for each trial of a search, or each result of a comparison, as columns.

    Args:
        source: folder of a search or a comparison, or a search that was read.

    Raises:
        MissingDataError: the folder holds neither.
        NascastError: as `read_search` and `read_run`.
    """
    if isinstance(source, Searched):
        return _trials(source)
    if (source / SEARCH).is_file():
        return _trials(read_search(source))
    if (source / HEAD).is_file():
        head, results = read_run(source)
        rows = [to_record(result, head.axes) for result in results]
        return _columns(rows, list(rows[0]) if rows else [])
    raise MissingDataError(
        f"{source} has neither {SEARCH} nor {HEAD}; expected a folder that `nascast search` or "
        "`nascast compare` wrote"
    )


def to_pandas(source: "str | Path | Searched | Benchmark") -> "pandas.DataFrame":
    """Returns trials, results or records as a pandas data frame.

    Args:
        source: folder of a search or a comparison; the name or table of a benchmark; or a search or
            benchmark that is open. A benchmark gives a row for each architecture: its text, and its
            metrics after full training, of the first training.

    Raises:
        MissingExtraError: pandas is not installed.
        MissingDataError: the folder holds neither a search nor a comparison.
        UnsupportedError: the benchmark has no list of architectures.
    """
    frame = extra("pandas", "pandas", "a data frame").DataFrame
    if isinstance(source, Searched):
        return frame(columns(source))
    if isinstance(source, str | Path) and Path(source).is_dir():
        return frame(columns(Path(source)))
    return frame(_records(source if isinstance(source, Benchmark) else open_benchmark(str(source))))


def pieces(
    form: str, found: Columns, told: Callable[[int], None] = lambda rows: None
) -> Iterator[bytes]:
    """Returns columns as the content of a file, part by part; long CSV is never in memory whole.

    In CSV a missing value is empty and a list is JSON; in JSON there is an object for each row.

    Args:
        form: csv, json or parquet.
        found: columns.
        told: function called with the number of rows of each part, once it is made.

    Raises:
        InvalidSettingError: the form is unknown.
    """
    if form not in _FORMS:
        raise InvalidSettingError(f"expected one of {', '.join(_FORMS)}; got {form!r}")
    return _FORMS[form](found, told)


def _trials(found: Searched) -> Columns:
    asked = {objective.metric for objective in found.objectives}
    told = {m for run in found.runs for t in run.trials for m in t.evaluation.metrics}
    metrics = sorted(asked | told)
    rows = []
    for run in found.runs:
        genes = [trial.candidate.arch.genes for trial in run.trials]
        shape = (len(genes), found.space.length)
        texts = found.space.to_text(np.array(genes, dtype=np.int16).reshape(shape))
        for trial, text in zip(run.trials, texts, strict=True):
            evaluation = trial.evaluation
            rows.append(
                {
                    **{"run": run.name, "strategy": str(run.spec), "seed": run.seed},
                    **{"trial": trial.id, "space": found.space.name, "architecture": text},
                    "epochs": trial.candidate.epochs,
                    **{metric: _known(evaluation.metrics.get(metric)) for metric in metrics},
                    "seconds": _known(evaluation.seconds),
                    "thinking": _known(trial.thinking),
                    "finished": _known(trial.finished),
                    "error": evaluation.error,
                }
            )
    return _columns(rows, (*_BEFORE, *metrics, *_AFTER))


def _records(benchmark: Benchmark) -> Columns:
    genes = benchmark.genes()
    found: dict[str, Sequence[Any]] = {"architecture": benchmark.space.to_text(genes)}
    rows = {row.tobytes(): i for i, row in enumerate(genes)}
    for metric in benchmark.metrics:
        there = benchmark.recorded(metric, 0)
        values = np.full(len(genes), np.nan)
        values[[rows[row.tobytes()] for row in there]] = benchmark.query(there, metric)
        found[metric] = values.tolist()
    return found


def _columns(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Columns:
    return {name: [row[name] for row in rows] for name in names}


def _csv(found: Columns, told: Callable[[int], None]) -> Iterator[bytes]:
    yield _lines([found])
    rows = zip(*found.values(), strict=True)
    while some := list(islice(rows, _ROWS)):
        yield _lines([map(_field, row) for row in some])
        told(len(some))


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _field(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def _json(found: Columns, told: Callable[[int], None]) -> Iterator[bytes]:
    rows = [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    yield document(rows, indent=1).encode()
    told(len(rows))


def _parquet(found: Columns, told: Callable[[int], None]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: list(values) for name, values in found.items()}), sink)
    yield bytes(sink.getvalue())
    told(len(next(iter(found.values()), ())))


_FORMS = {"csv": _csv, "json": _json, "parquet": _parquet}


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
