"""``nascast watch``."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["watch"]


def watch(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of searches; several stand side by side.")
    ],
    port: Annotated[
        int, typer.Option(help="Port on the loopback address; 0: any that is free.")
    ] = 8265,
) -> None:
    """Show the page of searches in a browser, always current, while they run.

    It is served to this machine alone, and changes nothing. Ctrl-C ends it, and no search.

    Example: nascast watch runs/ppo runs/evolution
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.report.live import Live
    from nascast.report.searches.html import search_page
    from nascast.report.searches.now import now_part

    search_page(*folders)  # what is wrong shows here
    try:
        live = Live(
            lambda: search_page(*folders),
            lambda: _state(folders),
            port,
            now=lambda: now_part(*folders),
        )
    except (OSError, OverflowError) as error:
        raise InvalidSettingError(
            f"--port {port} cannot be had: {error}; choose another, or 0"
        ) from error
    typer.echo(f"{live.url}  (Ctrl-C ends it)")
    try:
        live.serve()
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)


def _state(folders: list[Path]) -> str:
    """Returns a text that is another one when trials were stored."""
    from nascast.studies.searches.results import TRIALS

    files = [folder / f"{TRIALS}{end}" for folder in folders for end in ("", "-wal")]
    times = [(file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists()]
    return "-".join(f"{time}.{size}" for time, size in times)
