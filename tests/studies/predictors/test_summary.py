"""Summaries of a comparison."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from nascast.studies.predictors.design import Budget
from nascast.studies.predictors.summary import failures, summarize

Make = Callable[..., Any]


def test_numbers_are_those_of_numpy(make_row: Make) -> None:
    rows = [make_row("xgboost", 20, trial=t) for t in range(4)]
    (found,) = summarize(rows)
    assert (found.predictor, found.family) == ("xgboost", "model_based")
    assert (found.budget, found.trials) == (Budget({"train_size": 20}), 4)
    for name in ("kendall", "spearman", "pearson", "sparse_kendall", "precision_at_10"):
        values = [getattr(row, name) for row in rows]
        mean = sum(values) / 4
        deviation = (sum((v - mean) ** 2 for v in values) / 3) ** 0.5
        assert found.metrics[name].mean == pytest.approx(mean)
        assert found.metrics[name].deviation == pytest.approx(deviation)
        assert found.metrics[name].error == pytest.approx(deviation / 2)
    assert (found.kendall, found.kendall_sd) == (
        found.metrics["kendall"].mean,
        found.metrics["kendall"].deviation,
    )
    assert found.init_seconds_total == pytest.approx(121.5)
    assert found.query_seconds_each == pytest.approx(2e-5)


def test_errors_count_what_test_sets_share(make_row: Make) -> None:
    rows = [make_row(trial=t) for t in range(5)]
    (apart,), (half,) = summarize(rows), summarize(rows, 0.5)
    assert half.kendall_sd == apart.kendall_sd
    assert apart.kendall_error is not None
    assert half.kendall_error == pytest.approx(apart.kendall_error * 6**0.5)  # 1 + 5 × .5 / .5
    (all_of_it,) = summarize(rows, 1.0)
    assert all_of_it.kendall_error is None  # nothing varies that could tell


def test_one_trial_has_no_deviation(make_row: Make) -> None:
    (found,) = summarize([make_row()])
    assert found.trials == 1
    assert found.kendall_sd is None
    assert found.metrics["precision_at_10"].error is None


def test_budgets_keep_the_order_of_the_rows(make_row: Make) -> None:
    budgets = [("omni", 100, 6), ("omni", 20, 2), ("jacov", None, None), ("sotl_e", None, 2)]
    rows = [make_row(*budget, trial=trial) for budget in budgets for trial in range(2)]
    summaries = summarize(rows)
    axes = ("train_size", "epochs")
    found = [(s.predictor, *(s.budget.get(axis) for axis in axes)) for s in summaries]
    assert found == budgets


def test_failed_trials_are_left_out_and_undefined_predictions_are_added_up(
    make_row: Make, make_failed: Make
) -> None:
    holes = [float("nan"), float("inf"), *range(10)]
    rows = [
        make_row("jacov", None, trial=0, predicted=holes),
        make_failed("jacov", "out of memory", trial=1),
        make_row("jacov", None, trial=2, predicted=[float("nan"), *range(11)]),
        make_failed("synflow", "no networks"),
    ]
    (found,) = summarize(rows)
    assert (found.predictor, found.trials, found.undefined) == ("jacov", 2, 3)


def test_another_training_counts_where_there_is_one(make_row: Make) -> None:
    rows = [
        make_row("sotl_e", None, 2, 0, kendall_other=0.4, other_size=3, reads_target=True),
        make_row("sotl_e", None, 2, 1, kendall_other=float("nan"), other_size=1, reads_target=True),
        make_row("sotl_e", None, 2, 2, kendall_other=0.8, other_size=5, reads_target=True),
    ]
    (found,) = summarize(rows)
    assert found.kendall_other == pytest.approx(0.6)
    assert (found.other_size, found.reads_target) == (9, True)
    (none,) = summarize(rows[1:2])
    assert none.plain(())["kendall_other"] is None


def test_no_rows_give_no_summaries() -> None:
    assert summarize([]) == []
    assert failures([]) == {}


def test_pareto_optimal_budgets_weigh_accuracy_against_both_times(make_row: Make) -> None:
    def row(name: str, kendall: float, init: float, query: float) -> Any:
        return make_row(name, kendall=kendall, init_seconds_total=init, query_seconds_each=query)

    rows = [
        row("accurate", 0.9, 3600.0, 60.0),
        row("dear", 0.8, 3600.0, 60.0),
        row("cheap", 0.3, 0.0, 0.02),
        row("no_init", 0.7, 0.0, 60.0),
        row("unknown", 0.1, float("nan"), float("nan")),
    ]
    found = {item.predictor: item.pareto for item in summarize(rows)}
    assert found == {
        **{"accurate": True, "dear": False, "cheap": True, "no_init": True, "unknown": False}
    }


def test_ranks_are_among_all_of_a_trial_and_ties_share_them(make_row: Make) -> None:
    rows = [
        *(make_row("a", trial=t, kendall=0.5, regret_at_1=1.0) for t in range(2)),
        *(make_row("b", trial=t, kendall=0.5 + t, regret_at_1=2.0) for t in range(2)),
        make_row("c", trial=0, kendall=0.1, regret_at_1=float("nan")),
    ]
    found = {item.predictor: item.metrics for item in summarize(rows)}
    assert [found[name]["kendall"].rank for name in "abc"] == [1.75, 1.25, 3]
    assert [found[name]["regret_at_1"].rank for name in "abc"] == [1, 2, 3]  # smaller is better


def test_the_share_of_optimal_samples_is_between_certain_ones(make_row: Make) -> None:
    def row(name: str, trial: int, kendall: float) -> Any:
        times = {"init_seconds_total": 10.0, "query_seconds_each": 1.0}
        return make_row(name, trial=trial, kendall=kendall, **times)

    rows = [row(name, t, 0.5 + t / 10) for t in range(4) for name in ("same", "twin")]
    rows += [row("never", t, 0.2) for t in range(4)]
    rows += [row("sometimes", t, tau) for t, tau in enumerate((0.9, 0.5, 0.5, 0.5))]
    shares = {item.predictor: item.pareto_share for item in summarize(rows)}
    assert shares["same"] == shares["twin"] > 0.5
    assert shares["never"] == 0
    assert 0 < shares["sometimes"] < 0.5
    assert shares == {item.predictor: item.pareto_share for item in summarize(rows)}


def test_clock_jitter_makes_no_budget_pareto_optimal(make_row: Make) -> None:
    def row(name: str, kendall: float, init: float, query: float) -> Any:
        return make_row(name, kendall=kendall, init_seconds_total=init, query_seconds_each=query)

    rows = [row("better", 0.8, 3e-6, 28.4004), row("worse", 0.6, 1e-6, 28.4001)]
    assert [item.pareto for item in summarize(rows)] == [True, False]
    apart = [row("better", 0.8, 3e-6, 28.4), row("quicker", 0.6, 1e-6, 24.1)]
    assert [item.pareto for item in summarize(apart)] == [True, True]


def test_failures_give_every_reason_once(make_row: Make, make_failed: Make) -> None:
    rows = [
        make_row(),
        make_failed("sotl_e", "epoch 2 was not recorded", trial=0, epochs=2),
        make_failed("sotl_e", "epoch 2 was not recorded", trial=1, epochs=2),
        make_failed("sotl_e", "its worker died", trial=2, epochs=2),
        make_failed("jacov", "no networks"),
    ]
    assert failures(rows) == {
        ("sotl_e", Budget({"epochs": 2})): "epoch 2 was not recorded; its worker died",
        ("jacov", Budget()): "no networks",
    }


def test_summaries_are_plain_enough_for_json(make_row: Make) -> None:
    (found,) = summarize([make_row(init_seconds_total=float("nan"))])
    plain = json.loads(json.dumps(found.plain(["train_size", "epochs"]), allow_nan=False))
    assert plain["kendall_sd"] is None
    assert plain["init_seconds_total"] is None
    assert (plain["train_size"], plain["epochs"]) == (20, None)


def test_predictors_with_other_settings_are_apart(make_row: Make) -> None:
    names = ("xgboost", "xgboost(encoding=path)", "xgboost(encoding=gcn)")
    found = summarize([make_row(name, trial=trial) for trial in range(2) for name in names])
    assert [(item.predictor, item.trials) for item in found] == [(name, 2) for name in names]
