"""Blocks of lines, as YAML and ConfigSpace print values: the same values in brackets."""

import re
from collections.abc import Sequence

__all__ = ["in_brackets"]

_KEY = re.compile(r"(['\"]?)([^'\"{}\[\](),]{1,200}?)\1\s*(?::(?=\s|$)|=(?!=))\s*(.*)")
_CHOICE = re.compile(r"\s*(\S+), Value: (.+?)\s*")  # of ConfigSpace until 0.4
_SCALAR = re.compile(r"[\[({'\"].*|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|[A-Za-z_]\w*(?:\(.*\))?", re.S)
_DEEPEST = 12  # levels, as of brackets
_MOST = 5_000  # lines; the longest genotype has some dozens; chosen

Line = tuple[int, str]  # how far it is indented, and what it says


def in_brackets(text: str) -> str:
    """Returns a text of several lines in brackets; one that is no such block as it is.

    Read are lists (``- a``) and dictionaries (``key: a`` or ``key = a``), indented by blanks, whose
    values may stand in brackets, and choices (``key, Value: a``). Where all of it stands below one
    key, it is the value of that key.
    """
    lines = [line for line in text.splitlines() if line.strip() and line.strip() != "---"]
    if not 1 < len(lines) <= _MOST:
        return text
    if lines[0].strip() == "Configuration:":
        choices = [_CHOICE.fullmatch(line) for line in lines[1:]]
        found = [f"{choice[1]!r}: {choice[2]}" for choice in choices if choice]
        return "{" + ", ".join(found) + "}" if len(found) == len(choices) else text
    try:
        block = [(len(line) - len(line.lstrip()), line.strip()) for line in lines]
        if block[0][1].endswith(":") and all(at > block[0][0] for at, _ in block[1:]):
            block = block[1:]
        return _block(block, 1)
    except _NoBlockError:
        return text


class _NoBlockError(ValueError):
    """Lines that are no block."""


def _block(lines: Sequence[Line], level: int) -> str:
    """Returns the value of lines of which none is indented less than the first."""
    if level > _DEEPEST or any(at < lines[0][0] for at, _ in lines):
        raise _NoBlockError
    if _is_item(lines[0][1]):
        parts = _parts(lines, key=False)
        return "[" + ", ".join(_item(part, level) for part in parts) + "]"
    if _KEY.fullmatch(lines[0][1]):
        parts = _parts(lines, key=True)
        return "{" + ", ".join(_pair(part, level) for part in parts) + "}"
    return _scalar(" ".join(text for _, text in lines))


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _parts(lines: Sequence[Line], *, key: bool) -> list[list[Line]]:
    """Returns each key, or item, with the lines that belong to it."""
    found: list[list[Line]] = []
    for at, text in lines:
        begins = at == lines[0][0] and _is_item(text) is not key
        if begins and key and found and text[0] in "])}":
            begins = False  # brackets that are closed at the head of a line
        if begins or not found:
            found.append([])
        found[-1].append((at, text))
    return found


def _item(lines: Sequence[Line], level: int) -> str:
    at, text = lines[0]
    if not _is_item(text):
        raise _NoBlockError
    inner = text[1:].lstrip()
    rest = list(lines[1:])
    if inner:
        rest.insert(0, (at + len(text) - len(inner), inner))
    return _block(rest, level + 1) if rest else "None"


def _pair(lines: Sequence[Line], level: int) -> str:
    found = _KEY.fullmatch(lines[0][1])
    if not found:
        raise _NoBlockError
    value, rest = found[3], lines[1:]
    if value:
        return f"{found[2]!r}: {_scalar(' '.join([value, *(text for _, text in rest)]))}"
    return f"{found[2]!r}: {_block(rest, level + 1) if rest else 'None'}"


def _scalar(text: str) -> str:
    if text in ("~", "null"):
        return "None"
    return text if _SCALAR.fullmatch(text) else repr(text)
