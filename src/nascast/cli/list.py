"""``nascast list``."""

from enum import StrEnum
from typing import Annotated

import typer

from nascast.core.document import document

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
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """List the components of a kind, built in or from other packages, with their families.

    Of the benchmarks in the package: rows, size, what was recorded, licence and source.

    Example: nascast list predictors --json
    """
    from nascast.core import plugins

    single = _SINGULAR[kind]
    if kind is Kind.benchmarks:
        _list_benchmarks(as_json)
        return
    rows = [(name, plugins.family(single, name)) for name in plugins.names(single)]
    if as_json:
        typer.echo(document([{"name": name, "family": family} for name, family in rows]))
        return
    width = max((len(name) for name, _ in rows), default=0)
    for name, family in rows:
        typer.echo(f"{name:{width}}  {family}".rstrip())


def _list_benchmarks(as_json: bool) -> None:
    from nascast.cli._benchmarks import facts_of, words_of
    from nascast.core import plugins

    rows = [row for name in plugins.names("benchmark") for row in facts_of(name)]
    if as_json:
        typer.echo(document(rows))
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console()
    for row in sorted(rows, key=lambda row: "spec" not in row):  # first what can be used at once
        name, lines = words_of(row)
        console.print(Text(name, "bold"))
        console.print(Padding(Text("\n".join(lines)), (0, 0, 0, 2)))
