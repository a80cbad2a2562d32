"""Ranges of settings."""

import numpy as np
import pytest

from nascast.core import plugins
from nascast.core.errors import InvalidSettingError, MissingExtraError
from nascast.core.predictor import PerformancePredictor
from nascast.core.ranges import Choice, Integers, LogIntegers, LogUniform, Uniform
from nascast.core.spec import Spec

Numbers = Uniform | LogUniform | Integers | LogIntegers

RANGES: list[Numbers] = [
    Uniform(-1.0, 3.0),
    LogUniform(1e-3, 10.0),
    Integers(2, 6),
    LogIntegers(1, 64),
]


def draws(given: Numbers) -> list[float]:
    rng = np.random.default_rng(0)
    return [given.draw(rng) for _ in range(4000)]


@pytest.mark.parametrize("given", RANGES, ids=lambda given: type(given).__name__)
def test_draws_are_plain_within_the_ends_and_reach_them(
    given: Numbers,
) -> None:
    found = draws(given)
    whole = isinstance(given, Integers | LogIntegers)
    assert {type(value) for value in found} == {int if whole else float}
    assert given.low <= min(found)
    assert max(found) <= given.high
    near = 0 if whole else (given.high - given.low) / 100
    assert max(found) >= given.high - near
    assert min(found) <= given.low + near


def test_the_middle_is_the_mean_or_the_geometric_mean() -> None:
    assert np.median(np.array(draws(RANGES[0]))) == pytest.approx(1.0, abs=0.1)
    assert np.log(draws(RANGES[1])).mean() == pytest.approx(np.log(0.1), abs=0.15)
    counts = np.bincount(np.array(draws(RANGES[2]), dtype=int))[2:] / 4000
    assert counts == pytest.approx(np.full(5, 0.2), abs=0.03)
    assert np.median(np.array(draws(RANGES[3]))) == pytest.approx(8, abs=1)


def test_a_choice_is_one_of_its_values() -> None:
    found = [Choice((None, "a", True)).draw(np.random.default_rng(i)) for i in range(50)]
    assert {str(value) for value in found} == {"None", "a", "True"}


def test_ranges_that_hold_nothing_are_refused() -> None:
    kinds: list[type[Numbers]] = [Uniform, LogUniform, Integers, LogIntegers]
    for kind, low in (*((kind, 2) for kind in kinds), (LogUniform, 0), (LogIntegers, 0)):
        with pytest.raises(InvalidSettingError, match="the lower first"):
            kind(low, 1)
    with pytest.raises(InvalidSettingError, match="got nan and 1"):
        Uniform(float("nan"), 1)
    with pytest.raises(InvalidSettingError, match="at least one value"):
        Choice(())


@pytest.mark.parametrize("name", plugins.builtin_names("predictor"))
def test_every_declared_range_is_of_a_setting(name: str) -> None:
    kind: type[PerformancePredictor] = plugins.resolve("predictor", name)
    for seed in range(5 if kind.ranges else 0):
        rng = np.random.default_rng(seed)
        drawn = {key: one.draw(rng) for key, one in kind.ranges.items()}
        try:
            made = Spec(name, drawn).load("predictor")
        except MissingExtraError as error:
            pytest.skip(str(error))
        assert {key: getattr(made, key) for key in drawn} == drawn


def test_a_predictor_makes_others_like_itself() -> None:
    one = Spec.parse("predictor", "xgboost(encoding=wl(depth=1),max_depth=3)").load("predictor")
    other = one.like(n_estimators=7)
    assert other is not one
    assert (other.encoding, other.max_depth, other.n_estimators) == (one.encoding, 3, 7)
