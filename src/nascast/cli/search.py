"""``nascast search``."""

import os
import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nascast.cli._callbacks import HELP, open_callbacks
from nascast.cli._children import Children
from nascast.cli._executor import CPUS, EXECUTOR, GPUS, Workplace
from nascast.cli._final import export_best
from nascast.cli._options import check_folder
from nascast.cli._pages import PAGE, Current, tell_what_is_missing, written
from nascast.cli._plan import Asked, plan
from nascast.cli._sized import sized, time_asked
from nascast.cli._summary import print_summary
from nascast.core.document import document
from nascast.core.termination import INTERRUPTED

if TYPE_CHECKING:
    from nascast.core.callback import Callback
    from nascast.core.store import Store
    from nascast.runner import Step
    from nascast.studies.searches.design import Search
    from nascast.training.evaluator import ChildEvaluator

__all__ = ["search"]

_CHILD, _LIMIT, _WORK = "Children that are trained", "Limits", "Workers"
_BEFORE = "What is known before"
_STOPPED = "Stopped. The same command with --resume goes on where this one was."


def search(
    space: Annotated[
        str | None,
        typer.Option(
            help="Search space by its registered name; default: that of the benchmark; by training "
            "nasbench201, with --strategy nasnet, on a text nasbench_nlp."
        ),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            help="Strategies joined by commas, with settings such as 'random,ppo(clip=0.1)'; "
            "default: guided."
        ),
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(
            help="Benchmark by its registered name, or the path of a table; default: none, "
            "children are trained."
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data to train children on: digits, a folder of images, an .npz file, a text …; "
            "default: digits."
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Time for each run, such as 30m or 1h30m; on a benchmark the recorded time."
        ),
    ] = None,
    hours: Annotated[
        float | None, typer.Option(help="Hours for each run, as --budget.", min=0.0)
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(help="Number of trials in each run; default: 100, or no limit with --budget."),
    ] = None,
    seeds: Annotated[
        int, typer.Option(help="Number of runs of each strategy, each with a seed of its own.")
    ] = 1,
    seed: Annotated[
        int, typer.Option(help="Seed of the first run; each further run has the next number.")
    ] = 0,
    metric: Annotated[
        str | None,
        typer.Option(
            help="Metric to optimise; several joined by commas for nsga2. Default: val_accuracy, "
            "or val_loss on text."
        ),
    ] = None,
    options: Annotated[
        str,
        typer.Option(
            "--set",
            help="Settings of all strategies, or of those of one name: "
            "population=50,ppo.clip=0.1 …",
        ),
    ] = "",
    preset: Annotated[
        str,
        typer.Option(
            help="Preset of the strategies' settings: paper, as published, or small, for a few "
            "hundred trials."
        ),
    ] = "paper",
    earlier: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            help="Folder of an earlier search, or a benchmark, of the same space, also on other "
            "data; several times for several. known: the records of other data in the package, "
            "where it has some; none: nothing; a zero-cost predictor such as az_nas: its scores of "
            "500 random untrained networks. Default: known where no strategy is named.",
            rich_help_panel=_BEFORE,
        ),
    ] = None,
    prior: Annotated[
        str | None,
        typer.Option(
            help="Architecture that you hold good, or weights of operations: "
            "nor_conv_3x3=1,none=-1 …",
            rich_help_panel=_BEFORE,
        ),
    ] = None,
    max_params: Annotated[
        int | None,
        typer.Option(help="Parameters of a network at most.", rich_help_panel=_LIMIT),
    ] = None,
    max_multiply_adds: Annotated[
        int | None,
        typer.Option(
            help="Multiply-adds of a network as built, for one input, at most.",
            rich_help_panel=_LIMIT,
        ),
    ] = None,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(
            help="Milliseconds of a network for one image on one core at most.",
            rich_help_panel=_LIMIT,
        ),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(
            help="Recipe of the training by its name, changes of its settings, or both: "
            "nasnet-child,epochs=3 …",
            rich_help_panel=_CHILD,
        ),
    ] = "",
    skeleton: Annotated[
        str,
        typer.Option(
            help="Settings of the skeleton, the network around the cells: filters=8,repeats=2 …",
            rich_help_panel=_CHILD,
        ),
    ] = "",
    split: Annotated[
        str,
        typer.Option(
            help="Split of the training images: train=…,validation=…,test=…,size=…,seed=…,"
            "stratified=…; size: pixels.",
            rich_help_panel=_CHILD,
        ),
    ] = "",
    time_limit: Annotated[
        str | None,
        typer.Option(
            help="Time limit for one child, such as 5m; beyond it the trial has failed.",
            rich_help_panel=_CHILD,
        ),
    ] = None,
    memory_limit: Annotated[
        int | None,
        typer.Option(
            help="Memory limit for one child in MiB; beyond it the trial has failed.",
            rich_help_panel=_CHILD,
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(help="Device to train on: cpu, cuda, or auto.", rich_help_panel=_CHILD),
    ] = "auto",
    workers: Annotated[
        int,
        typer.Option(
            help="Number of workers, each with one child at a time; 0: one for each core, or 1 on "
            "a benchmark.",
            rich_help_panel=_WORK,
        ),
    ] = 0,
    executor: Annotated[str | None, typer.Option(help=EXECUTOR, rich_help_panel=_WORK)] = None,
    address: Annotated[
        str | None,
        typer.Option(help="Address of a Ray cluster, or auto to find it.", rich_help_panel=_WORK),
    ] = None,
    cpus: Annotated[float | None, typer.Option(help=CPUS, rich_help_panel=_WORK)] = None,
    gpus: Annotated[float | None, typer.Option(help=GPUS, rich_help_panel=_WORK)] = None,
    callback: Annotated[str, typer.Option(help=HELP)] = "",
    out: Annotated[
        Path, typer.Option(help="Folder for the trials and the report of all runs.")
    ] = Path("runs/search"),
    export: Annotated[
        str | None,
        typer.Option(
            help="Format, such as onnx, in which the best network is exported after a training in "
            "the half of the budget that is kept for it."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resumption of the search that is in --out.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON of the summary instead of a table.")
    ] = False,
) -> None:
    """Search for architectures, by training them or on a benchmark.

    Writes trials.sqlite (every trial, as it finishes) and report.html into --out. A search that was
    stopped, or killed, goes on with the same command and --resume; no finished trial is repeated.
    It stops by itself where the first 10 children all fail in one way. Where every trial failed,
    the exit status is 1. With --data and --hours alone, all else is chosen by data and time,
    and told with its reasons; with --export the best network is trained at the end.

    Example: nascast search --data my_images/ --hours 2 --export onnx --out runs/mine

    Example: nascast search --space nasnet --strategy ppo --data digits --budget 30m --workers 2
    --out runs/ppo

    Example: nascast search --strategy "ppo(learning_rate=0.003),random" --benchmark nb201-mini
    --evaluations 200 --seeds 20 --out runs/bench

    Example: nascast search --space nasbench_nlp --data wiki.txt --evaluations 20 --out runs/text
    """
    from nascast.studies.limits import Limits
    from nascast.studies.searches.results import begin

    told = _opened(out, resume, callback)
    asked = Asked(
        space=space,
        strategies=strategy or "guided",
        options=options,
        preset=preset,
        benchmark=benchmark,
        metrics=metric,
        budget=time_asked(budget, hours),
        evaluations=evaluations,
        seeds=(seeds, seed),
        workers=workers,
        limits=Limits(max_params, max_multiply_adds, max_latency_ms),
        workplace=Workplace(executor, address, cpus, gpus),
        earlier=tuple(earlier or ()),
        prior=prior,
    )
    children = Children(
        data=data,
        recipe=recipe,
        skeleton=skeleton,
        split=split,
        time_limit=time_limit,
        memory_limit=memory_limit,
        device=device,
        latency="latency_ms" in (metric or ""),
        folder=out,
    )
    asked, children = sized(asked, children, named=strategy, resume=resume, export=export)
    chosen, evaluator = plan(asked, children)
    tell_what_is_missing()
    begin(chosen, out, resume)
    _run(chosen, evaluator, asked, out, told)
    _finish(chosen, out, as_json)
    if export is not None:
        with redirect_stdout(sys.stderr) if as_json else nullcontext():  # JSON has been printed
            export_best(out, export, resume, chosen, children)


def _opened(out: Path, resume: bool, callback: str) -> "Callback":
    """Returns the callbacks; refuses a folder that no search can begin in, or go on in."""
    from nascast.studies.predictors.head import HEAD
    from nascast.studies.searches.results import SEARCH, TRIALS, check_out

    check_folder(out, [SEARCH], [HEAD, TRIALS, PAGE])
    check_out(out, resume)
    return open_callbacks(callback)


def _run(
    chosen: "Search", evaluator: "ChildEvaluator | None", asked: Asked, out: Path, told: "Callback"
) -> None:
    try:
        if evaluator is None:
            _simulate(chosen, asked.workplace, out, told)
        else:
            _train(chosen, evaluator, asked, out, told)
    except KeyboardInterrupt:  # which SIGTERM raises, too
        typer.echo(_STOPPED, err=True)
        Current(out).write()
        raise typer.Exit(INTERRUPTED) from None
    except typer.Exit:  # Ctrl-C, where there are bars
        Current(out).write()
        raise


def _store(out: Path) -> "Store":
    from nascast.core import plugins
    from nascast.studies.searches.results import TRIALS

    store: Store = plugins.load("store", "sqlite", out / TRIALS)
    return store


def _simulate(chosen: "Search", workplace: Workplace, out: Path, told: "Callback") -> None:
    from nascast.cli._progress import bars
    from nascast.core.callback import telling
    from nascast.studies.searches.run import simulations

    total = len(chosen.jobs())
    executor = workplace.open(min(os.cpu_count() or 1, total), out)
    store, current = _store(out), Current(out)
    with bars(stopped=_STOPPED) as shown, executor, telling(told, store, out) as tell:
        bar = shown.add_task("runs", total=total)
        for run, trials in simulations(chosen, store, executor, out):
            shown.advance(bar)
            current()
            tell(run, trials)


def _train(
    chosen: "Search", evaluator: "ChildEvaluator", asked: Asked, out: Path, told: "Callback"
) -> None:
    from nascast.cli._live import LiveView
    from nascast.core.callback import telling
    from nascast.studies.searches.now import RUNNING, Writer
    from nascast.studies.searches.run import GIVE_UP, train_children

    store, current = _store(out), Current(out)
    aim, budget = chosen.objectives[0], (chosen.evaluations, chosen.seconds)
    with (
        asked.workplace.open(asked.workers or None, out, evaluator.device) as opened,
        Writer(out, aim.metric, opened.workers, chosen.evaluations) as now,
        LiveView(aim, opened.workers, *budget, told=out / RUNNING) as view,
        telling(told, store, out) as tell,
    ):

        def watch(run: str, step: "Step") -> None:
            incidents = opened.incidents()
            now(run, step, incidents)
            view(run, step)
            view.note(incidents)
            current()
            tell(run, step.trials)

        whole = train_children(
            chosen, evaluator, store=store, executor=opened, watch=watch, out=out
        )
        tell.end(whole)
        view.close()
    if not whole:
        typer.echo(
            f"Stopped: the first {GIVE_UP} children all failed in one way. Mend the cause, and go "
            "on with --resume.",
            err=True,
        )


def _finish(chosen: "Search", out: Path, as_json: bool) -> None:
    from nascast.report.searches.html import write_search_report
    from nascast.studies.searches.results import TRIALS, read_search
    from nascast.studies.searches.summary import all_failed, summary_rows

    page = written(write_search_report, out)
    rows = summary_rows(out)
    if as_json:
        typer.echo(document(rows, indent=1))
    else:
        aims = [f"{objective.aim} {objective.metric}" for objective in chosen.objectives]
        print_summary(rows, aims, ", ".join(map(str, filter(None, (out / TRIALS, page)))))
    if why := all_failed(read_search(out)):
        typer.secho(f"Error: {why}", fg="red", err=True)
        raise typer.Exit(1)
