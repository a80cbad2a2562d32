"""``nascast reproduce``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nascast.cli._options import check_folder
from nascast.cli._pages import PAGE, written
from nascast.core.document import document

if TYPE_CHECKING:
    from nascast.studies.claims.claim import Claim, Scale
    from nascast.studies.claims.run import Entry

__all__ = ["reproduce"]


def reproduce(
    claims: Annotated[
        list[str] | None,
        typer.Argument(help="Names of claims, as --list prints them; default: all."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Claims in a list; none is decided.")
    ] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="Claims that are decided in seconds, and no others.")
    ] = False,
    trials: Annotated[
        int, typer.Option(help="Number of trials, or of seeds, of what has several.")
    ] = 10,
    seed: Annotated[int, typer.Option(help="Seed from which all randomness comes.")] = 0,
    workers: Annotated[
        int, typer.Option(help="Number of worker processes; 0: one for each core.")
    ] = 0,
    out: Annotated[
        Path, typer.Option(help="Folder of the ledger; the same command goes on in it.")
    ] = Path("runs/claims"),
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON instead of a table or sentences.")
    ] = False,
) -> None:
    """Measure published claims again, and judge each by a rule that it states beforehand.

    Everything is decided on tables that come with the package, or by small trainings. Every claim
    is kept in --out as soon as it is decided, and a ledger that was stopped, or killed, goes on
    with the same command; what another version, seed or number of trials decided is measured anew.
    The status is 0 whatever the verdicts are, and 1 if the code of a claim failed.

    Example: nascast reproduce --fast --out runs/claims

    Example: nascast reproduce rankings-transfer unique-networks --json
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.claims.catalogue import named
    from nascast.studies.claims.claim import Scale
    from nascast.studies.claims.run import JOURNAL

    chosen = [claim for claim in named(claims or []) if claim.fast or not fast]
    if not chosen:
        raise InvalidSettingError(
            f"none of {', '.join(claims or [])} is decided in seconds; leave out --fast"
        )
    if listed:
        _list(chosen, as_json)
        return
    check_folder(out, [JOURNAL], [PAGE])
    entries = _run(chosen, Scale(trials, seed), out, workers or os.cpu_count() or 1)
    if as_json:
        typer.echo(document([entry.json() for entry in entries], indent=1))
    else:
        _print(entries, out)
    if any(entry.error for entry in entries):
        raise typer.Exit(1)


def _list(claims: "list[Claim]", as_json: bool) -> None:
    from nascast.report.words import duration

    if as_json:
        words = ("name", "statement", "source", "protocol", "fast", "seconds")
        typer.echo(document([{w: getattr(claim, w) for w in words} for claim in claims], indent=1))
        return
    for claim in claims:
        studies = ", most of it for studies that others share" * bool(claim.studies)
        typer.echo(f"{claim.name}  (about {duration(claim.seconds)}{studies})")
        typer.echo(f"    {claim.statement}\n    {claim.source}")


def _run(chosen: "list[Claim]", scale: "Scale", out: Path, workers: int) -> "list[Entry]":
    from nascast.cli._progress import bars, stages
    from nascast.executors.processes import Processes
    from nascast.report.claims.html import write_ledger
    from nascast.studies.claims.catalogue import CLAIMS
    from nascast.studies.claims.run import kept
    from nascast.studies.claims.run import reproduce as run

    with Processes(workers) as executor, bars() as shown:
        entries = run(chosen, out, scale, executor, progress=stages(shown))
    every = kept(CLAIMS, out, scale)  # also those that other commands decided
    written(lambda folder: write_ledger(every, scale, folder), out)
    return entries


def _print(entries: "list[Entry]", out: Path) -> None:
    """Prints verdicts and reasons."""
    for entry in entries:
        verdict = str(entry.finding.verdict) if entry.finding else "failed"
        colour = {"holds": "green", "does not hold": "red", "failed": "red"}.get(verdict, "yellow")
        typer.secho(f"{entry.claim.name}: {verdict}", fg=colour, bold=True)
        typer.echo(f"    {entry.claim.statement}")
        typer.echo(f"    {entry.finding.reason if entry.finding else entry.error}")
    typer.echo(f"written: {out / PAGE}")
