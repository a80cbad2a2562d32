"""``nascast show``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from nascast.core.errors import UnsupportedError

__all__ = ["show"]


def show(
    architecture: Annotated[str, typer.Argument(help="Architecture in the notation of its space.")],
    space: Annotated[
        str, typer.Option(help="Search space by its registered name.")
    ] = "nasbench201",
    benchmark: Annotated[
        str | None, typer.Option(help="Benchmark whose records of it are shown, too.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="File for a picture of its graph, .svg or .png.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of tables.")] = False,
) -> None:
    """Show one architecture: its genes, canonical form, graph, size and records.

    Example: nascast show "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    --picture cell.svg
    """
    facts, graph = _facts(architecture, space)
    if picture is not None:
        _draw(architecture, space, picture)
        facts["picture"] = str(picture)
    if benchmark is not None:
        facts["records"] = _records(facts["genes"], space, benchmark)
    if as_json:
        typer.echo(json.dumps(facts, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", "", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.columns[1].overflow = "fold"
    records = facts.pop("records", {})
    for key, value in {**facts, **records}.items():
        text = f"{value:,}" if isinstance(value, int) else f"{value}"
        table.add_row(f"[bold]{key.replace('_', ' ')}[/bold]", text)
    console = Console()
    console.print(table)
    if graph:
        drawing = Table("vertex", "label", "reads", box=None, padding=(0, 2, 0, 0))
        for row in graph:
            drawing.add_row(*row)
        console.print()
        console.print(drawing)


def _facts(text: str, name: str) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    from nascast.core import plugins
    from nascast.core.types import ImageTask

    space = plugins.load("space", name)
    genes = space.from_text([text])
    canonical = space.canonical(genes)
    facts: dict[str, Any] = {
        "space": name,
        "architecture": text,
        "genes": genes[0].tolist(),
        "canonical": space.to_text(canonical)[0],
        "neighbors": len(space.neighbors(genes[0])),
    }
    try:
        network = space.build(space.architecture(genes[0]), ImageTask())
        facts["parameters"] = sum(p.numel() for p in network.parameters())
    except UnsupportedError:
        pass
    try:
        graph = space.graphs(genes)
    except UnsupportedError:
        return facts, []
    rows = []
    for v, label in enumerate(graph.labels[0]):
        if label >= 0:
            reads = ", ".join(str(u) for u in range(v) if graph.adjacency[0, u, v])
            rows.append((str(v), graph.vocabulary[label], reads))
    return facts, rows


def _draw(text: str, name: str, path: Path) -> None:
    from nascast.core import plugins
    from nascast.report.drawing import draw

    space = plugins.load("space", name)
    draw(space.graphs(space.from_text([text])), f"{name}\n{text}", path)


def _records(genes: list[int], space: str, benchmark: str) -> dict[str, Any]:
    import numpy as np

    from nascast.core.errors import InvalidSettingError
    from nascast.studies.records import open_benchmark

    table = open_benchmark(benchmark)
    if table.space.name != space:
        raise InvalidSettingError(f"{benchmark} is of the space {table.space.name}, not {space}")
    row = np.asarray([genes], dtype=np.int16)
    return {
        f"{name} ({metric.unit})": round(float(table.query(row, name)[0]), 4)
        for name, metric in table.metrics.items()
    }
