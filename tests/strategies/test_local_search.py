"""What local search proposes: neighbours of the best, another climb at the end, never a repeat."""

import numpy as np
import pytest

from nascast.core.errors import InvalidSettingError
from nascast.core.types import Candidate, Evaluation, Trial
from nascast.spaces.nasbench201 import NasBench201
from nascast.strategies.local_search import LocalSearch

SPACE = NasBench201()
TARGET = np.asarray([2, 3, 2, 3, 4, 3])


def height(candidate: Candidate) -> float:
    """One hill: genes that agree with the target."""
    return float((candidate.arch.row()[0] == TARGET).sum())


def flat(candidate: Candidate) -> float:
    return 1.0


def climb(strategy: LocalSearch, steps: int, score=height) -> list[Candidate]:  # type: ignore[no-untyped-def]
    found = []
    for k in range(len(strategy.history), len(strategy.history) + steps):
        (candidate,) = strategy.ask(1, np.random.default_rng([0, k]))
        evaluation = Evaluation({"val_accuracy": score(candidate)}, 1.0)
        strategy.tell([Trial(k, candidate, evaluation, float(k))])
        found.append(candidate)
    return found


def apart(one: Candidate, other: Candidate) -> int:
    return int((one.arch.row() != other.arch.row()).sum())


def test_after_random_ones_it_proposes_neighbours_of_the_best_and_reaches_the_top() -> None:
    strategy = LocalSearch(SPACE, initial=5)
    found = climb(strategy, 5)
    assert min(apart(a, b) for i, a in enumerate(found) for b in found[:i]) > 1
    for _ in range(60):
        best = max(found, key=height)
        if height(best) == 6:
            break
        found += climb(strategy, 1)
        assert apart(best, found[-1]) == 1
    assert max(map(height, found)) == 6


def test_at_a_local_optimum_with_patience_1_it_begins_anew() -> None:
    strategy = LocalSearch(SPACE, initial=2, patience=1)
    first = climb(strategy, 2, flat)
    around = climb(strategy, 200, flat)
    ends = next(k for k, candidate in enumerate(around) if apart(first[0], candidate) > 1)
    near = SPACE.canonical(SPACE.neighbors(first[0].arch.row()[0]))
    assert ends == len(np.unique(near, axis=0))  # every network around the first, each once
    start = around[ends]  # the better one of equals is the earlier one
    assert apart(start, around[ends + 2]) == 1


def test_failed_candidates_are_not_climbed_from() -> None:
    strategy = LocalSearch(SPACE, initial=3)
    found = strategy.ask(3, np.random.default_rng(0))
    for candidate, score in zip(found, (float("nan"), 5.0, 1.0), strict=True):
        evaluation = Evaluation({"val_accuracy": score}, 1.0)
        strategy.tell([Trial(0, candidate, evaluation, 0.0)])
    asked = strategy.ask(6, np.random.default_rng(0))
    assert {apart(found[1], candidate) for candidate in asked} == {1}
    failed = [Trial(0, candidate, Evaluation({}, 1.0, "failed"), 0.0) for candidate in asked]
    strategy.tell(failed)
    again = strategy.ask(1, np.random.default_rng(0))[0]
    assert apart(found[1], again) == 1
    assert again not in asked


def test_workers_get_distinct_neighbours_of_the_best_ones_and_then_random_rows() -> None:
    strategy = LocalSearch(SPACE, initial=4, patience=2)
    found = climb(strategy, 4)
    order = sorted(found, key=height, reverse=True)
    pending: list[Candidate] = []
    for k in range(80):
        pending += strategy.ask(1, np.random.default_rng(k), pending)
    networks = {SPACE.canonical(candidate.arch.row()).tobytes() for candidate in pending}
    assert len(networks) == 80
    near = [min(apart(candidate, centre) for centre in order[:2]) == 1 for candidate in pending]
    switch = near.index(False)
    assert switch > 24  # more than one neighbourhood
    assert apart(pending[0], order[0]) == apart(pending[switch - 1], order[1]) == 1
    assert sum(near[switch:]) <= 2


def test_several_at_once_are_distinct() -> None:
    strategy = LocalSearch(SPACE)
    assert len(set(strategy.ask(7, np.random.default_rng(0)))) == 7
    climb(strategy, 10)
    assert len(set(strategy.ask(70, np.random.default_rng(0)))) == 70


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="patience 0"):
        LocalSearch(SPACE, patience=0)
