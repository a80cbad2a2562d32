"""The command line: parses, calls the library, prints; no logic of its own."""

import errno
import inspect
import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

import nascast
from nascast.core.errors import InvalidSettingError, NascastError, plain
from nascast.core.termination import INTERRUPTED

__all__ = ["app", "main"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_MEMORY = (  # in messages of the loader, of Python's threads and of PyTorch
    "cannot allocate memory",
    "can't allocate memory",
    "failed to map segment",
    "can't start new thread",
)

_COMMANDS = (  # each a module of this folder
    *("list", "compare", "recommend", "reproduce", "search", "ask", "tell", "show", "train"),
    *("export", "predict", "trials", "report", "watch", "benchmark"),
)


class _Commands(TyperGroup):
    """The commands, of which the one that is called is imported, or all for the help."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = dict.fromkeys(_COMMANDS)  # type: ignore[assignment]  # names, to suggest

    def get_params(self, ctx: Any) -> list[Any]:
        return _parameters(super().get_params, ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"nascast.cli.{cmd_name}")
        found = getattr(module, module.__all__[0])
        alone = typer.Typer(rich_markup_mode="rich")
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=cmd_name)
        else:
            alone.command(cmd_name)(found)
        return _prepared(get_group(alone).commands[cmd_name])

    def invoke(self, ctx: Any) -> Any:
        """Runs a command; one that has nothing to say when it is stopped ends with a word."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("Stopped.", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _prepared(command: Any) -> Any:
    """Returns a command without empty values, whose help breaks where the terminal ends."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(" ".join(lines.split()) for lines in paragraphs)
    command.get_params = partial(_parameters, command.get_params)
    for part in getattr(command, "commands", {}).values():
        _prepared(part)
    return command


def _parameters(find: Callable[[Any], list[Any]], context: Any) -> list[Any]:
    """Returns the parameters of a command, ``--help`` too, which `_processed` is to read."""
    found = find(context)
    for parameter in found:
        if not isinstance(parameter.process_value, partial):
            parameter.process_value = partial(_processed, parameter, parameter.process_value)
    return found


def _processed(parameter: Any, process: Callable[..., Any], context: Any, value: Any) -> Any:
    """Returns the value of an option or argument, unless nothing was written for it.

    That of a shell's variable that is not set would otherwise pass for the default.

    Raises:
        InvalidSettingError: nothing was written.
    """
    written = value if isinstance(value, list | tuple) else (value,)
    given = context.get_parameter_source(parameter.name).name == "COMMANDLINE"
    if given and any(isinstance(text, str) and not text.strip() for text in written):
        call = parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.name
        raise InvalidSettingError(f"{call}: expected a value; got nothing")
    return value if _is_read(parameter, value) else process(context, value)


def _is_read(parameter: Any, value: Any) -> bool:
    """Returns whether a value is what is wanted: a plain text, or nothing for a flag.

    Newer versions of Typer import pydantic to convert such, too, a seventh of the time of `info`.
    """
    if value is None:
        return bool(getattr(parameter, "is_flag", False))
    kind = getattr(getattr(parameter, "type_descriptor", None), "annotation", None)
    return kind is str and type(value) is str and not parameter.callback


app = typer.Typer(
    name="nascast",
    cls=_Commands,
    help="Performance predictors and search strategies for neural architecture search.",
    epilog="Start with: nascast list predictors, then nascast compare --help",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


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
