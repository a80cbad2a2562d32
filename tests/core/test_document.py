"""Documents are JSON by RFC 8259: read back by a reader that refuses what Python alone allows."""

import json
import math

import numpy as np

from nascast.core.document import document


def _refuse(text: str) -> None:
    raise AssertionError(text)


def test_numbers_that_are_not_finite_are_null() -> None:
    value = {"a": [1, math.nan, (math.inf, {"b": -math.inf})], "c": np.float64("nan"), "d": True}
    found = json.loads(document(value), parse_constant=_refuse)
    assert found == {"a": [1, None, [None, {"b": None}]], "c": None, "d": True}


def test_a_name_that_is_no_text_is_written() -> None:
    """Names of files may have lone surrogates, which no encoding writes."""
    assert json.loads(document("\udcff").encode()) == "\udcff"
