"""The figures of a search: what is drawn, and where."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from nascast.core.spec import Spec
from nascast.core.types import Architecture, Candidate, Evaluation, Trial
from nascast.report.chart import Chart, Dots, Item, Line, Mark
from nascast.report.searches import children, figures
from nascast.studies.searches.results import Run

NAN = float("nan")
LOOK = figures.strategy_looks(["random"])
SHORT = (3.0, 40.0, None, 41.0, 90.0, None)


def _run(values: Sequence[float | None], **curves: tuple[float, ...]) -> Run:
    trials = []
    for k, value in enumerate(values):
        metrics = {} if value is None else {"val_accuracy": value, "parameters": 10.0 * k}
        error = "it broke" if value is None else None
        evaluation = Evaluation(metrics, 10.0, error, curves=curves)
        trials.append(Trial(k, Candidate(Architecture("x", (k,))), evaluation, 10.0 * (k + 1), 0.5))
    known = [[NAN] * 2 if v is None else [v, -10.0 * k] for k, v in enumerate(values)]
    clock = 10 * np.arange(1.0, len(values) + 1)
    epochs = np.full(len(values), np.inf)
    return Run("random-0", "random", Spec("random"), 0, {}, trials, np.array(known), clock, epochs)


def _of(chart: Chart | None, kind: type[Item]) -> list[Any]:
    assert chart is not None
    return [item for item in chart.items if isinstance(item, kind)]


def _best(values: Sequence[float | None], axis: Any = "trials", minimize: bool = False) -> Chart:
    run = _run(values)
    run.scores[:] *= -1 if minimize else 1
    chart = figures.best_so_far(
        {"random": [run]}, LOOK, axis=axis, metric="accuracy", minimize=minimize
    )
    assert chart is not None
    return chart


@pytest.mark.parametrize("axis", ["trials", "clock"])
def test_a_short_run_is_shown_from_its_start(axis: str) -> None:
    chart = _best(SHORT, axis)
    (line,) = _of(chart, Line)
    assert line.steps
    assert chart.y.low < min(line.y) == 3.0
    assert max(line.y) == 90.0 < chart.y.high
    assert chart.x.low < min(line.x)
    if axis == "trials":
        assert [text for _, text in chart.x.ticks] == ["1", "2", "3", "4", "5", "6"]


def test_smaller_is_better_where_it_is() -> None:
    (line,) = _of(_best([50.0, 10.0, 30.0], minimize=True), Line)
    assert line.y.tolist() == [50.0, 10.0, 10.0]
    assert line.x.tolist() == [1, 2, 3]


def test_every_trial_is_a_dot_and_every_failure_a_cross() -> None:
    chart = children.rewards({"random": [_run(SHORT)]}, LOOK, "accuracy", False)
    (dots,) = _of(chart, Dots)
    assert (dots.x.tolist(), dots.y.tolist()) == ([1, 2, 4, 5], [3.0, 40.0, 41.0, 90.0])
    assert dots.opacity > 0.5
    crosses = _of(chart, Mark)
    assert chart is not None
    assert [(c.x, c.y, c.symbol) for c in crosses] == [
        *((3.0, chart.y.low, "cross"), (6.0, chart.y.low, "cross"))
    ]
    assert crosses[0].tip == "trial 3 failed: it broke"


def test_children_have_their_learning_curves() -> None:
    run = _run([30.0, 30.0], val_accuracy=(10.0, 20.0, 30.0))
    chart = children.learning_curves({"random": [run]}, LOOK, "val_accuracy", "accuracy")
    one, two = _of(chart, Line)
    assert list(one.x) == list(two.x) == [1, 2, 3]
    assert list(one.y) == [10.0, 20.0, 30.0]
    assert (one.name, two.name) == ("random, trial 0", "random, trial 1")
    without = {"random": [_run([30.0])]}
    assert children.learning_curves(without, LOOK, "val_accuracy", "accuracy") is None


def test_several_objectives_have_a_front() -> None:
    run = _run([40.0, 60.0, 50.0, 70.0])
    metrics, minimize = ("accuracy", "parameters"), (False, True)
    chart = figures.objectives_of_all({"random": [run]}, LOOK, metrics, minimize)
    front = [(mark.x, mark.y) for mark in _of(chart, Mark)]
    assert front == [(30.0, 70.0), (10.0, 60.0), (0.0, 40.0)]
