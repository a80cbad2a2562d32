"""Reading tables: mapped into memory, and answered from as they stand."""

import hashlib
import json
import math
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nascast.benchmarks._places import Places
from nascast.benchmarks.table.writing import MARK, SECONDS
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidArchitectureError,
    MissingDataError,
    UnsupportedError,
)
from nascast.core.evaluator import Benchmark
from nascast.core.space import SearchSpace
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

__all__ = ["Table", "read_table"]

_TRAILER = 32 + len(MARK)
_Column = tuple[npt.NDArray[Any], int]  # (n, seeds, epochs), and which of the last
_LARGE = 64 * 2**20  # bytes, chosen: smaller tables are summed in a tenth of a second every time


def read_table(path: Path) -> "Table":
    """Returns the table in a file.

    Raises:
        MissingDataError: there is no such file.
        CorruptDataError: the file is truncated, altered, or no table.
    """
    return Table(path)


def _map(path: Path, trusting: bool = True) -> pa.Table:
    """Maps a file into memory; `trusting` skips the sum of a large file that was checked before."""
    if not path.is_file():
        raise MissingDataError(f"no benchmark table {path}")
    with open(path, "rb") as file:
        stat = os.fstat(file.fileno())
        if stat.st_size <= _TRAILER:
            raise CorruptDataError(f"{path}: not a nascast table; it has {stat.st_size} bytes")
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    if bytes(memory[-len(MARK) :]) != MARK:
        raise CorruptDataError(f"{path}: not a nascast table, or cut off; make or fetch it again")
    body, digest = memory[:-_TRAILER], bytes(memory[-_TRAILER : -len(MARK)])
    stamp = f"{stat.st_size} {stat.st_mtime_ns} {digest.hex()}\n"
    if not (trusting and stat.st_size >= _LARGE and _read_stamp(path) == stamp):
        if hashlib.sha256(body).digest() != digest:
            raise CorruptDataError(
                f"{path}: its checksum does not fit its content; it was altered or damaged, "
                "make or fetch it again"
            )
        if stat.st_size >= _LARGE:
            _write_stamp(path, stamp)
    try:
        return pa.ipc.open_file(pa.py_buffer(body)).read_all()
    except pa.ArrowException as error:
        raise CorruptDataError(f"{path}: not a nascast table; {error}") from error


def _read_stamp(path: Path) -> str:
    try:
        return path.with_name(path.name + ".checked").read_text()
    except (OSError, ValueError):
        return ""


def _write_stamp(path: Path, stamp: str) -> None:
    """Remembers that a file was found whole; where that cannot be written, it is checked again."""
    part = path.with_name(f"{path.name}.checked.{os.getpid()}")  # others may open the table too
    try:
        part.write_text(stamp)
        os.replace(part, path.with_name(path.name + ".checked"))
    except OSError:
        part.unlink(missing_ok=True)


class Table(Benchmark):
    """A benchmark read from a table file.

    Attributes:
        path: path of the file.
        provenance: origin of the records, as plain JSON values.
        canonical: whether all rows are canonical, and equivalent rows are looked up as one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._load(_map(path))
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, CorruptDataError):
                raise
            raise CorruptDataError(f"{path}: not a nascast table; {error}") from error

    def _load(self, table: pa.Table) -> None:
        head = json.loads(table.schema.metadata[b"nascast"])
        self.name: str = head["name"]
        self.space: SearchSpace = plugins.load("space", head["space"])
        self.task = _task(head["task"])
        self.provenance: Mapping[str, Any] = head["provenance"]
        self.canonical: bool = head["canonical"]
        metrics = [Metric(**{**m, "epochs": tuple(m["epochs"])}) for m in head["metrics"]]
        self.metrics = {metric.name: metric for metric in metrics}
        self._genes: Genes = _array(table, "genes")
        self._values = {
            m.name: _array(table, m.name).reshape(-1, m.seeds, max(1, len(m.epochs)))
            for m in metrics
        }
        self._places = Places(self.space, self._genes, self.canonical)
        self._columns: dict[int | None, dict[str, _Column]] = {}

    def __len__(self) -> int:
        return len(self._genes)

    def verify(self) -> None:
        """Checks the sum of the whole file, also of a large one that was checked before.

        Raises:
            CorruptDataError: it was altered or damaged.
        """
        _map(self.path, trusting=False)

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
            return self.query(genes, SECONDS, epochs, seed)
        if not 0 < epochs <= marks[-1]:
            raise UnsupportedError(
                f"{self.name}: trainings have {marks[-1]} epochs; {epochs} asked for"
            )
        values = self._read(genes, self.metrics[SECONDS], slice(None), seed)
        after = int(np.searchsorted(marks, epochs))
        before = marks[after - 1] if after else 0
        start = values[:, after - 1] if after else np.zeros(len(genes))
        share = (epochs - before) / (marks[after] - before)
        return np.asarray(start + share * (values[:, after] - start))

    def _read(self, genes: Genes, meta: Metric, columns: slice, seed: int | None) -> Floats:
        rows = self._find(genes)
        values = self._values[meta.name]
        if seed is None:
            return np.asarray(np.nanmean(values[rows][:, :, columns], axis=1), dtype=np.float64)
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
        metrics = {
            name: float(values.item(row, 0, mark))
            for name, (values, mark) in self._columns[epochs].items()
        }
        seconds = metrics.get(SECONDS, math.nan)
        if any(map(math.isnan, metrics.values())) or (
            SECONDS in self.metrics and SECONDS not in metrics
        ):
            return super().evaluate(candidate, seed)  # says what is missing, or reckons seconds
        return Evaluation(metrics, seconds)

    def _recorded(self, epochs: int | None) -> dict[str, _Column]:
        """Returns the metrics after so many epochs, each as its values and a place among them."""
        found = {}
        for name in self.recorded_after(epochs):
            marks = self.metrics[name].epochs
            found[name] = self._values[name], marks.index(epochs) if epochs in marks else -1
        return found


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


def _array(table: pa.Table, name: str) -> npt.NDArray[Any]:
    """Returns a column ``(n, d)`` as it stands in the file; Arrow's own ways import pandas."""
    (chunk,) = table.column(name).chunks
    if not pa.types.is_fixed_size_list(chunk.type):
        raise ValueError(f"{name} should be of lists of one size; it is of {chunk.type}")
    width, values = chunk.type.list_size, chunk.values
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise ValueError(f"{name} should be of numbers; it is of {values.type}")
    if chunk.null_count or values.null_count:
        raise ValueError(f"{name} has empty values")
    array = np.frombuffer(values.buffers()[1], dtype=values.type.to_pandas_dtype())
    start = values.offset + chunk.offset * width
    return array[start : start + len(chunk) * width].reshape(-1, width)
