"""The results of a predictor study: their columns, and writing and reading them as Parquet."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from nascast.core.bounds import reading, size_of
from nascast.core.errors import CorruptDataError, InvalidSettingError, MissingDataError, StoreError
from nascast.core.spec import Spec
from nascast.studies.predictors.design import Budget, Cell
from nascast.studies.predictors.head import Head, read_head

__all__ = [
    "LISTS",
    "TABLE",
    "Column",
    "Result",
    "check_axes",
    "columns",
    "from_record",
    "read_results",
    "read_run",
    "to_record",
    "write_results",
]

TABLE = "results.parquet"  # in the folder of a study
_TEXTS = "architectures"
LISTS = (_TEXTS, "predicted", "deviation", "true")  # columns, most of what it holds

_TYPES: dict[Any, str] = {  # of Parquet, by those of Python
    str: "string",
    str | None: "string",
    int: "int64",
    bool: "bool",
    float: "double",
    tuple[str, ...]: "list<string>",
    tuple[float, ...]: "list<double>",
    tuple[float, ...] | None: "list<double>",
}


def _column(about: str, *, unit: str = "", better: str = "", default: Any = MISSING) -> Any:
    return field(default=default, metadata={"about": about, "unit": unit, "better": better})


def _score(about: str, *, unit: str = "", better: str = "larger") -> Any:
    return _column(about, unit=unit, better=better, default=math.nan)


@dataclass(frozen=True, slots=True)
class Result:
    """One predictor with one budget in one trial: a row of ``results.parquet``.

    Every field is a column; `budget` is a column for each axis of the study, null where the
    predictor does not spend on it. `columns` describes them. Where there is an `error`,
    numbers are NaN and lists empty here, and null in the file.
    """

    predictor: str = _column("spec of the predictor: name and settings in their written form")
    predictor_name: str = _column("registered name of the predictor")
    predictor_settings: str = _column("settings that are not defaults, as a JSON object")
    family: str = _column("kind of evidence, such as model_based")
    budget: Budget = _column("what the predictor may spend")  # noqa: RUF009
    trial: int = _column("number of the trial, from 0")
    seed: int = _column("seed of the study; that of the trial is (seed, trial)")
    test_size: int = _column("test architectures", unit="architectures")
    kendall: float = _score("Kendall's τ-b between predicted and true")
    spearman: float = _score("Spearman's rank correlation")
    pearson: float = _score("Pearson's correlation")
    sparse_kendall: float = _score(
        "Kendall's τ-b with true scores rounded to 0.1 percentage points; NaN in other units"
    )
    mae: float = _score(
        "mean absolute error; NaN where predictions only rank",
        unit="of the metric",
        better="smaller",
    )
    rmse: float = _score(
        "root of the mean squared error; NaN where predictions only rank",
        unit="of the metric",
        better="smaller",
    )
    precision_at_10: float = _score("share of the 10 predicted best among the 10 truly best")
    precision_at_20: float = _score("share of the 20 predicted best among the 20 truly best")
    best_ranking_at_10: float = _score(
        "rank of the truly best of the 10 predicted best, divided by the test architectures",
        better="smaller",
    )
    regret_at_1: float = _score(
        "true score of the best minus that of the predicted best",
        unit="of the metric",
        better="smaller",
    )
    regret_at_10: float = _score(
        "true score of the best minus that of the best of the 10 predicted best",
        unit="of the metric",
        better="smaller",
    )
    ndcg: float = _score("normalised discounted cumulative gain of the whole ranking")
    reads_target: bool = _column(
        "whether the query read trainings of the test architectures: those that it is judged by, "
        "whose noise it shares",
        default=False,
    )
    kendall_other: float = _score(
        "Kendall's τ-b between predicted and another training of the same architectures; NaN where "
        "fewer than two have one"
    )
    other_size: int = _column(
        "test architectures that have another training", unit="architectures", default=0
    )
    undefined: float = _score(
        "predictions that are not finite, which rank last", unit="architectures", better="smaller"
    )
    init_seconds_total: float = _score(
        "time to initialize, recorded training of the labelled architectures included; NaN where "
        "a training has no recorded time",
        unit="seconds",
        better="smaller",
    )
    query_seconds_each: float = _score(
        "time to query, recorded partial training included, divided by the test architectures; "
        "NaN where a training has no recorded time",
        unit="seconds per architecture",
        better="smaller",
    )
    batch: str = _column("inputs of zero-cost proxies; empty where none are read", default="")
    architectures: tuple[str, ...] = _column(
        "test architectures in the notation of the benchmark", default=()
    )
    predicted: tuple[float, ...] = _column(
        "predicted scores, one for each test architecture", better="larger", default=()
    )
    deviation: tuple[float, ...] | None = _column(
        "standard deviations of the predictions; null where the predictor has none", default=None
    )
    true: tuple[float, ...] = _column(
        "recorded scores, one for each test architecture: the metric, negated where smaller is "
        "better",
        unit="of the metric",
        better="larger",
        default=(),
    )
    versions: str = _column(
        "versions of the packages that could matter, as a JSON object", default=""
    )
    error: str | None = _column("why there is no result; null where there is one", default=None)

    @property
    def spec(self) -> Spec:
        """The spec of the predictor."""
        settings = json.loads(self.predictor_settings)
        return Spec.from_json({"name": self.predictor_name, "settings": settings})

    @property
    def cell(self) -> Cell:
        """The cell of the study that this is the result of."""
        return Cell(self.spec, self.budget, self.trial)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``results.parquet``.

    Attributes:
        name: name of the column.
        type: Parquet type of the column.
        unit: unit of the values; empty where there is none.
        better: values that are better, ``larger`` or ``smaller``; empty where neither is.
        about: content of the column, in words.
    """

    name: str
    type: str
    unit: str
    better: str
    about: str


def columns(axes: Iterable[str]) -> list[Column]:
    """Returns the columns of a study with these axes, in their order in the file."""
    found = []
    for item in fields(Result):
        unit, better, about = (item.metadata[key] for key in ("unit", "better", "about"))
        if item.name == "budget":
            about = f"{about} on this axis; null where it does not spend on it"
            found += [Column(axis, "int64", unit, better, about) for axis in axes]
        else:
            found.append(Column(item.name, _types()[item.name], unit, better, about))
    return found


def check_axes(axes: Iterable[str]) -> None:
    """Raises where an axis has the name of a column.

    Raises:
        InvalidSettingError: an axis has the name of a column; the message names it.
    """
    taken = {item.name for item in fields(Result)}
    for axis in axes:
        if axis in taken:
            raise InvalidSettingError(f"an axis cannot be called {axis}, as a column of results is")


def to_record(result: Result, axes: Iterable[str]) -> dict[str, Any]:
    """Returns the columns of a result as JSON values; null where an error leaves no value."""
    record: dict[str, Any] = {}
    for item in fields(Result):
        value = getattr(result, item.name)
        if item.name == "budget":
            record |= {axis: result.budget.get(axis) for axis in axes}
        elif result.error is not None and (value == () or value != value):
            record[item.name] = None
        else:
            record[item.name] = list(value) if isinstance(value, tuple) else value
    return record


def from_record(record: Mapping[str, Any], axes: Iterable[str]) -> Result:
    """Returns the result of a record of columns; other keys are ignored.

    Raises:
        CorruptDataError: a column is not there, or is null without an error.
    """
    amounts = {axis: record[axis] for axis in axes if record.get(axis) is not None}
    values: dict[str, Any] = {"budget": Budget(amounts)}
    for name, kind in _types().items():
        value = record.get(name)
        if value is not None:
            values[name] = tuple(value) if kind.startswith("list") else value
    if record.get("error") is None:
        needed = [name for name in _types() if name not in ("deviation", "error")]
        if empty := [name for name in needed if name not in values]:
            raise CorruptDataError(f"no error and no {empty[0]}")
    try:
        for name in ("versions", "predictor_settings"):
            json.loads(values.get(name) or "{}")
    except (ValueError, RecursionError):
        raise CorruptDataError(f"{name} is not JSON") from None
    try:
        return Result(**values)
    except TypeError as error:
        raise CorruptDataError(f"columns are missing: {error}") from error


def write_results(results: Iterable[Result], axes: Sequence[str], file: Path) -> None:
    """Writes results as Parquet; the file appears whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {
        "string": pa.string(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "double": pa.float64(),
        "list<string>": pa.list_(pa.string()),
        "list<double>": pa.list_(pa.float64()),
    }
    schema = pa.schema([(column.name, kinds[column.type]) for column in columns(axes)])
    table = pa.Table.from_pylist([to_record(item, axes) for item in results], schema=schema)
    part = file.with_suffix(".part")
    try:
        pq.write_table(table, part)
        part.replace(file)
    except OSError as error:
        raise StoreError(f"cannot write {file}: {error.strerror or error}") from error


def read_run(folder: Path, without: Sequence[str] = ()) -> tuple[Head, list[Result]]:
    """Returns the content of a comparison's folder.

    Args:
        folder: folder of the comparison.
        without: lists that are left out and empty, of long studies the most of what they hold.

    Returns:
        The content of ``study.json``, and a result for each predictor, budget and trial.

    Raises:
        MissingDataError: there is no such folder, or the comparison has not finished.
        CorruptDataError: a file is not one that a comparison writes.
        UnsupportedError: another version of nascast wrote the folder.
    """
    head = read_head(folder)
    file = folder / TABLE
    if not file.is_file():
        raise MissingDataError(
            f"{folder} has no {TABLE}, so the run has not finished; give the same "
            "`nascast compare` command again and it goes on where it stopped"
        )
    return head, read_results(file, head.axes, without)


def read_results(file: Path, axes: Sequence[str], without: Sequence[str] = ()) -> list[Result]:
    """Returns the results that `write_results` wrote; lists in `without` are left out and empty.

    Raises:
        MissingDataError: the file cannot be read.
        CorruptDataError: it is no Parquet file, lacks a column, or has a row that cannot be right.
    """
    import pyarrow.parquet as pq

    again = "delete it and give the same `nascast compare` command again, which writes it anew"
    try:
        with reading(file, size_of(file), what="a whole Parquet file", advice=again):
            names = pq.read_schema(file).names
            kept = [name for name in names if name not in without]
            table = pq.read_table(file, columns=kept, read_dictionary=[f"{_TEXTS}.list.element"])
            lists = {name: _tuples(table, name, file) for name in LISTS if name in kept}
            records = table.drop_columns(list(lists)).to_pylist()
    except OSError as error:
        raise MissingDataError(f"cannot read {file}: {error.strerror or error}") from error
    lacking = [c.name for c in columns(axes) if c.name not in names]
    if lacking:
        raise CorruptDataError(f"{file} lacks the columns {', '.join(lacking)}; {again}")
    results = []
    for i, record in enumerate(records):
        try:
            found = {name: values[i] for name, values in lists.items()}
            results.append(from_record({**record, **found, **dict.fromkeys(without, ())}, axes))
        except CorruptDataError as error:
            raise CorruptDataError(f"row {i} of {file}: {error}; {again}") from error
    return results


def _tuples(table: Any, name: str, file: Path) -> list[tuple[Any, ...] | None]:
    """Returns the lists of a column.

    Equal texts of a row group are one object: a long study repeats a few hundred of them millions
    of times, which would not fit into memory otherwise.
    """
    column = table[name]
    if not str(column.type).startswith(("list<", "large_list<")):
        raise CorruptDataError(f"{file}: expected lists in column {name}; got {column.type}")
    found: list[tuple[Any, ...] | None] = []
    for chunk in column.chunks:
        values = chunk.values
        if name == _TEXTS and values.null_count:
            raise CorruptDataError(f"{file}: column {name} has an architecture without a text")
        if hasattr(values, "dictionary"):
            texts = values.dictionary.to_pylist()
            items = [texts[code] for code in values.indices.to_pylist()]
        else:
            items = values.to_pylist()
        ends = chunk.offsets.to_pylist()
        rows = zip(ends, ends[1:], chunk.is_valid().to_pylist(), strict=False)
        found += [tuple(items[start:end]) if valid else None for start, end, valid in rows]
    return found


@cache
def _types() -> dict[str, str]:
    """Returns the Parquet type of every field but the budget."""
    return {name: _TYPES[t] for name, t in get_type_hints(Result).items() if name != "budget"}
