"""Opening the benchmark that a study stands on, and the zero-cost scores beside it."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from nascast.core.errors import CorruptDataError
from nascast.core.evaluator import Benchmark
from nascast.core.spec import Spec

if TYPE_CHECKING:
    from nascast.benchmarks.table import ScoreTable

__all__ = ["benchmark_named", "open_benchmark", "recorded_scores"]

_SUFFIX = ".scores"  # how the file beside a table ends


def benchmark_named(given: Spec | Path | str) -> Spec | Path:
    """Returns the spec of a registered benchmark, or the path of a table.

    Args:
        given: spec, path, or a text: it is a path where it ends with ``.nascast`` or exists, and
            otherwise a spec such as ``nasbench201:cifar100``.

    Raises:
        UnknownComponentError: it is neither of the two.
        InvalidSettingError: the benchmark does not have a setting.
    """
    if not isinstance(given, str):
        return given
    path = Path(given)
    if path.suffix == ".nascast" or path.exists():
        return path
    return Spec.parse("benchmark", given)


def open_benchmark(given: Spec | Path | str) -> Benchmark:
    """Returns a registered benchmark, or the table in a file; the last four stay open.

    Raises:
        UnknownComponentError, InvalidSettingError: see `benchmark_named`.
        MissingDataError, CorruptDataError: the table cannot be read.
    """
    return _opened(benchmark_named(given))


@lru_cache(maxsize=4)
def _opened(named: Spec | Path) -> Benchmark:
    if isinstance(named, Path):
        from nascast.benchmarks.table import read_table

        return read_table(named)
    benchmark: Benchmark = named.load("benchmark")
    return benchmark


def recorded_scores(benchmark: Benchmark) -> "ScoreTable | None":
    """Returns the zero-cost scores in the file beside a table, or None where there are none.

    Raises:
        CorruptDataError: the file is damaged, or of another search space.
    """
    path = getattr(benchmark, "path", None)
    beside = path.with_suffix(_SUFFIX) if isinstance(path, Path) else None
    if beside is None or not beside.is_file():
        return None
    found = _scores(beside)
    if found.space != benchmark.space.name:
        raise CorruptDataError(
            f"{beside} has scores of {found.space}, and {path} is of {benchmark.space.name}; "
            "take it away"
        )
    return found


@lru_cache(maxsize=4)
def _scores(path: Path) -> "ScoreTable":
    from nascast.benchmarks.table import read_scores

    return read_scores(path)
