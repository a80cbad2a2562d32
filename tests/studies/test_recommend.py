"""Advice from finished studies."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nascast.core.errors import CorruptDataError, InvalidSettingError, UnknownComponentError
from nascast.studies.recommend import (
    Measured,
    from_json,
    measured_in,
    overview,
    recommend,
    shipped,
    to_json,
)

Make = Callable[..., Any]


def measured(name: str, tau: float, init: float, query: float, **changes: Any) -> Measured:
    values: dict[str, Any] = {
        **{"benchmark": "mini", "space": "nasbench201", "predictor": name, "family": "hybrid"},
        **{"metric": "val_accuracy", "tested": "200 uniform"},
        **{"budget": {}, "trials": 20, "kendall": tau, "error": 0.01},
        **{"init_seconds": init, "query_seconds": query},
    }
    return Measured(**{**values, **changes})


FOUND = [
    measured("proxy", 0.5, 0.0, 0.1),
    measured("model", 0.7, 1000.0, 0.001, budget={"train_size": 100}),
    measured("model", 0.4, 100.0, 0.001, budget={"train_size": 10}),
    measured("curve", 0.8, 0.0, 60.0),
    measured("both", 0.79, 500.0, 60.0),
    measured("worse", 0.75, 500.0, 60.0),
]


@pytest.mark.parametrize(
    ("init", "query", "best"),
    [(0, 1, "proxy"), (200, 0.01, "model"), (2000, 1, "model"), (2000, 100, "curve")],
)
def test_the_best_within_both_times_is_recommended(init: float, query: float, best: str) -> None:
    (answer,) = recommend(FOUND, init, query)
    assert answer.best is not None
    assert answer.best.predictor == best
    assert answer.best.init_seconds <= init
    assert answer.best.query_seconds <= query


def test_those_within_the_noise_of_the_best_are_named() -> None:
    (answer,) = recommend(FOUND, 2000, 100)
    assert [item.predictor for item in answer.close] == ["both"]  # .05 is more than 2 × .014
    assert recommend(FOUND, 0, 1)[0].close == ()
    once = [measured("curve", 0.8, 0.0, 60.0, error=None), measured("other", 0.2, 0.0, 1.0)]
    assert [item.predictor for item in recommend(once, 1, 60)[0].close] == ["other"]
    assert answer.longest == (1000, 60)
    assert (answer.cheapest, answer.quickest) == ((0, 0.1), (100, 0.001))


def test_of_those_the_cheapest_budget_is_named() -> None:
    less = measured("both", 0.785, 50.0, 60.0)
    alike = measured("curve", 0.805, 90.0, 60.0)
    (answer,) = recommend([*FOUND, less, alike], 2000, 100)
    assert answer.best == alike
    assert answer.close == (FOUND[3], less)  # the best one's own cheaper budget, too
    longer = measured("curve", 0.81, 95.0, 30.0)  # than `alike` to initialize, and no cheaper
    equal = measured("both", 0.79, 50.0, 60.0)
    assert recommend([*FOUND, less, alike, longer, equal], 2000, 100)[0].close == (equal,)
    once = [measured("other", tau, init, 1.0, error=None) for tau, init in ((0.2, 0.0), (0.7, 9.0))]
    assert recommend([*once, FOUND[3]], 2000, 100)[0].close == (once[1],)


def test_less_time_than_was_measured_is_not_known() -> None:
    (answer,) = recommend(FOUND, 10, 0.0001)
    assert answer.best is None
    assert answer.cheapest == (0, 0.1)


def test_clock_jitter_decides_nothing() -> None:
    found = [measured("slow", 0.5, 1e-5, 900.0), measured("quick", 0.5, 9e-5, 0.1)]
    found += [measured("lazy", 0.5, 3600.0, 2e-5), measured("short", 0.5, 60.0, 8e-5)]
    answer = recommend(found, 0, 0)[0]
    assert (answer.best, answer.cheapest, answer.quickest) == (None, (9e-5, 0.1), (60.0, 8e-5))
    best = measured("best", 0.51, 100.0, 1.0)
    close = recommend([best, *found], 1e4, 1e4)[0].close
    assert [item.predictor for item in close] == ["quick", "slow", "short", "lazy"]
    assert recommend(found, 0, 1)[0].best == found[1]  # no time is less than a millisecond


def test_a_space_may_be_written_with_dashes() -> None:
    found = [measured("proxy", 0.5, 0.0, 0.1, space="nasbench_nlp")]
    assert recommend(found, 1, 1, "nasbench-nlp")[0].space == "nasbench_nlp"


def test_spaces_and_benchmarks_are_apart() -> None:
    other = measured("curve", 0.3, 0.0, 1.0, benchmark="nlp", space="nasbench_nlp")
    top = measured("curve", 0.1, 0.0, 1.0, tested="100 top")
    assert len(recommend([*FOUND, top], 2000, 100)) == 2
    answers = recommend([*FOUND, other], 2000, 100)
    assert [(a.benchmark, a.space) for a in answers] == [
        ("mini", "nasbench201"),
        ("nlp", "nasbench_nlp"),
    ]
    (only,) = recommend([*FOUND, other], 2000, 100, "nasbench_nlp")
    assert only.best == other
    with pytest.raises(UnknownComponentError, match="'darts'; known are nasbench201, nasbench_nlp"):
        recommend([*FOUND, other], 1, 1, "darts")
    with pytest.raises(InvalidSettingError, match="query time should be at least 0 s; got -1"):
        recommend(FOUND, 1, -1)


def test_times_that_nobody_knows_are_within_no_budget() -> None:
    (answer,) = recommend([*FOUND, measured("free", 0.99, float("nan"), 0.1)], 2000, 100)
    assert answer.best is not None
    assert answer.best.predictor == "curve"


def test_findings_round_trip_and_others_are_refused() -> None:
    assert from_json(to_json(FOUND)) == FOUND
    for text in ("[{}]", "no", '[{"predictor": 3}]'):
        with pytest.raises(CorruptDataError, match="expected findings"):
            from_json(text)


def test_a_folder_is_evidence(make_run: Make, make_row: Make) -> None:
    folder: Path = make_run([make_row("xgboost", 20, trial=t, kendall=0.5) for t in range(3)])
    (found,) = measured_in(folder)
    assert (found.benchmark, found.space) == ("nb201-mini", "nasbench201")
    assert (found.metric, found.tested) == ("val_accuracy", "12 uniform")
    assert (found.predictor, found.budget, found.trials) == ("xgboost", {"train_size": 20}, 3)
    assert [found.kendall, found.error] == pytest.approx([0.5, 0.0])
    assert found.init_seconds == pytest.approx(121)
    assert not found.reads_target


def test_the_study_in_the_package_answers_for_three_spaces() -> None:
    answers = recommend(shipped(), 1e7, 1e5)
    assert {answer.space for answer in answers} == {
        *("nasbench201", "nasbench101", "darts", "nasbench_nlp")
    }
    for answer in answers:
        assert answer.best is not None
        assert answer.best.trials == (6 if answer.best.predictor == "auto" else 20)
        assert 0.7 < answer.best.kendall < 1
    assert from_json(to_json(shipped())) == shipped()
    marked = {item.benchmark for item in shipped() if item.reads_target}
    assert marked == {"nb201-mini", "nb301-sample", "nbnlp-logs"}  # others trained apart
    assert not any(i.reads_target for i in shipped() if i.family in ("model_based", "zero_cost"))


def test_an_overview_has_the_best_within_each_pair_of_times() -> None:
    (one,) = overview(FOUND)
    assert (one.benchmark, one.tested) == ("mini", "200 uniform")
    for init, row in zip(one.init, one.best, strict=True):
        for query, best in zip(one.query, row, strict=True):
            assert best == recommend(FOUND, init, query)[0].best
    assert one.init == (1, 600, 3600)  # the least in which proxy, curve and models are ready
    assert one.query == (0.001, 0.1, 60)
    assert one.best[0][0] is None  # nothing is so quick
    assert {row[-1].predictor for row in one.best if row[-1]} == {"curve"}


def test_an_overview_is_of_a_space_and_of_known_times() -> None:
    unknown = measured("xgboost", 0.9, float("nan"), 0.1, benchmark="odd", space="darts")
    assert [one.benchmark for one in overview([*FOUND, unknown], "nasbench201")] == ["mini"]
    (odd,) = overview([unknown], "darts")
    assert (odd.init, odd.query, odd.best) == ((), (), ())
    with pytest.raises(UnknownComponentError, match="known are nasbench201"):
        overview(FOUND, "nasnet")
