"""JSON that every program reads: RFC 8259 has no NaN and no infinity."""

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["document"]


def document(value: Any, *, indent: int | None = None) -> str:
    """Returns plain values as a JSON document, in which a number that is not finite is null.

    https://www.rfc-editor.org/rfc/rfc8259#section-6

    Args:
        value: mappings, lists, tuples, texts, numbers, truth values and None.
        indent: number of blanks of each level; None is one line.
    """
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
