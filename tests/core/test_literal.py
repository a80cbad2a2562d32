"""Literals against Python's own reading of them, and what is refused."""

import ast
import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.literal import LiteralError, parse_literal

words = st.text("abcxyz_0123456789~|<>- é", max_size=8)
plain = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | words
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
).filter(lambda value: _depth(value) < 12)


def _depth(value: object) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inside), default=0)


@given(values)
def test_what_python_and_json_write_is_read(value: object) -> None:
    assert parse_literal(repr(value)).plain() == value
    assert parse_literal(json.dumps(value, ensure_ascii=False, indent=1)).plain() == value


@pytest.mark.parametrize(
    "text",
    ["(1, 2)", "(1,)", "[1, 2,]", "((1, 2), [3])", "1.5", "-2", "1e-3", "'a'", '"it\'s"', "()"],
)
def test_tuples_and_numbers_are_those_of_python(text: str) -> None:
    expected = json.loads(json.dumps(ast.literal_eval(text)))  # tuples become lists
    assert parse_literal(text).plain() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("range(2, 6)", [2, 3, 4, 5]),
        ("list(range(5, 1, -1))", [5, 4, 3, 2]),
        ("np.array([[0. 1.]\n [0. 0.]])", [[0, 1], [0, 0]]),
        ("array([1, 2], dtype=int64)", [1, 2]),
        ("OrderedDict([('a', 1), ('b', [2])])", {"a": 1, "b": [2]}),
        ("dict(a=1, b='c')", {"a": 1, "b": "c"}),
        ("NAME = [1]", [1]),
        ("NAME: list = [1];", [1]),
        ("a: 1\nb: [x, y-z]\n", {"a": 1, "b": ["x", "y-z"]}),
        ("{(0, 1): a}", {"0,1": "a"}),
    ],
)
def test_what_stands_for_a_value(text: str, expected: object) -> None:
    assert parse_literal(text).plain() == expected


def test_calls_keep_name_and_arguments() -> None:
    call = parse_literal("module.Genotype([1], reduce=(2,))")
    assert call.name == "Genotype"
    assert {key: value.plain() for key, value in call.fields("normal").items()} == {
        "normal": [1],
        "reduce": [2],
    }
    with pytest.raises(LiteralError, match="expected 0 arguments; got 1"):
        call.fields()


@pytest.mark.parametrize(
    ("text", "why", "at"),
    [
        ("", "expected a value; got the end", 0),
        ("[1, 2", "expected ']' for the '['", 0),
        ("[1,, 2]", "expected a value; got ', 2]'", 3),
        ("[1, 2) 3", "expected a comma or ']'; got ') 3'", 5),
        ("[1] 2", "expected the end; got '2'", 3),
        ("1_0", "expected a value; got '1_0'", 0),
        ("٢", "expected a value; got '٢'", 0),
        ("9" * 20, "expected a value", 0),
        ("'a\\x41'", "expected a value", 0),
        ("{1, 'a': 2}", "expected a key and a colon", 1),
        ("{'a': 1, 'a': 2}", "a is there twice", 9),
        ("range(0, 1001)", "a range of more than 1000 numbers", 0),
        ("range(0, 9, 0)", "a step that is not 0", 0),
        ("[" * 13 + "]" * 13, "nested too deeply; at most 12", 12),
        ("x" * 100_001, "100,001 characters; at most 100,000", 100_000),
        ("lambda: 1", "expected", None),
    ],
)
def test_what_is_refused_and_where(text: str, why: str, at: int | None) -> None:
    with pytest.raises(LiteralError) as caught:
        parse_literal(text).fields()
    assert why in str(caught.value)
    assert at is None or caught.value.at == at


@pytest.mark.parametrize(
    "piece", ["[", "(", "{", "[1,", "a=", "a:", "1 ", "f(", "'", "{'a':", "x."]
)
def test_long_texts_take_no_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    began = time.process_time()
    with contextlib.suppress(LiteralError):
        parse_literal(text)
    assert time.process_time() - began < 2
