"""A comparison as one HTML file that needs nothing else: no network, no other files."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal

from nascast.report.figures import Look
from nascast.report.page import Figure, Tile, figure, markup, page, write
from nascast.report.predictors import each, tables, within
from nascast.report.predictors.figures import MOST, looks, tau_against_time, thinned
from nascast.report.words import axis_words, budget_words, count, either, number
from nascast.studies.noise import METHOD, NoiseLimits
from nascast.studies.overlap import variance_factor
from nascast.studies.predictors.head import Head
from nascast.studies.predictors.results import Result, read_run
from nascast.studies.predictors.summary import Summary, failures, summarize

__all__ = ["write_report"]

_AIMS = {"minimize": ", the smaller the better", "maximize": ", the larger the better"}
_ROWS = 100  # budgets in the table of results at most, before it leaves out some; chosen
_SHARED = 0.02  # share of a test set from which on the page says what trials share; chosen
_TOGETHER = 15  # predictors at most that are drawn together; chosen


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A figure, and the predictors in its key."""

    figure: Figure
    shown: Sequence[str]


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Writes the report of a comparison; the same run gives the same bytes.

    Args:
        folder: folder of the comparison, as written by ``nascast compare --out``.
        out: path of the HTML file; None is ``report.html`` in `folder`.

    Returns:
        The path of the file written.

    Raises:
        MissingDataError: there is no finished comparison in `folder`.
        CorruptDataError: a file of the run cannot be read.
        MissingExtraError: Jinja2 is not installed.
        StoreError: the report cannot be written.
    """
    head, results = read_run(folder, without=("architectures", "deviation"))
    summaries, failed = summarize(results, head.share), tables.not_run(results, failures(results))
    values = {
        "eyebrow": "predictor comparison",
        "title": f"Performance predictors on {PurePath(head.benchmark).name}",
        "lead": " ".join(_lead(head, results)),
        "tiles": _tiles(head, summaries),
        "not_run": failed,
        "settings": tables.settings(head, results),
        "results": None,
        **(_drawn(head, results, summaries, failed) if summaries else {}),
    }
    text = page("comparison.html", values)
    return write(text, out or folder / "report.html")


def _lead(head: Head, results: Sequence[Result]) -> Iterable[str]:
    """Yields sentences on what was compared."""
    settings = head.settings
    names = {item.predictor for item in results}
    ran = {item.predictor for item in results if item.error is None}
    yield (
        f"{count(len(ran or names), 'predictor')} {'ranked' if ran else 'could not rank'} "
        f"{settings['test_size']:,} test architectures by the {settings['metric']} "
        f"({head.unit}{_AIMS.get(head.aim, '')}) that each reaches after full training."
    )
    if ran:
        yield (
            "Kendall’s τ says how well a ranking agrees with the recorded one: "
            "1 is the same order, 0 is chance."
        )
    if settings["trials"] > 1:
        yield f"There are {settings['trials']:,} trials, each with sets drawn anew."
    else:
        yield "There is one trial."
    yield from _evidence(results, head.axes)
    if 0 < len(ran) < len(names):
        yield f"{count(len(names) - len(ran), 'more predictor')} could not run; see below."


def _evidence(results: Sequence[Result], axes: Sequence[str]) -> Iterable[str]:
    """Yields sentences on the evidence: labels, learning curves, images."""
    for axis in axes:
        amounts = sorted({item.budget[axis] for item in results if axis in item.budget})
        if amounts:
            yield axis_words(axis).given.format(either(amounts), s="s" * (amounts[-1] > 1))
    batches = sorted({item.batch for item in results if item.batch})
    if batches:
        yield f"Zero-cost proxies scored untrained networks on one batch: {'; '.join(batches)}."


def _tiles(head: Head, summaries: Sequence[Summary]) -> list[Tile]:
    noise = Tile("Noise", "–", "unknown: the benchmark recorded no cell twice")
    if head.noise:
        note = f"τ between two trainings of the same {head.noise.cells:,} cells, and its limit"
        limit = f"limit {number(head.noise.limit.value)}"
        noise = Tile("Noise", number(head.noise.agreement.value), note, small=limit)
    note = "no other is as good in τ, initialization and query time and better in one"
    optimal = Tile("Pareto-optimal budgets", "–", note)
    if summaries:
        some, every = sum(item.pareto for item in summaries), len(summaries)
        optimal = Tile(optimal.label, f"{some}", note, small=f"of {every}")
    return [_best_tile(summaries), noise, optimal]


def _best_tile(summaries: Sequence[Summary]) -> Tile:
    label = "Best predictor"
    ranked = [item for item in summaries if item.kendall == item.kendall]
    if not ranked:
        return Tile(label, "–", "no predictor ran; the reasons are below")
    best = max(ranked, key=lambda item: item.kendall)
    spread = "" if best.kendall_error is None else number(best.kendall_error)
    note = f"with {budget_words(best.budget) or each.FREE}"
    return Tile(label, best.predictor, note, small=f"τ {number(best.kendall)}", deviation=spread)


def _drawn(
    head: Head,
    results: Sequence[Result],
    summaries: Sequence[Summary],
    failed: Sequence[tables.Failure],
) -> dict[str, Any]:
    """Returns the values of the page that show results, where there are any."""
    best = within.best_within(summaries)
    look = looks(summaries, [] if best is None else best.winners())
    families = within.family_looks(summaries)
    shown = _few(summaries)
    return {
        "look": look,
        "families": {name.replace("_", " "): one for name, one in families.items()},
        "family_groups": {name.replace("_", " "): f"family {name}" for name in families},
        "results": tables.results(shown, look, head.axes),
        "notes": tables.notes(summaries),
        "several": any(item.kendall_sd is not None for item in summaries),
        "left_out": len(summaries) - len(shown),
        "csv": markup(each.csv_link(summaries, head.axes)),
        "cost": " ".join(_cost(summaries, head.noise)),
        "maps": list(_maps(best, look)),
        "by_family": list(_by_family(summaries, families, head.noise)),
        "figures": list(_over_time(summaries, look, head.noise)),
        "front": figure("front", within.front(summaries, look), "All budgets by both times"),
        "optimal": tables.optimal(summaries, look),
        "differences": tables.differences(results, summaries, look, head.share),
        "overlap": "".join(_overlap(head)),
        "each": list(each.sections(head, results, summaries, look, failed)),
    }


def _overlap(head: Head) -> Iterable[str]:
    """Yields a sentence on the architectures that test sets share, where they are many."""
    trials = head.settings["trials"]
    if trials > 1 and head.share > _SHARED:
        factor = variance_factor(trials, head.share) if head.share < 1 else math.inf
        yield (
            f"A test set holds {100 * head.share:.0f} % of the {head.drawn:,} architectures among "
            "which it is drawn, so that trials share some of them: standard errors and tests count "
            f"{trials} trials as {trials / factor:.1f} independent ones."
        )


def _crowded(summaries: Sequence[Summary]) -> bool:
    return max(Counter(item.predictor for item in summaries).values()) > MOST


def _few(summaries: Sequence[Summary]) -> Sequence[Summary]:
    """Returns all summaries, or of many those that are best of their predictor or optimal."""
    if len(summaries) <= _ROWS:
        return summaries
    known = [s for s in summaries if s.kendall == s.kendall] or summaries
    best = {s.predictor: s for s in sorted(known, key=lambda s: s.kendall)}
    return [s for s in summaries if s.pareto or best.get(s.predictor) is s]


def _maps(found: within.Within | None, look: Mapping[str, Look]) -> Iterable[_Drawn]:
    """Yields the maps of what is best within budgets."""
    if found is not None:
        chart, names = within.map_of_best(found, look), found.winners()
        yield _Drawn(figure("map-best", chart, "Best predictor within both budgets"), names)
        yield _Drawn(figure("map-tau", within.map_of_tau(found), "Its Kendall τ"), [])


def _by_family(
    summaries: Sequence[Summary], families: Mapping[str, Look], noise: NoiseLimits | None
) -> Iterable[Figure]:
    """Yields figures of the best of each family over both times."""
    verbs: tuple[tuple[Literal["query", "init"], str], ...]
    verbs = ("query", "query"), ("init", "initialize")
    for axis, verb in verbs:
        chart = within.best_of_families(summaries, axis, families, noise)
        yield figure(f"family-{axis}", chart, f"Best of each family within a time to {verb}")


def _over_time(
    summaries: Sequence[Summary], look: Mapping[str, Look], noise: NoiseLimits | None
) -> Iterable[_Drawn]:
    """Yields τ over both times, of all predictors or, if there are many, family by family."""
    groups = {"": list(summaries)}
    if len(look) > _TOGETHER:
        groups = {s.family: [] for s in summaries}
        for item in summaries:
            groups[item.family].append(item)
    axes: tuple[tuple[Literal["query", "init"], str], ...]
    axes = ("query", "query time"), ("init", "initialization time")
    for family, own in groups.items():
        names = [name for name in look if any(s.predictor == name for s in own)]
        for axis, words in axes:
            of = f", {family.replace('_', ' ')}" if family else ""
            id_ = f"tau-{axis}-{family}" if family else f"tau-{axis}"
            chart = tau_against_time(thinned(own, axis), axis, look, noise)
            yield _Drawn(figure(id_, chart, f"τ against {words}{of}"), names)


def _cost(summaries: Sequence[Summary], noise: NoiseLimits | None) -> Iterable[str]:
    """Yields sentences on how to read the figures of accuracy and cost."""
    yield (
        "Towards the upper left is better: rankings that agree more with the truth, sooner. Larger "
        "markers are larger budgets of the same predictor, joined by lines; a ring marks the "
        "Pareto-optimal ones."
    )
    if any(item.kendall_sd is not None for item in summaries):
        yield "Bars are ± one standard deviation over trials."
    if noise is not None:
        yield ". ".join(line[0].upper() + line[1:] for line in noise.lines()) + "."
        yield METHOD
    if _crowded(summaries):
        yield (
            f"Of a predictor with more than {MOST} budgets those are drawn that none of its others "
            f"surpasses in τ and this time, at most {MOST}; its section has all."
        )
    if any(item.reads_target for item in summaries):
        yield (
            "A predictor marked * reads the very training that it is judged by, shares its noise, "
            "and may pass both lines; other τ judges by another training."
        )
