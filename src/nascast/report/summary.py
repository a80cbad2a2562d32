"""A comparison in numbers: one summary per predictor and budget, and what did not run.

The terminal table, ``--json`` and the HTML report all read these.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.core.types import Bools, Floats

__all__ = [
    "INSTANT",
    "Budget",
    "Summary",
    "budget_of",
    "duration",
    "failures",
    "pareto",
    "read_run",
    "summarize",
]

Row = Mapping[str, Any]
Budget = tuple[str, int | None, int | None]  # predictor, train_size, epochs

_HEAD: dict[str, Callable[[Any], bool]] = {  # what the report reads of study.json
    "settings.trials": lambda value: isinstance(value, int),
    "settings.test_size": lambda value: isinstance(value, int),
    "settings.metric": lambda value: isinstance(value, str),
    "benchmark": lambda value: isinstance(value, str),
    "unit": lambda value: isinstance(value, str),
    "batch": lambda value: isinstance(value, str),
    "noise_ceiling": lambda value: value is None or (isinstance(value, list) and len(value) == 2),
    "versions": lambda value: isinstance(value, dict),
}
_SCORES = ("kendall", "spearman", "pearson", "sparse_kendall", "precision_at_10")
_COLUMNS = (
    *("predictor", "family", "train_size", "epochs", "trial", "batch", "versions", "error"),
    *_SCORES,
    *("undefined", "init_seconds", "query_seconds", "predicted", "true"),
)
INSTANT = 1e-3  # seconds; chosen: below it a measured time is overhead and scheduling


_UNITS = (  # shown below so many seconds, of so many seconds
    (0.9995, "ms", 1e-3),
    (120.0, "s", 1.0),
    (7200.0, "min", 60.0),
    (360_000.0, "h", 3600.0),
    (math.inf, "d", 86400.0),
)


@dataclass(frozen=True, slots=True)
class Summary:
    """One predictor with one budget, over the trials that ran.

    Correlations and precision are means over trials, larger is better; ``*_sd`` is the sample
    standard deviation over trials, None where there was one trial.

    Attributes:
        predictor: registered name.
        family: which kind of evidence it reads, such as ``model_based``.
        train_size: labels at initialization; None for predictors that take none.
        epochs: partial training at query; None for predictors that read no learning curve.
        trials: how many trials ran.
        sparse_kendall: Kendall's τ against true scores rounded to 0.1.
        precision_at_10: share of the 10 predicted best that are among the 10 truly best.
        init_seconds: mean seconds to initialize, training of the labelled networks included.
        query_seconds: mean seconds for one architecture, its partial training included.
        undefined: predictions that were not finite, over all trials.
        pareto: no other budget is at least as good in τ, initialization and query time and better
            in one of them; see `summarize` for when two times are the same.
    """

    predictor: str
    family: str
    train_size: int | None
    epochs: int | None
    trials: int
    kendall: float
    kendall_sd: float | None
    spearman: float
    spearman_sd: float | None
    pearson: float
    pearson_sd: float | None
    sparse_kendall: float
    sparse_kendall_sd: float | None
    precision_at_10: float
    precision_at_10_sd: float | None
    init_seconds: float
    query_seconds: float
    undefined: int
    pareto: bool = False


def summarize(rows: Iterable[Row]) -> list[Summary]:
    """Returns one summary per predictor and budget, in the order in which `rows` first has them.

    Rows with an ``error`` are left out, and so is a budget that has no other rows. For Pareto
    optimality, times are the same where their first two digits are, and so are all times below a
    millisecond: two predictors that read the same recorded training differ in clock jitter alone.
    """
    groups: dict[Budget, list[Row]] = {}
    for row in rows:
        if row.get("error") is None:
            groups.setdefault(budget_of(row), []).append(row)
    found = [_summary(budget, group) for budget, group in groups.items()]
    times = _coarse(np.array([[s.init_seconds, s.query_seconds] for s in found]).reshape(-1, 2))
    tau = np.array([[s.kendall] for s in found]).reshape(-1, 1)
    best = pareto(np.concatenate([tau, -times], axis=1))
    return [replace(item, pareto=bool(flag)) for item, flag in zip(found, best, strict=True)]


def pareto(points: npt.ArrayLike) -> Bools:
    """Says which points nobody dominates.

    Args:
        points: ``(n, d)``, larger is better in every column; NaN is the worst there is.

    Returns:
        ``(n,)``: False where another point is no worse in every column and better in one. Of equal
        points all or none are True.
    """
    values = np.asarray(points, dtype=np.float64)
    values = np.where(np.isnan(values), -np.inf, values)
    mine, other = values[:, None, :], values[None, :, :]
    better = np.all(other >= mine, axis=2) & np.any(other > mine, axis=2)
    return np.asarray(~np.any(better, axis=1))


def failures(rows: Iterable[Row]) -> dict[Budget, str]:
    """Returns why a budget has no result in some or all trials, every reason once."""
    reasons: dict[Budget, dict[str, None]] = {}
    for row in rows:
        if row.get("error") is not None:
            reasons.setdefault(budget_of(row), {})[str(row["error"])] = None
    return {budget: "; ".join(found) for budget, found in reasons.items()}


def budget_of(row: Row) -> Budget:
    """Returns the predictor of a row with what it may spend; None where it cannot spend it."""
    return row["predictor"], row["train_size"], row["epochs"]


def duration(seconds: float) -> str:
    """Writes seconds for people, such as ``3.2 ms``, ``41 s`` or ``2.3 h``; two or three digits."""
    if not math.isfinite(seconds):
        return "unknown"
    if seconds < INSTANT:
        return "< 1 ms"
    unit, size = next((unit, size) for below, unit, size in _UNITS if seconds < below)
    amount = seconds / size
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def read_run(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Reads the folder of a comparison.

    Returns:
        The head of ``study.json`` (settings, benchmark, unit, batch, noise_ceiling, versions), and
        the rows of ``results.parquet``, one per predictor, budget and trial.

    Raises:
        MissingDataError: no such folder, or the run has not finished.
        CorruptDataError: a file that is not what a comparison writes.
    """
    head_file, table_file = folder / "study.json", folder / "results.parquet"
    if not head_file.is_file():
        raise MissingDataError(
            f"{folder} has no study.json; expected a folder written by `nascast compare --out`"
        )
    head = _read_head(head_file)
    if not table_file.is_file():
        raise MissingDataError(
            f"{folder} has no results.parquet, so the run has not finished; give the same "
            "`nascast compare` command again and it goes on where it stopped"
        )
    return head, _read_rows(table_file)


def _summary(budget: Budget, group: Sequence[Row]) -> Summary:
    scores = {name: np.array([row[name] for row in group], dtype=np.float64) for name in _SCORES}
    means = {name: float(values.mean()) for name, values in scores.items()}
    spread = {
        f"{name}_sd": float(values.std(ddof=1)) if len(group) > 1 else None
        for name, values in scores.items()
    }
    return Summary(
        predictor=budget[0],
        family=group[0]["family"],
        train_size=budget[1],
        epochs=budget[2],
        trials=len(group),
        init_seconds=float(np.mean([row["init_seconds"] for row in group])),
        query_seconds=float(np.mean([row["query_seconds"] for row in group])),
        undefined=round(sum(row["undefined"] for row in group)),
        **means,  # type: ignore[arg-type]
        **spread,  # type: ignore[arg-type]
    )


def _coarse(seconds: Floats) -> Floats:
    """Rounds to two digits, and to `INSTANT` what is shorter; NaN stays."""
    floored = np.maximum(seconds, INSTANT)
    digit = 10.0 ** (np.floor(np.log10(floored)) - 1)
    return np.asarray(np.round(floored / digit) * digit)


def _read_head(file: Path) -> dict[str, Any]:
    again = "expected what `nascast compare` writes; run it again with another --out"
    try:
        head = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorruptDataError(f"{file} is not JSON ({error}); {again}") from error
    except OSError as error:
        raise MissingDataError(f"cannot read {file}: {error.strerror}") from error
    wrong = [name for name, fits in _HEAD.items() if not fits(_at(head, name))]
    if wrong:
        raise CorruptDataError(f"{file} lacks or garbles {', '.join(wrong)}; {again}")
    return dict(head)


def _at(head: Any, path: str) -> Any:
    """Returns what stands at a dotted path; Ellipsis where nothing does."""
    for key in path.split("."):
        head = head.get(key, ...) if isinstance(head, dict) else ...
    return head


def _read_rows(file: Path) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    again = "delete it and give the same `nascast compare` command again, which writes it anew"
    try:
        table = pq.read_table(file)
    except pa.ArrowException as error:
        raise CorruptDataError(f"{file} is not a whole Parquet file ({error}); {again}") from error
    except OSError as error:
        raise MissingDataError(f"cannot read {file}: {error.strerror or error}") from error
    lacking = [name for name in _COLUMNS if name not in table.column_names]
    if lacking:
        raise CorruptDataError(f"{file} lacks the columns {', '.join(lacking)}; {again}")
    rows: list[dict[str, Any]] = table.to_pylist()
    needed = [name for name in _COLUMNS if name not in ("train_size", "epochs", "error", "batch")]
    for i, row in enumerate(rows):
        try:
            json.loads(row["versions"] or "{}")
        except ValueError:
            raise CorruptDataError(f"row {i} of {file}: versions is not JSON; {again}") from None
        empty = [name for name in needed if row[name] is None]
        if row["error"] is None and empty:
            raise CorruptDataError(f"row {i} of {file} has no error and no {empty[0]}; {again}")
    return rows
