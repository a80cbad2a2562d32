"""The page of comparisons on several benchmarks."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nascast.core.errors import InvalidSettingError
from nascast.report.predictors.together import write_together


def test_predictors_stand_side_by_side(
    full: list[Any], make_run: Callable[..., Path], make_row: Callable[..., Any], tmp_path: Path
) -> None:
    failed = make_row("gcn", 20, family="model_based", error="no graphs here")
    first = make_run([*full, failed]).rename(tmp_path / "first")
    second = make_run([row for row in full if row.predictor != "jacov"])
    text = write_together([first, second], tmp_path / "both.html").read_text(encoding="utf-8")
    rows = re.findall(r'<th scope="row">([^<]*)</th>(.*?)</tr>', text)
    side = {name: cells for name, cells in rows if "data-value" in cells or "±" in cells}
    assert {"xgboost", "sotl_e", "omni", "jacov"} <= side.keys()
    assert side["jacov"].count("–") == 2  # no rank, and none on the second
    ranks = [re.search(r'data-value="([\d.]+)"', side[n]) for n in ("xgboost", "sotl_e", "omni")]
    assert sum(float(found[1]) for found in ranks if found) == 6.0  # 1, 2 and 3, on both
    assert text.count("report.html") == 2
    assert "no graphs here" in text


def test_numbers_that_look_equal_are_emphasised_alike(
    make_run: Callable[..., Path], make_row: Callable[..., Any], tmp_path: Path
) -> None:
    rows = [make_row("a", kendall=0.7502), make_row("b", kendall=0.7503), make_row("c", kendall=0)]
    first = make_run(rows).rename(tmp_path / "first")
    text = write_together([first, make_run(rows)], tmp_path / "both.html").read_text("utf-8")
    assert re.findall(r"<strong>([^<]*)", text) == ["0.750"] * 4


def test_two_comparisons_on_one_benchmark_are_told_apart(
    make_run: Callable[..., Path], full: list[Any], tmp_path: Path
) -> None:
    first = make_run(full).rename(tmp_path / "first")
    text = write_together([first, make_run(full)], tmp_path / "both.html").read_text("utf-8")
    assert "Performance predictors on 1 benchmark" in text
    assert f"({first})" in re.findall(r"<figcaption>[^<]*", text)[0]
    assert len(set(re.findall(r"<figcaption>[^<]*", text))) == 2


def test_the_page_of_one_comparison_is_not_overwritten(
    make_run: Callable[..., Path], full: list[Any], tmp_path: Path
) -> None:
    first = make_run(full).rename(tmp_path / "first")
    with pytest.raises(InvalidSettingError, match=r"the page of the comparison in .*first alone"):
        write_together([first, make_run(full)], first / "report.html")
