"""Readers of option values."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_type_hints

from nascast.core.errors import InvalidSettingError, StoreError
from nascast.core.kinds import fits, kinds_of, words

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from nascast.core.space import SearchSpace
    from nascast.training.recipe import Recipe

__all__ = [
    "NUMBER",
    "changed",
    "check_folder",
    "check_free",
    "check_network",
    "device",
    "duration",
    "known_settings",
    "names",
    "recipe",
    "settings",
    "whole_numbers",
]

Kept = TypeVar("Kept", bound="DataclassInstance")

Value = bool | int | float | str
# Python's own reading would take 1_0 for ten.
NUMBER = r"(?i:[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?|nan|[-+]?inf)"
_LARGE = (3, 224, 224)  # images that no skeleton is too deep for
_UNITS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration(text: str, option: str, *, none: bool = False) -> float:
    """Returns the seconds of a time written as ``90``, ``100ms``, ``90s``, ``30m`` or ``1h30m``.

    With `none` it may be 0.
    """
    parts = re.findall(r"([0-9]*\.?[0-9]+)(ms|[smhd])", text)
    if re.fullmatch(r"[0-9]*\.?[0-9]+", text):
        parts = [(text, "s")]
    elif "".join(map("".join, parts)) != text:
        parts = []
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not (seconds > 0 or (none and parts)):
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
        if key.strip() in found:
            raise InvalidSettingError(f"{option}: {key.strip()} stands twice in {text!r}")
        found[key.strip()] = _value(value.strip())
    if text and not found:
        raise InvalidSettingError(f"{option}: expected key=value,key=value; got {text!r}")
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


def changed(value: Kept, text: str, option: str) -> Kept:
    """Returns a dataclass with the settings in a text, which have names and kinds of its fields.

    Raises:
        InvalidSettingError: there is no such setting, or its value is of another kind.
    """
    given, hints = settings(text, option), get_type_hints(type(value))
    known_settings(given, hints, option)
    for key, new in given.items():
        # Without none, which cannot be written here.
        kinds = tuple(kind for kind in kinds_of(hints[key]) if kind is not type(None))
        if not fits(new, kinds):
            raise InvalidSettingError(f"{option}: {key} is {words(kinds)}; got {new!r} in {text!r}")
    return replace(value, **given)


def known_settings(given: Mapping[str, Value], known: Collection[str], option: str) -> None:
    """Raises unless all settings are known; if none is known, others decide.

    Raises:
        InvalidSettingError: a setting is not.
    """
    if unknown := [key for key in given if known and key not in known]:
        raise InvalidSettingError(
            f"{option}: no such setting {unknown[0]!r}; there are {', '.join(known)}"
        )


def recipe(text: str, option: str, default: "Recipe") -> "Recipe":
    """Returns the recipe of a name, `default` with changes, or both: ``darts,epochs=50``."""
    from nascast.training.recipes import named_recipe

    first, _, rest = text.partition(",")
    if first and "=" not in first:
        default, text = named_recipe(first.strip()), rest
    return changed(default, text, option)


def check_free(
    out: Path, force: bool, read: Collection[Path] = (), *, option: str = "--out"
) -> None:
    """Raises for a file of that name, unless `force` allows to replace it.

    Args:
        out: file to write.
        force: whether another file may be replaced.
        read: files that what is written is made from, which are never replaced.
        option: option that names the file, for messages.

    Raises:
        StoreError: there is one.
    """
    if any(out.exists() and path.exists() and out.samefile(path) for path in read):
        raise StoreError(f"{out} is what is read, and is not replaced; choose another {option}")
    if out.exists() and not force:
        raise StoreError(f"{out} exists; add --force to replace it, or choose another {option}")


def check_network(space: "SearchSpace", skeleton: Mapping[str, Value], *, text: bool) -> None:
    """Builds a network of a space without weights, so that wrong settings show before any data.

    Raises:
        InvalidSettingError: a setting of the skeleton is out of its range.
        UnsupportedError: the space has no networks for such data.
    """
    import numpy as np
    import torch

    from nascast.core.types import ImageTask, TextTask

    task = TextTask(skeleton=skeleton) if text else ImageTask(_LARGE, skeleton=skeleton)
    row = space.sample(1, np.random.default_rng(0))[0]
    with torch.random.fork_rng([]), torch.device("meta"):
        space.build(space.architecture(row), task)


def check_folder(out: Path, own: Collection[str], written: Collection[str]) -> None:
    """Raises for a folder in which a command would replace files of others.

    Args:
        out: folder of the results; it need not exist.
        own: patterns of the files that tell a folder of this command.
        written: names of files that it writes, and replaces in a folder of its own.

    Raises:
        StoreError: there is such a file, and the folder is none of this command.
    """
    if any(any(out.glob(pattern)) for pattern in own):
        return
    if there := [name for name in written if (out / name).exists()]:
        raise StoreError(
            f"{out} holds {there[0]}, which this command did not write; choose another --out"
        )


def device(text: str) -> str:
    """Returns the device of a name, of which ``auto`` is CUDA's if there is one.

    Raises:
        InvalidSettingError: there is no such device, or not here.
    """
    import torch

    there = torch.cuda.is_available()
    if text not in ("auto", "cpu", "cuda"):
        raise InvalidSettingError(f"--device: expected cpu, cuda or auto; got {text!r}")
    if text == "cuda" and not there:
        raise InvalidSettingError(
            "--device cuda: PyTorch finds no CUDA device here (torch.cuda.is_available() is "
            "false); use --device cpu, or install a PyTorch for CUDA and its driver; with --device "
            "auto a child trains on the GPU of the machine that it runs on"
        )
    return "cuda" if there and text != "cpu" else "cpu"
