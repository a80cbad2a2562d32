"""Pages of results, which need optional packages and never stand in the way of the results."""

from collections.abc import Callable
from pathlib import Path

import typer

__all__ = ["tell_what_is_missing", "written"]


def tell_what_is_missing() -> None:
    """Says before any work that there will be no page, if a package for it is not installed."""
    from nascast.core.errors import MissingExtraError
    from nascast.core.extras import check_extra

    try:
        for package in ("jinja2", "plotly"):
            check_extra(package, "report", "the page report.html")
    except MissingExtraError as error:
        typer.secho(f"Warning: {error}", fg="yellow", err=True)


def written(write: Callable[[Path], Path], out: Path) -> Path | None:
    """Writes the page of a folder; None, and words on stderr, if a package for it is missing."""
    from nascast.core.errors import MissingExtraError

    try:
        return write(out)
    except MissingExtraError as error:
        typer.secho(f"Warning: {error}", fg="yellow", err=True)
        return None
