"""The benchmark that a study stands on, the rows that it recorded, and scores beside it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from nascast.core.errors import CorruptDataError, InvalidSettingError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.restricted import Restricted
from nascast.core.space import SearchSpace
from nascast.core.spec import Spec
from nascast.core.stamp import stamp
from nascast.core.types import Bools, Genes

if TYPE_CHECKING:
    from nascast.benchmarks.table import Contents, ScoreTable

__all__ = [
    "among",
    "benchmark_named",
    "open_benchmark",
    "recorded_contents",
    "recorded_scores",
    "recorded_space",
    "usual_metric",
]

_Scores = TypeVar("_Scores", "ScoreTable", "Contents")
_SUFFIX = ".scores"  # how the file beside a table ends
_LOOK = 20_251_126  # seed of the draws that tell whether all rows are recorded; chosen


def benchmark_named(given: Spec | Path | str) -> Spec | Path:
    """Returns the spec of a registered benchmark, or the path of a table.

    Args:
        given: spec, path, or a text: it is a path where it ends with ``.nascast`` or exists, and
            otherwise a spec such as ``nasbench201:cifar100``.

    Raises:
        UnknownComponentError: it is neither of the two.
        InvalidSettingError: the benchmark does not have a setting.
    """
    if isinstance(given, Spec | Path):
        return given
    if not isinstance(given, str):
        raise InvalidSettingError(f"expected the name of a benchmark or a path; got {given!r}")
    path = Path(given)
    if path.suffix == ".nascast" or path.exists():
        return path
    return Spec.parse("benchmark", given)


def open_benchmark(given: Spec | Path | str) -> Benchmark:
    """Returns a registered benchmark, or the table in a file; the last four stay open.

    A table whose file was written anew is read anew.

    Raises:
        UnknownComponentError, InvalidSettingError: see `benchmark_named`.
        MissingDataError, CorruptDataError: the table cannot be read.
    """
    named = benchmark_named(given)
    if isinstance(named, Path):
        from nascast.benchmarks.table import open_table

        return open_table(named)
    return _named(named)


@lru_cache(maxsize=4)
def _named(named: Spec) -> Benchmark:
    benchmark: Benchmark = named.load("benchmark")
    return benchmark


def recorded_space(
    benchmark: Benchmark, metrics: Sequence[str] = (), within: Genes | None = None
) -> SearchSpace:
    """Returns the space of a benchmark, restricted to the recorded rows if they are not all.

    They count as all if a thousand draws are all recorded.

    Args:
        benchmark: benchmark to search on.
        metrics: names of metrics; rows whose first training lacks one of them are left out.
        within: canonical rows to which it is restricted besides, ``(m, length)``; None are all.
    """
    space = benchmark.space
    try:
        rows = benchmark.genes()
    except UnsupportedError:
        return space
    for metric in metrics:
        rows = rows[among(benchmark.measured(metric), rows)]
    if within is not None:
        rows = rows[among(within, space.canonical(rows))]
    known = set(_bytes(space.canonical(rows)))

    def accepts(genes: Genes) -> Bools:
        found = [row.tobytes() in known for row in space.canonical(genes)]
        return np.asarray(found, dtype=bool)

    # With a seed of its own: a table that was sampled with a usual one has what that one draws.
    if accepts(space.sample(1000, np.random.default_rng(_LOOK))).all():
        return space
    return Restricted(space, accepts, f"a record in {benchmark.name}", rows)


def among(known: Genes, rows: Genes) -> Bools:
    """Returns ``(n,)``: whether each of ``(n, length)`` rows is one of those that are known."""
    there = set(_bytes(known))
    return np.asarray([row in there for row in _bytes(rows)], dtype=bool)


def _bytes(rows: Genes) -> list[bytes]:
    """Returns the bytes of each row, many times as fast as one after the other."""
    size = rows.shape[1] * rows.itemsize
    return cast("list[bytes]", np.ascontiguousarray(rows).view(f"V{size}")[:, 0].tolist())


def usual_metric(benchmark: Benchmark) -> str:
    """Returns the metric that is predicted where none is named: accuracy, or loss on text."""
    known = benchmark.metrics
    return "val_loss" if "val_loss" in known and "val_accuracy" not in known else "val_accuracy"


def recorded_scores(benchmark: Benchmark) -> "ScoreTable | None":
    """Returns the zero-cost scores in the file beside a table, or None where there are none.

    Raises:
        CorruptDataError: the file is damaged, or of another search space.
    """
    path = _beside(benchmark)
    return None if path is None else _of_space(benchmark, path, _scores(path, stamp(path)))


def recorded_contents(benchmark: Benchmark) -> "Contents | None":
    """Returns what the file of scores beside a table has, or None; its rows are not checked.

    Raises:
        CorruptDataError: see `recorded_scores`.
    """
    from nascast.benchmarks.table import contents_of

    path = _beside(benchmark)
    return None if path is None else _of_space(benchmark, path, contents_of(path))


def _beside(benchmark: Benchmark) -> Path | None:
    """Returns the path of the scores beside a table, or None where there are none."""
    from nascast.benchmarks.table import Table

    path = benchmark.path.with_suffix(_SUFFIX) if isinstance(benchmark, Table) else None
    return path if path is not None and path.is_file() else None


def _of_space(benchmark: Benchmark, path: Path, found: _Scores) -> _Scores:
    """Returns what stands in a file of scores if it is of the benchmark's search space."""
    if found.space != benchmark.space.name:
        raise CorruptDataError(
            f"{path} has scores of {found.space}, and {benchmark.name} is of "
            f"{benchmark.space.name}; take it away"
        )
    return found


@lru_cache(maxsize=4)
def _scores(path: Path, stamp: str) -> "ScoreTable":
    from nascast.benchmarks.table import read_scores

    return read_scores(path)
