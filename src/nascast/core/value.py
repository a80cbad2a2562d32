"""A value of a text, and its place there."""

import re
from dataclasses import dataclass

__all__ = ["Literal", "LiteralError", "Plain"]

Plain = None | bool | int | float | str


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
