"""The rule that makes verdicts, on made-up numbers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nascast.core.errors import CorruptDataError
from nascast.studies.claims.finding import Finding, Part, Verdict, judged, undecided, without
from nascast.studies.claims.intervals import exact, mean, resampled
from nascast.studies.noise import Estimate

HELD = Part("a", Estimate(0.8, 0.75, 0.85), bar=0.7)
LEANS = Part("b", Estimate(0.8, 0.65, 0.95), bar=0.7)
AGAINST = Part("c", Estimate(0.6, 0.5, 0.65), bar=0.7)
BELOW = Part("d", Estimate(0.6, 0.5, 0.65), bar=0.7, above=False)
ASIDE = Part("e", Estimate(0.6, 0.5, 0.65), bar=0.7, core=False)
HELD_ON_A, AGAINST_ON_B = replace(HELD, case="A"), replace(AGAINST, case="B")


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([HELD], Verdict.HOLDS),
        ([HELD, BELOW], Verdict.HOLDS),
        ([LEANS], Verdict.CAVEAT),
        ([LEANS, LEANS, HELD], Verdict.CAVEAT),
        ([HELD, AGAINST], Verdict.FAILS),  # bounds on numbers of one case
        ([HELD, LEANS], Verdict.CAVEAT),
        ([HELD_ON_A, AGAINST_ON_B], Verdict.CAVEAT),
        ([HELD_ON_A, replace(AGAINST, case="A"), LEANS], Verdict.FAILS),
        ([HELD_ON_A, AGAINST_ON_B, replace(AGAINST_ON_B, case="C")], Verdict.FAILS),
        ([HELD_ON_A, AGAINST_ON_B, AGAINST], Verdict.FAILS),
        ([HELD, ASIDE], Verdict.CAVEAT),
        ([LEANS, AGAINST], Verdict.FAILS),
        ([AGAINST, ASIDE], Verdict.FAILS),
        ([Part("f", Estimate(float("nan"), float("nan"), float("nan")), 0.0)], Verdict.FAILS),
    ],
)
def test_the_verdict_follows_from_the_parts(parts: list[Part], verdict: Verdict) -> None:
    assert judged(parts).verdict == verdict


def test_what_holds_without_a_predictor_that_failed_has_a_caveat() -> None:
    for parts, verdict in (([HELD], Verdict.CAVEAT), ([AGAINST], Verdict.FAILS)):
        found = judged(parts)
        assert without(found, ["gcn"]) == replace(found, verdict=verdict)
        assert without(found, []) == found


def test_the_reason_is_made_of_the_numbers() -> None:
    found = judged([LEANS, BELOW, Part("n", exact(12345), 10000.5, digits=0)], "A remark.")
    assert found.reason == (
        "b 0.800 (0.650 to 0.950): not clearly above 0.7; d 0.600 (0.500 to 0.650): below 0.7; "
        "n 12,345: above 10,000.5. A remark."
    )


def test_findings_are_json_and_back() -> None:
    for found in (judged([HELD, ASIDE], "A remark."), undecided("No records.")):
        assert Finding.of_json(json.loads(json.dumps(found.json()))) == found
    with pytest.raises(CorruptDataError, match="finding"):
        Finding.of_json({"verdict": "perhaps", "parts": [], "remark": ""})


def test_intervals_cover_the_mean_and_narrow_with_more_trials() -> None:
    rng = np.random.default_rng(0)
    samples = [mean(rng.normal(1.0, 2.0, size=40)) for _ in range(200)]
    assert 0.9 < np.mean([found.low < 1.0 < found.high for found in samples]) < 1
    width = np.mean([found.high - found.low for found in samples])
    assert width == pytest.approx(2 * 2.02 * 2 / np.sqrt(40), rel=0.1)


def test_intervals_over_trials_cover_the_mean_of_the_space() -> None:
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        table = rng.normal(1.0, 2.0, size=100)  # a sample of the space
        trials = [rng.choice(table, 20, replace=False).mean() for _ in range(10)]
        found = mean(np.array(trials), share=0.2)
        inside.append(found.low < 1.0 < found.high)
    assert 0.92 < np.mean(inside) < 0.985


def test_intervals_of_many_rows_are_those_of_fewer_made_narrower() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=4000)
    whole, part = (resampled(np.mean, rows, rng, most) for most in (4000, 400))
    assert whole.value == part.value == rows.mean()
    assert part.high - part.low == pytest.approx(whole.high - whole.low, rel=0.35)
