"""The command line: parses, calls the library, prints; no logic of its own."""

import errno
import sys
import warnings
from typing import Annotated, Any

import typer

import nascast
from nascast.cli.ask import ask
from nascast.cli.benchmark import app as benchmark
from nascast.cli.compare import compare
from nascast.cli.export import export
from nascast.cli.list import list_components
from nascast.cli.predict import predict
from nascast.cli.recommend import recommend
from nascast.cli.report import report
from nascast.cli.reproduce import reproduce
from nascast.cli.search import search
from nascast.cli.show import show
from nascast.cli.tell import tell
from nascast.cli.train import train
from nascast.cli.trials import trials
from nascast.cli.watch import watch
from nascast.core.errors import NascastError, plain

__all__ = ["app", "main"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_MEMORY = (  # in messages of the loader, of Python's threads and of PyTorch
    "cannot allocate memory",
    "can't allocate memory",
    "failed to map segment",
    "can't start new thread",
)

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
app.command("recommend")(recommend)
app.command("reproduce")(reproduce)
app.command("search")(search)
app.command("ask")(ask)
app.command("tell")(tell)
app.command("show")(show)
app.command("train")(train)
app.command("export")(export)
app.command("predict")(predict)
app.command("trials")(trials)
app.command("report")(report)
app.command("watch")(watch)
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
    warnings.showwarning = _show_warning
    try:
        app()
    except NascastError as error:
        typer.secho(f"Error: {error}", fg="red", err=True)
        sys.exit(2)
    except (OSError, MemoryError, ImportError, RuntimeError) as error:
        wanted = _told(error)
        if wanted is None:
            raise
        typer.secho(f"Error: {wanted}", fg="red", err=True)
        sys.exit(2)


def _show_warning(message: Warning | str, *where: Any, **more: Any) -> None:
    """Prints a warning; where the code stands that gave it is no matter for users."""
    typer.secho(f"Warning: {plain(str(message))}", fg="yellow", err=True)


def _told(error: BaseException) -> str | None:
    """Returns what to say of an error that is the system's and not ours, or None."""
    if _no_memory(error):
        return "the system gives no more memory; is it limited (ulimit -v)?"
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        return 'this needs the package torch; install it with: pip install "nascast[torch]"'
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENAMETOOLONG:
        return plain(f"no file can have this name: {error.filename}")
    if error.errno in _NO_ROOM:
        place = f" {error.filename}" if error.filename else ""
        return plain(f"cannot write{place}: {error.strerror}; make room, then run the same again")
    return None


def _no_memory(error: BaseException | None) -> bool:
    """Returns whether memory that was not there is behind an error."""
    while error is not None:
        text = str(error).lower()
        if isinstance(error, MemoryError) or any(words in text for words in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False
