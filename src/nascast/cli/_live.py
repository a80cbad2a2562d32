"""The live view of a search: a panel in a terminal, plain lines without one."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nascast.core.types import Objective, Trial
from nascast.runner import Step
from nascast.training.running import Reached, reached

__all__ = ["LiveView", "sparkline"]

_BARS = "▁▂▃▄▅▆▇█"
_LINE_SECONDS = 10.0  # between plain lines; chosen


def sparkline(values: Sequence[float], width: int) -> str:
    """Returns values as a line of at most `width` bars, each the mean of its share of them."""
    fine = [value for value in values if not math.isnan(value)]
    if not fine:
        return ""
    width = min(width, len(fine))
    means = []
    for k in range(width):
        part = fine[k * len(fine) // width : (k + 1) * len(fine) // width]
        means.append(sum(part) / len(part))
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(_BARS[min(7, int(8 * (mean - low) / span))] for mean in means)


class LiveView:
    """Shows queue, workers, finished, failed, best so far, rewards and the time left."""

    def __init__(
        self,
        objective: Objective,
        workers: int,
        evaluations: int | None,
        seconds: float,
        *,
        told: Path | None = None,
    ) -> None:
        """Begins a view.

        Args:
            objective: objective whose metric is shown.
            workers: number of workers.
            evaluations: budget of a run in trials, or None.
            seconds: budget of a run in seconds, or infinity.
            told: folder in which trainings tell how far they have come, see
                `nascast.training.running`; None if they do not.
        """
        self._told = told
        self._objective = objective
        self._workers = workers
        self._evaluations = evaluations
        self._seconds = seconds
        self._console = Console(stderr=True)
        self._began = self._spoke = time.monotonic()
        self._run = ""
        self._said = ("", 0)
        self._clear()
        self._live: Live | None = None
        if self._console.is_terminal:
            self._live = Live(  # of a function, so that the clock runs
                console=self._console, refresh_per_second=2, get_renderable=self._panel
            )

    def _clear(self) -> None:
        self._scores: list[float] = []
        self._finished = self._failed = self._pending = self._new = 0
        self._clock = 0.0
        self._running: Mapping[int, float] = {}
        self._stepped = time.monotonic()
        self._best: Trial | None = None
        self._last_error = ""
        self._last_incident = ""

    def __enter__(self) -> "LiveView":
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.__exit__(kind, error, trace)

    def __call__(self, run: str, step: Step) -> None:
        """Shows a new step of a run; the first one has the trials that were stored before."""
        if run != self._run:
            if self._run and not self._live:
                self._say()
            self._run = run
            self._clear()
            first = min(step.running.values(), default=step.clock)
            self._began = time.monotonic() - max(0.0, step.clock - first)  # NaN if not known
        else:
            self._new += len(step.trials)
        for trial in step.trials:
            self._take(trial)
        self._pending, self._clock, self._running = step.pending, step.clock, step.running
        self._stepped = time.monotonic()
        if not self._live and time.monotonic() - self._spoke > _LINE_SECONDS:
            self._say()

    def note(self, incidents: Sequence[str]) -> None:
        """Shows what befell workers: in the panel the last one, else a line for each."""
        for words in incidents:
            self._last_incident = words
            if not self._live:
                self._console.print(f"Warning: {words}", style="yellow", markup=False)

    def _take(self, trial: Trial) -> None:
        self._finished += 1
        score = self._objective.score(trial.evaluation)
        self._scores.append(score)
        if trial.evaluation.error:
            self._failed += 1
            self._last_error = trial.evaluation.error
        elif not math.isnan(score) and (
            self._best is None or score > self._objective.score(self._best.evaluation)
        ):
            self._best = trial

    def close(self) -> None:
        """Prints the state of the last run, where there is no terminal."""
        if not self._live and self._run:
            self._say()

    def _say(self) -> None:
        self._spoke = time.monotonic()
        if self._said != (self._run, self._finished):
            self._said = self._run, self._finished
            line = " · ".join(f"{key} {value}" for key, value in self._facts().items())
            self._console.print(line, markup=False, soft_wrap=True)

    def _facts(self) -> dict[str, str]:
        metric = self._objective.metric
        best = "none yet"
        if self._best is not None:
            best = f"{self._best.evaluation.metrics[metric]:.4g} (trial {self._best.id})"
        total = to_come = ""
        workers = f"{self._workers} worker{'s' * (self._workers != 1)}"
        if self._evaluations:
            total = f" of {self._evaluations:,}"
            to_come = f", {max(0, self._evaluations - self._finished - self._pending):,} to come"
        return {
            "run": self._run,
            "finished": f"{self._finished:,}{total}",
            "failed": f"{self._failed:,}",
            "queue": f"{self._pending} on {workers}{to_come}",
            f"best {metric}": best,
            "left": self._left(),
            "elapsed": _clock(time.monotonic() - self._began),
        }

    def _left(self) -> str:
        """Returns the estimated time to the end of the budget, by the pace of this session."""
        choices = []
        if not math.isinf(self._seconds):
            choices.append(self._seconds - self._clock)
        if self._evaluations and self._new:
            pace = (time.monotonic() - self._began) / self._new
            choices.append(pace * (self._evaluations - self._finished))
        if not choices:
            return "unknown"
        return _clock(min(choices))

    def _panel(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for key, value in self._facts().items():
            table.add_row(Text(key, style="dim"), value)
        now = self._clock + time.monotonic() - self._stepped
        told = reached(self._told, self._running) if self._told else {}
        for trial, began in self._running.items():  # a line for each worker that is busy
            line = " · ".join([f"running {_clock(now - began)}", *_epochs(told.get(trial))])
            table.add_row(Text(f"trial {trial}", style="dim"), line)
        table.add_row(Text("rewards", style="dim"), sparkline(self._scores, 48))
        if self._last_error:
            words = self._last_error.splitlines()[0][:100]
            table.add_row(Text("last failure", style="dim"), Text(words, style="yellow"))
        if self._last_incident:
            words = self._last_incident.splitlines()[0][:100]
            table.add_row(Text("workers", style="dim"), Text(words, style="yellow"))
        parts: list[RenderableType] = [table]
        share = self._share()
        if share is not None:
            parts.append(ProgressBar(total=1.0, completed=share))
        return Panel(Group(*parts), title="nascast search", title_align="left", expand=False)

    def _share(self) -> float | None:
        shares = []
        if self._evaluations:
            shares.append(self._finished / self._evaluations)
        if not math.isinf(self._seconds):
            shares.append(self._clock / self._seconds)
        return min(1.0, max(shares)) if shares else None


def _epochs(found: Reached | None) -> Iterator[str]:
    """Yields in words how far a training has come, as far as that is known."""
    if found is None:
        return
    yield f"epoch {found.done} of {found.epochs}"
    for name in ("train_loss", "val_loss"):
        value = found.last(name)
        if not math.isnan(value):
            yield f"{name} {value:.3g}"


def _clock(seconds: float) -> str:
    """Returns seconds as hours, minutes and seconds; they may not be known."""
    if math.isnan(seconds):
        return "unknown"
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
