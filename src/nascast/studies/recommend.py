"""Which predictor to use for an initialization budget and a query budget, from finished studies."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from nascast.core import plugins
from nascast.core.errors import (
    CorruptDataError,
    InvalidSettingError,
    MissingDataError,
    UnknownComponentError,
)
from nascast.studies.predictors.pareto import INSTANT, coarse
from nascast.studies.predictors.results import LISTS, read_run
from nascast.studies.predictors.summary import Summary, summarize

__all__ = [
    "Answer",
    "Measured",
    "Overview",
    "from_json",
    "measured_in",
    "overview",
    "recommend",
    "shipped",
    "to_json",
]

_SHIPPED = "recommend.json"  # beside this module: the default study
_INIT = (1.0, 60.0, 600.0, 3600.0, 36e3, 432e3, 4.32e6, 4.32e7)  # seconds, of an overview
_QUERY = (0.001, 0.1, 1.0, 3.0, 10.0, 60.0, 600.0, 3600.0, 10_800.0, 36e3)
_Where = tuple[str, str, str, str]  # benchmark, space, metric and test sets


@dataclass(frozen=True, slots=True)
class Measured:
    """One predictor with one budget, as a study measured it.

    Attributes:
        benchmark: name of the benchmark.
        space: name of its search space.
        metric: metric that was predicted.
        tested: design and size of the test sets, such as ``200 uniform``.
        predictor: spec of the predictor in its written form.
        family: kind of evidence that it reads.
        budget: amounts that it spends, by axis.
        trials: number of trials.
        kendall: mean Kendall's τ over trials.
        error: standard error of that mean; None with one trial.
        init_seconds: mean seconds to initialize.
        query_seconds: mean seconds to query one architecture.
        reads_target: whether queries read the very trainings that it was judged by, whose noise it
            shares; its τ with others would be lower.
    """

    benchmark: str
    space: str
    metric: str
    tested: str
    predictor: str
    family: str
    budget: dict[str, int]
    trials: int
    kendall: float
    error: float | None
    init_seconds: float
    query_seconds: float
    reads_target: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """The advice for one benchmark, metric and design of test sets.

    Attributes:
        benchmark: name of the benchmark that it rests on.
        space: name of its search space.
        metric: metric that was predicted.
        tested: design and size of the test sets.
        best: predictor and budget of the highest mean τ within both times; None where nothing was
            measured within them.
        close: others within both times whose mean τ is at most two standard errors of the
            difference below the best, the cheapest first: of each predictor the budget that is
            initialized quickest, and of equal ones queried quickest, or the one of the highest mean
            τ where errors are not known; of the best one only what is no longer in either time.
        cheapest: initialization and query seconds of the measured budget that is initialized
            quickest, and of equal ones queried quickest; see `pareto.coarse` for equal times.
        quickest: those of the budget that is queried quickest, and of equal ones initialized so.
        longest: longest initialization and query seconds that were measured; what more time would
            give is not known.
    """

    benchmark: str
    space: str
    metric: str
    tested: str
    best: Measured | None
    close: tuple[Measured, ...]
    cheapest: tuple[float, float]
    quickest: tuple[float, float]
    longest: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Overview:
    """The best predictor of one benchmark for all times.

    Attributes:
        benchmark: name of the benchmark.
        space: name of its search space.
        metric: metric that was predicted.
        tested: design and size of the test sets.
        init: initialization times in seconds, ascending; times of which nothing is told that a
            shorter one does not tell are left out.
        query: query times of one architecture in seconds, likewise.
        best: for each initialization time and each query time the predictor and budget of the
            highest mean τ within both; None where nothing was measured within them.
    """

    benchmark: str
    space: str
    metric: str
    tested: str
    init: tuple[float, ...]
    query: tuple[float, ...]
    best: tuple[tuple[Measured | None, ...], ...]


def overview(measured: Iterable[Measured], space: str | None = None) -> list[Overview]:
    """Returns the best within each pair of times, for each benchmark, metric and design.

    Args:
        measured: what studies found.
        space: name of a search space, to which they are limited; None is all.

    Raises:
        UnknownComponentError: nothing was measured on the search space.
    """
    found = []
    for where, items in _groups(measured, space):
        best = [[_best(_within(items, i, q)) for q in _QUERY] for i in _INIT]
        rows, columns = _telling(best), _telling([list(line) for line in zip(*best, strict=True)])
        told = tuple(tuple(best[i][j] for j in columns) for i in rows)
        times = tuple(_INIT[i] for i in rows), tuple(_QUERY[j] for j in columns)
        found.append(Overview(*where, *times, told))
    return found


def _telling(lines: Sequence[Sequence[Measured | None]]) -> list[int]:
    """Returns the lines that hold something, and something else than the line before."""
    empty = [None] * len(lines[0])
    return [i for i, line in enumerate(lines) if line != (lines[i - 1] if i else empty)]


def recommend(
    measured: Iterable[Measured],
    init_seconds: float,
    query_seconds: float,
    space: str | None = None,
) -> list[Answer]:
    """Returns advice for each benchmark, metric and design of test sets that was measured.

    Args:
        measured: what studies found.
        init_seconds: time that there is before the first query, in seconds; below `INSTANT` it
            is that.
        query_seconds: time that there is for each architecture, likewise.
        space: name of a search space, to which the advice is limited; None is all.

    Raises:
        InvalidSettingError: a time is below zero or no number.
        UnknownComponentError: nothing was measured on the search space.
    """
    for name, seconds in (("initialization", init_seconds), ("query", query_seconds)):
        if not seconds >= 0:
            raise InvalidSettingError(f"the {name} time should be at least 0 s; got {seconds:g}")
    return [
        _answer(where, items, init_seconds, query_seconds)
        for where, items in _groups(measured, space)
    ]


def _groups(
    measured: Iterable[Measured], space: str | None
) -> Iterable[tuple[_Where, list[Measured]]]:
    """Returns what was measured on a space, or on all, by where."""
    groups: dict[_Where, list[Measured]] = {}
    for item in measured:
        where = item.benchmark, item.space, item.metric, item.tested
        groups.setdefault(where, []).append(item)
    known = sorted({where[1] for where in groups})
    space = None if space is None else plugins.registered("space", space)
    if space is not None and space not in known:
        raise UnknownComponentError(
            f"nothing was measured on the space {space!r}; known are {', '.join(known) or 'none'}"
        )
    return [(where, items) for where, items in groups.items() if space in (None, where[1])]


def _within(items: Iterable[Measured], init_seconds: float, query_seconds: float) -> list[Measured]:
    return [
        item
        for item in items
        if item.init_seconds <= max(init_seconds, INSTANT)
        and item.query_seconds <= max(query_seconds, INSTANT)
        and math.isfinite(item.kendall)
    ]


def _best(items: Sequence[Measured]) -> Measured | None:
    return max(items, key=lambda item: item.kendall, default=None)


def _answer(
    where: _Where, items: Sequence[Measured], init_seconds: float, query_seconds: float
) -> Answer:
    within = _within(items, init_seconds, query_seconds)
    known = [i for i in items if math.isfinite(i.init_seconds + i.query_seconds)]
    pairs = [(i.init_seconds, i.query_seconds) for i in known]
    ends = (
        min(pairs, key=_coarse, default=(math.nan, math.nan)),
        min(pairs, key=lambda pair: _coarse(pair)[::-1], default=(math.nan, math.nan)),
        (
            max((i.init_seconds for i in known), default=math.nan),
            max((i.query_seconds for i in known), default=math.nan),
        ),
    )
    best = _best(within)
    if best is None:
        return Answer(*where, None, (), *ends)
    others: dict[str, list[Measured]] = {}
    for item in within:
        if not _below(item, best):
            others.setdefault(item.predictor, []).append(item)
    own = [item for item in others.pop(best.predictor) if _spares(item, best)]
    chosen = [_cheapest(items, best) for items in (own, *others.values()) if items]
    close = sorted(chosen, key=_cost)
    return Answer(*where, best, tuple(close), *ends)


def _cheapest(items: Sequence[Measured], best: Measured) -> Measured:
    known = [] if best.error is None else [item for item in items if item.error is not None]
    if not known:
        return max(items, key=lambda item: item.kendall)
    return min(known, key=lambda item: (*_cost(item), -item.kendall))


def _spares(item: Measured, best: Measured) -> bool:
    """Returns whether one of both times is shorter, and the other no longer."""
    pairs = list(zip(_cost(item), _cost(best), strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _cost(item: Measured) -> tuple[float, ...]:
    return _coarse((item.init_seconds, item.query_seconds))


def _coarse(seconds: tuple[float, float]) -> tuple[float, ...]:
    """Returns both times as two that differ in clock jitter alone are the same."""
    return tuple(coarse(np.array(seconds)).tolist())


def _below(item: Measured, best: Measured) -> bool:
    """Returns whether the mean τ is more than two standard errors of the difference below."""
    if item.error is None or best.error is None:
        return False  # one trial says nothing of the spread
    spread = math.hypot(item.error, best.error)
    return best.kendall - item.kendall > 2 * spread


def measured_in(folder: Path) -> list[Measured]:
    """Returns what the study in a folder found.

    Raises:
        NascastError: see `read_run`.
    """
    head, results = read_run(folder, without=LISTS)
    settings = head.settings
    tested = f"{settings['test_size']} {settings['test_set']}"
    where = head.benchmark, head.space, settings["metric"], tested
    return [_of(where, item) for item in summarize(results, head.share)]


def shipped() -> list[Measured]:
    """Returns what the study found that comes with the package.

    Raises:
        MissingDataError: there is none.
    """
    file = files("nascast.studies").joinpath(_SHIPPED)
    if not file.is_file():
        raise MissingDataError(
            "no study comes with this nascast; make one, such as `nascast compare --predictors all "
            "--grid quick --out runs/study`, and give its folder with --study"
        )
    return from_json(file.read_text(encoding="utf-8"))


def to_json(measured: Iterable[Measured]) -> str:
    """Returns findings as a text that `from_json` reads, a line for each."""
    return "[\n" + ",\n".join(json.dumps(asdict(item)) for item in measured) + "\n]\n"


def from_json(text: str) -> list[Measured]:
    """Returns the findings in a text.

    Raises:
        CorruptDataError: `to_json` did not write it.
    """
    try:
        return [Measured(**item) for item in json.loads(text)]
    except (TypeError, ValueError, RecursionError) as error:
        raise CorruptDataError(f"expected findings as `to_json` writes them: {error}") from error


def _of(where: _Where, item: Summary) -> Measured:
    average = item.metrics["kendall"]
    return Measured(
        *where,
        predictor=item.predictor,
        family=item.family,
        budget=dict(item.budget),
        trials=item.trials,
        kendall=average.mean,
        error=average.error,
        init_seconds=item.init_seconds_total,
        query_seconds=item.query_seconds_each,
        reads_target=item.reads_target,
    )
