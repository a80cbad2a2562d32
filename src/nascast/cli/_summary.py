"""The summary that ``nascast search`` prints at its end."""

from collections.abc import Mapping
from typing import Any

from nascast.cli._columns import fitted

__all__ = ["print_summary"]


def print_summary(rows: list[dict[str, Any]], aims: list[str], files: str) -> None:
    """Prints a row for each strategy, under what is looked for, and the files written."""
    from rich.console import Console

    console = Console()
    console.print(", ".join(aims), highlight=False, markup=False)
    shown = [key for key in (rows[0] if rows else ()) if any(row[key] is not None for row in rows)]
    shown = [key for key in shown if not key.endswith(("_sd", "seconds"))]
    if rows:
        columns = {_title(key): [_cell(row, key) for row in rows] for key in shown}
        idle = [] if any(row["failed"] for row in rows) else ["failed"]
        spare = [*idle, "seeds", _title("thinking"), "trials"]
        console.print(fitted(columns, spare, console.width), highlight=False)
    console.print(f"written: {files}", highlight=False, markup=False)


def _title(key: str) -> str:
    return "thinking\n(s)" if key == "thinking" else key.replace("_mean", "").replace("_", " ")


def _cell(row: Mapping[str, Any], key: str) -> str:
    value, spread = row[key], row.get(key.replace("_mean", "_sd")) if "_mean" in key else None
    if value is None:
        return ""
    text = f"{value:,.2f}" if isinstance(value, float) else str(value)
    return f"{text} ± {spread:.2f}" if isinstance(spread, float) else text
