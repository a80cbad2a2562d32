"""What goes on in searches now, as a part of their page: queue, workers, children that train."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nascast.report.chart import Chart, Item, Line, Mark
from nascast.report.figures import COLOURS, Look, whole_axis
from nascast.report.page import Figure, figure, page
from nascast.report.searches.figures import value_axis
from nascast.report.searches.tables import amount, words
from nascast.report.table import Cell, Heading, Row, Table
from nascast.report.words import count, duration
from nascast.studies.searches.now import RUNNING, Now, read_now
from nascast.training.running import Reached, reached

__all__ = ["now_part"]

_LETTERS = 300  # of a failure that are told; chosen
_COLUMNS = ("train_loss", "val_loss", "val_accuracy")


@dataclass(frozen=True, slots=True)
class _Search:
    """What one search does now, as the template shows it."""

    folder: str
    about: str
    children: Table
    curves: Figure | None
    notes: list[tuple[str, str]]


def now_part(*folders: Path) -> str:
    """Returns what goes on now in folders of searches as HTML; empty where nothing runs."""
    found = [(folder, now) for folder in folders if (now := read_now(folder)) is not None]
    return page("now.html", {"searches": [_search(*one, k) for k, one in enumerate(found)]}).strip()


def _search(folder: Path, now: Now, place: int) -> _Search:
    told = reached(folder / RUNNING, now.running)
    looks = {t: Look(COLOURS[k % len(COLOURS)], "circle") for k, t in enumerate(now.running)}
    curve = now.metric if any(now.metric in one.curves for one in told.values()) else "val_loss"
    chart, title = _curves(told, looks, curve), f"{words(curve)} of the children that train"
    notes = [("Last failure", now.error[:_LETTERS]), ("Workers", now.incident)]
    return _Search(
        folder=str(folder),
        about=_about(now),
        children=_children(now, told, looks),
        curves=figure(f"now-{place}", chart, title.capitalize()) if chart else None,
        notes=[note for note in notes if note[1]],
    )


def _about(now: Now) -> str:
    """Returns in words the queue and the workers of a search."""
    if not now.run:
        return f"A search begins on {count(now.workers, 'worker')}."
    total = "" if now.evaluations is None else f" of {now.evaluations:,}"
    to_come = "" if now.queued is None else f", {now.queued:,} to come"
    since = duration(now.elapsed())
    return (
        f"{now.run}: {now.finished:,}{total} finished, {now.failed:,} failed; {len(now.running)} "
        f"on {count(now.workers, 'worker')}{to_come}; {since} since it began."
    )


def _children(now: Now, told: Mapping[int, Reached], looks: Mapping[int, Look]) -> Table:
    """Returns a table with a row for each trial that runs."""
    shown = [name for name in _COLUMNS if any(name in one.curves for one in told.values())]
    head = [
        Heading("Trial", "that a worker trains"),
        Heading("Epoch", "last one that is done, and how many it is to have", "descending"),
        *(Heading(words(name), "after that epoch", "descending") for name in shown),
        Heading("Time", "since it was given to a worker", "descending"),
    ]
    rows = []
    for trial in sorted(now.running):
        one, seconds = told.get(trial), now.elapsed(trial)
        values = [math.nan if one is None else one.last(name) for name in shown]
        epochs = (
            Cell("–", math.nan) if one is None else Cell(f"{one.done} of {one.epochs}", one.done)
        )
        cells = [Cell(f"trial {trial:,}", look=looks[trial]), epochs]
        cells += [Cell(amount(value), value) for value in values]
        rows.append(Row([*cells, Cell(duration(seconds), seconds)]))
    return Table(head, rows, order=0)


def _curves(told: Mapping[int, Reached], looks: Mapping[int, Look], name: str) -> Chart | None:
    """Returns a figure of a curve of all children; None where none has an epoch behind it."""
    curves = {trial: np.array(one.curves.get(name, ())) for trial, one in told.items()}
    curves = {trial: curve for trial, curve in curves.items() if np.isfinite(curve).any()}
    if not curves:
        return None
    items: list[Item] = []
    for trial, curve in curves.items():
        x, colour = np.arange(1.0, len(curve) + 1), looks[trial].colour
        items.append(Line(x, curve, colour, f"trial {trial}"))
        last = int(np.flatnonzero(np.isfinite(curve))[-1])
        items.append(Mark(float(x[last]), float(curve[last]), colour, size=8.0))
    across = whole_axis(max(told[trial].epochs for trial in curves), "epoch")
    every = [curve[np.isfinite(curve)] for curve in curves.values()]
    return Chart(across, value_axis(every, words(name)), items, 300)
