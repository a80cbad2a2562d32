"""What a search space reads and writes: its own notation, and those of others for it."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from nascast.core import plugins
from nascast.core.errors import InvalidArchitectureError, InvalidSettingError, UnsupportedError
from nascast.core.literal import LONGEST, LiteralError
from nascast.core.notation import Notation, Reading, named, row_of_numbers, shown
from nascast.core.types import Bools, Genes
from nascast.core.wrapping import forms, plain, tidied

__all__ = ["Texts"]

_NUMBERS = re.compile(r"[\s\[(]*[0-9]+(?:\.0*)?[\s)]*[-,\s]")
_CASTS = re.compile(
    r"\b(?:\w+\.)*(?:array|asarray|matrix|tensor|list|tuple|u?int[0-9]*|float[0-9]*"
    r"|\w*EdgeDataView)\s*\("
)
_QUOTED_LONGEST = 5_000  # characters of a text that other spaces are asked about; chosen
_HEAD = 1000  # characters by which a text looks like a notation, casts left out; chosen


class Texts(ABC):
    """Rows as texts. A space gives `_parse` and `to_text`, and `dialects` where there are others.

    Attributes:
        name: the registered name of the space.
        cardinalities: ``(length,)``; gene i takes the values 0 … cardinalities[i] − 1.
        own: name of the notation that `to_text` writes, what it is in words, and what a text in it
            looks like, as a regular expression.
    """

    name: ClassVar[str]
    cardinalities: tuple[int, ...]
    own: ClassVar[tuple[str, str, str]] = ("text", "the notation of the space", "")

    @property
    def length(self) -> int:
        """Genes per architecture."""
        return len(self.cardinalities)

    @abstractmethod
    def is_valid(self, genes: Genes) -> Bools:
        """Returns ``(n,)``: whether each row is an architecture of this space."""

    @abstractmethod
    def check(self, genes: Genes) -> None:
        """Raises unless every row is an architecture of this space."""

    @abstractmethod
    def _explain(self, index: int, row: Genes) -> str: ...

    def to_text(self, genes: Genes) -> list[str]:
        """Returns each row in the notation of the benchmark; here genes joined by ``-``."""
        self.check(genes)
        return ["-".join(map(str, row)) for row in genes.tolist()]

    def from_text(self, texts: list[str], notation: str | None = None) -> Genes:
        """Reads what `to_text` writes, ``(n, length)``, and texts in the other notations.

        A space overrides `_parse` for its own notation, and `dialects` for others.

        Args:
            texts: each in any of the `notations`; they may differ.
            notation: name of the one in which all are written, where it is known.

        Raises:
            InvalidArchitectureError: a text is not of this space; the message quotes it, and says
                which notation it looks like and where the trouble is.
            InvalidSettingError: no notation has that name.
        """
        if isinstance(texts, str):
            raise InvalidArchitectureError(
                f"{self.name}: expected a list of texts; got {shown(texts)}"
            )
        genes = self._read_quickly(texts) if notation is None else None
        if genes is None:
            rows = [self.read(text, notation).genes for text in texts]
            genes = np.asarray(rows, dtype=np.int16).reshape(-1, self.length)
        bad = np.flatnonzero(~self.is_valid(genes))
        if len(bad):
            why = self._explain(int(bad[0]), genes[bad[0]])
            raise InvalidArchitectureError(f"{why}, from {shown(texts[bad[0]])}")
        return genes

    def _read_quickly(self, texts: list[str]) -> Genes | None:
        """Returns `_read`, or None where a text is written otherwise, or wrong."""
        try:
            return self._read(texts)
        except (InvalidArchitectureError, LiteralError, TypeError, AttributeError):
            return None  # the last two come of what is no text

    def _read(self, texts: list[str]) -> Genes:
        """Reads texts in the space's own notation as ``(n, length)``, which `from_text` checks."""
        rows = [self._parse(text) for text in texts]
        return np.asarray(rows, dtype=np.int16).reshape(-1, self.length)

    def _parse(self, text: str) -> list[int]:
        """Reads one text in the space's own notation as genes, which `from_text` checks."""
        try:
            return list(row_of_numbers(text, self.length))
        except LiteralError as error:
            raise InvalidArchitectureError(
                f"{self.name}: expected {self.length} small integers joined by '-'; "
                f"got {shown(text)}"
            ) from error

    def _tidied(self, text: str) -> str:
        """Returns a text without what may stand around the space's own notation and within it."""
        return tidied(text)

    def notations(self) -> tuple[Notation, ...]:
        """Returns the notations that the space reads, its own first, a row of genes last."""
        name, about, looks = self.own
        own = Notation(name, about, re.compile(looks), self._parse_loosely, self._write_own)
        genes = Notation(
            "genes",
            "genes as a list, or joined by '-'",
            _NUMBERS,
            partial(row_of_numbers, length=self.length),
            _write_genes,
        )
        return (own, *self.dialects(), genes)

    def dialects(self) -> Sequence[Notation]:
        """Returns the notations of others, those that are told most surely first."""
        return ()

    def _parse_loosely(self, text: str) -> list[int]:
        try:
            return self._parse(text)
        except InvalidArchitectureError as error:
            tidy = self._tidied(text)
            if tidy == text or len(text) > LONGEST:
                raise
            wrong = error
        try:
            return self._parse(tidy)
        except InvalidArchitectureError:
            raise wrong from None  # it quotes the text as it came

    def _write_own(self, row: Sequence[int]) -> str:
        return self.to_text(np.asarray([row], dtype=np.int16))[0]

    def read(self, text: str, notation: str | None = None) -> Reading:
        """Returns the genes of one text, and the notation in which it is written.

        The name of a notation and a colon may stand before it: ``naslib: (4, 0, 3, 1, 4, 3)``.

        Raises:
            InvalidArchitectureError: it is in none of the notations, or in several that do not
                agree.
            InvalidSettingError: no notation has that name.
        """
        if not isinstance(text, str):
            raise InvalidArchitectureError(
                f"{self.name}: expected a text; got a {type(text).__name__}"
            )
        try:
            return self.reading(text, notation)
        except InvalidArchitectureError as error:
            raise InvalidArchitectureError(f"{error}{_elsewhere(text, self.name)}") from error

    def reading(self, text: str, notation: str | None = None) -> Reading:
        """Returns what `read` does, without asking other spaces about a text that is none here."""
        first: InvalidArchitectureError | None = None
        for form in forms(text) if len(text) <= LONGEST else [text]:
            try:
                return self._read_form(form, text, notation)
            except InvalidArchitectureError as error:
                first = first or error
        assert first is not None
        raise first

    def _read_form(self, form: str, text: str, notation: str | None) -> Reading:
        """Returns what one form of a text says."""
        if notation is None:
            rest, chosen = named(form, self.notations())
        else:
            rest, chosen = form, [self._notation(notation)]
        if len(rest) > LONGEST:  # no notation of others is as long, and its parser need not see it
            chosen = chosen[:1]
        else:
            rest = plain(rest)
        found, wrong = self._found(rest, chosen)
        if len(found) == 1:
            return Reading(*next(iter(found.items())))
        raise InvalidArchitectureError(self._disagree(found, text) if found else self._best(wrong))

    def _found(
        self, text: str, notations: Sequence[Notation]
    ) -> tuple[dict[tuple[int, ...], Notation], list[tuple[bool, str]]]:
        """Returns the genes of a text by notations, and what is wrong in the others."""
        begins = text.lstrip()
        begins = _CASTS.sub("", begins[:_HEAD]) + begins[_HEAD:]
        found: dict[tuple[int, ...], Notation] = {}
        wrong: list[tuple[bool, str]] = []
        for place, one in enumerate(notations):
            looks = len(notations) == 1 or one.looks.match(begins) is not None
            if place and not looks:
                continue
            genes = self._try(one, text, wrong, looks)
            if genes is not None:
                found.setdefault(genes, one)
            if found and not place:
                break  # the space's own notation goes before all others
        return found, wrong

    def _try(
        self, notation: Notation, text: str, wrong: list[tuple[bool, str]], looks: bool
    ) -> tuple[int, ...] | None:
        """Returns the genes of a text in a notation, or None, and what is wrong is added."""
        try:
            genes = tuple(notation.read(text))
        except LiteralError as error:
            wrong.append((looks, f"{self.name}: {notation.wrong(error, text, looks)}"))
            return None
        except InvalidArchitectureError as error:
            wrong.append((looks, str(error)))
            return None
        row = np.asarray([genes], dtype=np.int16)
        if self.is_valid(row)[0]:
            return genes
        wrong.append((looks, f"{self._explain(0, row[0])}, from {shown(text)}"))
        return None

    def _best(self, wrong: Sequence[tuple[bool, str]]) -> str:
        """Returns the message of the first notation that it looks like, or else of the own."""
        for looks, message in wrong:
            if looks:
                return message
        others = ", ".join(notation.name for notation in self.notations()[1:])
        return f"{wrong[0][1]}; also read are the notations {others}"

    def _disagree(self, found: dict[tuple[int, ...], Notation], text: str) -> str:
        ways = "; ".join(
            f"in the notation {one.name}, {one.about}, it is {self._write_own(genes)}"
            for genes, one in found.items()
        )
        name = next(iter(found.values())).name
        return (
            f"{self.name}: {shown(text)} can be read in {len(found)} ways: {ways}. Put the name of "
            f"the right one before it, as in {f'{name}: {text}'!r}"
        )

    def _notation(self, name: str) -> Notation:
        every = {notation.name: notation for notation in self.notations()}
        if name not in every:
            raise InvalidSettingError(
                f"{self.name} has no notation {name!r}; it has {', '.join(every)}"
            )
        return every[name]

    def write(self, genes: Genes, notation: str) -> list[str]:
        """Returns each row in a notation; see `notations`.

        Raises:
            InvalidSettingError: no notation has that name.
            UnsupportedError: the notation is only read.
        """
        self.check(genes)
        chosen = self._notation(notation)
        if chosen.write is None:
            writable = [n.name for n in self.notations() if n.write]
            raise UnsupportedError(
                f"{self.name}: the notation {notation} is only read; written are "
                + ", ".join(writable)
            )
        return [chosen.write(row) for row in genes.tolist()]


def _elsewhere(text: str, besides: str) -> str:
    """Returns in words which other spaces read a text, or else whose own notation it looks like."""
    if len(text) > _QUOTED_LONGEST:
        return ""
    spaces = [plugins.load("space", n) for n in plugins.builtin_names("space") if n != besides]
    readers = [f"{space.name} ({found})" for space in spaces if (found := _read_by(space, text))]
    if readers:
        return f"; it is an architecture of another space: {', '.join(readers)}"
    bare = plain(text).lstrip()
    like = [s for s in spaces if s.own[2] and re.match(s.own[2], bare)]
    if not like or re.match(plugins.load("space", besides).own[2] or "(?!)", bare):
        return ""
    return f"; it looks like {' or '.join(f'{s.own[1]} (space {s.name})' for s in like)}"


def _read_by(space: Texts, text: str) -> str:
    """Returns the name of the notation of a space that a text is in; empty if there is none."""
    try:
        name = space.reading(text).notation.name
    except InvalidArchitectureError:
        return ""
    return "" if name == "genes" else name  # a row of numbers could be of any space


def _write_genes(row: Sequence[int]) -> str:
    return "-".join(map(str, row))
