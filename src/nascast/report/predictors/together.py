"""Comparisons on several benchmarks as one page that shows them side by side."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from nascast.core.errors import InvalidSettingError
from nascast.report.figures import Look
from nascast.report.page import Figure, Tile, figure, page, write
from nascast.report.predictors import tables, within
from nascast.report.table import Cell, Heading, Row, Table
from nascast.report.words import budget_words, count, number
from nascast.studies.predictors.head import Head
from nascast.studies.predictors.results import LISTS, read_run
from nascast.studies.predictors.summary import Summary, failures, summarize

__all__ = ["write_together"]

_PAGE = "report.html"  # in the folder of a comparison


@dataclass(frozen=True, slots=True)
class _Study:
    """One comparison.

    Attributes:
        name: name of the benchmark, of a table in a file that of the file; where several are on
            one benchmark with that of the folder.
        link: address of its own page, from this one.
        head: settings and facts.
        best: best budget of each predictor that ran, by the mean τ.
        summaries: all budgets that ran.
        failed: reasons for what did not run, with the predictors.
    """

    name: str
    link: str
    head: Head
    best: Mapping[str, Summary]
    summaries: Sequence[Summary]
    failed: Mapping[str, Sequence[str]]


def write_together(folders: Sequence[Path], out: Path) -> Path:
    """Writes the page of several comparisons, and returns its file.

    Args:
        folders: folders of the comparisons, as written by ``nascast compare``.
        out: path of the HTML file.

    Raises:
        MissingDataError: there is no finished comparison in a folder.
        CorruptDataError: a file of one cannot be read.
        MissingExtraError: Jinja2 is not installed.
        StoreError: the page cannot be written.
        InvalidSettingError: the file is the page of one of them, to which this one leads.
    """
    if own := [folder for folder in folders if (folder / _PAGE).resolve() == out.resolve()]:
        raise InvalidSettingError(
            f"{out} is the page of the comparison in {own[0]} alone, to which this one leads; name "
            "another file with --out"
        )
    studies = [_read(folder, out) for folder in folders]
    benchmarks = list(dict.fromkeys(study.name for study in studies))
    if len(benchmarks) < len(studies):
        names = [f"{one.name} ({folder})" for one, folder in zip(studies, folders, strict=True)]
        studies = [replace(one, name=name) for one, name in zip(studies, names, strict=True)]
    ranks = _ranks(studies)
    families = within.family_looks([s for study in studies for s in study.summaries])
    values: dict[str, Any] = {
        "eyebrow": "predictor comparisons",
        "title": f"Performance predictors on {count(len(benchmarks), 'benchmark')}",
        "lead": f"{count(len(ranks), 'predictor')}, side by side. Each comparison has its own page "
        "with all budgets. Kendall’s τ says how well a ranking of test architectures agrees "
        "with the recorded one: 1 is the same order, 0 is chance.",
        "tiles": _tiles(studies, ranks, benchmarks),
        "studies": [_facts(study) for study in studies],
        "results": _side_by_side(studies, ranks),
        "families": {name.replace("_", " "): look for name, look in families.items()},
        "family_groups": {name.replace("_", " "): f"family {name}" for name in families},
        "figures": [_figure(place, study, families) for place, study in enumerate(studies)],
        "failed": [(study.name, study.failed) for study in studies if study.failed],
    }
    return write(page("together.html", values), out)


def _read(folder: Path, out: Path) -> _Study:
    head, results = read_run(folder, without=LISTS)
    summaries, failed = summarize(results, head.share), tables.not_run(results, failures(results))
    known = [s for s in summaries if math.isfinite(s.kendall)]
    best = {s.predictor: s for s in sorted(known, key=lambda s: s.kendall)}
    reasons: dict[str, dict[str, None]] = {}
    for one in failed:
        reasons.setdefault(one.reason, {})[one.predictor] = None
    page_of = Path(os.path.relpath(folder, out.parent)) / _PAGE
    return _Study(
        name=Path(head.benchmark).name,
        link=quote(page_of.as_posix()),
        head=head,
        best=best,
        summaries=summaries,
        failed={reason: list(names) for reason, names in reasons.items()},
    )


def _ranks(studies: Sequence[_Study]) -> dict[str, float]:
    """Returns the mean rank of each predictor by its best τ, those that ran everywhere first.

    On each benchmark those are ranked that ran on all; others have no rank.
    """
    names = list(dict.fromkeys(name for study in studies for name in study.best))
    everywhere = [name for name in names if all(name in study.best for study in studies)]
    found = dict.fromkeys(names, math.nan)
    if everywhere:
        from scipy.stats import rankdata

        tau = np.array([[study.best[name].kendall for name in everywhere] for study in studies])
        found |= dict(zip(everywhere, rankdata(-tau, axis=1).mean(0).tolist(), strict=True))
    return found


def _tiles(
    studies: Sequence[_Study], ranks: Mapping[str, float], benchmarks: Sequence[str]
) -> list[Tile]:
    known = {name: rank for name, rank in ranks.items() if math.isfinite(rank)}
    label = "Best mean rank"
    first = Tile(label, "–", "no predictor ran on every benchmark")
    if known:
        name = min(known, key=lambda name: known[name])
        note = f"of {count(len(known), 'predictor')} that ran everywhere, each at its best budget"
        first = Tile(label, name, note, small=f"rank {known[name]:.1f}")
    budgets = sum(len(study.summaries) for study in studies)
    return [
        first,
        Tile("Benchmarks", str(len(benchmarks)), ", ".join(benchmarks)),
        Tile("Budgets", f"{budgets:,}", "of a predictor on a benchmark"),
    ]


def _facts(study: _Study) -> dict[str, str]:
    """Returns the texts of a row of the table of benchmarks."""
    settings, noise = study.head.settings, study.head.noise
    best = max(study.best.values(), key=lambda s: s.kendall, default=None)
    return {
        "link": study.link,
        "name": study.name,
        "space": study.head.space,
        "metric": f"{settings['metric']} ({study.head.unit})",
        "tests": f"{settings['test_size']:,} {settings['test_set']}",
        "trials": f"{settings['trials']:,}",
        "best": "–" if best is None else f"{best.predictor}, {_budget(best)}",
        "tau": "–" if best is None else _tau(best),
        "limit": number(noise.limit.value) if noise else "–",
    }


def _side_by_side(studies: Sequence[_Study], ranks: Mapping[str, float]) -> Table:
    """Returns a table with a row for each predictor and a column for each benchmark."""
    about = "mean τ of the budget where it is highest, with its standard error"
    head = [
        Heading("Predictor", "name and settings"),
        Heading("Mean rank", "of those that ran on every benchmark, 1 is best", "ascending"),
        *(Heading(study.name, about, "descending") for study in studies),
    ]
    most = [max((s.kendall for s in study.best.values()), default=math.nan) for study in studies]
    rows = []
    for name, rank in sorted(ranks.items(), key=lambda item: (math.isnan(item[1]), item[1])):
        cells = [Cell(name), Cell(number(rank, 1), rank)]
        for study, top in zip(studies, most, strict=True):
            cells.append(_cell(study.best.get(name), top))
        rows.append(Row(cells))
    return Table(head, rows, order=1)


def _cell(item: Summary | None, top: float) -> Cell:
    if item is None:
        return Cell("–", math.nan)
    error = item.kendall_error
    return Cell(
        f"{number(item.kendall)}{'*' if item.reads_target else ''}",
        item.kendall,
        "" if error is None else number(error),
        best=round(item.kendall, 3) == round(top, 3),
        more=[_budget(item)],
    )


def _figure(place: int, study: _Study, families: Mapping[str, Look]) -> Figure:
    chart = within.best_of_families(study.summaries, "query", families, study.head.noise)
    return figure(f"family-{place}", chart, f"{study.name}: best of each family")


def _tau(item: Summary) -> str:
    error = item.kendall_error
    return number(item.kendall) + ("" if error is None else f" ± {number(error)}")


def _budget(item: Summary) -> str:
    return budget_words(item.budget) or "no labels, no epochs"
