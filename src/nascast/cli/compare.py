"""``nascast compare``."""

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._budgets import BudgetOptions
from nascast.cli._children import Children as Trainer
from nascast.cli._children import open_evaluator
from nascast.cli._columns import fitted
from nascast.cli._executor import Workplace
from nascast.cli._options import check_folder
from nascast.cli._pages import PAGE, tell_what_is_missing, written
from nascast.cli._plan import trained_objectives
from nascast.cli._studies import READS_TARGET, USUAL, Asked, folders, score_cache, specs, tables
from nascast.core.document import document

if TYPE_CHECKING:
    from rich.table import Table

    from nascast.core.executor import Executor
    from nascast.studies.predictors.children import Children
    from nascast.studies.predictors.design import Study
    from nascast.studies.predictors.head import Head
    from nascast.studies.predictors.results import Result
    from nascast.studies.predictors.summary import Summary

__all__ = ["compare"]

_Opener = Callable[..., "Executor"]  # called with the modules that processes import first
_Run = Callable[..., dict[str, Any]]  # runs a study in a folder


def compare(
    benchmark: Annotated[
        list[str] | None,
        typer.Option(
            help="Benchmark by its registered name, or the path of a table; may be given several "
            "times.",
            show_default="all whose tables are in the package",
        ),
    ] = None,
    predictors: Annotated[
        str,
        typer.Option(
            help="Predictors joined by commas, with settings such as xgboost(encoding=path); all: "
            "those of every family, and auto. Of these and of the default, what a benchmark cannot "
            "support is left out, with the reason."
        ),
    ] = USUAL,
    axis: Annotated[
        list[str] | None,
        typer.Option(
            "--axis",
            help="Budget of the predictors that declare it, once for each axis: NAME=1,2,3, as "
            "--train-sizes and --epochs are for the axes train_size and epochs.",
        ),
    ] = None,
    train_sizes: Annotated[
        str | None,
        typer.Option(
            help="Numbers of labels at initialization, joined by commas; each is a budget of the "
            "predictors that learn from labels.",
            show_default="20,100",
        ),
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(
            help="Numbers of epochs of partial training at query, joined by commas; each is a "
            "budget of the predictors that read learning curves.",
            show_default="2,6, or the recorded numbers next to these",
        ),
    ] = None,
    grid: Annotated[
        str | None,
        typer.Option(
            help="Grid of budgets in place of these numbers: quick (four of each) or paper (11 "
            "numbers of labels and 15 of epochs, as in the study of 2021)."
        ),
    ] = None,
    trials: Annotated[
        int, typer.Option(help="Number of trials, each with other training and test architectures.")
    ] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the study, from which all trials draw.")] = 0,
    test_size: Annotated[
        int | None,
        typer.Option(
            help="Number of test architectures in each trial.",
            show_default="200, or half of what a benchmark has",
        ),
    ] = None,
    test_set: Annotated[
        str,
        typer.Option(
            help="Design of test and training sets: uniform, rows (as published: the same network "
            "may be in both), top (tests in the best tenth) or mutation."
        ),
    ] = "uniform",
    metric: Annotated[
        str | None,
        typer.Option(
            help="Metric to predict, as recorded after full training.",
            show_default="val_accuracy, or val_loss where the benchmark has no accuracy",
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            "--data",
            "--images",
            help="Data from which zero-cost proxies get their batch, and on which supernets are "
            "trained: images, or a text for networks that read text; `random`: a seeded random "
            "batch, and no supernets; `recorded`: recorded scores alone; default: the batch of the "
            "scores recorded beside the benchmark, or random where there are none, but `recorded` "
            "where predictors are not named. With --space also what children are trained on.",
        ),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option(
            help="Search space whose children are really trained, instead of a benchmark."
        ),
    ] = None,
    cells: Annotated[
        int,
        typer.Option(
            help="Number of children to train with --space; 0: as many as one trial needs, and a "
            "tenth more for those that fail."
        ),
    ] = 0,
    recipe: Annotated[str, typer.Option(help="Recipe of the children, as in nascast search.")] = "",
    skeleton: Annotated[
        str, typer.Option(help="Settings of the children's skeleton, as in nascast search.")
    ] = "",
    split: Annotated[
        str, typer.Option(help="Settings of the split of images, as in nascast search.")
    ] = "",
    device: Annotated[str, typer.Option(help="Device for children: cpu, cuda, or auto.")] = "auto",
    batch_size: Annotated[
        int, typer.Option(help="Number of images, or columns of text, in that batch.")
    ] = 64,
    workers: Annotated[
        int, typer.Option(help="Number of worker processes; 0: one for each core.")
    ] = 0,
    executor: Annotated[
        str | None,
        typer.Option(
            help="Executor of the study: processes, serial, ray or slurm, with settings.",
            show_default="processes, or ray with --address",
        ),
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster, or auto to find it.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the results; the same command goes on in it.")
    ] = Path("runs/compare"),
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON of the summary instead of a table.")
    ] = False,
) -> None:
    """Compare performance predictors over budgets and trials, on all tables of the package.

    With --space the children are drawn and trained first, over the workers, and kept in
    children.sqlite: trainings cost what they really took.

    Writes results.parquet (a row for each predictor, budget and trial) and report.html into --out.
    The same command goes on with a comparison that was stopped, or killed, and with a larger
    --trials adds trials. For several benchmarks there is a folder in --out for each, report.html
    shows them side by side, and --json gives a list.

    Example: nascast compare --predictors xgboost,jacov --train-sizes 50 --out runs/first

    Example: nascast compare --predictors "xgboost,xgboost(encoding=path),sotl_e(epochs=4)"

    Example: nascast compare --predictors all --grid quick --test-set mutation --trials 20

    Example: nascast compare --space nasbench201 --data digits --predictors xgboost,sotl_e
    --train-sizes 20 --test-size 30 --out runs/children
    """
    from nascast.core.errors import InvalidSettingError, UnsupportedError
    from nascast.core.spec import Spec
    from nascast.studies.predictors.design import Study
    from nascast.studies.predictors.head import HEAD
    from nascast.studies.predictors.results import TABLE
    from nascast.studies.searches.results import SEARCH

    check_folder(out, [HEAD, f"*/{HEAD}"], [SEARCH, TABLE, PAGE])
    if workers < 0:
        raise InvalidSettingError(f"--workers is a number from 1, or 0; got {workers}")
    source = str(images) if images else None
    place = Workplace(executor, address)
    place.spec()  # what is wrong with it shows before any data are read
    trained_on = "cpu" if space is None else device  # records are read on cores alone
    workplace = partial(place.open, workers or None, out, trained_on)
    budgets = BudgetOptions({"train_size": train_sizes, "epochs": epochs}, axis or [], grid)
    tell_what_is_missing()
    run = partial(_compared, workplace=workplace, quiet=as_json)
    if space is not None:
        found, size = specs(predictors), test_size or 200
        axes = budgets.of_children(found, benchmark)
        most = size + max(axes["train_size"])
        trainer = Trainer(out / "checkpoints", source, recipe, skeleton, split, device)
        if cells < 0 or 0 < cells < most:
            raise InvalidSettingError(
                f"--cells: one trial needs {most} children to test and to learn from; got {cells}"
            )
        trained_objectives(metric, trainer)
        rest = (trials, seed, size, test_set, metric or "val_accuracy", source, batch_size)
        study = Study(Spec("children"), found, axes, *rest)  # what is wrong with it shows here
        children = _children(trainer, space, cells or -(-most * 11 // 10), seed, out)
        done = [run(replace(study, benchmark=children.spec), out, children=children)]
    else:
        asked = Asked(predictors, trials, seed, test_size, test_set, metric, source, batch_size)
        done = _each(asked, budgets, benchmark, out, run, quiet=as_json)
    if as_json:
        typer.echo(document(done if len(done) > 1 else done[0], indent=1))
    if not any(item["summary"] for item in done):
        raise UnsupportedError("no predictor could run on this benchmark; the reasons stand above")


def _each(
    asked: Asked,
    budgets: BudgetOptions,
    named: list[str] | None,
    out: Path,
    run: _Run,
    *,
    quiet: bool,
) -> list[dict[str, Any]]:
    """Runs the study of each benchmark, and returns them as JSON; of several there is a page.

    Where none was named, a table that cannot support what is asked for is left out, with a line.
    """
    from nascast.core.errors import InvalidSettingError, UnsupportedError
    from nascast.studies.predictors.design import cells
    from nascast.studies.predictors.results import TABLE

    names = named or tables()
    done, places = [], dict(zip(names, folders(names, out), strict=True))
    if named:
        studies = {name: asked.on(name, budgets) for name in names}  # all faults before any work
    else:
        typer.echo(
            f"comparing on the {len(names)} tables of the package, one after the other; "
            "--benchmark takes one of them, and fewer --predictors or --trials take less time",
            err=True,
        )
    for place, (name, folder) in enumerate(places.items(), 1):
        try:
            study = studies[name] if named else asked.on(name, budgets)
            if len(names) > 1:
                count = len(cells(study))
                typer.echo(f"{place} of {len(names)}: {name}, {count:,} cells", err=True)
            done.append(run(study, folder))
        except (InvalidSettingError, UnsupportedError) as error:
            wrong = named and isinstance(error, InvalidSettingError)
            if wrong or (name == names[-1] and not done):
                raise
            typer.secho(f"left out: {name}: {error}", fg="yellow", err=True)
    if len(done) > 1:
        from nascast.report.predictors.together import write_together

        ran = [folder for folder in places.values() if (folder / TABLE).is_file()]
        page = written(partial(write_together, ran), out / PAGE)
        if page and not quiet:
            typer.echo(f"side by side: {page}")
    return done


def _compared(
    study: "Study",
    out: Path,
    *,
    workplace: _Opener,
    quiet: bool,
    children: "Children | None" = None,
) -> dict[str, Any]:
    """Runs a study, writes its page, prints its table unless it is quiet; returns it as JSON."""
    from nascast.report.predictors.html import write_report
    from nascast.studies.predictors.head import read_head
    from nascast.studies.predictors.results import TABLE
    from nascast.studies.predictors.summary import summarize

    results = _run(study, out, workplace, children)
    page, head = written(write_report, out), read_head(out)
    summaries = summarize(results, head.share)
    if not quiet:
        _print(head, summaries, results, [out / TABLE, *filter(None, [page])])
    return _plain(head, summaries, results)


def _children(asked: Trainer, space: str, cells: int, seed: int, out: Path) -> "Children":
    from nascast.studies.predictors.children import Children

    return Children(open_evaluator(asked, space), cells, seed, out / "children.sqlite")


def _run(
    study: "Study", out: Path, workplace: _Opener, children: "Children | None"
) -> "list[Result]":
    from nascast.cli._progress import bars, stages
    from nascast.studies.predictors.design import modules_of
    from nascast.studies.predictors.run import compare as run

    cache = score_cache() or out / "proxies.jsonl"
    with bars() as shown, workplace(preload=modules_of(study)) as executor:
        progress = stages(shown)
        if children is None:
            return run(study, out, executor, progress=progress, cache=cache)
        children.train(executor, progress)
        return run(study, out, executor, progress=progress, cache=cache, records=children)


def _plain(head: "Head", summaries: "list[Summary]", results: "list[Result]") -> dict[str, Any]:
    from nascast.studies.predictors.summary import failures

    return {
        "settings": head.settings,
        "noise": asdict(head.noise) if head.noise else None,
        "batch": head.batch,
        "summary": [item.plain(head.axes) for item in summaries],
        "not_run": [
            {"predictor": name, **{a: budget.get(a) for a in head.axes}, "reason": reason}
            for (name, budget), reason in failures(results).items()
        ],
    }


def _print(
    head: "Head", summaries: "list[Summary]", results: "list[Result]", files: list[Path]
) -> None:
    from rich.console import Console

    console = Console()
    if summaries:
        title = f"{head.benchmark}: {head.aim} {head.settings['metric']} ({head.unit})"
        console.print(title, highlight=False)
        console.print(_table(summaries, head.axes, console.width), highlight=False)
    for line in _refusals(results):
        console.print(f"not run: {line}", style="yellow", highlight=False, markup=False)
    if any(item.reads_target for item in summaries):
        console.print(READS_TARGET)
    if any(item.other_size for item in summaries):
        console.print("other τ: with another training, of the test cells that have one")
    for line in head.noise.lines() if head.noise else ():
        console.print(line, highlight=False, markup=False)
    if any(item.batch for item in results):
        console.print(f"zero-cost proxies: {head.batch}", highlight=False, markup=False)
    console.print(f"written: {', '.join(map(str, files))}", highlight=False, markup=False)


def _table(summaries: "list[Summary]", axes: tuple[str, ...], width: int) -> "Table":
    from nascast.report.words import axis_words, duration

    def metric(value: float | None) -> str:
        return "" if value is None or math.isnan(value) else f"{value:.3f}"

    items = sorted(summaries, key=lambda item: -item.kendall)
    columns = {"predictor": [item.predictor for item in items]}
    for axis in axes:
        title = axis_words(axis).title.lower().replace(" ", "\n", 1)
        columns[title] = [str(item.budget.get(axis, "")) for item in items]
    taus = [f"{item.kendall:.3f}{'*' if item.reads_target else ' '}" for item in items]
    columns["Kendall\nτ"] = taus
    if any(item.kendall_error is not None for item in items):  # one trial has none
        columns["±"] = [metric(item.kendall_error) for item in items]
    columns["other\nτ"] = [metric(item.kendall_other) for item in items]
    columns["Spearman"] = [metric(item.metrics["spearman"].mean) for item in items]
    columns["init"] = [duration(item.init_seconds_total) for item in items]
    columns["query"] = [duration(item.query_seconds_each) for item in items]
    idle = [] if any(columns["other\nτ"]) else ["other\nτ"]
    return fitted(columns, [*idle, "Spearman", "±"], width)


def _refusals(results: "list[Result]") -> list[str]:
    """Returns a line for each reason why predictors did not run, for any train size."""
    from nascast.report.words import budget_words
    from nascast.studies.predictors.design import LABELS, Budget
    from nascast.studies.predictors.summary import failures

    reasons: dict[str, dict[str, None]] = {}
    for (name, budget), why in failures(results).items():
        at = budget_words(Budget({axis: n for axis, n in budget.items() if axis != LABELS}))
        reasons.setdefault(why, {})[f"{name}{f' ({at})' if at else ''}"] = None
    return [f"{', '.join(names)}: {why}" for why, names in reasons.items()]
