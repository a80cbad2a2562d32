"""From the rows of a file to the arrays of a table."""

import hashlib
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.benchmarks.imported.files import Columns, read
from nascast.benchmarks.imported.layout import ColumnSpec, Layout, whole
from nascast.benchmarks.imported.numbers import Reader
from nascast.benchmarks.table import SECONDS, TableSource
from nascast.core import plugins
from nascast.core.errors import CorruptDataError, InvalidArchitectureError, InvalidSettingError
from nascast.core.evidence import usual_task
from nascast.core.metric import unit_of
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes, Metric, Task

__all__ = ["convert"]

_SPARSE = 100  # places in an array for each row of a file, at most; chosen
_FEW = 1_000_000  # places that are no trouble, whatever the rows; chosen

_ZEROS = re.compile(r"^0*([0-9]+)(?:\.0*)?$")  # 777.0 is the seed 777, and so is 0777

Ints = npt.NDArray[np.intp]


def convert(
    path: Path,
    space_name: str,
    layout: Layout,
    *,
    name: str,
    task: Task | None = None,
    separate: bool = False,
    source: str = "",
) -> TableSource:
    """Returns the table of a file, of which every row is checked.

    An empty field is a training that is not there.

    Args:
        path: path of the file, see `read`.
        space_name: registered name of the search space.
        layout: columns of the file, by what they hold.
        name: name of the table.
        task: task that the networks were built for; None assumes the usual one of the space, and
            the provenance says so.
        separate: whether trainings of different epochs are separate ones, see `Benchmark`.
        source: origin and licence of the file.

    Raises:
        CorruptDataError: a row is bad; the message names its line.
        InvalidSettingError: a column is not there, columns contradict each other, the unit of
            numbers is in doubt, or the space has no networks for the task.
    """
    table = read(path, _wanted(layout))
    space: SearchSpace = plugins.load("space", space_name)
    reader = Reader(table, layout.missing, layout.decimal)
    rows = _rows(space, reader, layout)
    metrics: list[Metric] = []
    values: dict[str, Floats] = {}
    empty: dict[str, int] = {}
    for metric, specs in layout.by_metric():
        columns = [reader.values(spec) for spec in specs]
        empty |= {s.column: int(np.isnan(c).sum()) for s, c in zip(specs, columns, strict=True)}
        meta, values[metric] = _array(rows, specs, columns, layout)
        metrics.append(meta)
    if layout.seconds_per_epoch is not None:
        meta, values[SECONDS] = _training_seconds(reader, layout, rows, metrics)
        metrics.append(meta)
    provenance: dict[str, Any] = {
        "file": path.name,
        "sha256": _digest(path),
        "columns": {_place(c, layout): c.column for c in layout.columns},
        "source": source or "not given",
        "task": "not given, and taken for the usual one of the space" if task is None else "given",
    }
    if rows.names:
        provenance["seeds"] = {str(i): name for i, name in enumerate(rows.names)}
    if any(empty.values()):
        provenance["empty fields"] = {column: n for column, n in empty.items() if n}
    return TableSource(
        name,
        space_name,
        rows.genes,
        tuple(metrics),
        values,
        task=_task(space, task),
        provenance=provenance,
        separate=separate,
    )


def _training_seconds(
    reader: Reader, layout: Layout, rows: "_Rows", metrics: list[Metric]
) -> tuple[Metric, Floats]:
    """Returns the seconds until each epoch, of a unit that is said, or told by the column."""
    column, unit = layout.seconds_per_epoch or "", layout.seconds_unit
    if unit is None and (end := re.search(r"(?:^|[^A-Za-z])([mMdD])[^A-Za-z0-9]*$", column)):
        raise InvalidSettingError(
            f"the column {column!r} of times ends in {end[1]!r}, which could be more than one "
            f"unit; say seconds, ns, us, ms, minutes, hours or days, as in {column},unit=minutes"
        )
    unit = unit or unit_of("time", column)  # as of hours_per_epoch, or time_ms
    rate = reader.values(ColumnSpec(SECONDS, column, unit=unit, minimize=True))
    meta, found = _seconds(rows, rate, metrics)
    if np.isinf(found).any():
        raise CorruptDataError(
            f"{reader.table.path}: seconds of {column!r} add up to infinity; expected less"
        )
    return meta, found


def _place(column: ColumnSpec, layout: Layout) -> str:
    """Returns in words which numbers a column has."""
    if column.epoch is None and layout.epoch is None:  # a property of the network
        return column.metric if not column.seed else f"{column.metric} seed {column.seed}"
    epoch = f"epoch {column.epoch}" if layout.epoch is None else f"epochs by {layout.epoch}"
    seed = f"seed {column.seed}" if layout.seed is None else f"seeds by {layout.seed}"
    return f"{column.metric} {epoch} {seed}"


def _task(space: SearchSpace, task: Task | None) -> Task:
    """Returns the task, or the usual one of the space; refuses one that it cannot build for."""
    if task is None:
        return usual_task(space)
    if space.tasks and not isinstance(task, space.tasks):
        kinds = " and ".join(kind.kind for kind in space.tasks)
        raise InvalidSettingError(
            f"{space.name} has networks for {kinds}, and none for {task.kind}"
        )
    known = space.skeleton(type(task))
    if unknown := sorted(task.skeleton.keys() - known.keys()):
        raise InvalidSettingError(
            f"{space.name}: the skeleton takes {', '.join(known) or 'no settings'}; got "
            f"{', '.join(unknown)}"
        )
    return task


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wanted(layout: Layout) -> set[str]:
    one = {layout.architecture, *layout.architecture.split("+")}
    others = (layout.seconds_per_epoch, layout.seed, layout.epoch)
    return one | {c for c in others if c is not None} | {spec.column for spec in layout.columns}


@dataclass(frozen=True, slots=True)
class _Rows:
    """The training that each row of a file is of.

    Attributes:
        genes: ``(n, length)`` distinct architectures.
        which: ``(rows,)`` numbers of the architectures of the rows.
        seed: ``(rows,)`` seeds from 0, or None where columns tell them.
        epoch: ``(rows,)`` places in `epochs`, or None where columns tell them.
        epochs: epochs of the rows, ascending.
        names: names of the seeds, as they stand in the file.
    """

    genes: Genes
    which: Ints
    seed: Ints | None
    epoch: Ints | None
    epochs: tuple[int, ...]
    names: tuple[str, ...]


def _rows(space: SearchSpace, reader: Reader, layout: Layout) -> _Rows:
    """Returns architectures, seeds and epochs of all rows.

    Raises:
        CorruptDataError: one of them cannot be read, or two rows are the same training.
        InvalidSettingError: there are more seeds than trainings could share.
    """
    table = reader.table
    genes, which = _genes(space, table, layout)
    seed, epoch = None, None
    names: tuple[str, ...] = ()
    epochs: tuple[int, ...] = ()
    if layout.seed is not None:
        names, seed = _seeds(table, layout.seed)
    if layout.epoch is not None:
        numbers = np.asarray(reader.whole(layout.epoch, "an epoch")) + (1 - layout.first_epoch)
        if numbers.min() < 1:
            raise CorruptDataError(
                f"{table.place(int(numbers.argmin()))}: epochs count from 1; if the file counts "
                "from 0, say so (--first-epoch 0)"
            )
        marks, epoch = np.unique(numbers, return_inverse=True)
        epochs = tuple(marks.tolist())
    rows = _Rows(genes, which, seed, epoch, epochs, names)
    _check_distinct(table, rows, layout)
    places = len(genes) * max(1, len(names)) * max(1, len(epochs))
    if places > max(_FEW, _SPARSE * len(table)):
        raise InvalidSettingError(
            f"{table.path}: {len(genes):,} architectures with {len(names):,} different seeds and "
            f"{len(epochs):,} epochs, and only {len(table):,} rows; expected seeds that the "
            "trainings of all architectures share, such as 0, 1, 2"
        )
    return rows


def _seeds(table: Columns, column: str) -> tuple[tuple[str, ...], Ints]:
    """Returns the names of the seeds, ascending, and the place of each row's among them."""
    texts = [_ZEROS.sub(r"\1", str(value).strip()) for value in table[column]]
    for i, text in enumerate(texts):
        if not text or text in ("None", "nan"):
            raise CorruptDataError(f"{table.place(i)}: column {column!r} names no seed")
    numbers = {text: whole(text) for text in set(texts)}

    def order(text: str) -> tuple[float, str]:
        number = numbers[text]
        return (math.inf if number is None else number), text

    names = tuple(sorted(numbers, key=order))
    places = {name: i for i, name in enumerate(names)}
    return names, np.array([places[text] for text in texts], dtype=np.intp)


def _check_distinct(table: Columns, rows: _Rows, layout: Layout) -> None:
    parts = [part for part in (rows.which, rows.seed, rows.epoch) if part is not None]
    seen: dict[tuple[int, ...], int] = {}
    for i, key in enumerate(zip(*(part.tolist() for part in parts), strict=True)):
        if key in seen:
            told = " and ".join(filter(None, [layout.seed, layout.epoch]))
            what = f"architecture with the same {told}" if told else "architecture"
            hint = (
                "; if its rows are several trainings, or one at several epochs, name the column "
                "that tells them apart (--seed-column, --epoch-column)"
            )
            raise CorruptDataError(
                f"{table.place(i)}: the same {what} as {table.place(seen[key])}{hint}"
            )
        seen[key] = i


def _genes(space: SearchSpace, table: Columns, layout: Layout) -> tuple[Genes, Ints]:
    """Returns distinct architectures, ``(n, length)``, and which one each row has, ``(rows,)``."""
    found: dict[str, int] = {}
    places: dict[bytes, int] = {}
    genes: list[Genes] = []
    which = np.empty(len(table), dtype=np.intp)
    column = layout.architecture
    parts = [column] if column in table.names else column.split("+")
    for i, texts in enumerate(zip(*(table[part] for part in parts), strict=True)):
        text = texts[0] if len(texts) == 1 else ":".join(map(str, texts))
        text = text if isinstance(text, str) else repr(text)
        if text not in found:
            try:
                row = space.from_text([text], layout.notation)[0]
            except InvalidArchitectureError as error:
                raise CorruptDataError(f"{table.place(i)}: {error}") from error
            found[text] = places.setdefault(row.tobytes(), len(genes))
            if found[text] == len(genes):
                genes.append(row)
        which[i] = found[text]
    return np.stack(genes), which


def _array(
    rows: _Rows, specs: list[ColumnSpec], columns: list[Floats], layout: Layout
) -> tuple[Metric, Floats]:
    """Returns the metric of some columns, each ``(rows,)``, and ``(n, seeds, epochs)`` values."""
    one = specs[0]
    epochs = rows.epochs or tuple(sorted({s.epoch for s in specs if s.epoch is not None}))
    seeds = len(rows.names) or 1 + max(spec.seed for spec in specs)
    found = np.full((len(rows.genes), seeds, max(1, len(epochs))), np.nan)
    for spec, column in zip(specs, columns, strict=True):
        at = epochs.index(spec.epoch) if spec.epoch is not None else 0
        seed = rows.seed if rows.seed is not None else spec.seed
        found[rows.which, seed, rows.epoch if rows.epoch is not None else at] = column
    if layout.is_long and one.split == "none" and (single := _single(found)) is not None:
        found, epochs = single, ()
    elif rows.epochs:
        kept = ~np.isnan(found).all((0, 1))
        found, epochs = found[:, :, kept], tuple(np.asarray(epochs)[kept].tolist())
    unit = {"fraction": "percent"}.get(one.unit, one.unit)
    unit = "seconds" if one.metric == SECONDS else unit
    meta = Metric(one.metric, unit, one.split, one.minimize, epochs, found.shape[1])
    return meta, found


def _single(values: Floats) -> Floats | None:
    """Returns ``(n, 1, 1)`` where all that is known of an architecture is one number, or None."""
    flat = values.reshape(len(values), -1)
    high, low = np.fmax.reduce(flat, axis=1), np.fmin.reduce(flat, axis=1)
    same = (high == low) | np.isnan(high)
    return high[:, None, None] if same.all() else None


def _seconds(rows: _Rows, rate: Floats, metrics: list[Metric]) -> tuple[Metric, Floats]:
    """Returns the seconds until each epoch, from those of one epoch, ``(rows,)``.

    Where rows have epochs, each row's seconds hold since the one before it, and are added up.
    """
    seeds = max(1, len(rows.names))
    if rows.epoch is None:
        epochs = tuple(sorted({e for meta in metrics for e in meta.epochs})) or (1,)
        found = np.full((len(rows.genes), seeds, 1), np.nan)
        found[rows.which, rows.seed if rows.seed is not None else 0, 0] = rate
        if rows.seed is None:  # the trainings of an architecture take equally long
            seeds = max((meta.seeds for meta in metrics if meta.epochs), default=1)
            found = np.repeat(found, seeds, axis=1)
        with np.errstate(over="ignore"):  # what is infinite is refused
            total = found * np.asarray(epochs, dtype=np.float64)
        return Metric(SECONDS, "seconds", "train", True, epochs, seeds), total
    each = np.full((len(rows.genes), seeds, len(rows.epochs)), np.nan)
    each[rows.which, rows.seed if rows.seed is not None else 0, rows.epoch] = rate
    total, last = np.zeros(each.shape[:2]), np.zeros(each.shape[:2])
    for i, mark in enumerate(rows.epochs):
        known = ~np.isnan(each[:, :, i])
        total = np.where(known, total + each[:, :, i] * (mark - last), total)
        last = np.where(known, mark, last)
        each[:, :, i] = np.where(known, total, np.nan)
    return Metric(SECONDS, "seconds", "train", True, rows.epochs, seeds), each
