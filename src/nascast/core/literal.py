"""Values as Python and JSON write them, read by a grammar of our own: nothing in a text is run.

Beside plain values there are calls, such as ``Genotype(normal=[…])``, whose name and arguments are
kept; ``range`` and slices, also with sums in them, and calls that only change the type of a value,
such as ``list(…)``, ``np.array(…)`` and ``….tolist()``, are what they stand for; a set is a list of
its values, ``*range(…)`` in a list is spread out, and lists with ``+`` between them are one. Lists
may leave out their commas, as NumPy prints them, and words their quotes.
"""

import re

from nascast.core.calls import called, is_range, result
from nascast.core.value import Literal, LiteralError, Plain

__all__ = ["LONGEST", "Literal", "LiteralError", "parse_literal"]

LONGEST = 100_000  # characters, several times the longest genotype; chosen
_DEEPEST = 12  # lists in lists; the deepest notation has 5; chosen

_BLANK = re.compile(r"\s*")
_COMMA = re.compile(r"\s*,\s*")
_NEXT = re.compile(r"\s*,\s*|[^\S\n]*\n\s*(?=[\[(])")  # also a line between two lists
_NUMBER = re.compile(
    r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,2})?(?!\w)"
)
_WORD = re.compile(r"[A-Za-z_][\w.-]*(?<![.-])", re.ASCII)
_STRING = re.compile(r"[bBrRuU]?(?:'([^'\\\n]*)'|\"([^\"\\\n]*)\")")
_CLASS = re.compile(r"<(?:class|function) [^<>\n]{0,100}>")  # as a defaultdict prints its own
_KEY = re.compile(r"([A-Za-z_]\w*)\s*(?::\s*\w+\s*=|[:=])(?!=)\s*", re.ASCII)
_WORDS: dict[str, Plain] = {"None": None, "null": None, "True": True, "False": False}
_WORDS |= {"true": True, "false": False}
_COLON = re.compile(r"\s*:\s*")
_SEMICOLON = re.compile(r"\s*;\s*")
_SIGN = re.compile(r"\s*([-+*])\s*")  # between numbers of a range
_TIMES = re.compile(r"\s*\*\s*")
_JOIN = re.compile(r"\s*\+\s*(?=[\[(]|list\(|range\()")
_METHOD = re.compile(r"\.(?:tolist|numpy|cpu|detach|copy)\(\s*\)")
_EACH = re.compile(  # [i for i in …], [2 + i for i in …], [i - 1 for i in …]
    r"\[\s*(?:(?P<more>[0-9]{1,3})\s*\+\s*)?(?P<name>[A-Za-z_]\w*)"
    r"(?:\s*(?P<sign>[-+])\s*(?P<other>[0-9]{1,3}))?"
    r"\s+for\s+(?P=name)\s+in\s+(?=[\w\[(])",
    re.ASCII,
)
_BOUND = r"\s{0,9}(-?[0-9]{1,3}|)\s{0,9}"  # with few blanks, which could be of either side
_SLICE = re.compile(rf"\[{_BOUND}:{_BOUND}(?::\s{{0,9}}(-?[1-9][0-9]{{0,2}}|)\s{{0,9}})?\]")
_CLOSING = {"[": "]", "(": ")", "{": "}"}


def parse_literal(text: str) -> Literal:
    """Returns the value that a text is, of at most 100,000 characters and 12 levels.

    ``NAME = value``, as values stand in source files, is the value; several of them are the keys
    and values of a dictionary.

    Raises:
        LiteralError: naming what was expected, and where.
    """
    if len(text) > LONGEST:
        raise LiteralError(
            f"a text of {len(text):,} characters; at most {LONGEST:,} are read", LONGEST
        )
    return _Reader(text).whole()


class _Reader:
    """Reads a text from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.summing = False  # whether numbers may have signs between them

    def whole(self) -> Literal:
        self._match(_BLANK)
        begin, keyed = self.at, self._pairs_without_braces()
        if len(keyed) == 1:
            found = keyed[0][1]
        else:
            found = Literal(begin, keyed=keyed) if keyed else self._values()
        rest = self.text[self.at :].strip().rstrip(",;")
        if rest:
            raise LiteralError(f"expected the end; got {_start(rest)}", self.at)
        return found

    def _values(self) -> Literal:
        """Reads a value, or several with commas between them, which are a tuple."""
        begin, found = self.at, [self.value()]
        while self._match(_NEXT) and self.at < len(self.text):
            found.append(self.value())
        return found[0] if len(found) == 1 else Literal(begin, tuple(found))

    def _pairs_without_braces(self) -> tuple[tuple[Literal, Literal], ...]:
        found = []
        while key := _KEY.match(self.text, self.at):
            self.at = key.end()
            found.append((Literal(key.start(), key[1]), self.value()))
            if not self._match(_COMMA) and not self._match(_SEMICOLON):
                self._match(_BLANK)
        return tuple(found)

    def value(self) -> Literal:
        """Reads a value, and what stands behind it that does not change it or is easily done."""
        found = self._single()
        while True:
            if self._match(_METHOD):
                continue
            if found.listed and self._next() == "[":
                found = self._part(found)
            elif found.listed and self._match(_JOIN):
                parts = [*found.items(), *self._single().items()]
                while self._match(_JOIN):
                    parts += self._single().items()
                found = Literal(found.at, tuple(parts))
            elif self.summing and type(found.value) is int and (sign := self._match(_SIGN)):
                found = Literal(found.at, result(found, sign[1], self._operand(sign[1])))
            else:
                return found

    def _operand(self, sign: str) -> Literal:
        """Reads what stands behind a sign; behind a plus or a minus, that is a whole product."""
        found = self._single()
        while sign != "*" and self._match(_TIMES):
            found = Literal(found.at, result(found, "*", self._single()))
        return found

    def _single(self) -> Literal:
        begin = self.at
        if each := self._match(_EACH):
            inside = self.value()
            self._match(_BLANK)
            if self._next() != "]":
                raise LiteralError(f"expected ']' for the {each[0][:1]!r}", begin)
            self.at += 1
            more = int(each["more"] or 0) + int(f"{each['sign'] or ''}{each['other'] or 0}")
            if not more:
                return Literal(begin, inside.items())
            return Literal(begin, tuple(Literal(v.at, v.whole() + more) for v in inside.items()))
        if self._next() in _CLOSING:
            return self._nested(begin)
        if found := self._match(_STRING):
            return Literal(begin, found[found.lastindex or 1])
        if self._match(_CLASS):
            return Literal(begin)
        if found := self._match(_NUMBER):
            plain = int(found[0]) if re.fullmatch("[-+]?[0-9]+", found[0]) else float(found[0])
            return Literal(begin, plain)
        if not (found := self._match(_WORD)):
            rest = self.text[self.at :]
            raise LiteralError(f"expected a value; got {_start(rest) or 'the end'}", self.at)
        if self._next() == "(":
            return self._call(found[0], begin)
        if found[0].rpartition(".")[2] == "r_" and self._next() == "[":
            return self._nested(begin, sliced=True)
        return Literal(begin, _WORDS.get(found[0], found[0]))

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def _nested(self, begin: int, sliced: bool = False) -> Literal:
        """Reads what stands in brackets; one value in round ones without a comma is itself.

        Behind a list, or where it is `sliced`, a colon is of a range; elsewhere it is a slip.
        """
        opening = self._next()
        values, keyed, commas = self._inside(opening)
        if opening == "{":
            if values and keyed:
                raise LiteralError("expected a key and a colon", values[0].at)
            return Literal(begin, tuple(values)) if values else Literal(begin, keyed=tuple(keyed))
        if sliced and len(keyed) == 1 and not values:
            return called("range", begin, list(keyed[0]), ())
        if keyed:
            raise LiteralError(f"a key is not expected in {opening}", keyed[0][0].at)
        if opening == "(" and len(values) == 1 and not commas:
            return values[0]
        return Literal(begin, tuple(values))

    def _inside(self, opening: str) -> tuple[list[Literal], list[tuple[Literal, Literal]], int]:
        """Reads from an opening mark to the closing one; also returns how many commas there are."""
        begin, closing = self.at, _CLOSING[opening]
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LiteralError(f"nested too deeply; at most {_DEEPEST} levels are read", begin)
        self.at += 1
        values: list[Literal] = []
        keyed: list[tuple[Literal, Literal]] = []
        commas = 0
        self._match(_BLANK)
        while self._next() != closing:
            if not self._next():
                raise LiteralError(f"expected {closing!r} for the {opening!r}", begin)
            self._element(values, keyed)
            if self._match(_COMMA):
                commas += 1
                continue
            before = self.at
            self._match(_BLANK)
            if self.at == before and self._next() not in ("", closing):
                rest = _start(self.text[self.at :])
                raise LiteralError(f"expected a comma or {closing!r}; got {rest}", self.at)
        self.at += 1
        self.depth -= 1
        return values, keyed, commas

    def _element(self, values: list[Literal], keyed: list[tuple[Literal, Literal]]) -> None:
        if named := _KEY.match(self.text, self.at):  # normal=…, and normal: … without quotes
            key = Literal(self.at, named[1])
            self.at = named.end()
            keyed.append((key, self.value()))
            return
        if self._next() == "*":
            self.at += 1
            values.extend(self.value().items())
            return
        found = self.value()
        if self._match(_COLON):
            keyed.append((found, self.value()))
        else:
            values.append(found)

    def _part(self, listed: Literal) -> Literal:
        """Reads a slice behind a list, such as ``[2:]``."""
        found = self._match(_SLICE)
        if not found:
            raise LiteralError("expected a slice such as [2:6] behind a list", self.at)
        first, last, step = (int(bound) if bound else None for bound in found.groups())
        return Literal(listed.at, listed.items()[first:last:step])

    def _call(self, name: str, begin: int) -> Literal:
        before, self.summing = self.summing, is_range(name)
        values, keyed, _ = self._inside("(")
        self.summing = before
        return called(name, begin, values, keyed)


def _start(text: str) -> str:
    """Returns how a text begins, in quotes."""
    return repr(text[:20]) if text else ""
