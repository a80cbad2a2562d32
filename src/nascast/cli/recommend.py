"""``nascast recommend``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nascast.cli._options import duration as seconds_of
from nascast.core.document import document

if TYPE_CHECKING:
    from nascast.studies.recommend import Answer, Measured

__all__ = ["recommend"]

_SHOWN = 5  # others at most, where more are as good; chosen


def recommend(
    init: Annotated[
        str,
        typer.Option(
            help="Time before the first query, with the training of labelled networks, such as 2h."
        ),
    ],
    query: Annotated[
        str, typer.Option(help="Time for each architecture to be judged, such as 3s.")
    ],
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

    Without --study from the one that comes with the package.

    Example: nascast recommend --init 2h --query 3s

    Example: nascast recommend --init 30m --query 100ms --study runs/compare --json
    """
    from nascast.studies.recommend import measured_in, shipped
    from nascast.studies.recommend import recommend as advise

    measured = [m for folder in study for m in measured_in(folder)] if study else shipped()
    times = seconds_of(init, "--init"), seconds_of(query, "--query")
    answers = advise(measured, *times, space_like)
    if as_json:
        typer.echo(document([asdict(answer) for answer in answers], indent=1))
        return
    for answer in answers:
        for line in _lines(answer, *times):
            typer.echo(line)


def _lines(answer: "Answer", init: float, query: float) -> list[str]:
    """Returns the advice in sentences, the evidence behind it, and where that ends."""
    from nascast.report.words import duration

    where = f"{answer.benchmark} ({answer.space}, {answer.metric}, {answer.tested} tests)"
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
        f"{item.predictor}{f' with {budget}' if budget else ''}: τ {item.kendall:.3f}{spread} "
        f"over {count(item.trials, 'trial')}, {duration(item.init_seconds)} to initialize, "
        f"{duration(item.query_seconds)} for an architecture"
    )
