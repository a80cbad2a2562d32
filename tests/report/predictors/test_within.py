"""What can be had within budgets: maps, the best of families, the front."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nascast.report.chart import Band, Dots, Line, Mark, Patch
from nascast.report.predictors.figures import MOST, looks, thinned
from nascast.report.predictors.within import (
    best_of_families,
    best_within,
    family_looks,
    front,
    map_of_best,
    map_of_tau,
)
from nascast.studies.predictors.summary import Summary, summarize

Make = Callable[..., Any]


@pytest.fixture
def summaries(make_row: Make) -> list[Summary]:
    """Four predictors: τ, initialization and query seconds are as written here."""
    known = {
        "quick": ("zero_cost", 0.3, 1e-5, 0.01),
        "patient": ("learning_curve", 0.6, 1e-5, 100.0),
        "trained": ("model_based", 0.7, 1000.0, 1e-4),
        "all": ("hybrid", 0.9, 1000.0, 100.0),
    }
    return summarize(
        make_row(
            name,
            None,
            None,
            trial,
            family=family,
            kendall=tau + 0.02 * trial - 0.01,
            init_seconds_total=init,
            query_seconds_each=query,
        )
        for name, (family, tau, init, query) in known.items()
        for trial in (0, 1)
    )


def test_each_cell_has_the_best_that_is_quick_enough(summaries: list[Summary]) -> None:
    found = best_within(summaries)
    assert found is not None
    assert (len(found.init), len(found.query)) == (11, 14)
    assert (found.init[0], found.init[-1]) == (1e-3, 1000.0)
    for init, row in zip(found.init, found.best, strict=True):
        for query, best in zip(found.query, row, strict=True):
            enough = [
                s
                for s in summaries
                if s.init_seconds_total <= init and s.query_seconds_each <= max(query, 1e-3)
            ]
            assert best is max(enough, key=lambda s: s.kendall, default=None)
    assert {*found.winners()} == {"quick", "patient", "trained", "all"}
    assert best_within([]) is None


def test_maps_have_a_patch_for_each_cell_that_has_an_answer(summaries: list[Summary]) -> None:
    found = best_within(summaries)
    assert found is not None
    answered = sum(item is not None for row in found.best for item in row)
    look = looks(summaries)
    by_name, by_tau = map_of_best(found, look), map_of_tau(found)
    patches = [item for item in by_name.items if isinstance(item, Patch)]
    assert len(patches) == len(by_tau.items) == answered < 11 * 14
    for patch in patches:
        name = patch.tip.split("\n")[1]
        assert patch.colour == look[name].colour
        assert patch.text in ("", name)
    depths = {p.text: p.opacity for p in by_tau.items if isinstance(p, Patch)}
    assert depths[".30"] < depths[".60"] < depths[".70"] < depths[".90"]
    corner = (by_name.x.high, by_name.y.high)
    assert corner == (found.query[-1], found.init[-1])


def test_lines_of_families_rise_and_have_the_spread_of_their_best(
    summaries: list[Summary],
) -> None:
    chart = best_of_families(summaries, "init", family_looks(summaries), None)
    lines = [item for item in chart.items if isinstance(item, Line)]
    assert [line.name for line in lines] == [
        *("best zero cost", "best learning curve", "best model based", "best hybrid")
    ]
    assert list(lines[2].x) == [1000.0, chart.x.high]
    assert list(lines[2].y) == pytest.approx([0.7, 0.7])
    band = [item for item in chart.items if isinstance(item, Band)][2]
    assert np.subtract(band.high, band.low) == pytest.approx(2 * 0.01 * np.sqrt(2))


def test_optimal_budgets_stand_out(summaries: list[Summary], make_row: Make) -> None:
    slow = make_row("slow", kendall=0.1, init_seconds_total=1e4, query_seconds_each=1e4)
    every = [*summaries, replace(summarize([slow])[0], pareto=False)]
    items = front(every, looks(every)).items
    marks = [item for item in items if isinstance(item, Mark)]
    assert [mark.ring for mark in marks] == [True] * 4
    dots = [item for item in items if isinstance(item, Dots)]
    assert [list(each.x) for each in dots] == [[], [], [], [], [1e4]]


def test_of_many_budgets_the_best_for_their_time_are_drawn(make_row: Make) -> None:
    rows = [
        make_row("xgboost", n, kendall=0.01 * n * (1 - n % 2), init_seconds_total=float(n))
        for n in range(1, 61)
    ]
    every = summarize(rows)
    few = thinned(every, "init")
    sizes = [s.budget["train_size"] for s in few]
    assert len(few) == MOST
    assert all(size % 2 == 0 for size in sizes[1:])
    assert sizes[-1] == 60
    assert thinned(every[:MOST], "init") == every[:MOST]
