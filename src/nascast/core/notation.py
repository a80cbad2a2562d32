"""Notations: how the field writes architectures of a space, each read by a small parser."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nascast.core.literal import LiteralError, parse_literal

__all__ = ["Notation", "Reading", "named", "plain", "row_of_numbers", "shown", "tidied"]

_SHOWN = 5000  # characters of a text that a message quotes; chosen
_NEAR = 30  # characters around the place of the trouble; chosen
_LOOSE = re.compile(r"(?<!\w)\s+|\s+(?!\w)")  # blanks that keep no two words apart
_MARKS = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛＇", "'"),  # as word processors write them
        **dict.fromkeys("“”„‟＂", '"'),
        **dict.fromkeys("\ufeff\u200b\u200c\u200d\u2060\xa0", " "),  # nobody sees them
        "∼": "~",
        "｜": "|",
    }
)
_TIME = re.compile(  # as it stands before each line of a log
    r"\s*[0-9]{1,4}[-/.][0-9]{1,2}\S*\s+[0-9]{1,2}:[0-9]{2}\S*\s+(?:[AaPp][Mm]\s+)?(?=[A-Za-z])"
)
_COMMENT = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|(#[^\n]*)")
_QUOTED = re.compile(
    r"\s*(?:-\s+)?(?:(['\"]?)[A-Za-z_]\w*\1\s*(?::\s*\w+\s*=|[:=])\s*)?[bBfFrRuU]{0,2}"
    r"(\"\"\"|\'\'\'|['\"`])(?P<inner>.*)\2\s*",
    re.DOTALL,
)


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

    def wrong(self, error: LiteralError, text: str) -> str:
        """Returns in words what is wrong with a text that looks like this notation, and where."""
        place = ""
        if error.at is not None:
            near = text[max(0, error.at - _NEAR) : error.at + _NEAR]
            place = f", at character {error.at + 1}, near {near!r}"
        return f"this looks like {self.about} ({self.name}); {error.why}{place}; got {shown(text)}"


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


def tidied(text: str) -> str:
    """Returns a text without what stands around it in a source file, and without needless blanks.

    That are blanks and line ends that keep no two words apart, a name and ``=`` before it, and
    quotes around it, with a comma or semicolon behind them.
    """
    text = text.strip()
    if assigned := re.match(r"[A-Za-z_]\w*\s*=(?!=)\s*", text):
        text = text[assigned.end() :]
    inner = text.rstrip(",; \t\n")
    if len(inner) > 1 and inner[0] == inner[-1] and inner[0] in "'\"":
        text = inner[1:-1].strip()
    return _LOOSE.sub("", text)


def plain(text: str) -> str:
    """Returns a text without what people copy along with it, and of the same length.

    Quotes of word processors become plain ones. Marks that nobody sees, comments from ``#`` to the
    end of a line, the time before a line of a log, commas and semicolons at the end, and a name and
    quotes around all of the text, such as ``arch = b'…',``, become blanks. So places in it are
    places in what was given.
    """
    text = text.translate(_MARKS)
    if time := _TIME.match(text):
        text = " " * time.end() + text[time.end() :]
    text = _COMMENT.sub(lambda found: " " * len(found[0]) if found[1] else found[0], text)
    text = text.rstrip(",; \t\r\n").ljust(len(text))
    if quoted := _QUOTED.fullmatch(text):
        inner, (begin, end) = quoted["inner"], quoted.span("inner")
        nested = re.fullmatch(r"\s*[\w.]*[\[({].*[\])}]\s*", inner, re.DOTALL)
        if quoted[2][0] not in inner or nested:
            text = " " * begin + inner + " " * (len(text) - end)
    return text


def shown(text: object) -> str:
    """Returns a text in quotes, for messages; of a long one only how it begins."""
    if not isinstance(text, str) or len(text) <= _SHOWN:
        return repr(text)
    return f"{text[:200]!r}… ({len(text):,} characters)"
