"""Notations: how the field writes architectures of a space, each read by a small parser."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nascast.core.literal import LiteralError, parse_literal

__all__ = ["OFFICIAL_INDEX", "Notation", "Reading", "named", "row_of_numbers", "shown"]

# A number of the official API, also as its files are named, and as people call a cell by it: 284,
# arch_index: 284, arch_284, cell 284, #284, np.int64(284), 000284-FULL.pth, 000284.pickle.pbz2. Of
# an id, a model or an epoch it could be the number of something else.
OFFICIAL_INDEX = (
    r"\s*(?:(?:[^\s/\\]*[/\\])+(?=(?:arch-)?[0-9]{6}(?:-[A-Z]+)?\.p))?"  # folders of a file
    r"(?:(?i:(?:arch(?:itecture)?|cell)(?:[\s_-]?(?:index|idx|id|no\.?))?|index|idx)"
    r"(?:\s*[:=#]\s*(?:#\s*)?|[\s_]+(?:#\s*)?|-|(?=[0-9]))"
    r"|#\s*|[\[(]\s*|(?:\w+\.)?(?:u?int(?:[0-9]+_?)?|tensor|array)\(\s*\[?)?"
    r"(?P<index>[0-9]{1,9})(\.0*)?"
    r"(?:(?<![0-9]{7})(?<=[0-9]{6})(?:-[A-Z]+)?\.(?:pth|pickle(?:\.pbz2)?)|-FULL(?:\.pth)?"
    r"|\s*(?:\]\s*)?(?:,\s*(?:dtype|device)\s*=\s*['\"]?[\w.:]+['\"]?\s*)*[\])])?\s*$"
)
_SHOWN = 5000  # characters of a text that a message quotes; chosen
_NEAR = 30  # characters around the place of the trouble; chosen


@dataclass(frozen=True, slots=True)
class Notation:
    """One way to write the architectures of a space.

    Attributes:
        name: lower case, such as ``official_index``.
        about: what it is and who writes it so, in words.
        looks: a text in which it is found looks like this notation; it is tried on such texts only,
            and named where one cannot be read.
        read: returns the genes of a text, and raises `LiteralError` where there are none.
        write: returns the text of genes; None where the notation is only read.
    """

    name: str
    about: str
    looks: re.Pattern[str]
    read: Callable[[str], Sequence[int]]
    write: Callable[[Sequence[int]], str] | None = None

    def wrong(self, error: LiteralError, text: str, looks: bool = True) -> str:
        """Returns in words what is wrong with a text, and where; `looks` like this notation."""
        place = ""
        if error.at is not None:
            near = text[max(0, error.at - _NEAR) : error.at + _NEAR]
            place = f", at character {error.at + 1}, near {near!r}"
        begins = "this looks like" if looks else "expected"
        return f"{begins} {self.about} ({self.name}); {error.why}{place}; got {shown(text)}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says.

    Attributes:
        genes: the row, as a value.
        notation: the one it is written in.
    """

    genes: tuple[int, ...]
    notation: Notation


def named(text: str, notations: Sequence[Notation]) -> tuple[str, Sequence[Notation]]:
    """Returns a text without the name of a notation before it, and the notations it may be in.

    ``naslib: (4, 0, 3, 1, 4, 3)`` is in the notation ``naslib``, and in no other.
    """
    head, colon, rest = text.partition(":")
    chosen = [notation for notation in notations if colon and notation.name == head.strip()]
    return (rest, chosen) if chosen else (text, notations)


def row_of_numbers(text: str, length: int) -> tuple[int, ...]:
    """Returns a row of genes that is written as a list, or joined by ``-``.

    Raises:
        LiteralError: it is none of this length.
    """
    if re.fullmatch(r"\s*[0-9]{1,5}(?:\s*-\s*[0-9]{1,5})*\s*", text):
        numbers = [int(part) for part in text.split("-")]
    else:
        numbers = [item.whole("a gene") for item in parse_literal(text).items()]
    if len(numbers) != length:
        raise LiteralError(f"expected {length} genes; got {len(numbers)}")
    if not all(0 <= number < 2**15 for number in numbers):
        raise LiteralError("genes are small numbers from 0")
    return tuple(numbers)


def shown(text: object) -> str:
    """Returns a text in quotes, for messages; of a long one only how it begins."""
    if not isinstance(text, str) or len(text) <= _SHOWN:
        return repr(text)
    return f"{text[:200]!r}… ({len(text):,} characters)"
