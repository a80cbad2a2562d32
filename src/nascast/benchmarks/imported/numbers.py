"""Numbers as people write them, where what is none is refused."""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from nascast.benchmarks.imported.files import Columns
from nascast.benchmarks.imported.layout import ColumnSpec
from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.metric import TIMES, bounds, quantity
from nascast.core.notation import shown
from nascast.core.types import Floats

__all__ = ["Reader"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_COMMA = re.compile(r"\s*[+-]?[0-9]+,[0-9]+\s*")
_GROUPS = re.compile(r"\s*[+-]?[0-9]{1,3}([.,'\x20\xa0\u202f][0-9]{3})+([.,][0-9]*)?\s*")
_WITH_MORE = re.compile(r"(?!-?1\.#)[^0-9#]{0,3}[0-9]+(?:[.,:][0-9]+)*\s*\S")  # 90.5 ± 0.2, 1.2M
# As other programs write an empty field; those that pandas takes for one.
_NOTHING = {"", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#na", "#n/a", "#n/a n/a"}
_NOTHING |= {f"{sign}1.#{name}" for sign in ("", "-") for name in ("ind", "qnan")}
_WHOLE = 2.0**53  # from here on every float is whole


@dataclass(frozen=True, slots=True)
class Reader:
    """Access to the numbers of a file.

    Attributes:
        table: columns of the file.
        missing: texts in a field without a number, besides an empty one.
        decimal: decimal sign, ``point`` or ``comma``; None is told from the column.
    """

    table: Columns
    missing: Collection[str] = ()
    decimal: str | None = None

    def values(self, spec: ColumnSpec) -> Floats:
        """Returns ``(rows,)`` numbers as they are stored, NaN where there is none.

        Fractions become percent, and errors that are to be accuracies 100 less them.

        Raises:
            CorruptDataError: a field is no number, or out of the bounds of its unit.
            InvalidSettingError: a column has no number at all; or all of its percents, or most of
                its accuracies, are at most 1, and nobody said that they are percent.
        """
        numbers = self._numbers(spec.column, (*self.missing, *spec.missing))
        exact = [None if n is None else _float(n) for n in numbers]
        stored = [None if n is None else _stored(n, spec) for n in numbers]
        low, high = bounds(spec.unit)
        for i, value in enumerate(exact):
            if value is not None and not (low <= value <= high and math.isfinite(stored[i] or 0)):
                self._refuse(i, spec, self.table[spec.column][i])
            if value is not None and spec.unit == "count" and value < _WHOLE and value % 1:
                self._refuse(i, spec, self.table[spec.column][i])
        found = np.array([math.nan if v is None else v for v in exact], dtype=np.float64)
        if np.isnan(found).all():
            raise InvalidSettingError(
                f"{self.table.path}: column {spec.column!r} has no number in any row"
            )
        if spec.unit == "percent" and not spec.stated and (which := _small(spec, found)):
            raise InvalidSettingError(
                f"{self.table.path}: {which} numbers of column {spec.column!r} are at most 1; say "
                f"unit=fraction (they are stored as percent) or unit=percent: "
                f"{spec.metric}={spec.column},unit=…"
            )
        return np.array([math.nan if v is None else v for v in stored], dtype=np.float64)

    def whole(self, column: str, what: str) -> list[int]:
        """Returns whole numbers from 0, such as epochs; none may be missing.

        Raises:
            CorruptDataError: a field is no whole number.
        """
        found = []
        for i, number in enumerate(self._numbers(column, self.missing)):
            value = math.nan if number is None else _float(number)
            if not (0 <= value < _WHOLE and value % 1 == 0):
                raise CorruptDataError(
                    f"{self.table.place(i)}: column {column!r} should be {what}, a whole number "
                    f"from 0; got {shown(self.table[column][i])}"
                )
            found.append(int(value))
        return found

    def _numbers(self, column: str, missing: Collection[str]) -> list[Decimal | None]:
        fields = self.table[column]
        comma = self._has_commas(column)
        marks = {mark.strip().lower() for mark in missing} | _NOTHING
        sentinels = {value for mark in missing if (value := _number(mark, comma)) is not None}
        found: list[Decimal | None] = []
        for i, field in enumerate(fields):
            number = _read(field, comma)
            if number is None and not _is_empty(field, marks):
                raise CorruptDataError(
                    f"{self.table.place(i)}: column {column!r} should be a finite number; got "
                    f"{shown(field)}{self._hint(field, comma)}"
                )
            found.append(None if number is None or number in sentinels else number)
        return found

    def _has_commas(self, column: str) -> bool:
        """Whether numbers of a column have decimal commas."""
        if self.decimal is not None:
            return self.decimal == "comma"
        if self.table.separator != ";":
            return False
        texts = [text for text in self.table[column] if isinstance(text, str)]
        comma, point = (next((t for t in texts if mark in t), None) for mark in ",.")
        what = f"{column!r} has commas and points"
        if comma is None and point is not None:  # a thousand, where other columns have commas
            others = (field for fields in self.table.columns.values() for field in fields)
            comma = next((t for t in others if isinstance(t, str) and _COMMA.fullmatch(t)), None)
            what = f"{column!r} has points, and another one decimal commas"
        if comma is not None and point is not None:
            raise InvalidSettingError(
                f"{self.table.path}: column {what}, as in {comma!r} and {point!r}; say which is "
                "the decimal sign (--decimal comma or point)"
            )
        return comma is not None

    def _hint(self, field: Any, comma: bool) -> str:
        if isinstance(field, str) and not comma and _number(field, comma=True) is not None:
            return "; if that is a decimal comma, say so (--decimal comma)"
        if isinstance(field, str) and _GROUPS.fullmatch(field):
            return "; separators between thousands are not read, so export it without them"
        if isinstance(field, str) and field.strip().endswith("%"):
            return "; write percent without the sign"
        if isinstance(field, str) and _WITH_MORE.match(field):
            return "; a field is a number and nothing else, so export it without what is beside it"
        marks = r"[^\W\d_]|[^\w\s.,]|^\s*\.\s*$"  # letters, or signs that stand for nothing
        if isinstance(field, str) and re.search(marks, field) and len(field) < 20:
            return f"; if it marks a training that is not there, say missing={field.strip()}"
        return ""

    def _refuse(self, row: int, spec: ColumnSpec, field: Any) -> None:
        low, high = bounds(spec.unit)
        within = f" from {low:g} to {high:g}" if math.isfinite(high) else f" of at least {low:g}"
        within = within if math.isfinite(low) else ""
        whole = "whole" if spec.unit == "count" else "finite"
        hint = ""
        value = _read(field, self._has_commas(spec.column))
        if value is not None and value < 0:
            hint = (
                f"; if it marks a training that is not there, say missing={value}; if numbers "
                "below zero are right, say unit=real"
            )
        elif spec.unit == "count":
            hint = "; say unit=millions, or what they are in"
        elif spec.unit == "fraction":
            hint = "; if they are percent, say unit=percent"
        raise CorruptDataError(
            f"{self.table.place(row)}: column {spec.column!r} should be a {whole} number{within} "
            f"({spec.unit}); got {shown(field)}{hint}"
        )


def _small(spec: ColumnSpec, found: Floats) -> str:
    """Returns how many of the percents are at most 1, in words, where that is doubtful."""
    above = found[found > 0]
    if len(above) and above.max() <= 1:
        return "all"
    accuracy = (known := quantity(spec.metric)) is not None and known.name == "accuracy"
    return "most" if accuracy and len(above) and np.median(above) <= 1 else ""


def _read(field: Any, comma: bool) -> Decimal | None:
    """Returns the number in a field; None where it is empty, or no number."""
    if isinstance(field, str):
        return _number(field, comma)
    if isinstance(field, bool) or not isinstance(field, int | float | Decimal):
        return None
    number = Decimal(repr(field)) if isinstance(field, float) else Decimal(field)
    return None if number.is_nan() else number


def _number(text: str, comma: bool) -> Decimal | None:
    """Reads ASCII digits with one decimal sign and an exponent; no groups, no other scripts."""
    text = text.strip()  # also of blanks that do not break, as web pages have them
    if comma:
        text = "x" if "." in text else text.replace(",", ".", 1)
    if not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _is_empty(field: Any, marks: Collection[str]) -> bool:
    if isinstance(field, str):
        return field.strip().lower() in marks
    return field is None or (isinstance(field, float | Decimal) and field != field)


def _float(number: Decimal) -> float:
    """Returns the nearest float; what is too large for one is infinite."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _stored(number: Decimal, spec: ColumnSpec) -> float:
    """Returns what a table has: fractions in percent, an error as an accuracy, exactly rounded."""
    if spec.unit == "fraction":
        number *= 100
    if spec.error:
        number = 100 - number
    if spec.metric == "seconds" and spec.unit in TIMES:
        number *= Decimal(TIMES[spec.unit])
    return _float(number)
