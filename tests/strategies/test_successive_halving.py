"""Rungs, barriers and promotions of synchronous successive halving."""

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Candidate, Evaluation, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.successive_halving import SuccessiveHalving

SPACE = NasBench201()


def quality(candidate: Candidate) -> float:
    return float(SPACE.codes(candidate.arch.row())[0])


def trial(candidate: Candidate, score: float | None = None) -> Trial:
    score = quality(candidate) if score is None else score
    return Trial(0, candidate, Evaluation({"val_accuracy": score}, 1.0), 0.0)


def bracket(strategy: SuccessiveHalving) -> list[Candidate]:
    """Returns the candidates of a bracket that is asked for one by one."""
    found: list[Candidate] = []
    for k in range(13):
        found += strategy.ask(1, np.random.default_rng([len(strategy.history), k]))
        strategy.tell([trial(found[-1])])
    return found


def test_a_bracket_keeps_the_best_third_of_each_rung() -> None:
    strategy = SuccessiveHalving(SPACE)
    for _ in range(2):
        found = bracket(strategy)
        assert [candidate.epochs for candidate in found] == [1] * 9 + [3] * 3 + [9]
        ranked = sorted(found[:9], key=quality, reverse=True)
        assert [c.arch for c in found[9:]] == [c.arch for c in [*ranked[:3], ranked[0]]]
    assert len({trial.candidate for trial in strategy.history.trials}) == 26


def test_it_asks_for_what_the_rung_has_left_and_then_waits() -> None:
    strategy, rng = SuccessiveHalving(SPACE), np.random.default_rng(0)
    first = strategy.ask(4, rng)
    rest = strategy.ask(20, rng, first)
    assert (len(first), len(rest)) == (4, 5)
    assert not strategy.ask(3, rng, first + rest)
    strategy.tell([trial(candidate) for candidate in rest])
    assert not strategy.ask(3, rng, first)
    strategy.tell([trial(candidate) for candidate in first])
    promoted = strategy.ask(20, rng)
    assert [candidate.epochs for candidate in promoted] == [3, 3, 3]
    assert strategy.ask(20, rng, promoted[:1]) == promoted[1:]
    assert not strategy.ask(20, rng, promoted)
    strategy.tell([trial(promoted[1])])
    assert strategy.ask(20, rng, promoted[2:]) == promoted[:1]


def test_failed_candidates_are_not_promoted() -> None:
    strategy, rng = SuccessiveHalving(SPACE), np.random.default_rng(0)
    nine = strategy.ask(9, rng)
    strategy.tell([trial(c, 50.0 if i in (2, 5) else float("nan")) for i, c in enumerate(nine)])
    promoted = strategy.ask(9, rng)
    assert promoted == [Candidate(nine[2].arch, 3), Candidate(nine[5].arch, 3)]
    strategy.tell([trial(c, float("nan")) for c in promoted])
    assert {c.epochs for c in strategy.ask(9, rng)} == {1}  # the next bracket


def test_trials_of_others_do_not_fill_a_rung() -> None:
    strategy, rng = SuccessiveHalving(SPACE), np.random.default_rng(0)
    nine = strategy.ask(9, rng)
    strategy.tell([trial(Candidate(c.arch, e)) for c in nine for e in (None, 3, 2)])
    assert len(strategy.ask(20, rng)) == 9
    strategy.tell([trial(c) for c in nine])
    promoted = strategy.ask(9, rng)
    assert len(promoted) == 3
    worst = Candidate(min(nine, key=quality).arch, 3)
    strategy.tell([trial(worst), trial(promoted[0]), trial(promoted[0])])
    assert strategy.ask(9, rng) == promoted[1:]


def test_the_size_can_be_set_and_small_ones_have_fewer_rungs() -> None:
    assert SuccessiveHalving(SPACE, max_epochs=27).plan(0) == [(27, 1), (9, 3), (3, 9), (1, 27)]
    assert SuccessiveHalving(SPACE, max_epochs=27, size=10).plan(0) == [(10, 1), (3, 3), (1, 9)]
    assert SuccessiveHalving(SPACE, min_epochs=4, max_epochs=10, eta=2).plan(3) == [(2, 5), (1, 10)]


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="size is at least 1; got 0"):
        SuccessiveHalving(SPACE, size=0)
