"""Charts as SVG: places, paths, and texts that cannot break out."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from nascast.report.chart import (
    Axis,
    Band,
    Bar,
    Chart,
    Dots,
    Item,
    Line,
    Mark,
    Patch,
    Rule,
    Spread,
)
from nascast.report.figures import linear_axis, time_axis, whole_axis
from nascast.report.svg import render

EVIL = "</title></svg><script>alert(1)</script>\" onload='x' &amp;"
TEN = Axis(0, 10)


class _Texts(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [str(value) for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.values.append(data)


def _path(item: Item, x: Axis = TEN, y: Axis = TEN) -> str:
    (path,) = re.findall(r'<path class="(?:line|band|dots)".* d="([^"]*)"', _svg(item, x, y))
    return str(path)


def _svg(item: Item, x: Axis = TEN, y: Axis = TEN) -> str:
    return render(Chart(x, y, [item]), "a chart")


def test_texts_stay_texts() -> None:
    axis = Axis(0, 10, EVIL, [(5, EVIL)], unit=EVIL)
    items: list[Item] = [
        Line([1, 2], [3, 4], "red", EVIL, group=EVIL),
        Dots([1], [1], "red", EVIL),
        Mark(1, 1, "red", tip=EVIL, group=EVIL),
        Rule(3, EVIL),
        Patch((1, 2), (1, 2), "red", EVIL, EVIL),
        Bar(3, (1, 2), "red", EVIL),
    ]
    found = _Texts(render(Chart(axis, axis, items), EVIL))
    assert found.tags == {"svg", "line", "path", "rect", "text", "title"}
    assert "onload" not in found.attributes
    assert sum(value == EVIL for value in found.values) == 17


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (Line([0, 5, 10], [0, 10, 5], "red"), "M0 100000L50000 0L100000 50000"),
        (Line([0, 5], [0, 10], "red", steps=True), "M0 100000H50000V0"),
        (Line([0, np.nan, 5, 10], [0, 1, 5, 5], "red"), "M0 100000M50000 50000L100000 50000"),
        (Dots([0, 5], [0, np.nan], "red"), "M0 100000h0"),
        (Spread([5], [2], [4], "red"), "M50000 80000V60000"),
        (Band([0, 10], [0, 0], [5, 10], "red"), "M0 100000L100000 100000L100000 0L0 50000Z"),
        (
            Band([0, 10], [0, 2], [5, 10], "red", steps=True),
            "M0 100000H100000V80000L100000 0L100000 50000L0 50000Z",
        ),
    ],
)
def test_paths_are_in_units_of_the_sheet(item: Item, path: str) -> None:
    assert _path(item) == path


def test_a_log_axis_has_equal_factors_at_equal_distances() -> None:
    axis = Axis(1, 1e4, log=True)
    assert axis.places([1, 10, 1e4]) == pytest.approx([0, 0.25, 1])
    assert _path(Dots([100], [5], "red"), axis) == "M50000 50000h0"


def test_rectangles_and_marks_have_places_in_percent() -> None:
    assert 'x="0%" y="50%" width="40%" height="30%"' in _svg(Bar(4, (2, 5), "red"))
    assert 'x="10%" y="50%" width="10%" height="30%"' in _svg(Patch((1, 2), (2, 5), "red"))
    assert 'x="25%" y="75%"' in _svg(Mark(2.5, 2.5, "red"))


def test_ticks_are_round_numbers_within_the_axis() -> None:
    assert [text for _, text in linear_axis(-0.12, 0.31).ticks] == [
        *("−0.1", "0.0", "0.1", "0.2", "0.3")
    ]
    assert [text for _, text in linear_axis(0, 41, unit=" %", most=5).ticks] == [
        *("0 %", "10 %", "20 %", "30 %", "40 %")
    ]
    assert [value for value, _ in whole_axis(3, "trials").ticks] == [1, 2, 3]
    assert [value for value, _ in whole_axis(100, "trials").ticks] == [20, 40, 60, 80, 100]
    assert [text for _, text in time_axis([0.5, 30]).ticks] == ["0.1 s", "1 s", "10 s", "1 min"]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1.1e6, ["0", "500,000", "1,000,000"]),
        (-1e30, 1e30, ["−1e30", "−5e29", "0", "5e29", "1e30"]),
        (0, 1e-9, ["0", "2e−10", "4e−10", "6e−10", "8e−10", "1e−9"]),
        (123_456_700, 123_456_720, ["123456700", "123456705"]),
        (1e9, 1.00002e9, ["1e9", "1.000005e9", "1.00001e9"]),
    ],
)
def test_numbers_for_which_there_is_no_room_have_an_exponent(
    low: float, high: float, texts: list[str]
) -> None:
    found = [text for _, text in linear_axis(low, high, most=5).ticks]
    assert found[: len(texts)] == texts
    assert len(set(found)) == len(found)


def test_labels_of_rules_that_are_close_stand_on_both_sides() -> None:
    items = [Rule(9.8, "limit"), Rule(9.5, "agreement"), Rule(5.0, "apart")]
    text = render(Chart(TEN, TEN, items), "rules")
    places = re.findall(r'dy="(-?[0-9]+)" text-anchor="end">([a-z]+)<', text)
    assert places == [("-5", "limit"), ("14", "agreement"), ("-5", "apart")]
    text = render(Chart(TEN, TEN, [Rule(5.0, "one"), Rule(5.0, "other")]), "rules")
    assert re.findall('dy="(-?[0-9]+)" text-anchor="end">', text) == ["-5", "14"]
