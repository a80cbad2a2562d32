"""Writing tables: checked as a whole, and written whole or not at all."""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from nascast.benchmarks._places import keys
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidArchitectureError,
)
from nascast.core.types import (
    Genes,
    ImageTask,
    Metric,
    Task,
)

__all__ = ["MARK", "SECONDS", "TableSource", "column", "write_columns", "write_table"]

SECONDS = "seconds"
MARK = b"NASCAST1"


@dataclass(frozen=True, slots=True, eq=False)
class TableSource:
    """The content of a table to be written.

    Attributes:
        name: name of the benchmark, for people.
        space: registered name of the search space.
        genes: ``(n, length)`` distinct rows.
        metrics: metrics of the columns of values.
        values: ``(n, seeds, max(1, epochs))`` for each metric, NaN where not recorded.
        task: task that the networks were built for.
        provenance: origin of the records, with licence and recipe, as plain JSON values.
        canonical: whether every row is canonical, and stands for all rows equivalent to it.
        separate: whether trainings of different epochs are separate ones, see `Benchmark`.
    """

    name: str
    space: str
    genes: Genes
    metrics: tuple[Metric, ...]
    values: Mapping[str, npt.NDArray[Any]]
    task: Task = field(default_factory=ImageTask)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    canonical: bool = False
    separate: bool = False


def write_table(source: TableSource, path: Path, *, compressed: bool = False) -> None:
    """Writes a table; the file appears whole or not at all.

    Args:
        source: content of the table.
        path: path of the file.
        compressed: whether columns are compressed with Zstandard. They are smaller, and no longer
            mapped into memory but unpacked when the table is opened: for small tables only.

    Raises:
        CorruptDataError: rows are no architectures, or repeat, or values have a wrong shape.
    """
    _check(source)
    columns = {"genes": column(source.genes)}
    for metric in source.metrics:
        columns[metric.name] = column(source.values[metric.name].reshape(len(source.genes), -1))
    head = {
        "name": source.name,
        "space": source.space,
        "task": {"kind": source.task.kind, **asdict(source.task)},
        "metrics": [asdict(metric) for metric in source.metrics],
        "declared": True,  # directions are as said, and not guessed as in the first tables
        "provenance": dict(source.provenance),
        "canonical": source.canonical,
        "separate": source.separate,
    }
    write_columns(columns, head, path, MARK, compressed=compressed)


def write_columns(
    columns: Mapping[str, pa.Array],
    head: Mapping[str, Any],
    path: Path,
    mark: bytes,
    *,
    compressed: bool,
) -> None:
    """Writes an Arrow file with its sum and a mark of eight bytes, whole or not at all."""
    described = {"nascast": json.dumps(head, sort_keys=True)}
    table = pa.table(dict(columns)).replace_schema_metadata(described)
    options = pa.ipc.IpcWriteOptions(compression="zstd" if compressed else None)
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            sink = _Summed(file)
            with pa.ipc.new_file(sink, table.schema, options=options) as writer:
                writer.write_table(table)
            file.write(sink.digest() + mark)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


class _Summed(io.RawIOBase):
    """Writes to a file and computes the checksum on the way; nothing is held in memory."""

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


def column(values: npt.NDArray[Any]) -> pa.Array:
    """Returns the Arrow column of an array, ``(n, k)``, which is a list of k for each row."""
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
