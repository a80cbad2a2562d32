"""The kinds of plain settings, as type hints name them: which values fit, and which to ask for."""

from types import UnionType
from typing import Any, Union, get_args, get_origin

__all__ = ["WORDS", "fits", "kinds_of", "words"]

WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a word",
    type(None): "none",
}


def kinds_of(hint: Any) -> tuple[Any, ...]:
    """Returns the kinds of which a hint allows any; a list is one, whatever it is of."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def fits(value: Any, kinds: tuple[Any, ...]) -> bool:
    """Returns whether a value is of one of the kinds; whole numbers are numbers, truth is none."""
    if value is None or isinstance(value, bool):
        return type(value) in kinds
    return isinstance(value, kinds) or (isinstance(value, int) and float in kinds)


def words(kinds: tuple[Any, ...]) -> str:
    """Returns what to ask for, of the kinds that are plain."""
    return " or ".join(WORDS[kind] for kind in kinds if kind in WORDS)
