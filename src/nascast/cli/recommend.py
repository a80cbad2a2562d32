"""``nascast recommend``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nascast.cli._options import duration as seconds_of
from nascast.cli._studies import READS_TARGET
from nascast.core.document import document
from nascast.core.errors import InvalidSettingError

if TYPE_CHECKING:
    from nascast.studies.recommend import Answer, Measured, Overview

__all__ = ["recommend"]

_SHOWN = 5  # others at most, where more are as good; chosen


def recommend(
    init: Annotated[
        str | None,
        typer.Option(
            help="Time before the first query, with the training of labelled networks, such as 2h, "
            "or 0."
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option(help="Time for each architecture to be judged, such as 3s.")
    ] = None,
    space_like: Annotated[
        str | None,
        typer.Option(help="Search space that yours is most like; default: all that were measured."),
    ] = None,
    study: Annotated[
        list[Path] | None,
        typer.Option(
            help="Folder of a finished comparison; may be given several times. Default: the study "
            "in the package."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of sentences.")] = False,
) -> None:
    """Recommend a performance predictor for the time there is, from studies that measured it.

    Without --study from the one that comes with the package. Without times an overview: a table of
    the best predictor, and its Kendall's τ, by time to initialize and time for an architecture.

    Example: nascast recommend

    Example: nascast recommend --init 2h --query 3s

    Example: nascast recommend --init 30m --query 100ms --study runs/compare --json
    """
    from nascast.studies.recommend import measured_in, overview, shipped
    from nascast.studies.recommend import recommend as advise

    measured = [m for folder in study for m in measured_in(folder)] if study else shipped()
    if init is None and query is None:
        _show(overview(measured, space_like), as_json)
        return
    if init is None or query is None:
        raise InvalidSettingError(
            "give --init and --query both, or neither for an overview of all times; "
            f"{'--query' if init is None else '--init'} alone was given"
        )
    times = seconds_of(init, "--init", none=True), seconds_of(query, "--query", none=True)
    answers = advise(measured, *times, space_like)
    if as_json:
        typer.echo(document([asdict(answer) for answer in answers], indent=1))
        return
    for answer in answers:
        for line in _lines(answer, *times):
            typer.echo(line)
    told = [item for one in answers for item in (one.best, *one.close[:_SHOWN]) if item is not None]
    if any(item.reads_target for item in told):
        typer.echo(READS_TARGET)


def _show(found: "list[Overview]", as_json: bool) -> None:
    """Prints a table for each benchmark, or all as JSON."""
    if as_json:
        typer.echo(document([asdict(one) for one in found], indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    from nascast.report.words import duration

    console = Console()
    for one in found:
        console.print(f"\n{_where(one)}", highlight=False, markup=False)
        if not one.init:
            console.print("not known: of no predictor there are τ and both times")
            continue
        table = Table(header_style="bold", box=None, padding=(0, 2, 0, 0))
        table.add_column("init ↓ query →", style="bold", no_wrap=True)
        for seconds in one.query:
            table.add_column(duration(seconds), overflow="fold")
        for seconds, row in zip(one.init, one.best, strict=True):
            table.add_row(duration(seconds), *map(_cell, row))
        console.print(table)
    told = [item for one in found for row in one.best for item in row if item is not None]
    console.print("")
    if any(item.reads_target for item in told):
        console.print(READS_TARGET, highlight=False)
    console.print("Details: nascast recommend --init 2h --query 3s", highlight=False)


def _cell(item: "Measured | None") -> str:
    """Returns the name of a predictor and its τ; settings and budgets are among the details."""
    from nascast.core.spec import Spec
    from nascast.studies.numerals import number

    if item is None:
        return "–"
    name = Spec.parse("predictor", item.predictor).name
    return f"{name}\n{number(item.kendall)}{'*' * item.reads_target}"


def _where(one: "Answer | Overview") -> str:
    return f"{one.benchmark} ({one.space}, {one.metric}, {one.tested} tests)"


def _lines(answer: "Answer", init: float, query: float) -> list[str]:
    """Returns the advice in sentences, the evidence behind it, and where that ends."""
    from nascast.report.words import duration

    where = _where(answer)
    most = answer.longest
    if answer.best is None:
        ends = [
            f"{duration(init_)} to initialize and {duration(query_)} for an architecture"
            for init_, query_ in dict.fromkeys([answer.cheapest, answer.quickest])
        ]
        return [f"{where}: not known. The quickest that were measured take {', or '.join(ends)}."]
    lines = [f"{where}: {_words(answer.best)}"]
    if answer.close:
        lines.append("  no worse as far as is known, cheapest first:")
        lines += [f"    {_words(item)}" for item in answer.close[:_SHOWN]]
    if init > most[0] or query > most[1]:
        lines.append(
            f"  nothing was measured beyond {duration(most[0])} to initialize and "
            f"{duration(most[1])} for an architecture; what more time would give is not known"
        )
    return lines


def _words(item: "Measured") -> str:
    from nascast.report.words import budget_words, count, duration
    from nascast.studies.predictors.design import Budget

    budget = budget_words(Budget(item.budget))
    spread = "" if item.error is None else f" ± {item.error:.3f}"
    return (
        f"{item.predictor}{f' with {budget}' if budget else ''}: "
        f"τ {item.kendall:.3f}{'*' * item.reads_target}{spread} "
        f"over {count(item.trials, 'trial')}, {duration(item.init_seconds)} to initialize, "
        f"{duration(item.query_seconds)} for an architecture"
    )
