"""Tables of any report, as texts and numbers that the templates lay out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nascast.report.figures import Look

__all__ = ["Cell", "Heading", "Row", "Table", "facts"]


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column.

    Attributes:
        title: title of the column.
        about: meaning of the column, for the tooltip.
        first: order of a first click, ``ascending`` or ``descending``; empty for texts.
    """

    title: str
    about: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: text that is shown.
        value: number to sort by, where the column has numbers; NaN comes last.
        deviation: deviation after the text, behind a ±; empty for none.
        look: look whose marker stands before the text.
        best: whether the text is emphasised.
        tick: whether a check mark stands in place of the text.
        code: whether the text is in the letters of code.
        more: further lines.
    """

    text: str
    value: float | None = None
    deviation: str = ""
    look: Look | None = None
    best: bool = False
    tick: bool = False
    code: bool = False
    more: Sequence[str] = ()

    @property
    def known(self) -> bool:
        """Whether there is a number to sort by."""
        return self.value is not None and math.isfinite(self.value)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table; `pareto` marks it."""

    cells: Sequence[Cell]
    pareto: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be sorted; its rows are in the order of column `order`."""

    head: Sequence[Heading]
    rows: Sequence[Row]
    order: int


def facts(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns names and values in words."""
    return [(name.replace("_", " "), _plain(value)) for name, value in values.items()]


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return "–" if value is None else str(value)
