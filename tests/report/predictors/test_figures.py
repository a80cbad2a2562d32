"""The figures of a comparison: what is drawn, where, and in which colours."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nascast.report.chart import Chart, Dots, Item, Line, Mark, Rule, Spread
from nascast.report.predictors.figures import looks, predicted_against_true, tau_against_time
from nascast.studies.noise import Estimate, NoiseLimits
from nascast.studies.predictors.summary import Summary, summarize

Make = Callable[..., Any]
NOISE = NoiseLimits(1000, Estimate(0.84, 0.82, 0.86), Estimate(0.89, 0.87, 0.91))


@pytest.fixture
def summaries(full: list[Any]) -> list[Summary]:
    return summarize(full)


def _of(chart: Chart, kind: type[Item]) -> list[Any]:
    return [item for item in chart.items if isinstance(item, kind)]


def test_both_figures_agree_on_colours_and_markers(summaries: list[Summary]) -> None:
    look = looks(summaries)
    found = []
    for axis in ("query", "init"):
        marks = _of(tau_against_time(summaries, axis, look, None), Mark)
        assert len(marks) == len(summaries) == 9
        found.append({mark.group: (mark.colour, mark.symbol) for mark in marks})
    assert found[0] == found[1]
    assert len({colour for colour, _ in found[0].values()}) == 4
    symbols = {symbol for _, symbol in found[0].values()}
    assert symbols == {"circle", "triangle-up", "square", "diamond"}


def test_what_is_to_be_told_apart_has_colours_first(summaries: list[Summary]) -> None:
    many = [replace(summaries[0], predictor=f"p{i}") for i in range(20)]
    apart = [f"p{i}" for i in range(0, 20, 3)]
    look, usual = looks(many, apart), looks(many)
    assert list(look) == list(usual)  # legends keep their order
    assert len({look[name].colour for name in apart}) == len(apart)
    assert len({usual[name].colour for name in apart}) < len(apart)


def test_short_times_stand_in_a_band_of_their_own(summaries: list[Summary]) -> None:
    look = looks(summaries)
    init = tau_against_time(summaries, "init", look, None)
    query = tau_against_time(summaries, "query", look, None)
    assert init.x.ticks[0][1] == "≤ 1 ms"
    assert "≤ 1 ms" not in [text for _, text in query.x.ticks]
    for chart in (init, query):
        assert all(chart.x.low < mark.x < chart.x.high for mark in _of(chart, Mark))
    short = {mark.x for mark in _of(init, Mark) if mark.x < 1e-3}
    assert len(short) == 2  # jacov and sotl_e do not hide each other


def test_lines_join_budgets_that_differ_in_one_step(summaries: list[Summary]) -> None:
    chart = tau_against_time(summaries, "query", looks(summaries), None)
    lines = {line.group: line for line in _of(chart, Line)}
    assert set(lines) == {"0", "2", "3"}  # jacov has one budget
    assert np.isnan(lines["3"].y).sum() == 4  # two steps in epochs, two in labels
    assert len(_of(chart, Spread)) == 4


def test_two_trainings_and_the_limit_are_drawn_where_there_are(summaries: list[Summary]) -> None:
    look = looks(summaries)
    rules = _of(tau_against_time(summaries, "query", look, NOISE), Rule)
    assert [rule.text for rule in rules] == [
        *("two trainings τ = 0.840", "limit of a perfect predictor τ = 0.890")
    ]
    assert not _of(tau_against_time(summaries, "query", look, None), Rule)


def test_one_trial_has_no_bars(make_row: Make) -> None:
    summaries = summarize([make_row("jacov", None)])
    assert not _of(tau_against_time(summaries, "query", looks(summaries), None), Spread)


def test_predictions_far_from_the_rest_are_drawn_on_the_edge(summaries: list[Summary]) -> None:
    look = looks(summaries)["jacov"]
    true = np.arange(100.0)
    chart, beyond = predicted_against_true(np.array([-1e6, *true[1:]]), true, look, "%")
    assert chart is not None
    (cloud,), (edge,) = _of(chart, Dots), _of(chart, Mark)
    assert (beyond, len(cloud.y)) == (1, 99)
    assert edge.hollow
    assert edge.x == 0.0
    assert -120 < edge.y < 0
    huge, _ = predicted_against_true(1.7e308 * (-1) ** true, true, look, "%")
    assert huge is not None
    assert len(huge.y.ticks) > 1
    broken = np.full(100, np.nan)
    assert predicted_against_true(broken, true, look, "%") == (None, 0)
    broken[:10] = 1.0
    some, _ = predicted_against_true(broken, true, look, "%")
    assert some is not None
    assert len(_of(some, Dots)[0].x) == 10
