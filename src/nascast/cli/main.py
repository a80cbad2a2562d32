"""The command line: parses, calls the library, prints; no logic of its own."""

import errno
import sys
from typing import Annotated

import typer

import nascast
from nascast.cli.benchmark import app as benchmark
from nascast.cli.compare import compare
from nascast.cli.export import export
from nascast.cli.list import list_components
from nascast.cli.search import search
from nascast.cli.show import show
from nascast.cli.train import train
from nascast.core.errors import NascastError

__all__ = ["app", "main"]

app = typer.Typer(
    name="nascast",
    help="Performance predictors and search strategies for neural architecture search.",
    epilog="Start with: nascast list predictors, then nascast compare --help",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command("list")(list_components)
app.command("compare")(compare)
app.command("search")(search)
app.command("show")(show)
app.command("train")(train)
app.command("export")(export)
app.add_typer(benchmark, name="benchmark")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(nascast.__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Version of nascast."),
    ] = False,
) -> None:
    """Performance predictors and search strategies for neural architecture search."""


def main() -> None:
    """Runs the command line; a user's mistake is one paragraph on stderr and exit status 2."""
    try:
        app()
    except NascastError as error:
        typer.secho(f"Error: {error}", fg="red", err=True)
        sys.exit(2)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        typer.secho(f"Error: no file can have this name: {error.filename}", fg="red", err=True)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        wanted = 'this needs the package torch; install it with: pip install "nascast[torch]"'
        typer.secho(f"Error: {wanted}", fg="red", err=True)
        sys.exit(2)
