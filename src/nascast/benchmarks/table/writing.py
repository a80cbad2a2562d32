"""Writing tables: checked as a whole, and written whole or not at all."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.benchmarks._places import keys
from nascast.benchmarks.table.files import TABLE, write_columns
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

__all__ = ["SECONDS", "TableSource", "write_table"]

SECONDS = "seconds"


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
    columns = {"genes": source.genes}
    for metric in source.metrics:
        columns[metric.name] = source.values[metric.name].reshape(len(source.genes), -1)
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
    write_columns(columns, head, path, TABLE, compressed=compressed)


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
