"""Readers of option values."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from nascast.core.errors import InvalidSettingError

if TYPE_CHECKING:
    from nascast.training.recipe import Recipe

__all__ = ["duration", "names", "recipe", "settings", "whole_numbers"]

Value = bool | int | float | str
_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration(text: str, option: str) -> float:
    """Returns the seconds of a time written as ``90``, ``100ms``, ``90s``, ``30m`` or ``1h30m``."""
    parts = re.findall(r"([0-9]*\.?[0-9]+)(ms|[smhd])", text)
    if re.fullmatch(r"[0-9]*\.?[0-9]+", text):
        parts = [(text, "s")]
    elif "".join(map("".join, parts)) != text:
        parts = []
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not seconds > 0:
        raise InvalidSettingError(
            f"{option}: expected a time such as 90s, 100ms, 2h or 1h30m; got {text!r}"
        )
    return seconds


def names(text: str, option: str) -> tuple[str, ...]:
    """Returns the names in a text such as ``a,b,c``."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise InvalidSettingError(f"{option}: expected names joined by commas; got {text!r}")
    return found


def whole_numbers(text: str, option: str) -> tuple[int, ...]:
    """Returns the whole numbers in a text such as ``1,2,3``."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InvalidSettingError(
            f"{option}: expected whole numbers joined by commas, such as 20,100; got {text!r}"
        ) from None


def settings(text: str, option: str) -> dict[str, Value]:
    """Returns the settings in a text such as ``channels=8,reduction=pool``."""
    found: dict[str, Value] = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise InvalidSettingError(f"{option}: expected key=value,key=value; got {text!r}")
        found[key.strip()] = _value(value.strip())
    return found


def _value(text: str) -> Value:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def recipe(text: str, option: str, default: "Recipe") -> "Recipe":
    """Returns the recipe of a name, `default` with changes, or both: ``darts,epochs=50``."""
    from nascast.training.recipes import named_recipe

    first, _, rest = text.partition(",")
    if first and "=" not in first:
        default, text = named_recipe(first.strip()), rest
    try:
        changed: Recipe = replace(default, **settings(text, option))  # type: ignore[arg-type]
        return changed
    except TypeError as error:
        raise InvalidSettingError(f"{option}: no such setting: {error}") from None
