"""Runs, comparisons, benchmarks and architectures as a notebook shows them: a table and a plot."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from nascast.core import plugins
from nascast.core.errors import MissingDataError, MissingExtraError, UnsupportedError
from nascast.core.evaluator import Benchmark
from nascast.core.extras import extra
from nascast.core.graph import Graph
from nascast.core.space import SearchSpace
from nascast.core.types import Architecture
from nascast.report.cells import picture
from nascast.report.figures import COLOURS
from nascast.studies.predictors.head import HEAD
from nascast.studies.predictors.results import LISTS, read_run
from nascast.studies.predictors.summary import summarize as summarize_results
from nascast.studies.searches.results import SEARCH, Searched, read_search
from nascast.studies.searches.summary import best_by_trial
from nascast.studies.searches.summary import summarize as summarize_runs

__all__ = ["View", "view"]

Rows = Sequence[Mapping[str, Any]]

_GREY = "#8c959f"  # is seen on light and on dark
_CELLS = f"""<style>
.nascast text {{ font: 12px sans-serif; text-anchor: middle }}
.nascast .title {{ fill: {_GREY}; font-weight: 600; text-anchor: start }}
.nascast .box {{ stroke: {_GREY} }}
.nascast .block {{ fill: {_GREY}33; stroke: {_GREY} }}
.nascast .edge {{ fill: none; stroke: {_GREY}; stroke-width: 1.2 }}
</style>"""


@dataclass(frozen=True, slots=True)
class View:
    """What a notebook shows of something; ``str`` gives its title and table as text.

    Attributes:
        title: title in words.
        rows: rows of the table, each with the same names.
        picture: SVG element, or empty where there is no plot.
    """

    title: str
    rows: Rows
    picture: str = ""

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in (self.rows[0] if self.rows else ()))
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_text(cell))}</td>" for cell in row.values()) + "</tr>"
            for row in self.rows
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<div><b>{escape(self.title)}</b>{table}{self.picture}</div>"

    def __str__(self) -> str:
        lines = [", ".join(f"{name} {_text(cell)}" for name, cell in r.items()) for r in self.rows]
        return "\n".join([self.title, *lines])


def view(source: "str | Path | Searched | Benchmark | Architecture") -> View:
    """Returns what a notebook shows: best values over trials, τ of predictors, metrics, or a graph.

    A plot needs Matplotlib, and is left out without it.

    Args:
        source: folder of a search, which may still run, or of a comparison; a search that was read;
            a benchmark; or an architecture of a registered space.

    Raises:
        MissingDataError: the folder holds neither a search nor a comparison.
        NascastError: as `read_search` and `read_run`.
    """
    if isinstance(source, Architecture):
        return _architecture(source)
    if isinstance(source, Benchmark):
        return _benchmark(source)
    if isinstance(source, Searched):
        return _search(source)
    folder = Path(source)
    if (folder / SEARCH).is_file():
        return _search(read_search(folder))
    if (folder / HEAD).is_file():
        return _comparison(folder)
    raise MissingDataError(
        f"{folder} has neither {SEARCH} nor {HEAD}; expected a folder that `nascast search` or "
        "`nascast compare` wrote"
    )


def _architecture(arch: Architecture) -> View:
    space: SearchSpace = plugins.load("space", arch.space)
    row = space.row(arch)
    about = {"space": arch.space, "architecture": space.to_text(row)[0]}
    return View("Architecture", [about], _drawn(lambda: _cells(space.graphs(row))))


def _cells(graph: Graph) -> str:
    drawn = picture(graph)
    return f'<div class="nascast" style="max-width: {drawn.width}px">{_CELLS}{drawn.svg}</div>'


def _benchmark(benchmark: Benchmark) -> View:
    try:
        size = f"{len(benchmark.genes()):,} architectures"
    except UnsupportedError:
        size = "no list of architectures"
    rows = [
        {
            **{"metric": metric.name, "unit": metric.unit, "split": metric.split},
            **{"better": "smaller" if metric.minimize else "larger", "trainings": metric.seeds},
            "epochs": f"{metric.epochs[0]} … {metric.epochs[-1]}" if metric.epochs else "",
        }
        for metric in benchmark.metrics.values()
    ]
    return View(f"{benchmark.name}: {size} of {benchmark.space.name}", rows)


def _search(found: Searched) -> View:
    aim = found.objectives[0]
    rows = [
        {
            **{"strategy": one.strategy, "seeds": one.seeds, "trials": one.trials},
            **{"failed": one.failed, f"best {aim.metric}": one.best_mean, "test": one.test_mean},
        }
        for one in summarize_runs(found)
    ]
    title = f"Search in {found.space.name}: {aim.aim} {aim.metric}"
    return View(title, rows, _drawn(lambda: _progress(found)))


def _progress(found: Searched) -> str:
    lines = {}
    for strategy, runs in found.by_strategy().items():
        places, scores = best_by_trial(runs)
        if len(places):
            lines[strategy] = places, np.array([found.measured(s) for s in scores.mean(0)])
    return _plot(lines, "trials", f"best {found.objectives[0].metric} so far, mean of runs", "post")


def _comparison(folder: Path) -> View:
    head, results = read_run(folder, without=LISTS)
    rows: list[dict[str, Any]] = []
    points: dict[str, list[tuple[float, float]]] = {}
    for one in summarize_results(results, head.share):
        spent = one.init_seconds_total
        amounts = ", ".join(f"{axis} {amount}" for axis, amount in one.budget.items())
        rows.append(
            {
                **{"predictor": one.predictor, "budget": amounts, "trials": one.trials},
                **{"τ": one.kendall, "±": one.kendall_error},
                **{"initialization (s)": spent, "query (s)": one.query_seconds_each},
            }
        )
        points.setdefault(one.predictor, []).append((spent + one.query_seconds_each, one.kendall))
    lines = {name: tuple(np.array(sorted(found)).T) for name, found in points.items()}
    label = "seconds of initialization and one query"
    picture = _drawn(lambda: _plot(lines, label, "Kendall's τ", None))
    return View(f"Predictors on {head.benchmark}", rows, picture)


def _plot(lines: Mapping[str, Any], x: str, y: str, steps: str | None) -> str:
    """Returns a plot of a line for each name, as an SVG element; times have a log scale."""
    figure = extra("matplotlib.figure", "report", "a plot").Figure((6, 3.2), layout="constrained")
    axes = figure.subplots()
    for i, (name, (places, values)) in enumerate(lines.items()):
        how: dict[str, Any] = {"drawstyle": f"steps-{steps}"} if steps else {"marker": "o"}
        axes.plot(places, values, label=name, color=COLOURS[i % len(COLOURS)], **how)
    if not steps:
        axes.set_xscale("symlog", linthresh=1e-2)
    axes.set(xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    if lines:
        axes.legend(fontsize="small")
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)


def _drawn(draw: Callable[[], str]) -> str:
    try:
        return draw()
    except (MissingExtraError, UnsupportedError):  # the table stands without it
        return ""


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return "" if np.isnan(cell) else f"{cell:,.4g}"
    return "" if cell is None else str(cell)
