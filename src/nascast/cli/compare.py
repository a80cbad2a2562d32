"""``nascast compare``."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._options import whole_numbers

if TYPE_CHECKING:
    from rich.table import Table

    from nascast.core.spec import Spec
    from nascast.studies.predictors.children import Children
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
    axis: Annotated[
        list[str] | None,
        typer.Option(
            "--axis",
            help="Budget of the predictors that declare it, once for each axis: NAME=1,2,3, as "
            "--train-sizes and --epochs are for the axes train_size and epochs.",
        ),
    ] = None,
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
            "networks that read text; default: a seeded random batch. With --space also what "
            "children are trained on.",
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
    out: Annotated[
        Path, typer.Option(help="Folder for the results; the same command goes on in it.")
    ] = Path("runs/compare"),
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON of the summary instead of a table.")
    ] = False,
) -> None:
    """Compare performance predictors over budgets and trials on one benchmark.

    With --space the children are drawn and trained first, over the workers, and kept in
    children.sqlite: trainings cost what they really took.

    Writes results.parquet (a row for each predictor, budget and trial) and report.html into --out.
    A comparison that was stopped, or killed, goes on with the same command.

    Example: nascast compare --predictors xgboost,jacov --train-sizes 50 --out runs/first

    Example: nascast compare --predictors "xgboost,xgboost(encoding=path),sotl_e(epochs=4)"

    Example: nascast compare --space nasbench201 --data digits --predictors xgboost,sotl_e
    --train-sizes 20 --test-size 30 --out runs/children
    """
    from nascast.core.spec import Spec
    from nascast.studies.predictors.design import Study

    chosen = Spec.parse_list("predictor", predictors)
    axes = _axes({"train_size": train_sizes, "epochs": epochs}, axis or [], chosen)
    children = None
    if space is not None:
        words = Words(str(images) if images else None, recipe, skeleton, split, device)
        most = max(axes["train_size"])
        cells = cells or test_size + most + math.ceil((test_size + most) / 10)
        children = _children(words, space, cells, seed, out)
    study = Study(
        benchmark=children.spec if children else benchmark,
        predictors=chosen,
        axes=axes,
        trials=trials,
        seed=seed,
        test_size=test_size,
        metric=metric,
        images=str(images) if images else None,
        batch_size=batch_size,
    )
    results = _run(study, out, workers or os.cpu_count() or 1, children)

    from nascast.report.predictors.html import write_report
    from nascast.studies.predictors.head import read_head

    page = write_report(out)
    if as_json:
        typer.echo(json.dumps(_plain(read_head(out), results), indent=1))
    else:
        _print(read_head(out), results, out, page)


@dataclass(frozen=True, slots=True)
class Words:
    """The options about children, as they were written; see `cli._children.Children`."""

    data: str | None
    recipe: str
    skeleton: str
    split: str
    device: str


def _children(words: Words, space: str, cells: int, seed: int, out: Path) -> "Children":
    from nascast.cli._children import Children as Asked
    from nascast.cli._children import open_evaluator
    from nascast.studies.predictors.children import Children

    asked = Asked(
        data=words.data,
        recipe=words.recipe,
        skeleton=words.skeleton,
        split=words.split,
        time_limit=None,
        memory_limit=None,
        device=words.device,
        latency=False,
        checkpoints=out / "checkpoints",
    )
    return Children(open_evaluator(asked, space), cells, seed, out / "children.sqlite")


def _axes(
    usual: Mapping[str, str], given: Sequence[str], predictors: "Sequence[Spec]"
) -> dict[str, tuple[int, ...]]:
    """Returns the amounts on each axis: of the options of their own, and of ``--axis``.

    Raises:
        InvalidSettingError: a text cannot be read, or no predictor declares an axis.
    """
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.predictors.design import axes_of

    amounts = dict(usual)
    declared = sorted(frozenset().union(*map(axes_of, predictors)))
    for text in given:
        name, equals, numbers = text.partition("=")
        if not equals or name.strip() not in declared:
            raise InvalidSettingError(
                f"--axis: expected NAME=1,2,3 with an axis that a predictor declares, "
                f"{', '.join(declared) or 'of which there is none'}; got {text!r}"
            )
        amounts[name.strip()] = numbers
    options = {"train_size": "--train-sizes", "epochs": "--epochs"}
    return {n: whole_numbers(t, options.get(n, f"--axis {n}")) for n, t in amounts.items()}


def _run(
    study: "Study", out: Path, workers: int, children: "Children | None" = None
) -> "list[Result]":
    import nascast
    from nascast.cli._progress import bars
    from nascast.executors.processes import Processes
    from nascast.studies.predictors.design import modules_of
    from nascast.studies.predictors.run import compare as run
    from nascast.studies.progress import Progress

    home = Path(os.environ.get("NASCAST_CACHE", Path.home() / ".cache" / "nascast"))
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

        progress = Progress(start, advance)
        if children is None:
            return run(study, out, executor, progress=progress, cache=cache)
        children.train(executor, progress)
        return run(study, out, executor, progress=progress, cache=cache, records=children)


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


def _print(head: "Head", results: "list[Result]", out: Path, page: Path) -> None:
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
    console.print(f"written: {out / TABLE}, {page}", highlight=False, markup=False)
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
