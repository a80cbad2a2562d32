"""``nascast list``."""

import shutil
import sys
from enum import StrEnum
from typing import Annotated

import typer

from nascast.core.document import document
from nascast.core.errors import InvalidSettingError

__all__ = ["list_components"]


class Kind(StrEnum):
    """Kinds of component that can be listed."""

    spaces = "spaces"
    strategies = "strategies"
    predictors = "predictors"
    proxies = "proxies"
    encodings = "encodings"
    benchmarks = "benchmarks"
    executors = "executors"
    callbacks = "callbacks"


_SINGULAR = {
    "spaces": "space",
    "strategies": "strategy",
    "predictors": "predictor",
    "proxies": "proxy",
    "encodings": "encoding",
    "benchmarks": "benchmark",
    "executors": "executor",
    "callbacks": "callback",
}


def list_components(
    kind: Annotated[Kind, typer.Argument(help="Kind of component to list.")],
    name: Annotated[
        str | None,
        typer.Argument(help="Component to describe, with its settings and their defaults."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """List the components of a kind, built in or from other packages, or describe one of them.

    Of the benchmarks in the package: rows, size, what was recorded, licence and source.

    Example: nascast list predictors

    Example: nascast list predictors gcn --json
    """
    if name is not None:
        _describe(kind, name, as_json)
    elif kind is Kind.benchmarks:
        _list_benchmarks(as_json)
    else:
        _list(_SINGULAR[kind], as_json)


def _list(kind: str, as_json: bool) -> None:
    """Prints a line for each component; on a terminal it ends where the line does."""
    from nascast.cli._components import summary_of
    from nascast.core import plugins

    names = plugins.names(kind)
    rows = [(name, plugins.family(kind, name), summary_of(kind, name)) for name in names]
    if as_json:
        typer.echo(document([dict(zip(("name", "family", "about"), r, strict=True)) for r in rows]))
        return
    wide = [max(len(row[i]) for row in rows) for i in (0, 1)] if rows else []
    most = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in rows:
        cells = [f"{cell:{n}}" for cell, n in zip(row, wide, strict=False) if n]
        line = "  ".join([*cells, row[2]]).rstrip()
        typer.echo(line if most is None or len(line) <= most else f"{line[: most - 1]}…")


def _describe(kind: Kind, name: str, as_json: bool) -> None:
    from nascast.cli._components import facts_of, lines_of

    if kind is Kind.benchmarks:
        raise InvalidSettingError(f"`nascast benchmark info {name}` describes a benchmark")
    facts = facts_of(_SINGULAR[kind], name)
    if as_json:
        typer.echo(document(facts, indent=1))
        return
    _print(lines_of(facts))


def _print(lines: list[tuple[int, str]]) -> None:
    """Prints paragraphs, each with its indentation; those without one are titles."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console()
    for indent, text in lines:
        style = "" if indent else "bold"
        console.print(Padding(Text(text, style), (0, 0, 0, indent)))


def _list_benchmarks(as_json: bool) -> None:
    from nascast.cli._benchmarks import facts_of, words_of
    from nascast.core import plugins

    rows = [row for name in plugins.names("benchmark") for row in facts_of(name)]
    if as_json:
        typer.echo(document(rows))
        return
    for row in sorted(rows, key=lambda row: "spec" not in row):  # first what can be used at once
        name, lines = words_of(row)
        _print([(0, name), *((2, line) for line in lines)])
