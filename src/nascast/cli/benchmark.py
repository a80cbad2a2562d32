"""``nascast benchmark list | info | download | convert | build | import``."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._benchmarks import scores_of
from nascast.cli._facts import lines
from nascast.cli._options import changed, known_settings, settings
from nascast.cli._options import device as device_of
from nascast.cli._tables import check_target, write
from nascast.cli.imported import import_table
from nascast.cli.official import (
    convert,
    describe_official,
    download,
    official,
    show_official,
    state,
)
from nascast.core.document import document

if TYPE_CHECKING:
    from nascast.core.executor import Executor
    from nascast.core.space import SearchSpace
    from nascast.core.types import Floats
    from nascast.studies.build import BuildPlan

__all__ = ["app"]

app = typer.Typer(
    help="List, describe, download, convert, build and import benchmarks.", no_args_is_help=True
)
app.command()(download)
app.command()(convert)
app.command("import")(import_table)


@app.command("list")
def list_benchmarks(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of lines.")] = False,
) -> None:
    """List the registered benchmarks, and which of the official ones are converted.

    Example: nascast benchmark list
    """
    from nascast.core import plugins

    rows = [state(name) for name in plugins.names("benchmark")]
    if as_json:
        typer.echo(document(rows))
        return
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        typer.echo(f"{row['name']:{width}}  {row['state']:13}  {', '.join(row['files'])}".rstrip())


@app.command()
def info(
    name: Annotated[
        str, typer.Argument(help="Benchmark by its registered name, or the path of a table.")
    ],
    noise: Annotated[
        bool,
        typer.Option("--noise", help="Limits that noise sets to predictors, with intervals."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
) -> None:
    """Describe a benchmark: metrics, units, splits, provenance, noise between two trainings.

    For an official benchmark that is not converted yet: its files, where they are, and the commands
    that fetch and convert them.

    Example: nascast benchmark info nb201-mini
    """
    known = None if Path(name).exists() else official(name.partition(":")[0])
    alone = ":" not in name  # a setting is for what is converted, and says what is wrong with it
    if known and alone and not any(i["there"] for i in describe_official(known)["files"]):
        show_official(known, as_json)
        return
    facts = _describe(name, noise)
    if as_json:
        typer.echo(document(facts, indent=1))
        return
    for line in lines(facts):
        typer.echo(line)


def _describe(name: str, noise: bool) -> dict[str, Any]:
    import numpy as np

    from nascast.benchmarks.table import Table
    from nascast.core.errors import UnsupportedError
    from nascast.core.types import Objective
    from nascast.studies.noise import agreement, noise_limits
    from nascast.studies.records import open_benchmark

    table = open_benchmark(name)
    try:
        genes, sampled = table.genes(), 0
    except UnsupportedError:
        sampled = 1000  # chosen
        genes = table.space.sample(sampled, np.random.default_rng(0))
    if isinstance(table, Table):
        table.verify()
    metrics, agreements, limits = [], {}, {}
    for metric in table.metrics.values():
        rows = genes if sampled else table.measured(metric.name)
        values = table.query(rows, metric.name, None, None)  # means over seeds, after all epochs
        metrics.append({**asdict(metric), "aim": metric.aim, "range": _bounds(values)})
        if metric.split in ("validation", "test"):
            objective = Objective(metric.name, metric.minimize)
            if (found := agreement(table, objective)) is not None:
                agreements[metric.name] = {"cells": found[0], "tau": found[1]}
            if noise and (limit := noise_limits(table, objective)) is not None:
                limits[metric.name] = asdict(limit)
    return {
        "name": table.name,
        "space": table.space.name,
        "rows": None if sampled else len(genes),
        "sampled": sampled,
        "task": asdict(table.task),
        "separate": table.separate,
        "metrics": metrics,
        "agreement": agreements,
        "noise": limits,
        "scores": scores_of(table),
        "provenance": dict(table.provenance),
    }


def _bounds(values: "Floats") -> list[float | None]:
    """Returns the least and the largest value."""
    return [float(values.min()), float(values.max())] if len(values) else [None, None]


@app.command()
def build(
    images: Annotated[
        Path, typer.Option(help="Images to train on: an .npz file, or cifar-10-binary.tar.gz.")
    ],
    out: Annotated[Path, typer.Option(help="Table to write, such as mine.nascast.")],
    like: Annotated[
        str,
        typer.Option(
            help="Benchmark made by this command, whose settings are taken where no option names "
            "others."
        ),
    ] = "nb201-mini",
    space: Annotated[
        str | None, typer.Option(help="Search space by its registered name; default: of --like.")
    ] = None,
    cells: Annotated[
        int | None,
        typer.Option(help="Number of distinct architectures; 0: all of the space."),
    ] = None,
    repeated: Annotated[
        int | None,
        typer.Option(help="Number of architectures that are trained with a second seed, too."),
    ] = None,
    skeleton: Annotated[
        str,
        typer.Option(help="Settings of the skeleton to change, such as channels=16,cells=3."),
    ] = "",
    recipe: Annotated[
        str,
        typer.Option(help="Settings of the recipe to change, such as epochs=20,batch_size=64."),
    ] = "",
    split: Annotated[
        str,
        typer.Option(
            help="Settings of the split of images to change: train=…,validation=…,test=…,size=…,"
            "seed=…."
        ),
    ] = "",
    seed: Annotated[
        int | None, typer.Option(help="Seed with which architectures are drawn.")
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(help="Folder where finished trainings are kept; default: beside --out."),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(help="Number of workers, each with one training at a time; 0: one a core."),
    ] = 0,
    executor: Annotated[
        str | None,
        typer.Option(
            help="Executor: processes, serial or ray; default: processes, or ray with --address."
        ),
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Address of a Ray cluster, or auto to find it.")
    ] = None,
    device: Annotated[str, typer.Option(help="Device to train on: cpu, cuda, or auto.")] = "auto",
    force: Annotated[
        bool,
        typer.Option("--force", help="Replacement of a table that exists and is of another build."),
    ] = False,
) -> None:
    """Make a benchmark by really training networks.

    A build that was stopped, or killed, goes on with the same command; --cells may grow. A training
    that fails is recorded and passed over.

    Example: nascast benchmark build --images cifar-10-binary.tar.gz --cells 100 --repeated 20
    --out mine.nascast
    """
    from nascast.cli._executor import Workplace
    from nascast.studies.build import pack, records

    beside = out.with_suffix(".trainings")
    own = folder is None and records(beside)  # of a folder elsewhere it is not known what it made
    check_target(out, force or bool(own))
    folder = folder or beside
    changes = {"space": space, "cells": cells, "repeated": repeated, "seed": seed}
    parts = {"skeleton": skeleton, "recipe": recipe, "split": split}
    plan = _plan(like, images, device, changes, parts)
    workers = workers or (os.cpu_count() or 1 if plan.device == "cpu" else 1)
    with Workplace(executor, address).open(workers, folder, plan.device) as opened:
        _train(plan, folder, opened)
    table = pack(plan, folder, out.stem)
    write(table, out)
    failed = len(table.provenance["failed"])
    typer.echo(f"{out}: {len(table.genes):,} architectures, {failed} failed trainings")


def _plan(
    like: str, images: Path, device: str, changes: Mapping[str, Any], parts: Mapping[str, str]
) -> "BuildPlan":
    from dataclasses import replace

    from nascast.core import plugins
    from nascast.core.types import ImageTask
    from nascast.studies.build import BuildPlan
    from nascast.studies.records import open_benchmark

    device = device_of(device)
    provenance = open_benchmark(like).provenance
    plan = BuildPlan.like(provenance, str(images), device=device)
    given = {key: value for key, value in changes.items() if value is not None}
    for key in ("recipe", "split"):
        given[key] = changed(getattr(plan, key), parts[key], f"--{key}")
    own = settings(parts["skeleton"], "--skeleton")
    cells: SearchSpace = plugins.load("space", given.get("space", plan.space))
    known_settings(own, cells.skeleton(ImageTask), "--skeleton")
    return replace(plan, **given, skeleton={**plan.skeleton, **own})


def _train(plan: "BuildPlan", folder: Path, executor: "Executor") -> None:
    from nascast.cli._progress import bars
    from nascast.studies.build import trainings

    with bars() as shown:
        bar = shown.add_task("trainings", total=None)
        for finished, total in trainings(plan, folder, executor):
            shown.update(bar, completed=finished, total=total)
