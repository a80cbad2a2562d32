"""``nascast show``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nascast.cli._options import check_free, settings
from nascast.core.document import document
from nascast.core.errors import InvalidSettingError

if TYPE_CHECKING:
    from nascast.core.notation import Reading
    from nascast.core.space import SearchSpace
    from nascast.core.types import Genes, Task

__all__ = ["show"]


def show(
    architecture: Annotated[str, typer.Argument(help="Architecture in any notation of its space.")],
    space: Annotated[str, typer.Option(help="Registered name of the space.")] = "nasbench201",
    benchmark: Annotated[
        str | None, typer.Option(help="Benchmark whose records are also printed.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="File, .svg or .png, that the graph is also drawn into.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replacement of a picture that exists.")
    ] = False,
    skeleton: Annotated[
        str, typer.Option(help="Changes to the network that is counted: channels=8,cells=1.")
    ] = "",
    read_as: Annotated[
        str | None,
        typer.Option("--from", help="Notation it is written in, where several would do."),
    ] = None,
    write_as: Annotated[
        str | None, typer.Option("--as", help="Notation to convert to; only the text is printed.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Show one architecture: its notation, genes, canonical form, graph, size and records.

    Example: nascast show "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    --picture cell.svg
    """
    import numpy as np

    from nascast.core import plugins
    from nascast.report.drawing import check_picture

    if picture is not None:
        check_picture(picture)
        check_free(picture, force, option="--picture")
    elif force:
        raise InvalidSettingError("--force is for --picture")
    cells: SearchSpace = plugins.load("space", space)
    reading = cells.read(architecture, read_as)
    genes = np.asarray([reading.genes], dtype=np.int16)
    if write_as is not None and not as_json:
        typer.echo(cells.write(genes, write_as)[0])
        return
    facts = _facts(cells, architecture, reading)
    facts |= _size(cells, genes, skeleton)
    if write_as is not None:
        facts["converted"] = {"notation": write_as, "text": cells.write(genes, write_as)[0]}
    if picture is not None:
        _draw(cells, genes, picture)
        facts["picture"] = str(picture)
    if benchmark is not None:
        facts["records"] = _records(facts["genes"], space, benchmark)
    if as_json:
        typer.echo(document(facts, indent=1))
        return
    _print(facts, _vertices(cells, genes))


def _print(facts: dict[str, Any], graph: list[tuple[str, str, str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.columns[1].overflow = "fold"
    records = facts.pop("records", {})
    for key, value in {**facts, **records}.items():
        text = f"{value:,}" if isinstance(value, int) else f"{value}"
        table.add_row(f"[bold]{key.replace('_', ' ')}[/bold]", escape(text))
    console = Console()
    console.print(table)
    if graph:
        drawing = Table("vertex", "label", "reads", box=None, padding=(0, 2, 0, 0))
        for row in graph:
            drawing.add_row(*row)
        console.print()
        console.print(drawing)


def _facts(space: "SearchSpace", text: str, reading: "Reading") -> dict[str, Any]:
    import numpy as np

    genes = np.asarray([reading.genes], dtype=np.int16)
    return {
        "space": space.name,
        "architecture": text,
        "notation": reading.notation.name,
        "written_as": reading.notation.about,
        "text": space.to_text(genes)[0],
        "genes": genes[0].tolist(),
        "canonical": space.to_text(space.canonical(genes))[0],
        "neighbors": len(space.neighbors(genes[0])),
    }


def _size(space: "SearchSpace", genes: "Genes", skeleton: str) -> dict[str, Any]:
    """Returns what the network of the benchmark, or with another skeleton, costs."""
    from nascast.core.errors import UnsupportedError

    if not space.tasks:
        if skeleton:
            raise UnsupportedError(f"the space {space.name} has no networks to count")
        return {}
    import torch

    from nascast.networks.counting import count
    from nascast.networks.footprint import footprint
    from nascast.networks.forward import example

    task = space.tasks[-1](skeleton=settings(skeleton, "--skeleton"))  # of recurrent cells: text
    inputs = example(task)
    with torch.device("meta"):  # no weights are drawn for what is only counted
        network = space.build(space.architecture(genes[0]), task)
    shape = tuple(inputs.shape[1:])
    counts, found = count(network, shape, inputs.dtype), footprint(network, shape, inputs.dtype)
    return {
        "network": _words(space, task),
        "parameters": counts.parameters,
        "multiply_adds": counts.multiply_adds,
        "live_multiply_adds": counts.live_multiply_adds,
        "depth": found.depth,
        "memory_bytes": found.memory_bytes,
        "weight_bytes": found.weight_bytes,
        "activation_bytes": found.activation_bytes,
    }


def _words(space: "SearchSpace", task: "Task") -> str:
    """Returns in words what network is counted."""
    from nascast.core.types import ImageTask

    if isinstance(task, ImageTask):
        shape = "×".join(map(str, task.input_shape))
        about = f"one image of {shape}, {task.classes} classes"
    else:
        about = f"one of {task.words:,} words"
    whole = {**space.skeleton(type(task)), **task.skeleton}
    return f"{about}; {', '.join(f'{key}={value}' for key, value in whole.items())}"


def _vertices(space: "SearchSpace", genes: "Genes") -> list[tuple[str, str, str]]:
    """Returns number, label and inputs of each vertex of the graph, if there is one."""
    from nascast.core.errors import UnsupportedError

    try:
        graph = space.graphs(genes)
    except UnsupportedError:
        return []
    rows = []
    for v, label in enumerate(graph.labels[0]):
        if label >= 0:
            reads = ", ".join(str(u) for u in range(v) if graph.adjacency[0, u, v])
            rows.append((str(v), graph.vocabulary[label], reads))
    return rows


def _draw(space: "SearchSpace", genes: "Genes", path: Path) -> None:
    from nascast.report.drawing import draw

    draw(space.graphs(genes), f"{space.name}\n{space.to_text(genes)[0]}", path)


def _records(genes: list[int], space: str, benchmark: str) -> dict[str, Any]:
    import numpy as np

    from nascast.studies.records import open_benchmark

    table = open_benchmark(benchmark)
    if table.space.name != space:
        raise InvalidSettingError(f"{benchmark} is of the space {table.space.name}, not {space}")
    row = np.asarray([genes], dtype=np.int16)
    return {
        f"{name} ({metric.unit})": round(float(table.query(row, name)[0]), 4)
        for name, metric in table.metrics.items()
    }
