"""``nascast tell``."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._asktell import printed
from nascast.cli._options import NUMBER

if TYPE_CHECKING:
    from nascast.core.types import Trial
    from nascast.studies.asktell.search import AskTell

__all__ = ["tell"]


def tell(
    folder: Annotated[Path, typer.Argument(help="Folder of the search.")],
    number: Annotated[
        int | None, typer.Option("--id", help="Number of a candidate that was asked for.", min=0)
    ] = None,
    arch: Annotated[
        str | None,
        typer.Option(help="Architecture of your own, in any notation of the space, in its place."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Metric as NAME=VALUE, accuracies in percent; several times for several."
        ),
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Seconds that it took.")] = None,
    error: Annotated[
        str | None, typer.Option(help="Error that ended it, in place of metrics.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Epochs of --arch; default: full training.", min=1)
    ] = None,
) -> None:
    """Tell a search what came of candidates; prints where it stands, as JSON.

    Without --id and --arch, results are read as JSON from the standard input: an object such as
    {"id": 3, "metrics": {"val_accuracy": 93.1}, "seconds": 60}, a list of them, or one in each
    line. All are stored, or none. Telling the same again changes nothing.

    Example: nascast tell runs/mine --id 3 --metric val_accuracy=93.1 --seconds 60

    Example: nascast tell runs/mine --id 4 --error "out of memory"
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.asktell.results import Result, results_in
    from nascast.studies.asktell.search import AskTell

    named: dict[str, Any] = {
        "id": number,
        "architecture": arch,
        "metrics": _metrics(metric) if metric else None,
        "seconds": seconds,
        "error": error,
        "epochs": epochs,
    }
    given = {name: value for name, value in named.items() if value is not None}
    if given and number is None and arch is None:
        raise InvalidSettingError("say of what: --id of a candidate, or --arch of your own")
    search = AskTell(folder)
    results = [Result(**given)] if given else results_in(sys.stdin.read())
    state = search.tell(results)
    told = [{"id": trial.id, **_text(search, trial)} for trial in state.trials]
    typer.echo(printed({"told": told, "best": _best(search)}, state))


def _metrics(texts: list[str]) -> dict[str, float]:
    from nascast.core.errors import InvalidSettingError

    found: dict[str, float] = {}
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        if not re.fullmatch(NUMBER, value) or name in found:
            raise InvalidSettingError(
                f"--metric: expected NAME=VALUE such as val_accuracy=93.1, each once; got {text!r}"
            )
        found[name] = float(value)
    return found


def _text(search: "AskTell", trial: "Trial") -> dict[str, Any]:
    return {"architecture": search.space.to_text(trial.candidate.arch.row())[0]}


def _best(search: "AskTell") -> dict[str, Any] | None:
    """Returns the best trial by the first objective; None if there is none."""
    trial = search.best()
    if trial is None:
        return None
    return {"id": trial.id, **_text(search, trial), "metrics": dict(trial.evaluation.metrics)}
