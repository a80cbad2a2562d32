"""Reading tables: mapped into memory, and answered from as they stand."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nascast.benchmarks._places import Places
from nascast.benchmarks.table.files import TABLE, array_of, check_sum, head_of, map_columns
from nascast.benchmarks.table.writing import SECONDS
from nascast.core import plugins
from nascast.core.bounds import reading, size_of
from nascast.core.errors import (
    InvalidArchitectureError,
    UnsupportedError,
)
from nascast.core.evaluator import Benchmark
from nascast.core.metric import quantity
from nascast.core.space import SearchSpace
from nascast.core.stamp import stamp
from nascast.core.types import (
    Candidate,
    Evaluation,
    Floats,
    Genes,
    ImageTask,
    Metric,
    Task,
    TextTask,
)

__all__ = ["Table", "open_table", "read_table"]

_ADVICE = "make or fetch it again"
_Column = tuple[npt.NDArray[Any], int]  # (n, seeds, epochs), and which of the last


def read_table(path: Path) -> "Table":
    """Returns the table in a file.

    Raises:
        MissingDataError: there is no such file.
        CorruptDataError: the file is truncated, altered, or no table.
    """
    return Table(path)


def open_table(path: Path) -> "Table":
    """Returns the table in a file; the last four stay open while their files are as they were.

    Raises:
        MissingDataError, CorruptDataError: see `read_table`.
    """
    return _opened(path, stamp(path))


@lru_cache(maxsize=4)
def _opened(path: Path, stamp: str) -> "Table":
    return read_table(path)


class Table(Benchmark):
    """A benchmark read from a table file.

    Attributes:
        path: path of the file.
        provenance: origin of the records, as plain JSON values.
        canonical: whether all rows are canonical, and equivalent rows are looked up as one;
            otherwise equivalent rows may have records of their own, and the first of them answers
            for one that has none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path, size_of(path), what="a nascast table", advice=_ADVICE):
            self._load(map_columns(path, TABLE))

    def _load(self, table: pa.Table) -> None:
        head = head_of(table)
        self.name: str = head["name"]
        self.space: SearchSpace = plugins.load("space", head["space"])
        self.task = _task(head["task"])
        self.provenance: Mapping[str, Any] = head["provenance"]
        self.canonical: bool = head["canonical"]
        # NASBench101 is separate whoever converted it, and whenever.
        self.separate = bool(head.get("separate")) or type(self).separate
        metrics = [_metric(fields, head.get("declared", False)) for fields in head["metrics"]]
        self.metrics = {metric.name: metric for metric in metrics}
        self._genes: Genes = array_of(table, "genes")
        self._values = {
            m.name: array_of(table, m.name).reshape(-1, m.seeds, max(1, len(m.epochs)))
            for m in metrics
        }
        genes, most = self._genes, np.asarray(self.space.cardinalities)
        if genes.dtype != np.int16 or genes.shape[1] != len(most) or not len(genes):
            raise ValueError(f"its rows are {genes.dtype} {genes.shape}, not of {self.space.name}")
        if ((genes < 0) | (genes >= most)).any():
            raise ValueError(f"a row that {self.space.name} does not have")
        self._places = Places(self.space, self._genes, self.canonical)
        self._columns: dict[int | None, dict[str, _Column]] = {}

    def __len__(self) -> int:
        return len(self._genes)

    def verify(self) -> None:
        """Checks the sum of the whole file, also of a large one that was checked before.

        Raises:
            CorruptDataError: it was altered or damaged.
        """
        with reading(self.path, size_of(self.path), what="a nascast table", advice=_ADVICE):
            check_sum(self.path, TABLE, trusting=False)

    def genes(self) -> Genes:
        return self._genes.copy()

    def query(
        self, genes: Genes, metric: str, epochs: int | None = None, seed: int | None = 0
    ) -> Floats:
        meta = self.describe(metric)
        column = slice(-1, None)
        if epochs is not None and meta.epochs:
            if epochs not in meta.epochs:
                raise UnsupportedError(
                    f"{self.name}: {metric} was not recorded after epoch {epochs}; "
                    f"recorded epochs: {', '.join(map(str, meta.epochs))}"
                )
            index = meta.epochs.index(epochs)
            column = slice(index, index + 1)
        return self._read(genes, meta, column, seed)[:, 0]

    def curve(self, genes: Genes, metric: str, epochs: int, seed: int | None = 0) -> Floats:
        meta = self.describe(metric)
        if epochs not in meta.epochs:
            return super().curve(genes, metric, epochs, seed)  # says what was recorded
        return self._read(genes, meta, slice(0, meta.epochs.index(epochs) + 1), seed)

    def seconds(self, genes: Genes, epochs: int | None = None, seed: int | None = 0) -> Floats:
        """Returns ``(n,)`` seconds, linear between recorded epochs; NaN if none were recorded."""
        if SECONDS not in self.metrics:
            self._find(genes)
            return np.full(len(genes), np.nan)
        marks = np.asarray(self.metrics[SECONDS].epochs)
        if epochs is None or epochs in self.metrics[SECONDS].epochs:
            mark = len(marks) - 1 if epochs is None else marks.tolist().index(epochs)
            return self._seconds(genes, slice(mark, mark + 1), seed)[:, 0]
        if self.separate:
            raise UnsupportedError(
                f"{self.name}: every number of epochs is a training of its own, and none of "
                f"{epochs} was recorded; recorded are {', '.join(map(str, marks))}"
            )
        if not 0 < epochs <= marks[-1]:
            raise UnsupportedError(
                f"{self.name}: trainings have {marks[-1]} epochs; {epochs} asked for"
            )
        values = self._seconds(genes, slice(None), seed)
        after = int(np.searchsorted(marks, epochs))
        before = marks[after - 1] if after else 0
        start = values[:, after - 1] if after else np.zeros(len(genes))
        share = (epochs - before) / (marks[after] - before)
        return np.asarray(start + share * (values[:, after] - start))

    def _seconds(self, genes: Genes, columns: slice, seed: int | None) -> Floats:
        """Returns ``(n, k)`` seconds of trainings, NaN where they were not recorded."""
        meta = self.metrics[SECONDS]
        if seed is not None and not 0 <= seed < meta.seeds:
            return self._read(genes, meta, columns, seed)  # says which there are
        values = self._values[SECONDS][self._find(genes)][:, :, columns]
        found = _mean(values) if seed is None else values[:, seed]
        return np.asarray(found, dtype=np.float64)

    def _read(self, genes: Genes, meta: Metric, columns: slice, seed: int | None) -> Floats:
        rows = self._find(genes)
        values = self._values[meta.name]
        if seed is None:
            mean = _mean(values[rows][:, :, columns])
            if np.isnan(mean).any():
                raise UnsupportedError(
                    f"{self.name}: {meta.name} was recorded in no training of some of the "
                    "architectures asked for"
                )
            return mean
        if not meta.epochs and meta.seeds == 1:
            seed = 0  # a property of the architecture, the same for every training
        if not 0 <= seed < meta.seeds:
            raise UnsupportedError(
                f"{self.name}: {meta.name} has {meta.seeds} recorded seed(s); seed {seed} asked for"
            )
        found = values[rows, seed, columns].astype(np.float64)
        if np.isnan(found).any():
            have = int((~np.isnan(values[:, seed, -1])).sum())
            raise UnsupportedError(
                f"{self.name}: {meta.name} with seed {seed} is recorded for {have} of "
                f"{len(self)} architectures, and not for all of those asked for"
            )
        return found

    def recorded(self, metric: str, seed: int) -> Genes:
        """Returns ``(m, length)``: the rows for which a metric was recorded with a seed."""
        meta = self.describe(metric)
        if not 0 <= seed < meta.seeds:
            return self._genes[:0].copy()
        have = ~np.isnan(self._values[metric][:, seed, -1])
        return np.asarray(self._genes[have], dtype=np.int16)

    def _find(self, genes: Genes) -> npt.NDArray[np.intp]:
        whole = np.issubdtype(genes.dtype, np.integer)
        if not whole or genes.ndim != 2 or genes.shape[1] != self.space.length:
            self.space.check(genes)  # says what is wrong
        rows, found = self._places.of(genes)
        if not found.all():
            self.space.check(genes)
            index = int(np.flatnonzero(~found)[0])
            text = self.space.to_text(genes[index : index + 1])[0]
            raise InvalidArchitectureError(
                f"{self.name} has no record of row {index}, {text}; it has {len(self)} "
                "architectures, see genes()"
            )
        return rows

    def evaluate(self, candidate: Candidate, seed: int = 0) -> Evaluation:
        arch, epochs = candidate.arch, candidate.epochs
        row = self._places.of_one(arch.genes) if arch.space == self.space.name else None
        if row is None:
            row = int(self._find(self.space.row(arch))[0])
        if epochs not in self._columns:
            self._columns[epochs] = self._recorded(epochs)
        metrics, lacking = {}, []
        for name, (values, mark) in self._columns[epochs].items():
            value = float(values.item(row, 0, mark))
            if math.isnan(value):  # a training that lacks one metric has the others
                lacking.append(name)
            else:
                metrics[name] = value
        if lacking and all(name in (*lacking, SECONDS) for name in self._measured(epochs)):
            return super().evaluate(candidate, seed)  # says what is missing
        curves = {} if epochs is None or self.separate else self._curves_until(row, epochs)
        seconds = metrics.get(SECONDS, math.nan)
        if SECONDS in self.metrics and SECONDS not in self._columns[epochs]:
            seconds = float(self.seconds(self.space.row(arch), epochs)[0])
        return Evaluation(metrics, seconds, curves=curves)

    def _curves_until(self, row: int, epochs: int) -> dict[str, tuple[float, ...]]:
        """Returns the values after each epoch; of metrics that were not recorded after all none."""
        return {
            name: tuple(values[row, 0, :epochs].tolist())
            for name, (values, mark) in self._columns[epochs].items()
            if mark == epochs - 1
        }

    def _measured(self, epochs: int | None) -> list[str]:
        """Returns what was recorded of trainings then, and not of the network alone."""
        return [name for name in self._columns[epochs] if self.metrics[name].split != "none"]

    def _recorded(self, epochs: int | None) -> dict[str, _Column]:
        """Returns the metrics after so many epochs, each as its values and a place among them."""
        found = {}
        for name in self.recorded_after(epochs):
            marks = self.metrics[name].epochs
            found[name] = self._values[name], marks.index(epochs) if epochs in marks else -1
        return found


def _mean(values: npt.NDArray[Any]) -> Floats:
    """Returns means over trainings, ``(n, k)`` of ``(n, seeds, k)``, NaN where there is none."""
    found = np.full((len(values), values.shape[2]), np.nan)
    there = ~np.isnan(values).all(1)
    at = np.nonzero(there)
    found[at] = np.nanmean(values.transpose(0, 2, 1)[at], axis=1)
    return found


def _metric(fields: Mapping[str, Any], declared: bool) -> Metric:
    """Reads a metric; the first tables guessed directions, which known names now have for sure."""
    found = Metric(**{**fields, "epochs": tuple(fields["epochs"])})
    known = quantity(found.name)
    return found if declared or known is None else replace(found, minimize=known.minimize)


def _task(fields: Mapping[str, Any]) -> Task:
    """Returns the task of a table; the first tables had images only, and no kind.

    Raises:
        ValueError: the task is of an unknown kind.
    """
    kind = fields.get("kind", ImageTask.kind)
    if kind == TextTask.kind:
        return TextTask(fields["words"], fields["skeleton"])
    if kind == ImageTask.kind:
        return ImageTask(tuple(fields["input_shape"]), fields["classes"], fields["skeleton"])
    raise ValueError(f"its task is of {kind!r}; known are {ImageTask.kind} and {TextTask.kind}")
