"""``nascast trials``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nascast.cli._callbacks import open_callbacks
from nascast.cli._options import check_free
from nascast.cli._progress import bars

__all__ = ["trials"]


def trials(
    folder: Annotated[Path, typer.Argument(help="Folder of a search or of a comparison.")],
    as_csv: Annotated[
        bool,
        typer.Option(
            "--csv", help="CSV; the default where the ending of --out names no other form."
        ),
    ] = False,
    as_parquet: Annotated[bool, typer.Option("--parquet", help="Parquet; needs --out.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON with an object for each row.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: the standard output.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replacement of a file that exists.")
    ] = False,
    callback: Annotated[
        str,
        typer.Option(
            help="Callbacks to tell the trials instead, as those of `nascast search`: optuna, "
            "'mlflow(experiment=cells)' …"
        ),
    ] = "",
) -> None:
    """Write every trial of a search, or every result of a comparison, as a table.

    A trial has its run, strategy, seed and number, the architecture in the notation of its space,
    metrics, seconds and the error if it failed. The search may still be running.

    Example: nascast trials runs/ppo --csv --out trials.csv

    Example: nascast trials runs/ppo --callback optuna
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.frames import columns, pieces
    from nascast.studies.predictors.head import HEAD
    from nascast.studies.predictors.results import TABLE
    from nascast.studies.searches.results import SEARCH, TRIALS
    from nascast.training.files import write_whole

    asked = {"csv": as_csv, "parquet": as_parquet, "json": as_json}
    forms = [form for form, wanted in asked.items() if wanted]
    if len(forms) > 1:
        raise InvalidSettingError("give one of --csv, --parquet and --json")
    if callback:
        if any(asked.values()) or out is not None:
            raise InvalidSettingError("--callback writes no table; leave out the other options")
        _tell(folder, callback)
        return
    ending = out.suffix.removeprefix(".").lower() if out is not None else ""
    form = forms[0] if forms else ending if ending in asked else "csv"
    if form == "parquet" and out is None:
        raise InvalidSettingError("--parquet needs a file: --out trials.parquet")
    if ending in asked and ending != form:
        raise InvalidSettingError(
            f"--{form} and a file that ends in .{ending}: {out}; give another ending or form"
        )
    if out is not None:
        check_free(out, force, [folder / name for name in (SEARCH, TRIALS, HEAD, TABLE)])
    found = columns(folder)
    if out is None:
        for part in pieces(form, found):
            sys.stdout.write(part.decode())
        return
    with bars(stopped="Stopped; nothing was written.") as shown:
        bar = shown.add_task("rows", total=len(next(iter(found.values()), ())))
        write_whole(out, pieces(form, found, lambda rows: shown.advance(bar, rows)))
    typer.echo(f"written: {out}", err=True)


def _tell(folder: Path, callback: str) -> None:
    """Tells callbacks the trials of a search."""
    from nascast.core.callback import Begun
    from nascast.studies.searches.results import read_search

    told = open_callbacks(callback)
    for run in read_search(folder).runs:
        told.begun(Begun(run.name, run.info, folder, run.trials))
        told.finished(run.name, True)
        typer.echo(f"told: {run.name}, {len(run.trials):,} trials", err=True)
