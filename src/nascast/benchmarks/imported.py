"""Import of CSV or Parquet files with an architecture in each row."""

import csv
import gzip
import hashlib
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from nascast.benchmarks.table import SECONDS, TableSource
from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidArchitectureError,
    InvalidSettingError,
    MissingDataError,
)
from nascast.core.space import SearchSpace
from nascast.core.types import Floats, Genes, Metric

__all__ = ["ColumnSpec", "convert"]

_SPLITS = {"train": "train", "val": "validation", "test": "test"}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """The column of a file that holds a metric.

    Attributes:
        metric: name such as ``val_accuracy``; several columns may hold one metric at other epochs
            or seeds.
        column: name of the column in the file.
        epoch: epoch after which it was measured, or None for a property of the network.
        seed: number of the training, from 0.
        split: part of the data: ``train``, ``validation``, ``test`` or ``none``.
        unit: unit of the values; ``fraction`` is turned into ``percent``.
        minimize: whether smaller is better.
    """

    metric: str
    column: str
    epoch: int | None
    seed: int
    split: str
    unit: str
    minimize: bool

    @classmethod
    def parse(cls, text: str) -> "ColumnSpec":
        """Returns the column of a text.

        The form is ``METRIC=COLUMN[,epoch=N][,seed=K][,split=S][,unit=U][,minimize[=false]]``. By
        default the split follows from the metric's first word (train, val, test), the unit is
        percent for an accuracy and nats for a loss, and losses are minimised.

        Raises:
            InvalidSettingError: the text is not of that form.
        """
        head, *options = text.split(",")
        metric, found, column = head.partition("=")
        given: dict[str, str] = {}
        for option in options:
            key, _, value = option.partition("=")
            given[key.strip()] = value.strip()
        try:
            epoch = int(given.pop("epoch")) if "epoch" in given else None
            seed = int(given.pop("seed", "0"))
        except ValueError:
            epoch, seed = None, -1
        split = given.pop("split", _SPLITS.get(metric.split("_")[0], "none"))
        loss = "loss" in metric
        unit = given.pop("unit", "percent" if "acc" in metric else "nats" if loss else "none")
        direction = given.pop("minimize", "true" if loss else "false") or "true"
        wrong = not (found and metric and column) or given or direction not in ("true", "false")
        wrong = wrong or seed < 0 or (epoch is not None and epoch < 1)
        if wrong or split not in (*_SPLITS.values(), "none"):
            raise InvalidSettingError(
                "expected METRIC=COLUMN[,epoch=N][,seed=K][,split=train|validation|test|none]"
                f"[,unit=U][,minimize[=false]], with N ≥ 1 and K ≥ 0; got {text!r}"
            )
        return cls(metric, column, epoch, seed, split, unit, direction == "true")


def convert(
    path: Path,
    space_name: str,
    architecture: str,
    columns: Sequence[ColumnSpec],
    *,
    name: str,
    seconds_per_epoch: str | None = None,
    source: str = "",
) -> TableSource:
    """Returns the table of a file, of which every row is checked.

    Args:
        path: path of the file, ``.csv``, ``.csv.gz`` or ``.parquet``.
        space_name: registered name of the search space.
        architecture: name of the column with architectures in the space's notation; ``one+two``
            puts a colon between the texts of two columns.
        columns: columns with metrics.
        name: name of the table.
        seconds_per_epoch: name of the column with the training seconds of one epoch; without one
            seconds are unknown.
        source: origin and licence of the file.

    Raises:
        CorruptDataError: a row is bad; the message names its line.
        InvalidSettingError: a column is not there, or columns contradict each other.
    """
    table = _read(path)
    space = plugins.load("space", space_name)
    genes = _genes(space, table, architecture)
    metrics, values = [], {}
    for metric in dict.fromkeys(spec.metric for spec in columns):
        specs = [spec for spec in columns if spec.metric == metric]
        meta = _metric(metric, specs)
        array = np.full((len(genes), meta.seeds, max(1, len(meta.epochs))), np.nan)
        for spec in specs:
            at = meta.epochs.index(spec.epoch) if spec.epoch is not None else 0
            array[:, spec.seed, at] = _numbers(table, spec.column, spec.unit)
        metrics.append(meta)
        values[metric] = array
    if seconds_per_epoch is not None:
        rate = _numbers(table, seconds_per_epoch, "seconds")
        epochs = tuple(sorted({e for meta in metrics for e in meta.epochs})) or (1,)
        metrics.append(Metric(SECONDS, "seconds", "train", True, epochs))
        values[SECONDS] = rate[:, None, None] * np.asarray(epochs, dtype=np.float64)
    provenance: dict[str, Any] = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "columns": {f"{c.metric} epoch {c.epoch} seed {c.seed}": c.column for c in columns},
        "source": source or "not given",
    }
    return TableSource(name, space_name, genes, tuple(metrics), values, provenance=provenance)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a file, and the line of each row."""

    path: Path
    columns: dict[str, list[Any]]
    places: list[str]

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self.columns:
            raise InvalidSettingError(
                f"{self.path} has no column {name!r}; it has {', '.join(self.columns)}"
            )
        return self.columns[name]

    def place(self, row: int) -> str:
        return f"{self.path}, {self.places[row]}"


def _read(path: Path) -> _Columns:
    if not path.is_file():
        raise MissingDataError(f"no file {path}")
    try:
        if path.name.endswith(".parquet"):
            table = _read_parquet(path)
        elif path.name.endswith((".csv", ".csv.gz")):
            table = _read_csv(path)
        else:
            raise InvalidSettingError(f"expected a .csv, .csv.gz or .parquet file; got {path}")
    except (pa.ArrowException, OSError, EOFError, zlib.error, csv.Error, UnicodeError) as error:
        raise CorruptDataError(f"{path}: {error}") from error
    if not table.places:
        raise CorruptDataError(f"{path}: no rows")
    return table


def _read_parquet(path: Path) -> _Columns:
    table = pyarrow.parquet.read_table(path)
    _check_names(path, table.column_names)
    places = [f"row {i}" for i in range(table.num_rows)]
    return _Columns(path, table.to_pydict(), places)


def _read_csv(path: Path) -> _Columns:
    unpack = gzip.open if path.name.endswith(".gz") else open
    with unpack(path, "rt", encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        header = next((line for line in lines if line), [])
        _check_names(path, header)
        rows, places = [], []
        for line in lines:
            if line and len(line) != len(header):
                raise CorruptDataError(
                    f"{path}, line {lines.line_num}: {len(line)} values; expected {len(header)}"
                )
            if line:
                rows.append(line)
                places.append(f"line {lines.line_num}")
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in header]
    return _Columns(path, dict(zip(header, columns, strict=True)), places)


def _check_names(path: Path, names: Sequence[str]) -> None:
    if not names or len(set(names)) != len(names):
        raise CorruptDataError(
            f"{path}: expected columns of different names; got {', '.join(names) or 'none'}"
        )


def _genes(space: SearchSpace, table: _Columns, column: str) -> Genes:
    rows: list[Genes] = []
    seen: dict[bytes, int] = {}
    parts = [column] if column in table.columns else column.split("+")
    for i, texts in enumerate(zip(*(table[part] for part in parts), strict=True)):
        text = texts[0] if len(texts) == 1 else ":".join(map(str, texts))
        try:
            rows.append(space.from_text([text if isinstance(text, str) else repr(text)])[0])
        except InvalidArchitectureError as error:
            raise CorruptDataError(f"{table.place(i)}: {error}") from error
        key = rows[-1].tobytes()
        if key in seen:
            raise CorruptDataError(
                f"{table.place(i)}: the same architecture as {table.place(seen[key])}"
            )
        seen[key] = i
    return np.stack(rows)


def _numbers(table: _Columns, column: str, unit: str) -> Floats:
    texts = table[column]
    values = np.empty(len(texts))
    high = {"percent": 100.0, "fraction": 1.0}.get(unit, math.inf)
    low = 0.0 if unit in ("percent", "fraction", "seconds", "count") else -math.inf
    for i, text in enumerate(texts):
        try:
            values[i] = float(text)
        except (TypeError, ValueError):
            values[i] = math.nan
        if not (math.isfinite(values[i]) and low <= values[i] <= high):
            bounds = f" from {low:g} to {high:g}" if math.isfinite(low) else ""
            raise CorruptDataError(
                f"{table.place(i)}: column {column!r} should be a finite number{bounds} ({unit}); "
                f"got {text!r}"
            )
    return values * 100 if unit == "fraction" else values


def _metric(name: str, specs: Sequence[ColumnSpec]) -> Metric:
    """Returns the metric that several columns hold."""
    one = specs[0]
    for spec in specs:
        if (spec.split, spec.minimize) != (one.split, one.minimize):
            raise InvalidSettingError(f"the columns of {name} disagree on split or direction")
        if (spec.epoch is None) != (one.epoch is None):
            raise InvalidSettingError(f"some columns of {name} have an epoch and some have none")
    places = [(spec.seed, spec.epoch) for spec in specs]
    seeds = 1 + max(spec.seed for spec in specs)
    epochs = tuple(sorted({spec.epoch for spec in specs if spec.epoch is not None}))
    if len(set(places)) != len(places) or len(places) != seeds * max(1, len(epochs)):
        raise InvalidSettingError(
            f"{name}: every seed from 0 and every epoch needs exactly one column; got "
            + ", ".join(f"{s.column} (seed {s.seed}, epoch {s.epoch})" for s in specs)
        )
    if name == SECONDS and not epochs:
        raise InvalidSettingError(
            f"{SECONDS} are those of a training until an epoch; "
            f"say which: {name}={one.column},epoch=…"
        )
    unit = "percent" if one.unit == "fraction" else one.unit
    return Metric(name, unit, one.split, one.minimize, epochs, seeds)
