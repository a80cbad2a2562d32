"""``nascast compare``."""

import json
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._options import whole_numbers
from nascast.cli._pages import tell_what_is_missing, written

if TYPE_CHECKING:
    from rich.table import Table

    from nascast.studies.predictors.design import Study
    from nascast.studies.predictors.head import Head
    from nascast.studies.predictors.results import Result
    from nascast.studies.predictors.summary import Summary

__all__ = ["compare"]

_ALL = "xgboost,jacov,synflow,sotl_e,early_stop_accuracy,omni"


def compare(
    benchmark: Annotated[
        str, typer.Option(help="Benchmark by its registered name, or the path of a table.")
    ] = "nb201-mini",
    predictors: Annotated[
        str,
        typer.Option(
            help="Predictors joined by commas, with settings such as xgboost(encoding=path)."
        ),
    ] = _ALL,
    train_sizes: Annotated[
        str,
        typer.Option(
            help="Numbers of labels at initialization, joined by commas; each is a budget of the "
            "predictors that learn from labels."
        ),
    ] = "20,100",
    epochs: Annotated[
        str,
        typer.Option(
            help="Numbers of epochs of partial training at query, joined by commas; each is a "
            "budget of the predictors that read learning curves."
        ),
    ] = "2,6",
    trials: Annotated[
        int, typer.Option(help="Number of trials, each with other training and test architectures.")
    ] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the study, from which all trials draw.")] = 0,
    test_size: Annotated[
        int, typer.Option(help="Number of test architectures in each trial.")
    ] = 200,
    metric: Annotated[
        str, typer.Option(help="Metric to predict, as recorded after full training.")
    ] = "val_accuracy",
    images: Annotated[
        Path | None,
        typer.Option(
            "--data",
            "--images",
            help="Data from which zero-cost proxies get their batch: images, or a text for "
            "networks that read text; default: a seeded random batch.",
        ),
    ] = None,
    batch_size: Annotated[
        int, typer.Option(help="Number of images, or columns of text, in that batch.")
    ] = 64,
    workers: Annotated[
        int, typer.Option(help="Number of worker processes; 0: one for each core.")
    ] = 0,
    out: Annotated[
        Path, typer.Option(help="Folder for the results; the same command goes on in it.")
    ] = Path("runs/compare"),
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON of the summary instead of a table.")
    ] = False,
) -> None:
    """Compare performance predictors over budgets and trials on one benchmark.

    Writes results.parquet (a row for each predictor, budget and trial) and report.html into --out.
    A comparison that was stopped, or killed, goes on with the same command.

    Example: nascast compare --predictors xgboost,jacov --train-sizes 50 --out runs/first

    Example: nascast compare --predictors "xgboost,xgboost(encoding=path),sotl_e(epochs=4)"
    """
    from nascast.core.spec import Spec
    from nascast.studies.predictors.design import Study

    study = Study(
        benchmark=benchmark,
        predictors=Spec.parse_list("predictor", predictors),
        axes={
            "train_size": whole_numbers(train_sizes, "--train-sizes"),
            "epochs": whole_numbers(epochs, "--epochs"),
        },
        trials=trials,
        seed=seed,
        test_size=test_size,
        metric=metric,
        images=str(images) if images else None,
        batch_size=batch_size,
    )
    tell_what_is_missing()
    results = _run(study, out, workers or os.cpu_count() or 1)

    from nascast.report.predictors.html import write_report
    from nascast.studies.predictors.head import read_head

    page = written(write_report, out)
    if as_json:
        typer.echo(json.dumps(_plain(read_head(out), results), indent=1))
    else:
        _print(read_head(out), results, out, page)


def _run(study: "Study", out: Path, workers: int) -> "list[Result]":
    import nascast
    from nascast.cli._progress import bars
    from nascast.core.cache import cache_folder
    from nascast.executors.processes import Processes
    from nascast.studies.predictors.design import modules_of
    from nascast.studies.predictors.run import compare as run
    from nascast.studies.progress import Progress

    home = cache_folder()
    cache = home / f"proxies-{nascast.__version__}.jsonl"
    try:
        home.mkdir(parents=True, exist_ok=True)
        cache.touch()
    except OSError:
        cache = out / "proxies.jsonl"  # a cache that cannot be written is no reason to stop
    with bars() as shown, Processes(workers, preload=modules_of(study)) as executor:
        current = [None]

        def start(name: str, steps: int) -> None:
            current[0] = shown.add_task(name, total=steps)  # type: ignore[call-overload]

        def advance(steps: int) -> None:
            shown.advance(current[0], steps)  # type: ignore[arg-type]

        return run(study, out, executor, progress=Progress(start, advance), cache=cache)


def _plain(head: "Head", results: "list[Result]") -> dict[str, Any]:
    from nascast.studies.predictors.summary import failures, summarize

    return {
        "settings": head.settings,
        "noise": asdict(head.noise) if head.noise else None,
        "batch": head.batch,
        "summary": [item.plain(head.axes) for item in summarize(results)],
        "not_run": [
            {"predictor": name, **{a: budget.get(a) for a in head.axes}, "reason": reason}
            for (name, budget), reason in failures(results).items()
        ],
    }


def _print(head: "Head", results: "list[Result]", out: Path, page: Path | None) -> None:
    from rich.console import Console

    from nascast.core.errors import UnsupportedError
    from nascast.studies.predictors.results import TABLE
    from nascast.studies.predictors.summary import summarize

    console = Console()
    summaries = summarize(results)
    if summaries:
        console.print(f"{head.aim} {head.settings['metric']} ({head.unit})", highlight=False)
        console.print(_table(summaries, head.axes))
    for line in _refusals(results):
        console.print(f"not run: {line}", style="yellow", highlight=False, markup=False)
    if any(item.reads_target for item in summaries):
        console.print("* reads the very trainings that it is judged by, and shares their noise")
    if any(item.other_size for item in summaries):
        console.print("other τ: with another training, of the test cells that have one")
    for line in head.noise.lines() if head.noise else ():
        console.print(line, highlight=False, markup=False)
    if any(item.batch for item in results):
        console.print(f"zero-cost proxies: {head.batch}", highlight=False, markup=False)
    files = ", ".join(map(str, filter(None, (out / TABLE, page))))
    console.print(f"written: {files}", highlight=False, markup=False)
    if not summaries:
        raise UnsupportedError("no predictor could run on this benchmark; the reasons stand above")


def _table(summaries: "list[Summary]", axes: tuple[str, ...]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    from nascast.report.words import axis_words, duration

    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("predictor", overflow="fold")  # with settings it may be long
    titles = [axis_words(axis).title.lower() for axis in axes]
    for name in (*titles, "Kendall τ", "±", "other τ", "Spearman", "init", "query"):
        table.add_column(name, justify="right", no_wrap=True)
    for item in sorted(summaries, key=lambda item: -item.kendall):
        spread = "" if item.kendall_sd is None else f"{item.kendall_sd:.3f}"
        budget = [str(item.budget.get(axis, "")) for axis in axes]
        times = [duration(item.init_seconds_total), duration(item.query_seconds_each)]
        tau = f"{item.kendall:.3f}{'*' if item.reads_target else ' '}"
        other = "" if math.isnan(item.kendall_other) else f"{item.kendall_other:.3f}"
        scores = [tau, spread, other, f"{item.spearman:.3f}"]
        table.add_row(Text(item.predictor), *budget, *scores, *times)
    return table


def _refusals(results: "list[Result]") -> list[str]:
    """Returns a line for each predictor that did not run, with the reason, for any train size."""
    from nascast.report.words import budget_words
    from nascast.studies.predictors.design import LABELS, Budget
    from nascast.studies.predictors.summary import failures

    lines = []
    for (name, budget), why in failures(results).items():
        at = budget_words(Budget({axis: n for axis, n in budget.items() if axis != LABELS}))
        lines.append(f"{name}{f' ({at})' if at else ''}: {why}")
    return list(dict.fromkeys(lines))
