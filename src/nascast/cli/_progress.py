"""Progress bars on stderr."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from nascast.studies.progress import Progress as Stages

__all__ = ["bars", "stages"]


@contextmanager
def bars(
    unit: Literal["steps", "bytes"] = "steps",
    stopped: str = "Stopped. The same command goes on where this one was.",
) -> Iterator[Progress]:
    """Yields progress bars with counts and the time left; without a terminal only final counts.

    Ctrl-C ends the command with status 130 and the text `stopped`, which says how to go on.
    """
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn() if unit == "steps" else DownloadColumn(),
        TextColumn("elapsed"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as progress:
            try:
                yield progress
            except Exception:
                if not any(task.completed for task in progress.tasks):
                    progress.live.transient = True  # only the error is worth reading
                raise
    except KeyboardInterrupt:
        typer.echo(stopped, err=True)
        raise typer.Exit(130) from None


def stages(shown: Progress) -> "Stages":
    """Returns the progress of a study that has a bar for each stage."""
    from nascast.studies.progress import Progress as Stages

    def start(name: str, steps: int) -> None:
        shown.add_task(name, total=steps)

    def advance(steps: int) -> None:
        shown.advance(shown.task_ids[-1], steps)

    return Stages(start, advance)
