"""Summaries of a comparison, Pareto optimality, and reading a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nascast.core.errors import CorruptDataError, MissingDataError
from nascast.report.summary import duration, failures, pareto, read_run, summarize

Make = Callable[..., Any]

# Few different values, so that equal points and equal coordinates are common.
POINTS = st.integers(1, 4).flatmap(
    lambda d: st.lists(
        st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0, float("nan")]), min_size=d, max_size=d),
        max_size=12,
    ).map(lambda rows: np.array(rows, dtype=np.float64).reshape(-1, d))
)


@given(POINTS)
def test_pareto_is_what_comparing_all_pairs_says(points: np.ndarray[Any, Any]) -> None:
    values = [[-np.inf if v != v else v for v in row] for row in points.tolist()]
    expected = []
    for mine in values:
        dominated = False
        for other in values:
            no_worse = all(o >= m for o, m in zip(other, mine, strict=True))
            better = any(o > m for o, m in zip(other, mine, strict=True))
            dominated = dominated or (no_worse and better)
        expected.append(not dominated)
    found = pareto(points)
    assert found.dtype == np.bool_
    assert found.tolist() == expected


def test_pareto_keeps_all_of_equal_points() -> None:
    assert pareto([[1.0, 2.0], [1.0, 2.0], [1.0, 1.0]]).tolist() == [True, True, False]


def test_numbers_are_those_of_numpy(make_row: Make) -> None:
    rows = [make_row("xgboost", 20, trial=t) for t in range(4)]
    (found,) = summarize(rows)
    assert (found.predictor, found.family) == ("xgboost", "model_based")
    assert (found.train_size, found.epochs, found.trials) == (20, None, 4)
    for name in ("kendall", "spearman", "pearson", "sparse_kendall", "precision_at_10"):
        values = [row[name] for row in rows]
        mean = sum(values) / 4
        assert getattr(found, name) == pytest.approx(mean)
        deviation = (sum((v - mean) ** 2 for v in values) / 3) ** 0.5
        assert getattr(found, f"{name}_sd") == pytest.approx(deviation)
    assert found.init_seconds == pytest.approx(121.5)
    assert found.query_seconds == pytest.approx(2e-5)


def test_one_trial_has_no_deviation(make_row: Make) -> None:
    (found,) = summarize([make_row()])
    assert found.trials == 1
    assert found.kendall_sd is None
    assert found.precision_at_10_sd is None


def test_budgets_keep_the_order_of_the_rows(make_row: Make) -> None:
    budgets = [("omni", 100, 6), ("omni", 20, 2), ("jacov", None, None), ("sotl_e", None, 2)]
    rows = [make_row(*budget, trial=trial) for budget in budgets for trial in range(2)]
    found = [(item.predictor, item.train_size, item.epochs) for item in summarize(rows)]
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


def test_no_rows_give_no_summaries() -> None:
    assert summarize([]) == []
    assert failures([]) == {}


def test_pareto_optimal_budgets_weigh_accuracy_against_both_times(make_row: Make) -> None:
    def row(name: str, kendall: float, init: float, query: float) -> Any:
        return make_row(name, kendall=kendall, init_seconds=init, query_seconds=query)

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


def test_clock_jitter_makes_no_budget_pareto_optimal(make_row: Make) -> None:
    def row(name: str, kendall: float, init: float, query: float) -> Any:
        return make_row(name, kendall=kendall, init_seconds=init, query_seconds=query)

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
        ("sotl_e", None, 2): "epoch 2 was not recorded; its worker died",
        ("jacov", None, None): "no networks",
    }


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *[(0.0, "< 1 ms"), (0.0009, "< 1 ms"), (0.0032, "3.2 ms"), (0.0316, "32 ms")],
        *[(0.9994, "999 ms"), (0.9996, "1.0 s"), (41.2, "41 s"), (119.0, "119 s")],
        *[(600.0, "10 min"), (8280.0, "2.3 h"), (86400.0, "24 h"), (1e6, "12 d")],
        *[(float("nan"), "unknown"), (float("inf"), "unknown")],
    ],
)
def test_durations_are_in_units_for_people(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_run_reads_back(make_run: Make, make_row: Make, make_failed: Make) -> None:
    rows = [make_row("jacov", None, predicted=[float("nan"), *range(11)]), make_failed("x", "why")]
    head, found = read_run(make_run(rows))
    assert head["noise_ceiling"] == [0.84, 1000]
    assert [row["error"] for row in found] == [None, "why"]
    assert found[0]["train_size"] is None
    assert found[0]["kendall"] == rows[0]["kendall"]
    assert np.isnan(found[0]["predicted"][0])
    assert found[1]["kendall"] is None


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"study\.json.*nascast compare"):
        read_run(tmp_path)


def test_an_unfinished_run_says_how_to_go_on(make_run: Make, make_row: Make) -> None:
    folder = make_run([make_row()])
    (folder / "results.parquet").unlink()
    with pytest.raises(MissingDataError, match="goes on where it stopped"):
        read_run(folder)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", r"settings\.trials"),
        ('{"settings": 3}', "settings"),
        ('{"settings": {"trials": "five"}}', r"settings\.trials"),
    ],
)
def test_a_head_that_is_no_head_is_refused(
    make_run: Make, make_row: Make, text: str, reason: str
) -> None:
    folder = make_run([make_row()])
    (folder / "study.json").write_text(text)
    with pytest.raises(CorruptDataError, match=reason):
        read_run(folder)


def test_a_truncated_table_is_refused(make_run: Make, make_row: Make) -> None:
    folder = make_run([make_row()])
    file = folder / "results.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(CorruptDataError, match="not a whole Parquet file"):
        read_run(folder)


def test_a_table_without_a_column_is_refused(make_run: Make, make_row: Make) -> None:
    folder = make_run([make_row()])
    file = folder / "results.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["query_seconds"]), file)
    with pytest.raises(CorruptDataError, match="query_seconds"):
        read_run(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"kendall": None}, "no kendall"), ({"versions": "{"}, "versions is not JSON")],
)
def test_a_row_that_cannot_be_right_is_refused(
    make_run: Make, make_row: Make, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CorruptDataError, match=reason):
        read_run(make_run([make_row(), make_row(trial=1, **change)]))


def test_summaries_are_plain_enough_for_json(make_row: Make) -> None:
    from dataclasses import asdict

    (found,) = summarize([make_row()])
    assert json.loads(json.dumps(asdict(found)))["kendall_sd"] is None


def test_the_schema_of_the_tests_is_that_of_the_study(tmp_path: Path, make_run: Make) -> None:
    from nascast.studies.compare import _write

    _write([], tmp_path / "empty.parquet")
    ours = pq.read_schema(make_run([]) / "results.parquet")
    assert pa.schema(pq.read_schema(tmp_path / "empty.parquet")).equals(ours)
