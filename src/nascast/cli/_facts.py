"""The facts of a benchmark as lines for people.

They are plain and not folded: to import Rich would take longer than to read most tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer

from nascast.cli._benchmarks import score_words
from nascast.cli._tables import marks, task_words
from nascast.core.errors import plain

__all__ = ["lines"]

_COLUMNS = ("metric", "unit", "aim", "split", "epochs", "seeds", "range")
_GAP = "  "
_WHOLE = 1000  # from which on a figure has no decimals; chosen


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yields what ``nascast benchmark info`` prints; titles are bold."""
    rows = f"{facts['rows']:,} rows" if facts["rows"] else "a function of every row"
    yield f"{_bold(facts['name'])}: {rows} of {facts['space']}"
    if facts["sampled"]:
        yield f"ranges are of {facts['sampled']:,} random rows"
    yield from _table([_cells(metric) for metric in facts["metrics"]])
    yield f"task: {task_words(facts['task'])}"
    if facts["separate"]:
        yield "trainings of different epochs are separate ones"
    yield from _noise(facts)
    if words := score_words(facts["scores"]):
        yield f"{words}, with {facts['scores']['batch']}"
    yield _bold("provenance")
    for key, value in facts["provenance"].items():
        yield plain(f"{_GAP}{key}: {value}")


def _bold(text: str) -> str:
    return typer.style(plain(text), bold=True)


def _cells(metric: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        *(metric[name] for name in ("name", "unit", "aim", "split")),
        marks(metric["epochs"]),
        f"{metric['seeds']}{' own' if metric['own_seeds'] else ''}",
        _range(*metric["range"]),
    )


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "not recorded"
    least, most = (f"{end:,.0f}" if abs(end) >= _WHOLE else f"{end:.5g}" for end in (low, high))
    return f"{least} to {most}"


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Yields the lines of a table; its columns are as wide as what stands in them."""
    columns = zip(_COLUMNS, *rows, strict=True)
    wide = zip(*([cell.ljust(max(map(len, c))) for cell in c] for c in columns), strict=True)
    titles, *rest = (plain(_GAP.join(row).rstrip()) for row in wide)
    yield _bold(titles)
    yield from rest


def _noise(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yields what is known of two trainings of one architecture."""
    if not facts["agreement"]:
        yield "noise: unknown, fewer than two architectures were trained twice"
    elif not facts["noise"]:
        for metric, found in facts["agreement"].items():
            text = f"τ = {found['tau']:.3f} between two trainings of {found['cells']:,} cells"
            yield f"noise of {metric}: {text}"
        yield "--noise estimates the limits that it sets to predictors"
    else:
        from nascast.studies.noise import METHOD, NoiseLimits

        for metric, found in facts["noise"].items():
            yield _bold(metric)
            for line in NoiseLimits.of_json(found).lines():
                yield f"{_GAP}{line}"
        yield METHOD
