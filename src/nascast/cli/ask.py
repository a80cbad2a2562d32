"""``nascast ask``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nascast.cli._asktell import PlanOptions, described, printed

if TYPE_CHECKING:
    from nascast.studies.asktell.kept import State
    from nascast.studies.asktell.search import AskTell

__all__ = ["ask"]

_BEGIN, _LIMIT, _OWN = "To begin a search", "Limits", "Proposals of your own"


def ask(
    folder: Annotated[Path, typer.Argument(help="Folder of the search.")],
    n: Annotated[int, typer.Option("-n", help="Number of candidates at most.")] = 1,
    pending: Annotated[
        bool,
        typer.Option(
            "--pending", help="Candidates given out and not told yet, instead of new ones."
        ),
    ] = False,
    write_as: Annotated[
        str | None, typer.Option("--as", help="Notation of the architectures; see nascast show.")
    ] = None,
    arch: Annotated[
        str | None,
        typer.Option(
            help="Architecture that you propose, in any notation of the space.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs of --arch; default: full training.", rich_help_panel=_OWN, min=1),
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="Search space by its name.", rich_help_panel=_BEGIN)
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(
            help="Benchmark to whose recorded architectures the search keeps.",
            rich_help_panel=_BEGIN,
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="Strategy that proposes, with settings; default: guided.", rich_help_panel=_BEGIN
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="Metric to optimise; several joined by commas. NAME:minimize or NAME:maximize "
            "where the name does not say it; default: val_accuracy.",
            rich_help_panel=_BEGIN,
        ),
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(help="Number of trials; default: no limit.", rich_help_panel=_BEGIN, min=1),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Time of all evaluations added up, such as 8h; default: no limit.",
            rich_help_panel=_BEGIN,
        ),
    ] = None,
    max_epochs: Annotated[
        int | None,
        typer.Option(
            help="Epochs of a full training, for strategies that choose them.",
            rich_help_panel=_BEGIN,
            min=1,
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed; default: 0.", rich_help_panel=_BEGIN, min=0)
    ] = None,
    max_params: Annotated[
        int | None, typer.Option(help="Parameters at most.", rich_help_panel=_LIMIT)
    ] = None,
    max_multiply_adds: Annotated[
        int | None, typer.Option(help="Multiply-adds at most.", rich_help_panel=_LIMIT)
    ] = None,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(help="Milliseconds for one input on one core.", rich_help_panel=_LIMIT),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            help="Input of the networks that limits are about, such as 3x32x32.",
            rich_help_panel=_LIMIT,
        ),
    ] = None,
    classes: Annotated[
        int | None, typer.Option(help="Number of their classes.", rich_help_panel=_LIMIT)
    ] = None,
    skeleton: Annotated[
        str | None,
        typer.Option(help="Settings of their skeleton: filters=8 …", rich_help_panel=_LIMIT),
    ] = None,
) -> None:
    """Ask a search for candidates, as JSON; you evaluate them, and nascast tell takes the results.

    The first call begins the search. Candidates are valid, within the limits, and new: neither told
    nor pending, while the space has such. Any number of processes may ask and tell at once. Where
    the budget is spent, or the strategy waits, there are no candidates, and "why" says so. With
    --arch the proposal is yours.

    Example: nascast ask runs/mine --space nasbench201 --evaluations 100

    Example: nascast ask runs/mine -n 4 --as genes
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.asktell.search import AskTell
    from nascast.studies.limits import Limits

    options = PlanOptions(
        space=space,
        benchmark=benchmark,
        strategy=strategy,
        metric=metric,
        evaluations=evaluations,
        budget=budget,
        seed=seed,
        max_epochs=max_epochs,
        image=image,
        classes=classes,
        skeleton=skeleton,
        limits=Limits(max_params, max_multiply_adds, max_latency_ms),
    )
    if epochs is not None and arch is None:
        raise InvalidSettingError("--epochs is for a proposal of your own: --arch")
    if arch is not None and (n != 1 or pending):
        raise InvalidSettingError("--arch proposes one architecture; leave out -n and --pending")
    if pending and n != 1:
        raise InvalidSettingError("--pending gives all that are pending; leave out -n")
    search = AskTell(folder, options.plan(folder))
    described(search.space, [], write_as)  # a notation that there is not shows before asking
    state = _done(search, n, pending, arch, epochs)
    found = described(search.space, state.pending if pending else state.given, write_as)
    typer.echo(printed({"candidates": found}, state))


def _done(
    search: "AskTell", n: int, pending: bool, arch: str | None, epochs: int | None
) -> "State":
    if pending:
        return search.state()
    return search.ask(n) if arch is None else search.propose(arch, epochs)
