"""Progress bars on stderr."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from nascast.core.termination import INTERRUPTED

if TYPE_CHECKING:
    from nascast.studies.progress import Progress as Stages

__all__ = ["bars", "stages"]

_PAUSE = 30.0  # seconds between two lines where there is no terminal; chosen
_LOOKED_BACK = 3600.0  # seconds whose pace tells the time left; steps may take minutes; chosen


class _Lines(Progress):
    """Bars that are lines every half minute where no terminal shows them, and where they ended."""

    def __init__(self, *columns: ProgressColumn, console: Console) -> None:
        super().__init__(
            *columns, console=console, refresh_per_second=4, speed_estimate_period=_LOOKED_BACK
        )
        self._told = time.monotonic()

    def update(self, task_id: TaskID, **changes: Any) -> None:
        super().update(task_id, **changes)
        self._tell(task_id)

    def advance(self, task_id: TaskID, advance: float = 1) -> None:
        super().advance(task_id, advance)
        self._tell(task_id)

    def _tell(self, task_id: TaskID) -> None:
        if self.console.is_terminal or time.monotonic() - self._told < _PAUSE:
            return
        task = next(task for task in self.tasks if task.id == task_id)
        if task.finished:  # the bar at the end says so
            return
        self._told = time.monotonic()
        told = [c for c in self.columns if isinstance(c, ProgressColumn)]
        parts = [column(task) for column in told if not isinstance(column, BarColumn)]
        self.console.print(" ".join(str(part) for part in parts), highlight=False)


@contextmanager
def bars(
    unit: Literal["steps", "bytes"] = "steps",
    stopped: str = "Stopped. The same command goes on where this one was.",
) -> Iterator[Progress]:
    """Yields progress bars with counts and the time left; without a terminal a line now and then.

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
        with _Lines(*columns, console=Console(stderr=True)) as progress:
            try:
                yield progress
            except Exception:
                if not any(task.completed for task in progress.tasks):
                    progress.live.transient = True  # only the error is worth reading
                raise
    except KeyboardInterrupt:
        typer.echo(stopped, err=True)
        raise typer.Exit(INTERRUPTED) from None


def stages(shown: Progress) -> "Stages":
    """Returns the progress of a study that has a bar for each stage."""
    from nascast.studies.progress import Progress as Stages

    def start(name: str, steps: int) -> None:
        shown.add_task(name, total=steps)

    def advance(steps: int) -> None:
        shown.advance(shown.task_ids[-1], steps)

    return Stages(start, advance)
