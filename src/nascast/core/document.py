"""JSON that every program reads: RFC 8259 has no NaN and no infinity."""

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["document", "read_document"]


def document(value: Any, *, indent: int | None = None) -> str:
    """Returns plain values as a JSON document, in which a number that is not finite is null.

    https://www.rfc-editor.org/rfc/rfc8259#section-6

    Args:
        value: mappings, lists, tuples, texts, numbers, truth values and None.
        indent: number of blanks of each level; None is one line.
    """
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def read_document(text: str) -> Any:
    """Returns the value of a JSON document, of which nothing is lost.

    Raises:
        ValueError: it is none, or an object has a name twice, of which one would be dropped.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name!r} is there twice")
    return dict(pairs)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
