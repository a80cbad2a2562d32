"""The table format: one file of recorded trainings for any search space.

The file is an Arrow IPC file followed by the SHA-256 of those bytes and an eight-byte mark. The
column ``genes`` holds the rows; every metric is a column of shape ``(n, seeds, epochs)``, NaN where
a row has fewer seeds. ``seconds`` is the training and validation time up to and including each of
its epochs. Units, splits, epochs, the task and the provenance stand in the schema as JSON. Reading
maps the file into memory and checks the sum; values are never copied until asked for.

The sum of a large table is checked when it is opened for the first time, and again whenever its
size or its time of change is another: what was found is remembered beside the table, in a file that
ends in ``.checked`` and may be deleted. `Table.verify` always checks.
"""

import hashlib
import io
import json
import math
import mmap
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nascast.benchmarks._places import Places, keys
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

__all__ = ["SECONDS", "Table", "TableSource", "read_table", "write_table"]

SECONDS = "seconds"
_MARK = b"NASCAST1"
_TRAILER = 32 + len(_MARK)
_Column = tuple[npt.NDArray[Any], int]  # (n, seeds, epochs), and which of the last
_LARGE = 64 * 2**20  # bytes, chosen: smaller tables are summed in a tenth of a second every time


@dataclass(frozen=True, slots=True, eq=False)
class TableSource:
    """What a table is written from.

    Attributes:
        name: for people.
        space: registered name of the search space.
        genes: ``(n, length)``, distinct rows.
        metrics: what each column is.
        values: ``(n, seeds, max(1, epochs))`` for each metric, NaN where not recorded.
        task: what the networks were built for.
        provenance: where the records come from, with licence and recipe, as plain JSON values.
        canonical: every row is canonical, and stands for all rows equivalent to it.
    """

    name: str
    space: str
    genes: Genes
    metrics: tuple[Metric, ...]
    values: Mapping[str, npt.NDArray[Any]]
    task: Task = field(default_factory=ImageTask)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    canonical: bool = False


def write_table(source: TableSource, path: Path) -> None:
    """Writes a table; the file appears whole or not at all.

    Raises:
        CorruptDataError: rows that are no architectures, that repeat, or values of a wrong shape.
    """
    _check(source)
    columns = {"genes": _column(source.genes)}
    for metric in source.metrics:
        columns[metric.name] = _column(source.values[metric.name].reshape(len(source.genes), -1))
    head = {
        "name": source.name,
        "space": source.space,
        "task": {"kind": source.task.kind, **asdict(source.task)},
        "metrics": [asdict(metric) for metric in source.metrics],
        "provenance": dict(source.provenance),
        "canonical": source.canonical,
    }
    table = pa.table(columns).replace_schema_metadata({"nascast": json.dumps(head, sort_keys=True)})
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            sink = _Summed(file)
            with pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
            file.write(sink.digest() + _MARK)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


class _Summed(io.RawIOBase):
    """Passes what is written on to a file and sums it up; nothing is held in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._sum = hashlib.sha256()
        self._done = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._done

    def write(self, data: Any) -> int:
        self._sum.update(data)
        self._file.write(data)
        self._done += len(data)
        return len(data)

    def digest(self) -> bytes:
        return self._sum.digest()


def read_table(path: Path) -> "Table":
    """Opens a table.

    Raises:
        MissingDataError: no such file.
        CorruptDataError: truncated, altered, or not a table.
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
    if bytes(memory[-len(_MARK) :]) != _MARK:
        raise CorruptDataError(f"{path}: not a nascast table, or cut off; make or fetch it again")
    body, digest = memory[:-_TRAILER], bytes(memory[-_TRAILER : -len(_MARK)])
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
        path: the file.
        provenance: where the records come from.
        canonical: rows are canonical, and equivalent rows are looked up as one.
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
        """Returns ``(n,)`` seconds; linear between recorded epochs, NaN if none were recorded."""
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
        """Returns the rows, ``(m, length)``, for which a metric was recorded with a seed."""
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


def _check(source: TableSource) -> None:
    space = plugins.load("space", source.space)
    n = len(source.genes)
    if not n:
        raise CorruptDataError(f"{source.name}: a table needs at least one row")
    try:
        space.check(source.genes)
    except InvalidArchitectureError as error:
        raise CorruptDataError(f"{source.name}: {error}") from error
    if source.canonical and (space.canonical(source.genes) != source.genes).any():
        raise CorruptDataError(f"{source.name}: expected canonical rows only")
    # Sorting keys is ten times as fast as sorting rows.
    if len(np.unique(keys(space, source.genes))) != n and len(np.unique(source.genes, axis=0)) != n:
        raise CorruptDataError(f"{source.name}: some architectures have more than one row")
    names = [metric.name for metric in source.metrics]
    if len(set(names)) != len(names) or "genes" in names or not set(names) <= source.values.keys():
        raise CorruptDataError(
            f"{source.name}: every metric needs a name of its own, other than genes, and values; "
            f"got {', '.join(names)} and values of {', '.join(source.values)}"
        )
    for metric in source.metrics:
        shape = (n, metric.seeds, max(1, len(metric.epochs)))
        values = source.values[metric.name]
        if values.shape != shape or list(metric.epochs) != sorted(set(metric.epochs)):
            raise CorruptDataError(
                f"{source.name}: {metric.name} has shape {values.shape} at epochs "
                f"{metric.epochs}; expected {shape} at ascending epochs"
            )


def _task(fields: Mapping[str, Any]) -> Task:
    """Reads a task; the first tables had images only, and no kind.

    Raises:
        ValueError: of another kind.
    """
    kind = fields.get("kind", ImageTask.kind)
    if kind == TextTask.kind:
        return TextTask(fields["words"], fields["skeleton"])
    if kind == ImageTask.kind:
        return ImageTask(tuple(fields["input_shape"]), fields["classes"], fields["skeleton"])
    raise ValueError(f"its task is of {kind!r}; known are {ImageTask.kind} and {TextTask.kind}")


def _column(values: npt.NDArray[Any]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])


def _array(table: pa.Table, name: str) -> npt.NDArray[Any]:
    (chunk,) = table.column(name).chunks
    return np.asarray(chunk.flatten().to_numpy()).reshape(len(chunk), -1)
