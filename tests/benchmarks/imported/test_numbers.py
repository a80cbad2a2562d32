"""Numbers as people write them."""

import math
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.benchmarks.imported.files import Columns
from nascast.benchmarks.imported.layout import ColumnSpec
from nascast.benchmarks.imported.numbers import Reader
from nascast.core.errors import CorruptDataError, InvalidSettingError
from nascast.core.types import Floats


def values(
    fields: list[Any],
    spec: str,
    *,
    separator: str = ",",
    decimal: str | None = None,
    missing: Any = (),
) -> Floats:
    columns = Columns(Path("f.csv"), ["c"], {"c": fields}, range(2, 2 + len(fields)), separator)
    return Reader(columns, missing, decimal).values(ColumnSpec.parse(spec))


REAL = "x=c,maximize,unit=real"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_float_comes_back_exactly(value: float) -> None:
    assert values([repr(value)], REAL).tolist() == [value]
    assert values([value], REAL).tolist() == [value]
    text = repr(value).replace(".", ",")
    assert values([text], REAL, separator=";").tolist() == [value]


@pytest.mark.parametrize(
    "text", ["1", "+1", "1.", "1.0", " 1", "1\t", "10e-1", "0.1E1", "001", "\xa01\xa0"]
)
def test_forms_of_one(text: str) -> None:
    assert values([text], REAL).tolist() == [1.0]


@pytest.mark.parametrize(
    "text",
    [
        *("abc", "1_0", "1__0", "٩٠", "९०", "９０", "²", "½", "0x1", "1e", "e1", ".", "-", "+-1"),
        *("1 0", "1,0", "1.0.0", "1%", "1e400", "inf", "-Infinity", "1e99999999", "1\xa00", "True"),
    ],
)
@pytest.mark.parametrize("spec", [REAL, "val_accuracy=c", "params=c"])
def test_what_is_no_number_is_refused_with_its_place(text: str, spec: str) -> None:
    shown = re.escape(repr(text)[1:-1])
    with pytest.raises(CorruptDataError, match=rf"^f\.csv, line 3: column 'c' .*{shown}"):
        values(["1", text], spec)


@pytest.mark.parametrize("text", ["90.5 ± 0.2", "90.5(0.2)", "1.2M", "0:01:02", "12.5s", "~90"])
def test_a_number_with_more_beside_it_is_no_mark_of_a_missing_training(text: str) -> None:
    """Who followed such an advice would lose a number without a word."""
    with pytest.raises(CorruptDataError, match="a number and nothing else") as raised:
        values(["1", text], REAL)
    assert "missing=" not in str(raised.value)
    for mark in ("OOM", "1.#INF", "#DIV/0!", "?", "-"):
        with pytest.raises(CorruptDataError, match=f"missing={re.escape(mark)}"):
            values(["1", mark], REAL)


@pytest.mark.parametrize("text", ["9" * 100_000, f"1e{'9' * 100_000}", "x" * 100_000])
def test_a_message_quotes_a_long_field_in_short(text: str) -> None:
    with pytest.raises(CorruptDataError, match=r"\(100,00\d characters\)") as raised:
        values([text], "val_accuracy=c")
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("field", [True, [1.0], b"1", {"a": 1}, math.inf])
def test_values_of_parquet_that_are_no_numbers(field: Any) -> None:
    with pytest.raises(CorruptDataError, match="column 'c' should be a finite number"):
        values([1.0, field], REAL, separator="")


@pytest.mark.parametrize(
    "field",
    [
        *("", "  ", "nan", "NaN", "NA", "N/A", "null", "None", None, math.nan, Decimal("NaN")),
        *("<NA>", "#N/A", "-nan", "1.#QNAN", "-1.#IND"),
    ],
)
def test_an_empty_field_is_a_training_that_is_not_there(field: Any) -> None:
    found = values(["90.5", field], "val_accuracy=c")
    assert found[0] == 90.5
    assert math.isnan(found[1])


@pytest.mark.parametrize("mark", ["-1", "-1.0", "-9999", "x", "0"])
def test_other_marks_are_missing_where_it_is_said(mark: str) -> None:
    said: list[tuple[str, tuple[str, ...]]]
    said = [(f"latency_ms=c,missing={mark}", ()), ("latency_ms=c", (mark,))]
    for spec, missing in said:
        found = values([mark, "2.5"], spec, missing=missing)
        assert math.isnan(found[0])
        assert found[1] == 2.5


@pytest.mark.parametrize(
    ("spec", "good", "bad"),
    [
        ("val_accuracy=c", ["0", "100"], ["-1", "-0.01", "100.1", "-9999"]),
        ("val_accuracy=c,unit=fraction", ["0", "1"], ["-1", "1.01", "90"]),
        ("val_loss=c", ["0", "1e9"], ["-1", "-9999"]),
        ("latency_ms=c", ["0", "1e9"], ["-1"]),
        ("train_time=c", ["0"], ["-1"]),
        ("params=c", ["0", "1000000", "1e6"], ["-1", "0.13", "-9999"]),
        ("params_M=c", ["0.13"], ["-1"]),
        ("energy_mJ=c", ["0.13"], ["-1"]),
        ("score=c,maximize", ["0.13"], ["-1"]),
        ("score=c,maximize,unit=real", ["-1", "-9999"], []),
    ],
)
def test_every_unit_has_bounds(spec: str, good: list[str], bad: list[str]) -> None:
    spec += "" if "unit" in spec else f",unit={ColumnSpec.parse(spec).unit}"
    assert np.isfinite(values(good, spec)).all()
    for text in bad:
        with pytest.raises(CorruptDataError, match=r"line 2: column 'c' should be a"):
            values([text], spec)


def test_fractions_are_never_taken_for_percent_silently() -> None:
    fractions = ["0.8731", "0.2514", "0.9175"]
    with pytest.raises(InvalidSettingError, match=r"say unit=fraction .* or unit=percent"):
        values(fractions, "val_accuracy=c,epoch=108")
    stored = values(fractions, "val_accuracy=c,epoch=108,unit=fraction")
    assert stored.tolist() == [87.31, 25.14, 91.75]  # exactly, not a hundred times the float
    small = values(fractions, "val_error=c,unit=percent")
    assert small.tolist() == [0.8731, 0.2514, 0.9175]
    with pytest.raises(InvalidSettingError, match="say unit=fraction"):
        values(fractions, "top1_error=c")


def test_errors_become_accuracies_where_it_is_said() -> None:
    assert values(["0.065", "0.1275"], "val_accuracy=c,unit=fraction,error").tolist() == [
        93.5,
        87.25,
    ]
    assert values(["6.5"], "val_accuracy=c,error").tolist() == [93.5]


def test_seconds_in_other_units() -> None:
    assert values(["1.5"], "seconds=c,epoch=1,unit=hours").tolist() == [5400]
    assert values(["1.5"], "seconds=c,epoch=1,unit=ms").tolist() == [0.0015]
    assert values(["1.5"], "latency_ms=c").tolist() == [1.5]


def test_decimal_commas() -> None:
    fields = ["90,5", "88", ""]
    expected = [90.5, 88.0, math.nan]
    by_file = values(fields, "val_accuracy=c", separator=";")
    by_option = values(fields, "val_accuracy=c", decimal="comma")
    for found in (by_file, by_option):
        assert np.array_equal(found, expected, equal_nan=True)
    with pytest.raises(CorruptDataError, match="--decimal comma"):
        values(fields, "val_accuracy=c")
    with pytest.raises(InvalidSettingError, match=r"commas and points, as in '90,5' and"):
        values(["90,5", "88.5"], "val_accuracy=c", separator=";")
    both = {"c": ["1.234", "0.5"], "d": ["93,5", "88"]}
    german = Reader(Columns(Path("f.csv"), ["c", "d"], both, range(2, 4), ";"))
    with pytest.raises(InvalidSettingError, match="another one decimal commas, as in '93,5' and"):
        german.values(ColumnSpec.parse("latency_ms=c"))
    assert german.values(ColumnSpec.parse("val_accuracy=d")).tolist() == [93.5, 88.0]
    for text in ("1.234.567", "1,234,567", "1'234'567", "1,234.5"):
        with pytest.raises(CorruptDataError, match="between thousands are not read"):
            values([text], REAL)
    with pytest.raises(CorruptDataError, match=r"90\.5%'; write percent without the sign"):
        values(["90.5%"], "val_accuracy=c")
    with pytest.raises(CorruptDataError, match=r"number of at least 0 \(ms\); got '-1'"):
        values(["-1"], "latency_ms=c")
    with pytest.raises(CorruptDataError, match="'90,5'"):
        values(["90,5"], "val_accuracy=c", separator=";", decimal="point")
    for text in ("1.234,5", "1,234,567"):
        with pytest.raises(CorruptDataError, match=re.escape(repr(text))):
            values([text], REAL, decimal="comma")
    with pytest.raises(CorruptDataError, match="should be a whole number"):
        values(["1,234"], "params=c", separator=";")  # thousands, or 1.234: never a guess
