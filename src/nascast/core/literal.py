"""Values as Python and JSON write them, read by a grammar of our own: nothing in a text is run.

Beside plain values there are calls, such as ``Genotype(normal=[…])``, whose name and arguments are
kept; ``range`` and slices, also with sums in them, and calls that only change the type of a value,
such as ``list(…)``, ``np.array(…)`` and ``….tolist()``, are what they stand for; a set is a list of
its values, ``*range(…)`` in a list is spread out, and lists with ``+`` between them are one. Lists
may leave out their commas, as NumPy prints them, and words their quotes.
"""

import re
from dataclasses import dataclass

__all__ = ["LONGEST", "Literal", "LiteralError", "parse_literal"]

Plain = None | bool | int | float | str

LONGEST = 100_000  # characters, several times the longest genotype; chosen
_DEEPEST = 12  # lists in lists; the deepest notation has 5; chosen
_MOST = 1000  # values of a range; chosen

_BLANK = re.compile(r"\s*")
_COMMA = re.compile(r"\s*,\s*")
_NEXT = re.compile(r"\s*,\s*|[^\S\n]*\n\s*(?=[\[(])")  # also a line between two lists
_NUMBER = re.compile(
    r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})(?:[eE][-+]?[0-9]{1,2})?(?!\w)"
)
_WORD = re.compile(r"[A-Za-z_][\w.-]*(?<![.-])", re.ASCII)
_STRING = re.compile(r"'([^'\\\n]*)'|\"([^\"\\\n]*)\"")
_KEY = re.compile(r"([A-Za-z_]\w*)\s*(?::\s*\w+\s*=|[:=])(?!=)\s*", re.ASCII)
_WORDS: dict[str, Plain] = {"None": None, "null": None, "True": True, "False": False}
_WORDS |= {"true": True, "false": False}
_COLON = re.compile(r"\s*:\s*")
_SEMICOLON = re.compile(r"\s*;\s*")
_SIGN = re.compile(r"\s*([-+*])\s*")  # between numbers of a range
_TIMES = re.compile(r"\s*\*\s*")
_JOIN = re.compile(r"\s*\+\s*(?=[\[(]|list\(|range\()")
_METHOD = re.compile(r"\.(?:tolist|numpy|cpu|detach|copy)\(\s*\)")
_EACH = re.compile(r"\[\s*([A-Za-z_]\w*)\s+for\s+\1\s+in\s+(?=[\w\[(])", re.ASCII)  # [i for i in …]
_SLICE = re.compile(r"\[\s*(-?[0-9]{1,3}|)\s*:\s*(-?[0-9]{1,3}|)\s*\]")
_BOUNDS = ("start", "stop", "step")
_RANGES = ("range", "arange", "xrange", "slice")
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_SAME = {
    *("list", "tuple", "set", "frozenset", "array", "asarray", "tensor", "OrderedDict", "int"),
    *("matrix", "deque", "EdgeDataView", "OutEdgeDataView", "OutMultiEdgeDataView"),
    *("float", "str_"),
    *("int8", "int16", "int32", "int64", "uint8", "float32", "float64", "bool_"),
}


class LiteralError(ValueError):
    """What is wrong with a text, and where.

    Attributes:
        why: what was expected and what came, in words.
        at: the place in the text, in characters from 0; None where it is the whole.
    """

    def __init__(self, why: str, at: int | None = None) -> None:
        super().__init__(why)
        self.why, self.at = why, at


@dataclass(frozen=True, slots=True)
class Literal:
    """A value and its place.

    Attributes:
        at: where it begins in the text, in characters from 0.
        value: a plain value, or the values of a list, a tuple or the arguments of a call.
        name: of a call.
        keyed: keys and values of a dictionary, or named arguments; None for anything else.
    """

    at: int
    value: "Plain | tuple[Literal, ...]" = None
    name: str = ""
    keyed: "tuple[tuple[Literal, Literal], ...] | None" = None

    @property
    def listed(self) -> bool:
        """Whether it is a list or a tuple."""
        return isinstance(self.value, tuple) and not self.name and self.keyed is None

    def items(self, count: int | None = None, what: str = "a list") -> tuple["Literal", ...]:
        """Returns the values of a list or tuple.

        Raises:
            LiteralError: it is none, or of another length than `count`.
        """
        if not self.listed:
            raise LiteralError(f"expected {what}; got {self}", self.at)
        assert isinstance(self.value, tuple)
        if count is not None and len(self.value) != count:
            raise LiteralError(f"expected {what}, {count} values; got {len(self.value)}", self.at)
        return self.value

    def whole(self, what: str = "a whole number") -> int:
        """Returns a whole number, which may be written as 1, 1.0, True or '1'.

        Raises:
            LiteralError: it is none.
        """
        value = self.value
        if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
            return int(value)
        if isinstance(value, bool | int | float) and value == int(value):
            return int(value)
        raise LiteralError(f"expected {what}; got {self}", self.at)

    def word(self, what: str = "a name") -> str:
        """Returns a text.

        Raises:
            LiteralError: it is none.
        """
        if not isinstance(self.value, str):
            raise LiteralError(f"expected {what}; got {self}", self.at)
        return self.value

    def plain(self) -> object:
        """Returns the value with everything in it as Python's own; a call is its arguments."""
        if self.keyed is not None:
            return {str(key): value.plain() for key, value in self.keyed}
        if isinstance(self.value, tuple):
            return [item.plain() for item in self.value]
        return self.value

    def fields(self, *places: str) -> dict[str, "Literal"]:
        """Returns values by key, those of a dictionary or of the arguments of a call.

        Args:
            places: names of the arguments that have none, in their order.

        Raises:
            LiteralError: it has no keys, or one twice.
        """
        if self.keyed is None:
            raise LiteralError(f"expected keys and values; got {self}", self.at)
        given = self.value if isinstance(self.value, tuple) else ()
        if len(given) > len(places):
            raise LiteralError(f"expected {len(places)} arguments; got {len(given)}", self.at)
        found = dict(zip(places, given, strict=False))
        for key, value in self.keyed:
            if str(key) in found:
                raise LiteralError(f"{key} is there twice", key.at)
            found[str(key)] = value
        return found

    def field(self, key: str) -> "Literal":
        """Returns the value of a key.

        Raises:
            LiteralError: it has no keys, or not this one.
        """
        found = self.fields()
        if key not in found:
            raise LiteralError(f"there is no {key}; the keys are {', '.join(found)}", self.at)
        return found[key]

    def __str__(self) -> str:
        """The value in words, for messages; a key as a text."""
        if self.name:
            return f"{self.name}(…)"
        if self.keyed is not None:
            return "a dictionary"
        if not isinstance(self.value, tuple):
            return str(self.value)
        whole = len(self.value) <= 6 and not any(isinstance(v.value, tuple) for v in self.value)
        return ",".join(map(str, self.value)) if whole else f"a list of {len(self.value)}"


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
                found = Literal(found.at, _result(found, sign[1], self._operand(sign[1])))
            else:
                return found

    def _operand(self, sign: str) -> Literal:
        """Reads what stands behind a sign; behind a plus or a minus, that is a whole product."""
        found = self._single()
        while sign != "*" and self._match(_TIMES):
            found = Literal(found.at, _result(found, "*", self._single()))
        return found

    def _single(self) -> Literal:
        begin = self.at
        if each := self._match(_EACH):
            inside = self.value()
            self._match(_BLANK)
            if self._next() != "]":
                raise LiteralError(f"expected ']' for the {each[0][:1]!r}", begin)
            self.at += 1
            return Literal(begin, inside.items())
        if self._next() in _CLOSING:
            return self._nested(begin)
        if found := self._match(_STRING):
            return Literal(begin, found[found.lastindex or 1])
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
            return self._range(list(keyed[0]), begin)
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
        first, last = (int(bound) if bound else None for bound in found.groups())
        return Literal(listed.at, listed.items()[first:last])

    def _call(self, name: str, begin: int) -> Literal:
        last = name.rpartition(".")[2]
        before, self.summing = self.summing, last in _RANGES
        values, keyed, _ = self._inside("(")
        self.summing = before
        if last in _RANGES:
            bounds = {str(key): value for key, value in keyed}
            return self._range([*values, *(bounds[k] for k in _BOUNDS if k in bounds)], begin)
        if last == "map" and len(values) == 2 and str(values[0]) in _SAME:
            return values[1]
        if last == "sorted" and len(values) == 1:
            order = sorted(values[0].items(), key=Literal.whole)
            return Literal(begin, tuple(order))
        if last == "dict" and not values:
            return Literal(begin, keyed=tuple(keyed))
        if last == "Configuration":  # of ConfigSpace
            values += [value for key, value in keyed if str(key) == "values"]
            values = [value for value in values if value.keyed is not None][:1] or values
            return values[0] if values else Literal(begin, keyed=tuple(keyed))
        if last == "OrderedDict" and values and values[0].listed:
            pairs = [pair.items(2, "a pair of key and value") for pair in values[0].items()]
            return Literal(begin, keyed=tuple((key, value) for key, value in pairs))
        if last in _SAME | {"dict"} and values:
            return values[0]
        return Literal(begin, tuple(values), last, tuple(keyed))

    def _range(self, values: list[Literal], begin: int) -> Literal:
        bounds = [value.whole() for value in values]
        if not 1 <= len(bounds) <= 3 or bounds[2:] == [0]:
            raise LiteralError("expected range(start, stop), with a step that is not 0", begin)
        numbers = range(*bounds)
        if len(numbers) > _MOST:
            raise LiteralError(f"a range of more than {_MOST} numbers", begin)
        return Literal(begin, tuple(Literal(begin, number) for number in numbers))


def _result(first: Literal, sign: str, second: Literal) -> int:
    """Returns a sum, a difference or a product of whole numbers; no more than ranges need."""
    one, other = first.whole(), second.whole()
    if max(abs(one), abs(other)) > _MOST:
        raise LiteralError(f"expected numbers up to {_MOST} in a sum", first.at)
    return one * other if sign == "*" else one + other if sign == "+" else one - other


def _start(text: str) -> str:
    """Returns how a text begins, in quotes."""
    return repr(text[:20]) if text else ""
