"""Tables for a terminal of any width."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["fitted"]

_GAP = 1


def fitted(columns: Mapping[str, Sequence[str]], spare: Sequence[str], width: int) -> "Table":
    """Returns a table that fits into a terminal.

    The first column has names, which stay whole; the settings behind them are folded. The others
    have numbers, which are neither cut nor folded.

    Args:
        columns: cells of each column by its title, which may have two lines.
        spare: titles of columns that go where there is no room, the first one first.
        width: letters in a line of the terminal.
    """
    from rich.table import Table
    from rich.text import Text

    names, *_ = columns
    least = {title: _width(title, cells) for title, cells in columns.items()}
    least[names] = _width(names, [cell.partition("(")[0] for cell in columns[names]])
    for title in spare:
        if sum(least.values()) + _GAP * len(least) <= width:
            break
        least.pop(title, None)
    table = Table(box=None, header_style="bold", padding=(0, _GAP, 0, 0))
    table.add_column(names, overflow="fold", min_width=least[names])
    for title in list(least)[1:]:
        table.add_column(title, justify="right", no_wrap=True, min_width=least[title])
    for cells in zip(*(columns[title] for title in least), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _width(title: str, cells: Sequence[str]) -> int:
    return max(map(len, [*title.split("\n"), *cells]))
