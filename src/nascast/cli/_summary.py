"""The summary that ``nascast search`` prints at its end."""

from typing import Any

__all__ = ["print_summary"]


def print_summary(rows: list[dict[str, Any]], aims: list[str], files: str) -> None:
    """Prints a row for each strategy, under what is looked for, and the files written."""
    from rich.console import Console
    from rich.table import Table

    shown = [key for key in (rows[0] if rows else ()) if any(row[key] is not None for row in rows)]
    shown = [key for key in shown if not key.endswith(("_sd", "seconds"))]
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for key in shown:
        name = key == "strategy"  # long where settings differ; numbers are never cut
        title = {"thinking": "thinking (s)"}.get(key, key.replace("_mean", "").replace("_", " "))
        table.add_column(
            title, justify="left" if name else "right", no_wrap=not name, overflow="fold"
        )
    for row in rows:
        table.add_row(
            *(
                _cell(row[key], row.get(key.replace("_mean", "_sd")) if "_mean" in key else None)
                for key in shown
            )
        )
    console = Console()
    console.print(", ".join(aims), highlight=False, markup=False)
    console.print(table)
    console.print(f"written: {files}", highlight=False, markup=False)


def _cell(value: Any, spread: Any) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    text = f"{value:,.2f}" if isinstance(value, float) else escape(str(value))
    return f"{text} ± {spread:.2f}" if isinstance(spread, float) else text
