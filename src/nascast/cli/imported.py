"""``nascast benchmark import``."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from nascast.cli._options import settings, whole_numbers
from nascast.cli._tables import check_target, marks, task_words, write

if TYPE_CHECKING:
    from nascast.benchmarks.table import TableSource
    from nascast.core.types import Task

__all__ = ["import_table"]


def import_table(
    file: Annotated[
        Path,
        typer.Argument(
            help="File with the records: .csv, .tsv or .txt, also packed (.gz, .bz2, .xz, .zip), "
            "or .parquet."
        ),
    ],
    architecture: Annotated[
        str, typer.Option(help="Column with the architectures, or two: adjacency+ops.")
    ],
    metric: Annotated[
        list[str],
        typer.Option(
            help="Metric and its column, once for each column: METRIC=COLUMN[,epoch=N][,seed=K]"
            "[,split=train|validation|test|none][,unit=U][,error][,missing=VALUE]"
            "[,minimize|maximize]; a column with a comma in double quotes."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Table to write, such as mine.nascast.")],
    notation: Annotated[
        str | None,
        typer.Option(help="Notation of the architectures, where several could be meant: naslib."),
    ] = None,
    space: Annotated[str, typer.Option(help="Search space, by its name.")] = "nasbench201",
    seconds_per_epoch: Annotated[
        str | None,
        typer.Option(
            help="Column with the training seconds of one epoch, or in a unit that its name ends "
            "with (time_ms, hours), or that stands behind it: time,unit=minutes."
        ),
    ] = None,
    seed_column: Annotated[
        str | None,
        typer.Option(help="Column that tells trainings apart, where each has a row of its own."),
    ] = None,
    epoch_column: Annotated[
        str | None, typer.Option(help="Column with the epoch, where each has a row of its own.")
    ] = None,
    first_epoch: Annotated[
        int, typer.Option(help="Number of the first epoch in that column, 1 or 0.")
    ] = 1,
    missing: Annotated[
        list[str] | None,
        typer.Option(help="Text in a field without a number, such as -1; an empty one always is."),
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(help="Decimal sign, point or comma; default: what the column shows."),
    ] = None,
    input_shape: Annotated[
        str | None,
        typer.Option(help="Shape of the images the networks were for: channels,height,width."),
    ] = None,
    classes: Annotated[int | None, typer.Option(help="Classes of the images.")] = None,
    words: Annotated[
        int | None, typer.Option(help="Words in the vocabulary, for networks that read text.")
    ] = None,
    skeleton: Annotated[
        str, typer.Option(help="Skeleton of the networks, such as channels=8,cells=3.")
    ] = "",
    separate_budgets: Annotated[
        bool,
        typer.Option(
            "--separate-budgets",
            help="Trainings of different epochs are separate ones, as in NAS-Bench-101.",
        ),
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="Name of the table; default: that of --out.")
    ] = None,
    source: Annotated[str, typer.Option(help="Source of the file, and its licence.")] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Replacement of a table that exists.")
    ] = False,
) -> None:
    """Turn a file with one architecture a row, or one training or epoch, into a benchmark table.

    Every row is checked; a bad one is named with its line, and nothing is written. An empty field
    is a training that is not there. A metric whose name does not say whether it is to be large or
    small needs minimize or maximize.

    Example: nascast benchmark import table.csv.gz --architecture arch_str
    --metric val_accuracy=val_acc_200,epoch=200 --metric params=params_M,unit=millions
    --seconds-per-epoch seconds --out nb201.nascast

    Example: nascast benchmark import long.csv --architecture arch --seed-column seed
    --epoch-column epoch --metric val_accuracy=acc,unit=fraction --input-shape 3,16,16 --classes 120
    --out mine.nascast
    """
    from nascast.benchmarks.imported import ColumnSpec, Layout, convert
    from nascast.benchmarks.table import read_table

    check_target(out, force)
    column, _, unit = (seconds_per_epoch or "").partition(",unit=")
    layout = Layout(
        architecture,
        tuple(ColumnSpec.parse(text) for text in metric),
        seconds_per_epoch=column or None,
        seconds_unit=unit or None,
        seed=seed_column,
        epoch=epoch_column,
        first_epoch=first_epoch,
        missing=tuple(missing or ()),
        decimal=decimal,
        notation=notation,
    )
    table = convert(
        file,
        space,
        layout,
        name=name or out.stem,
        task=_task(space, input_shape, classes, words, skeleton),
        separate=separate_budgets,
        source=source,
    )
    write(table, out)
    typer.echo(f"{out}: {len(read_table(out)):,} architectures; use it with --benchmark {out}")
    for line in _words(table):
        typer.echo(f"  {line}")


def _task(
    space: str, shape: str | None, classes: int | None, words: int | None, skeleton: str
) -> "Task | None":
    """Returns the task that the options say, or None if they say nothing."""
    from nascast.core import plugins
    from nascast.core.errors import InvalidSettingError
    from nascast.core.types import ImageTask, TextTask

    parts = settings(skeleton, "--skeleton")
    of_images = shape is not None or classes is not None
    if words is not None:
        if of_images:
            raise InvalidSettingError(
                "--words is for text, and --input-shape and --classes are for images; give one kind"
            )
        return TextTask(words, parts)
    usual = plugins.resolve("space", space).tasks or (ImageTask,)
    if not of_images and usual[0] is TextTask:
        return TextTask(skeleton=parts) if parts else None
    if not of_images and not parts:
        return None
    task = ImageTask(skeleton=parts)
    if shape is not None:
        numbers = whole_numbers(shape, "--input-shape")  # how many, the task checks
        task = replace(task, input_shape=cast(tuple[int, int, int], numbers))
    return task if classes is None else replace(task, classes=classes)


def _words(table: "TableSource") -> Iterator[str]:
    """Says what was made of a file."""
    import numpy as np

    for metric in table.metrics:
        values = table.values[metric.name]
        low, high, none = np.nanmin(values), np.nanmax(values), int(np.isnan(values).sum())
        at = f", epochs {marks(metric.epochs)}" if metric.epochs else ""
        at += f", {metric.seeds} seeds" if metric.seeds > 1 else ""
        holes = f", {none:,} of {values.size:,} not recorded" if none else ""
        yield (
            f"{metric.name}: {metric.aim}, {low:,.6g} to {high:,.6g} ({metric.unit}), "
            f"split {metric.split}{at}{holes}"
        )
    yield f"task: {task_words(asdict(table.task))}; {table.provenance['task']}"
    if table.separate:
        yield "trainings of different epochs are separate ones"
