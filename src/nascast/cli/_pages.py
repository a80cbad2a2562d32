"""Pages of results, which need optional packages and never stand in the way of the results."""

import time
from collections.abc import Callable
from pathlib import Path

import typer

__all__ = ["PAGE", "Current", "tell_what_is_missing", "written"]

PAGE = "report.html"  # in the folder of a search, comparison or ledger
_PAUSE = 5.0  # seconds between two pages of a search that runs, at least; chosen
_SHARE = 0.02  # of the time that goes into pages, at most; chosen


def tell_what_is_missing() -> None:
    """Says before any work that there will be no page, if a package for it is not installed."""
    from nascast.core.errors import MissingExtraError
    from nascast.core.extras import check_extra

    try:
        check_extra("jinja2", "report", "the page report.html")
    except MissingExtraError as error:
        typer.secho(f"Warning: {error}", fg="yellow", err=True)


class Current:
    """Keeps the page of a search current while it runs, for a small share of the time."""

    def __init__(self, out: Path) -> None:
        """Names the folder of the search."""
        self._out, self._next = out, 0.0
        self._missing = False

    def __call__(self) -> None:
        """Writes the page if it is time to, and it can be."""
        if not self._missing and time.monotonic() >= self._next:
            self.write()

    def write(self) -> None:
        """Writes the page, if it can be; what is wrong with it is said at the end."""
        from nascast.core.errors import MissingExtraError
        from nascast.report.searches.html import write_search_report

        began = time.monotonic()
        try:
            write_search_report(self._out)
        except MissingExtraError:
            self._missing = True
        ended = time.monotonic()
        self._next = ended + max(_PAUSE, (ended - began) / _SHARE)


def written(write: Callable[[Path], Path], out: Path) -> Path | None:
    """Writes the page of a folder; None, and words on stderr, if a package for it is missing."""
    from nascast.core.errors import MissingExtraError

    try:
        return write(out)
    except MissingExtraError as error:
        typer.secho(f"Warning: {error}", fg="yellow", err=True)
        return None
