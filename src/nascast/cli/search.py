"""``nascast search``."""

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._options import duration, names, settings
from nascast.cli._options import recipe as recipe_of

if TYPE_CHECKING:
    from nascast.core.executor import Executor
    from nascast.core.space import SearchSpace
    from nascast.core.store import Store
    from nascast.studies.search import Search
    from nascast.training.evaluator import ChildEvaluator

__all__ = ["search"]

_CHILD, _LIMIT, _WORK = "Children that are trained", "Limits", "Workers"
_SMALL = (1, 4)  # repeats and filters of a child, where the space has such settings; chosen
_SMALL_TEXT = {"layers": 1, "hidden": 64, "embedding": 64}  # likewise, of a language model


def search(
    space: Annotated[
        str | None,
        typer.Option(help="Registered name; default: the benchmark's, or nasnet."),
    ] = None,
    strategy: Annotated[
        str, typer.Option(help="Names joined by commas.")
    ] = "regularized_evolution",
    benchmark: Annotated[
        str | None, typer.Option(help="Registered benchmark, or the path of a table.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="To train on: digits, a folder of images, an .npz, a text …; default: digits."
        ),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Time for each run, such as 30m; simulated on a benchmark.")
    ] = None,
    evaluations: Annotated[
        int | None, typer.Option(help="Trials for each run; default: 100 if no --budget.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Runs of each strategy.")] = 1,
    seed: Annotated[int, typer.Option(help="Of the first run; the next have the next.")] = 0,
    metric: Annotated[
        str | None,
        typer.Option(
            help="What counts, several joined by commas for nsga2; default: val_accuracy, or "
            "val_loss on text."
        ),
    ] = None,
    options: Annotated[
        str,
        typer.Option("--set", help="Settings of the strategy: population=50,ppo.clip=0.1 …"),
    ] = "",
    preset: Annotated[
        str, typer.Option(help="'paper', or 'small' for settings made for a few hundred trials.")
    ] = "paper",
    max_params: Annotated[
        int | None, typer.Option(help="Parameters at most.", rich_help_panel=_LIMIT)
    ] = None,
    max_flops: Annotated[
        int | None, typer.Option(help="Multiply-adds at most.", rich_help_panel=_LIMIT)
    ] = None,
    max_latency_ms: Annotated[
        float | None,
        typer.Option(help="Milliseconds for one image on one core.", rich_help_panel=_LIMIT),
    ] = None,
    recipe: Annotated[
        str,
        typer.Option(help="A name, changes, or both: child,epochs=3 …", rich_help_panel=_CHILD),
    ] = "",
    skeleton: Annotated[
        str, typer.Option(help="Of the child networks: filters=8 …", rich_help_panel=_CHILD)
    ] = "",
    split: Annotated[
        str,
        typer.Option(help="train=…,validation=…,size=…,seed=….", rich_help_panel=_CHILD),
    ] = "",
    time_limit: Annotated[
        str | None, typer.Option(help="For one child, such as 5m.", rich_help_panel=_CHILD)
    ] = None,
    memory_limit: Annotated[
        int | None, typer.Option(help="For one child, in MiB.", rich_help_panel=_CHILD)
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, or auto.", rich_help_panel=_CHILD)
    ] = "auto",
    workers: Annotated[
        int,
        typer.Option(
            help="Children at a time; 0: one for each core, or 1 on a benchmark.",
            rich_help_panel=_WORK,
        ),
    ] = 0,
    executor: Annotated[
        str | None,
        typer.Option(help="processes, serial or ray; default: processes.", rich_help_panel=_WORK),
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Of a Ray cluster, or auto.", rich_help_panel=_WORK)
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs/search"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what is in --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Search for architectures, by training them or on a benchmark.

    Writes trials.sqlite (every trial, as it finishes) and report.html into --out. A run that was
    stopped, or killed, goes on with the same command and --resume; nothing finished is repeated.

    Example: nascast search --space nasnet --strategy ppo --data digits --budget 30m --workers 2
    --out runs/ppo

    Example: nascast search --strategy random,local_search --benchmark nb201-mini
    --evaluations 200 --seeds 20 --out runs/bench

    Example: nascast search --space nasbench_nlp --data wiki.txt --evaluations 20 --out runs/text
    """
    given = dict(locals())
    plan, evaluator = _plan(given)

    from nascast.studies.search import begin

    begin(plan, out, resume)
    _run(plan, evaluator, given)
    _finish(out, as_json)


def _plan(given: dict[str, Any]) -> "tuple[Search, ChildEvaluator | None]":
    """Turns the options into a search, and the evaluator if children are trained."""
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.limits import Limits
    from nascast.studies.search import Search

    if given["benchmark"] and given["data"]:
        raise InvalidSettingError("give either --benchmark or --data, not both")
    if given["seeds"] < 1 or given["seed"] < 0:
        raise InvalidSettingError("--seeds should be at least 1 and --seed at least 0")
    strategies = names(given["strategy"], "--strategy")
    evaluations, budget = given["evaluations"], given["budget"]
    if evaluations is None and budget is None:
        evaluations = 100
    evaluator = None if given["benchmark"] else _evaluator(given)
    given["metric"] = given["metric"] or _metric(evaluator)
    space, full_epochs = _space(given, evaluator)
    plan = Search(
        space=space,
        strategies=strategies,
        benchmark=given["benchmark"],
        training=evaluator.settings() if evaluator else None,
        objectives=_objectives(given, evaluator),
        evaluations=evaluations,
        seconds=duration(budget, "--budget") if budget else math.inf,
        seeds=tuple(range(given["seed"], given["seed"] + given["seeds"])),
        workers=given["workers"] or (1 if given["benchmark"] else os.cpu_count() or 1),
        limits=Limits(given["max_params"], given["max_flops"], given["max_latency_ms"]),
        settings=_settings(strategies, given["options"], given["preset"]),
        full_epochs=full_epochs,
    )
    return plan, evaluator


def _metric(evaluator: "ChildEvaluator | None") -> str:
    """Returns what counts unless told: language models are compared by their loss."""
    if evaluator is None:
        return "val_accuracy"
    from nascast.training.evaluator import LanguageEvaluator

    return "val_loss" if isinstance(evaluator, LanguageEvaluator) else "val_accuracy"


def _space(given: dict[str, Any], evaluator: "ChildEvaluator | None") -> tuple[str, int | None]:
    """Returns the name of the space, and the epochs of a full training."""
    from nascast.core.errors import InvalidSettingError
    from nascast.studies.records import open_benchmark

    if evaluator is not None:
        return evaluator.settings()["space"], evaluator.recipe.epochs
    table = open_benchmark(given["benchmark"])
    if given["space"] and given["space"].replace("-", "_") != table.space.name:
        raise InvalidSettingError(
            f"{given['benchmark']} is of the space {table.space.name}, not {given['space']}"
        )
    epochs = table.describe(given["metric"].split(",")[0]).epochs
    return table.space.name, epochs[-1] if epochs else None


def _evaluator(given: dict[str, Any]) -> "ChildEvaluator":
    """Returns what trains the children, by default small ones that take seconds."""
    import torch

    from nascast.core import plugins
    from nascast.core.errors import InvalidSettingError
    from nascast.training.text import is_text

    device = given["device"]
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda"):
        raise InvalidSettingError(f"--device: expected cpu, cuda or auto; got {device!r}")
    limit = given["time_limit"]
    shared: dict[str, Any] = {
        "skeleton": settings(given["skeleton"], "--skeleton"),
        "checkpoints": given["out"] / "checkpoints",
        "time_limit": duration(limit, "--time-limit") if limit else None,
        "memory_limit": given["memory_limit"],
        "device": device,
    }
    space = plugins.load("space", given["space"] or "nasnet")
    kind = _text_evaluator if given["data"] and is_text(given["data"]) else _image_evaluator
    return kind(space, given, shared)


def _text_evaluator(
    space: "SearchSpace", given: dict[str, Any], shared: dict[str, Any]
) -> "ChildEvaluator":
    import inspect

    from nascast.core.errors import InvalidSettingError
    from nascast.training.evaluator import LanguageEvaluator
    from nascast.training.recipes import named_recipe

    if given["split"]:
        raise InvalidSettingError("--split is for images; a text is split by its files or lines")
    recipe = recipe_of(given["recipe"], "--recipe", named_recipe("text-child"))
    if not shared["skeleton"] and hasattr(space, "language_model"):
        known = inspect.signature(space.language_model).parameters
        shared["skeleton"] = {name: n for name, n in _SMALL_TEXT.items() if name in known}
    return LanguageEvaluator(space, given["data"], recipe, **shared)


def _image_evaluator(
    space: "SearchSpace", given: dict[str, Any], shared: dict[str, Any]
) -> "ChildEvaluator":
    from dataclasses import replace

    from nascast.core.errors import InvalidSettingError
    from nascast.training.data import Split
    from nascast.training.evaluator import TrainingEvaluator
    from nascast.training.recipes import named_recipe

    data = given["data"] or "digits"
    if not shared["skeleton"]:
        scales = zip(space.scales, _SMALL, strict=True)
        shared["skeleton"] = {own: small for own, small in scales if own}
    digits = data == "digits"
    split = Split(train=256, validation=600) if digits else Split()  # with all, 3 epochs give 99 %
    try:
        split = replace(split, **settings(given["split"], "--split"))  # type: ignore[arg-type]
    except TypeError as error:
        raise InvalidSettingError(f"--split: no such setting: {error}") from None
    recipe = recipe_of(
        given["recipe"], "--recipe", named_recipe("digits-child" if digits else "child")
    )
    latency = "latency_ms" in (given["metric"] or "")
    return TrainingEvaluator(space, data, recipe, split=split, measure_latency=latency, **shared)


def _objectives(given: dict[str, Any], evaluator: "ChildEvaluator | None") -> tuple[Any, ...]:
    from nascast.core.errors import InvalidSettingError
    from nascast.core.types import Objective
    from nascast.studies.records import open_benchmark

    chosen = names(given["metric"], "--metric")
    if given["benchmark"]:
        table = open_benchmark(given["benchmark"])
        return tuple(Objective(name, table.describe(name).minimize) for name in chosen)
    assert evaluator is not None
    if unknown := [name for name in chosen if name not in evaluator.metrics]:
        raise InvalidSettingError(
            f"--metric: {unknown[0]} is not measured; measured are {', '.join(evaluator.metrics)}"
        )
    return tuple(Objective(name, not name.endswith("accuracy")) for name in chosen)


def _settings(strategies: tuple[str, ...], text: str, preset: str) -> dict[str, dict[str, Any]]:
    """Returns the settings by strategy: ``name.key=value`` is for one, ``key=value`` for all."""
    from nascast.core import plugins
    from nascast.core.errors import InvalidSettingError

    if preset not in ("paper", "small"):
        raise InvalidSettingError(f"--preset: expected paper or small; got {preset!r}")
    found: dict[str, dict[str, Any]] = {name: {} for name in strategies}
    if preset == "small":
        for name in strategies:
            found[name] |= getattr(plugins.resolve("strategy", name), "small_budget", {})
    for key, value in settings(text, "--set").items():
        name, dot, own = key.rpartition(".")
        if dot and name not in strategies:
            raise InvalidSettingError(f"--set {key}: {name} is not among the strategies")
        for one in [name] if dot else strategies:
            found[one][own] = value
    return found


def _run(plan: "Search", evaluator: "ChildEvaluator | None", given: dict[str, Any]) -> None:
    from nascast.cli._executor import open_executor
    from nascast.core import plugins
    from nascast.studies.search import TRIALS

    store = plugins.load("store", "sqlite", given["out"] / TRIALS)
    try:
        if evaluator is None:
            _simulate(plan, store, given["out"])
        else:
            with open_executor(given["executor"], given["address"], plan.workers) as executor:
                _train(plan, evaluator, store, executor, given["out"])
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command with --resume goes on where this one was.", err=True)
        raise typer.Exit(130) from None


def _simulate(plan: "Search", store: "Store", out: Path) -> None:
    from nascast.cli._progress import bars
    from nascast.executors.processes import Processes
    from nascast.studies.search import simulations

    total = len(plan.strategies) * len(plan.seeds)
    with bars() as shown, Processes(min(os.cpu_count() or 1, total)) as executor:
        bar = shown.add_task("runs", total=total)
        for _ in simulations(plan, store, executor, out):
            shown.advance(bar)


def _train(
    plan: "Search",
    evaluator: "ChildEvaluator",
    store: "Store",
    executor: "Executor",
    out: Path,
) -> None:
    from nascast.cli._live import LiveView
    from nascast.studies.search import train_children

    with LiveView(plan.objectives[0], plan.workers, plan.evaluations, plan.seconds) as view:
        train_children(plan, evaluator, store=store, executor=executor, watch=view, out=out)
        view.close()


def _finish(out: Path, as_json: bool) -> None:
    from nascast.report.search_html import write_search_report
    from nascast.report.search_summary import summary_rows

    page = write_search_report(out)
    rows = summary_rows(out)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    shown = [key for key in (rows[0] if rows else ()) if any(row[key] is not None for row in rows)]
    shown = [key for key in shown if not key.endswith(("_sd", "seconds"))]
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for key in shown:
        justify: Any = "left" if key == "strategy" else "right"
        table.add_column(key.replace("_mean", "").replace("_", " "), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(
            *(
                _cell(row[key], row.get(key.replace("_mean", "_sd")) if "_mean" in key else None)
                for key in shown
            )
        )
    console = Console()
    console.print(table)
    console.print(f"written: {out / 'trials.sqlite'}, {page}", highlight=False)


def _cell(value: Any, spread: Any) -> str:
    if value is None:
        return ""
    text = f"{value:,.2f}" if isinstance(value, float) else str(value)
    return f"{text} ± {spread:.2f}" if isinstance(spread, float) else text
