"""``nascast list``."""

import json
from enum import StrEnum
from typing import Annotated

import typer

__all__ = ["list_components"]


class Kind(StrEnum):
    """Kinds of component that can be listed."""

    spaces = "spaces"
    strategies = "strategies"
    predictors = "predictors"
    proxies = "proxies"
    encodings = "encodings"
    benchmarks = "benchmarks"


_SINGULAR = {
    "spaces": "space",
    "strategies": "strategy",
    "predictors": "predictor",
    "proxies": "proxy",
    "encodings": "encoding",
    "benchmarks": "benchmark",
}


def list_components(
    kind: Annotated[Kind, typer.Argument(help="Kind of component to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """List the components of a kind, built in or from other packages, with their families.

    Example: nascast list predictors --json
    """
    from nascast.core import plugins

    single = _SINGULAR[kind]
    rows = [(name, plugins.family(single, name)) for name in plugins.names(single)]
    if as_json:
        typer.echo(json.dumps([{"name": name, "family": family} for name, family in rows]))
        return
    width = max((len(name) for name, _ in rows), default=0)
    for name, family in rows:
        typer.echo(f"{name:{width}}  {family}".rstrip())
